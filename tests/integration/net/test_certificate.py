"""The look at a certificate, over a real resolver and a real TLS server with certificates."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
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
from bot.net.certificate import Certificate, CertificateCheck

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from pathlib import Path

ZONE = """
    mail A 127.0.0.1
    other A 127.0.0.1
    far A 10.1.2.3
    text TXT "no address"
    two A 127.9.9.9
    two A 127.0.0.1
"""


@dataclass
class World:
    resolver: Resolver
    authority: Authority

    def look(
        self, port: int, *, allow_private: bool = True, seconds: float = 5
    ) -> CertificateCheck:
        return CertificateCheck(
            self.resolver.ask,
            allow_private=allow_private,
            port=port,
            timeout=seconds,
            context=self.authority.trusting(),
        )


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A DNS world and an authority."""
    async with (
        ZoneServer(
            Zones.of({"friend.example": ZONE}, servfail=("broken.friend.example",))
        ) as dns_server,
        Resolver((Server(*dns_server.address),)) as resolver,
    ):
        yield World(resolver, Authority(tmp_path))


@asynccontextmanager
async def web_server(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Yield the port of a server; without a context it takes connections and says nothing."""
    connections = []

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for writer in connections:
            writer.transport.abort()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)


def name(label: str) -> dns.name.Name:
    return dns.name.from_text(f"{label}.friend.example")


async def test_a_certificate_that_names_the_alias_covers_it(world: World) -> None:
    context = world.authority.serving("mx1.cow.example", "mail.friend.example")
    async with web_server(context) as port:
        assert await world.look(port)(name("mail")) is Certificate.COVERS
        assert await world.look(port)(name("other")) is Certificate.OTHER_NAME


async def test_an_expired_certificate_is_invalid(world: World) -> None:
    context = world.authority.serving("mail.friend.example", lasts=timedelta(days=-1))
    async with web_server(context) as port:
        assert await world.look(port)(name("mail")) is Certificate.INVALID


async def test_an_address_that_does_not_answer_leaves_the_next_to_try(world: World) -> None:
    async with web_server(world.authority.serving("two.friend.example")) as port:
        assert await world.look(port)(name("two")) is Certificate.COVERS


async def test_a_private_address_is_not_connected_to(world: World) -> None:
    async with web_server(world.authority.serving("mail.friend.example")) as port:
        look = world.look(port, allow_private=False)
        assert await look(name("mail")) is Certificate.NOT_ASKED
        assert await look(name("far")) is Certificate.NOT_ASKED


async def test_a_name_without_an_address_is_told_from_a_failure(world: World) -> None:
    look = world.look(443)
    assert await look(name("text")) is Certificate.NO_ADDRESS
    assert await look(name("broken")) is Certificate.NO_ANSWER


async def test_a_server_that_says_nothing_is_waited_for_so_long(world: World) -> None:
    async with web_server(None) as port:
        async with asyncio.timeout(60):  # until the test is given up
            seen = await world.look(port, seconds=0.3)(name("mail"))
    assert seen is Certificate.NO_ANSWER
