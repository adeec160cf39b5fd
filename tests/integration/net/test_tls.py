"""What every client of ours demands of a certificate, the same with every Python."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import dns.name
import pytest

from authority import Authority
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.errors import BackendUnreachable
from bot.mailcow.api import Mailcow
from bot.net.certificate import Certificate, CertificateCheck
from bot.net.https import HttpsFetcher
from bot.net.page import FetchOutcome
from bot.net.tls import client_context, web_context
from web_page import WebPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

NAME = "mail.cow.example"
VERSION = b'{"version": "2026-07a"}'


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[Authority], None]]:
    """Let this machine trust one authority alone, in this test."""
    path = tmp_path / "authorities.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    _forget_authorities()

    def write(authority: Authority) -> None:
        path.write_text(authority.pem)

    yield write
    _forget_authorities()


def _forget_authorities() -> None:
    client_context.cache_clear()
    web_context.cache_clear()


@asynccontextmanager
async def resolving() -> AsyncIterator[Resolver]:
    async with (
        ZoneServer(Zones.of({NAME: "@ A 127.0.0.1"})) as server,
        Resolver((Server(*server.address),)) as resolver,
    ):
        yield resolver


async def verdicts(serving: ssl.SSLContext) -> tuple[Certificate, FetchOutcome, str]:
    """What the look, the fetch and Mailcow's client say of a server, with their own defaults."""
    name = dns.name.from_text(NAME)
    async with WebPage.of(VERSION).serving(serving) as page, resolving() as resolver:
        look = CertificateCheck(resolver.ask, allow_private=True, port=page.port)
        fetch = HttpsFetcher(allow_private=True, port=page.port)
        seen, fetched = await look(name), await fetch(resolver.ask, name, "/")
        url = f"https://127.0.0.1:{page.port}"
        async with Mailcow(url, read_key="READ-KEY", write_key=None) as client:
            try:
                version = await client.version()
            except BackendUnreachable as error:
                version = error.code
    return seen, fetched.reached, version


GOOD = (Certificate.COVERS, FetchOutcome.PAGE, "2026-07a")


async def test_every_client_takes_a_certificate_as_the_standard_wants_it(
    trust: Callable[[Authority], None], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    trust(authority)
    assert await verdicts(authority.serving(NAME)) == GOOD


async def test_every_client_takes_a_certificate_without_key_identifiers_as_browsers_do(
    trust: Callable[[Authority], None], tmp_path: Path
) -> None:
    authority = Authority(tmp_path, bare=True)
    trust(authority)
    assert await verdicts(authority.serving(NAME)) == GOOD


async def test_every_client_trusts_an_authority_that_is_trusted_without_the_one_above_it(
    trust: Callable[[Authority], None], tmp_path: Path
) -> None:
    authority = Authority(tmp_path, above=Authority(tmp_path))
    trust(authority)
    assert await verdicts(authority.serving(NAME)) == GOOD


async def test_no_client_takes_a_certificate_of_a_stranger(
    trust: Callable[[Authority], None], tmp_path: Path
) -> None:
    trust(Authority(tmp_path))
    stranger = Authority(tmp_path).serving(NAME)
    assert await verdicts(stranger) == (
        Certificate.INVALID,
        FetchOutcome.INVALID,
        "mailcow-certificate",
    )


def test_the_demands_are_set_and_not_left_to_the_version_of_python() -> None:
    context = client_context()
    partial, first = ssl.VERIFY_X509_PARTIAL_CHAIN, ssl.VERIFY_X509_TRUSTED_FIRST
    assert context.verify_flags == partial | first
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


async def offered_ciphers(*, look: bool) -> set[int]:
    """Return the ciphers (by number) that the look or the fetch offers to a web server."""
    hello = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes((await reader.readexactly(5))[3:])
        hello.set_result(await reader.readexactly(size))
        writer.close()

    name = dns.name.from_text(NAME)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, resolving() as resolver:
        port = server.sockets[0].getsockname()[1]
        if look:
            await CertificateCheck(resolver.ask, allow_private=True, port=port)(name)
        else:
            await HttpsFetcher(allow_private=True, port=port)(resolver.ask, name, "/")
    # RFC 5246 section 7.4.1.2: type and length, version, random, session, ciphers.
    body = (await hello)[4 + 2 + 32 :]
    rest = body[1 + body[0] :]
    ciphers = rest[2 : 2 + int.from_bytes(rest[:2])]
    return {int.from_bytes(ciphers[at : at + 2]) for at in range(0, len(ciphers), 2)}


@pytest.mark.parametrize("look", [True, False])
async def test_no_stranger_chooses_the_size_of_the_numbers_that_we_calculate_with(
    look: bool,
) -> None:
    offered = await offered_ciphers(look=look)
    assert {0x1301, 0xC02F} <= offered  # TLS 1.3, and ECDHE of TLS 1.2
    # DHE-RSA with AES of 128 and 256 bits (RFC 5246, RFC 5288), with ChaCha20 (RFC 7905).
    assert offered.isdisjoint({0x33, 0x39, 0x67, 0x6B, 0x9E, 0x9F, 0xCCAA})
