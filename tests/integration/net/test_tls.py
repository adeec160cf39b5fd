"""What every client of ours demands of a certificate, the same with every Python."""

from __future__ import annotations

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
from bot.net.tls import client_context
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
    client_context.cache_clear()

    def write(authority: Authority) -> None:
        path.write_text(authority.pem)

    yield write
    client_context.cache_clear()


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
