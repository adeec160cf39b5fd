"""One server: when a question is sent to it again, and when it is given up."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest

from bot.dns.answer import Outcome
from bot.dns.resolver import Resolver
from max_wait import MAX_WAIT
from scripted_server import NEVER, respond, say_nothing, serve, tell, txt

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.dns.server_address import Server

pytest_plugins = ["resolver_fixtures"]


@asynccontextmanager
async def own_time() -> AsyncIterator[None]:
    """Let the event loop's clock count what this very process works, and not what others do.

    So a busy machine makes nobody late. Nothing may have to wait for time to pass meanwhile; where
    something does, the test is cancelled.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    rescue = threading.Timer(MAX_WAIT, loop.call_soon_threadsafe, (task.cancel,))
    rescue.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "time", time.process_time)
            yield
    finally:
        rescue.cancel()


async def test_answer_names_the_server_and_needs_one_datagram() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.texts() == (b"moo",)
        assert answer.ttl == 60
        assert answer.server == str(server.server)
        assert (resolver.queries, len(server.asked)) == (1, 1)
        query = server.asked[0]
        assert query.flags == dns.flags.RD | dns.flags.AD
        assert (query.edns, query.payload) == (0, 1232)


async def test_lost_datagram_is_sent_again_after_some_round_trips(patient: None) -> None:
    def lose_first(query: dns.message.Message, count: int) -> list[bytes]:
        return [txt(query)] if count != 2 else []

    async with serve(lose_first) as server, Resolver([server.server]) as resolver:
        await resolver.ask("friend.example", "TXT")  # now the round trip is known
        assert (await resolver.ask("cow.example", "TXT")).found
        assert len(server.asked) >= 3
        assert resolver.queries == 2


async def test_lost_first_datagram_of_all_is_sent_again() -> None:
    def lose_first(query: dns.message.Message, count: int) -> list[bytes]:
        return [txt(query)] if count > 1 else []

    async with serve(lose_first) as server, Resolver([server.server]) as resolver:
        began = time.monotonic()
        assert (await resolver.ask("friend.example", "TXT")).found
        assert time.monotonic() - began > 0.3


async def test_round_trip_learnt_by_another_question_shortens_the_wait(patient: None) -> None:
    def lose_friend(query: dns.message.Message, count: int) -> list[bytes]:
        friend = query.question[0].name == dns.name.from_text("friend.example")
        return [] if friend and count == 1 else [txt(query)]

    async with serve(lose_friend) as server, Resolver([server.server]) as resolver:
        lost = asyncio.ensure_future(resolver.ask("friend.example", "TXT"))
        await asyncio.sleep(0)
        assert (await resolver.ask("cow.example", "TXT")).found
        assert (await lost).found


async def test_every_lost_datagram_is_sent_again_soon(patient: None) -> None:
    seen: set[dns.name.Name] = set()

    def lose_each_first(query: dns.message.Message, count: int) -> list[bytes]:
        name = query.question[0].name
        if count > 1 and name not in seen:
            seen.add(name)
            return []
        return [txt(query)]

    async with serve(lose_each_first) as server, Resolver([server.server]) as resolver:
        for number in range(40):  # more than may be sent in vain
            assert (await resolver.ask(f"n{number}.example", "TXT")).found
        assert len(server.asked) >= 79


async def test_resolver_that_takes_its_time_for_some_names_is_not_flooded(patient: None) -> None:
    def look_some_up(query: dns.message.Message, count: int) -> list[bytes]:
        if not query.question[0].name[0].startswith(b"slow"):
            return [txt(query)]
        address = (server.server.address, server.ports[-1])
        loop.call_later(0.15, server.transport.sendto, txt(query), address)
        return []

    loop = asyncio.get_running_loop()
    async with serve(look_some_up) as server, Resolver([server.server]) as resolver:
        for turn in range(10):
            kinds = ["slow", *["kept"] * 9] * 2
            names = [f"{kind}{turn}-{place}.example" for place, kind in enumerate(kinds)]
            answers = await asyncio.gather(*(resolver.ask(name, "TXT") for name in names))
            assert all(answer.found for answer in answers)
        assert len(server.asked) <= 200 + 8 + 1  # and not two or three for each that is slow


async def test_question_that_nobody_answers_takes_no_room_from_others(patient: None) -> None:
    def answer_friend(query: dns.message.Message, count: int) -> list[bytes]:
        friend = query.question[0].name == dns.name.from_text("friend.example")
        return [txt(query)] if friend else []

    async with (
        serve(answer_friend) as server,
        Resolver([server.server], timeout=1.0) as resolver,
    ):
        assert (await resolver.ask("friend.example", "TXT")).found
        assert (await resolver.ask("cow.example", "TXT")).outcome is Outcome.TIMEOUT
        assert len(server.asked) <= 4  # and not six for the one without an answer


async def test_silence_is_a_timeout_at_the_deadline_after_a_few_datagrams() -> None:
    async with serve(say_nothing) as server, Resolver([server.server], timeout=0.6) as resolver:
        began = time.monotonic()
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.TIMEOUT
        assert answer.failed
        assert answer.server == ""
        assert time.monotonic() - began > 0.5
        assert len(server.asked) <= 2


async def test_port_where_nobody_listens_is_a_timeout_before_the_deadline(
    closed_port: Server,
) -> None:
    async with Resolver([closed_port], timeout=NEVER) as resolver, asyncio.timeout(MAX_WAIT):
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.TIMEOUT


async def test_server_without_edns_is_asked_without() -> None:
    def know_no_edns(query: dns.message.Message, count: int) -> list[bytes]:
        if query.edns >= 0:
            bare = dns.message.make_response(query)
            bare.use_edns(-1)
            bare.set_rcode(dns.rcode.FORMERR)
            return [bare.to_wire()]
        return [txt(query)]

    async with serve(know_no_edns) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).found
        assert [query.edns for query in server.asked] == [0, -1]


async def test_server_that_implements_nothing_is_a_failed_one() -> None:
    def give_up(query: dns.message.Message, count: int) -> list[bytes]:
        return [respond(query, rcode=dns.rcode.NOTIMP)]

    async with serve(give_up) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.SERVFAIL
        assert len(server.asked) == 2


async def test_thousands_of_questions_at_once_are_all_answered() -> None:
    def echo(query: dns.message.Message, count: int) -> list[bytes]:
        return [txt(query, query.question[0].name.to_text())]

    async with serve(echo) as server, Resolver([server.server]) as resolver, own_time():
        names = [f"n{number}.example." for number in range(1500)]
        answers = await asyncio.gather(*(resolver.ask(name, "TXT") for name in names))
        assert [answer.texts() for answer in answers] == [(name.encode(),) for name in names]
        assert resolver.queries == 1500
        # The server shares the event loop with the resolver, and still no storm breaks loose.
        assert len(server.asked) < 1650


async def test_busy_loop_does_not_send_again_what_was_answered_long_ago() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver, own_time():
        await resolver.ask("friend.example", "TXT")
        asks = [asyncio.ensure_future(resolver.ask(f"n{n}.example", "TXT")) for n in range(50)]
        await asyncio.sleep(0)
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass  # the loop is kept busy
        assert all(answer.found for answer in await asyncio.gather(*asks))
        assert len(server.asked) == 51
