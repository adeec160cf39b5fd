"""The guarded fetch, over a real resolver and a real web server with certificates."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import dns.name
import pytest

from authority import Authority
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.https import LARGEST, HttpsFetcher
from bot.net.page import FetchOutcome, Page
from bot.net.page_reply import LARGEST_HEAD, PageReply, ReplyState
from web_page import WebPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ZONE = """
    mta-sts A 127.0.0.1
    other A 127.0.0.1
    far A 10.1.2.3
    far AAAA ::1
    text TXT "no address"
    two A 127.9.9.9
    two A 127.0.0.1
"""
PATH = "/.well-known/mta-sts.txt"
TEXT = b"version: STSv1\nmode: none\nmax_age: 1\n"


@dataclass
class World:
    resolver: Resolver
    authority: Authority

    async def get(
        self,
        page: WebPage,
        label: str = "mta-sts",
        *,
        allow_private: bool = True,
        seconds: float = 5,
        covers: tuple[str, ...] = ("mta-sts.friend.example", "two.friend.example"),
        lasts: timedelta = timedelta(days=1),
    ) -> Page:
        async with page.serving(self.authority.serving(*covers, lasts=lasts)):
            fetch = HttpsFetcher(
                allow_private=allow_private,
                port=page.port,
                timeout=seconds,
                context=self.authority.trusting(),
            )
            name = dns.name.from_text(f"{label}.friend.example")
            return await fetch(self.resolver.ask, name, PATH)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A DNS world and an authority."""
    zones = Zones.of({"friend.example": ZONE}, servfail=("broken.friend.example",))
    async with (
        ZoneServer(zones) as server,
        Resolver((Server(*server.address),)) as resolver,
    ):
        yield World(resolver, Authority(tmp_path))


async def test_a_page_comes_whole_with_its_media_type(world: World) -> None:
    page = WebPage.of(TEXT, media="Text/Plain; charset=utf-8")
    assert await world.get(page) == Page(FetchOutcome.PAGE, TEXT, 200, "text/plain")
    ((asked, *headers),) = page.requests
    assert asked == f"get {PATH} http/1.1"
    assert f"host: mta-sts.friend.example:{page.port}" in headers
    assert "accept-encoding: identity" in headers
    assert not any(line.startswith("cookie") for line in headers)


async def test_an_address_that_does_not_answer_leaves_the_next_to_try(world: World) -> None:
    assert (await world.get(WebPage.of(TEXT), "two")).reached is FetchOutcome.PAGE


async def test_no_private_address_is_connected_to(world: World) -> None:
    page = WebPage.of(TEXT)
    for label in ("mta-sts", "far"):
        got = await world.get(page, label, allow_private=False)
        assert got == Page(FetchOutcome.PRIVATE)
    assert page.requests == []


async def test_a_redirect_is_not_followed(world: World) -> None:
    where = "https://127.0.0.1/Elsewhere"
    page = WebPage.of(b"", status="302 Found", more=f"Location: {where}\r\n")
    assert await world.get(page) == Page(FetchOutcome.REDIRECT, status=302, location=where)
    assert len(page.requests) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oh", "204 No Content"])
async def test_another_status_than_200_is_no_page(world: World, status: str) -> None:
    got = await world.get(WebPage.of(b"", status=status))
    assert got == Page(FetchOutcome.STATUS, status=int(status[:3]))


async def test_a_page_without_end_is_left_early(world: World) -> None:
    endless = WebPage(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", then=b"x" * 8192)
    assert await world.get(endless) == Page(FetchOutcome.TOO_BIG, status=200)
    assert (await world.get(WebPage.of(b"x" * LARGEST))).reached is FetchOutcome.PAGE
    assert (await world.get(WebPage.of(b"x" * (LARGEST + 1)))).reached is FetchOutcome.TOO_BIG


@pytest.mark.parametrize("then", [b"x" * 8192, b"x: y\r\n" * 1000])
async def test_headers_without_end_are_odd(world: World, then: bytes) -> None:
    endless = WebPage(b"HTTP/1.1 200 OK\r\nX: ", then=then)
    assert (await world.get(endless)).reached is FetchOutcome.ODD


async def test_a_few_interim_answers_go_before_the_page(world: World) -> None:
    page = WebPage.of(TEXT)
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    page.answer = 3 * hints + page.answer
    assert (await world.get(page)).body == TEXT
    page.answer = hints + page.answer
    assert (await world.get(page)).reached is FetchOutcome.ODD


@pytest.mark.parametrize("status", [b"100 Continue", b"103 Early Hints"])
async def test_a_flood_of_interim_answers_does_not_hold_the_loop(
    world: World, status: bytes
) -> None:
    flood = WebPage(b"", then=(b"HTTP/1.1 " + status + b"\r\n\r\n") * 4000)
    fed: list[int] = []
    seconds: list[float] = []

    def feed(reply: PageReply, data: bytes) -> ReplyState:
        began = time.thread_time()
        state = read(reply, data)
        seconds.append(time.thread_time() - began)
        fed.append(len(data))
        return state

    read = PageReply.feed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PageReply, "feed", feed)
        assert (await world.get(flood)).reached is FetchOutcome.ODD
    assert sum(fed) <= 2 * LARGEST_HEAD  # nothing is read after that
    assert max(seconds) < 0.05


async def test_a_page_in_chunks_comes_whole_and_one_in_crumbs_is_odd(world: World) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in (TEXT[:5], TEXT[5:]))
    assert (await world.get(WebPage(head + chunks + b"0\r\n\r\n"))).body == TEXT
    crumbs = WebPage(head, then=b"1\r\nx\r\n" * 1000)
    assert (await world.get(crumbs)).reached is FetchOutcome.ODD
    endless = WebPage(head, then=b"2000\r\n" + b"x" * 8192 + b"\r\n")
    assert (await world.get(endless)).reached is FetchOutcome.TOO_BIG


async def test_a_reply_in_drops_ends_in_time(world: World) -> None:
    slow = WebPage(b"HTTP/1.1 200 OK\r\n", then=b"a", pause=0.01)
    async with asyncio.timeout(60):  # until the test is given up
        assert (await world.get(slow, seconds=0.5)).reached is FetchOutcome.NO_ANSWER


async def test_what_is_posted_arrives_whole(world: World) -> None:
    page = WebPage.of(TEXT)
    text = "<Request>müller@friend.example</Request>"
    async with page.serving(world.authority.serving("mta-sts.friend.example")):
        fetch = HttpsFetcher(allow_private=True, port=page.port, context=world.authority.trusting())
        name = dns.name.from_text("mta-sts.friend.example")
        got = await fetch(world.resolver.ask, name, "/autodiscover.xml", post=text)
    assert got.body == TEXT
    assert page.requests[0][0] == "post /autodiscover.xml http/1.1"
    assert page.posted == [text]


async def test_a_page_without_tls_is_fetched_where_that_is_asked_for(world: World) -> None:
    page = WebPage.of(TEXT)
    async with page.serving(None):
        fetch = HttpsFetcher(allow_private=True, plain_port=page.port)
        guarded = HttpsFetcher(allow_private=False, plain_port=page.port)
        name = dns.name.from_text("mta-sts.friend.example")
        got = await fetch(world.resolver.ask, name, PATH, plain=True)
        barred = await guarded(world.resolver.ask, name, PATH, plain=True)
    assert (got.body, barred) == (TEXT, Page(FetchOutcome.PRIVATE))
    assert f"host: mta-sts.friend.example:{page.port}" in page.requests[0]
    assert len(page.requests) == 1


async def test_what_is_packed_is_not_unpacked(world: World) -> None:
    packed = WebPage.of(b"\x1f\x8b\x08\x00odd", more="Content-Encoding: gzip\r\n")
    assert (await world.get(packed)).body == b"\x1f\x8b\x08\x00odd"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_what_is_not_finished_is_no_answer(world: World, answer: bytes) -> None:
    got = await world.get(WebPage(answer), seconds=0.5)
    assert got.reached is FetchOutcome.NO_ANSWER


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n",
    ],
)
async def test_what_is_no_http_is_odd(world: World, answer: bytes) -> None:
    assert (await world.get(WebPage(answer))).reached is FetchOutcome.ODD


async def test_the_certificate_has_to_be_valid_for_the_name(world: World) -> None:
    page = WebPage.of(TEXT)
    assert (await world.get(page, "other")).reached is FetchOutcome.OTHER_NAME
    expired = await world.get(page, lasts=timedelta(days=-1))
    assert expired.reached is FetchOutcome.INVALID
    assert page.requests == []


async def test_a_server_that_says_nothing_is_waited_for_so_long(world: World) -> None:
    async with asyncio.timeout(60):  # until the test is given up
        got = await world.get(WebPage(b"", silent=True), seconds=0.5)
    assert got.reached is FetchOutcome.NO_ANSWER


async def test_a_name_without_an_address_is_told_from_a_failure(world: World) -> None:
    page = WebPage.of(TEXT)
    assert (await world.get(page, "text")).reached is FetchOutcome.NO_ADDRESS
    assert (await world.get(page, "broken")).reached is FetchOutcome.NO_ANSWER


def test_the_console_does_without_an_http_client_until_there_is_a_page_to_fetch() -> None:
    code = "import sys, bot.cli; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"
