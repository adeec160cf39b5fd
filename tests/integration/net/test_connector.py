"""The guarded connector: which addresses it connects to, and what it says where it does not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.address_guard import AddressFault
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.connection import LONGEST_DIALOG, OpenConnection, TooLongError
from bot.net.connector import ConnectFault, Connector, FoundHost
from mail_server_double import closed_port
from max_wait import MAX_WAIT
from server_certificates import HOST, ServerCertificates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ZONE = """
    mx1 A 127.0.0.1
    inner A 10.1.2.3
    example A 198.51.100.25
    example AAAA 2001:db8::25
    both A 198.51.100.25
    both A 127.0.0.1
    link AAAA fe80::1
    text TXT "no address"
"""


def name(label: str) -> dns.name.Name:
    return dns.name.from_text(f"{label}.cow.example")


MX1 = FoundHost(name("mx1"), ("127.0.0.1",))


@asynccontextmanager
async def resolving(zone: str = ZONE) -> AsyncIterator[tuple[ZoneServer, Resolver]]:
    zones = Zones.of({"cow.example": zone}, servfail=("broken.cow.example",))
    async with ZoneServer(zones) as server, Resolver((Server(*server.address),)) as resolver:
        yield server, resolver


@asynccontextmanager
async def saying(
    *parts: bytes, hear: Callable[[bytes], None] = lambda _: None
) -> AsyncIterator[int]:
    """Yield a port that says this to whoever comes, and then waits for what is said to it."""
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        for part in parts:
            writer.write(part)
        while data := await reader.read(1000):
            hear(data)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


@contextmanager
def full_queue() -> Iterator[int]:
    """Yield a port whose queue is full, so that this machine answers no more who comes."""
    with socket.socket() as listening, contextlib.ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


async def connected(connector: Connector, port: int, host: FoundHost = MX1) -> OpenConnection:
    connection = await connector.connect(host, port)
    assert isinstance(connection, OpenConnection)
    return connection


async def test_a_private_address_is_kept_for_names_that_the_operator_wrote() -> None:
    async with resolving() as (_, resolver):
        stranger = Connector()
        for label in ("mx1", "inner", "link"):
            assert await stranger.find_host(resolver.ask, name(label)) is AddressFault.PRIVATE
        own = Connector(configured=(name("mx1"),))
        assert await own.find_host(resolver.ask, name("mx1")) == MX1
        assert await own.find_host(resolver.ask, name("inner")) is AddressFault.PRIVATE
        open_to_all = Connector(allow_private=True)
        assert isinstance(await open_to_all.find_host(resolver.ask, name("inner")), FoundHost)


async def test_an_address_for_documents_is_connected_to_by_nobody() -> None:
    async with resolving() as (_, resolver):
        connector = Connector(allow_private=True, configured=(name("example"), name("both")))
        assert await connector.find_host(resolver.ask, name("example")) is AddressFault.PRIVATE
        both = await connector.find_host(resolver.ask, name("both"))
        assert both == FoundHost(name("both"), ("127.0.0.1",))


async def test_an_address_with_a_stand_in_is_reached_there_and_told_as_itself() -> None:
    async with resolving() as (_, resolver), saying(b"hello\r\n") as port:
        connector = Connector(ports={993: port}, stand_ins={"198.51.100.25": "127.0.0.1"})
        host = await connector.find_host(resolver.ask, name("example"))
        assert host == FoundHost(name("example"), ("198.51.100.25",))
        connection = await connected(connector, 993, host)
        assert connection.address == "198.51.100.25"
        assert await connection.read_line() == b"hello"
        connection.close()


async def test_a_name_without_an_address_is_told_from_a_failure() -> None:
    async with resolving() as (_, resolver):
        connector = Connector(allow_private=True)
        assert await connector.find_host(resolver.ask, name("text")) is AddressFault.NO_ADDRESS
        assert await connector.find_host(resolver.ask, name("broken")) is AddressFault.NO_ANSWER


async def test_a_second_answer_of_the_dns_leads_nowhere_else() -> None:
    async with resolving() as (server, resolver), saying(b"") as port:
        connector = Connector(allow_private=True, ports={993: port})
        host = await connector.find_host(resolver.ask, name("mx1"))
        assert isinstance(host, FoundHost)
        server.zones = Zones.of({"cow.example": "mx1 A 127.0.0.9"})
        asked = len(server.asked_udp)
        (await connected(connector, 993, host)).close()
        assert len(server.asked_udp) == asked


async def test_refused_is_told_from_silence_and_from_a_way_that_is_shut() -> None:
    connector = Connector(allow_private=True)
    async with closed_port() as refusing:
        assert await connector.connect(MX1, refusing) is ConnectFault.REFUSED
    # Nobody is let out to all hosts at once, on any machine.
    everybody = FoundHost(MX1.name, ("255.255.255.255",))
    assert await connector.connect(everybody, 993) is ConnectFault.BLOCKED
    with full_queue() as number:
        async with asyncio.timeout(MAX_WAIT):
            assert await Connector(seconds=0.3).connect(MX1, number) is ConnectFault.NO_ANSWER


async def test_no_way_to_ipv6_says_nothing_of_a_host_that_refuses() -> None:
    # Of the two, this one has no way to it on any machine.
    both = FoundHost(MX1.name, ("127.0.0.1", "::ffff:255.255.255.255"))
    async with closed_port() as refusing:
        assert await Connector().connect(both, refusing) is ConnectFault.REFUSED


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async with saying(b"") as port:
        host = FoundHost(MX1.name, ("127.9.9.9", "127.0.0.1"))
        connection = await connected(Connector(), port, host)
        assert connection.address == "127.0.0.1"
        connection.close()


async def test_a_line_without_end_is_left_and_so_is_a_dialog() -> None:
    async with saying(b"x" * 9000) as port:
        connection = await connected(Connector(), port)
        with pytest.raises(TooLongError):
            await connection.read_line()
        connection.close()
    async with saying(b"220-hello\r\n" * 10_000) as port:
        connection = await connected(Connector(), port)
        for _ in range(LONGEST_DIALOG // len("220-hello\r\n")):
            assert await connection.read_line() == b"220-hello"
        with pytest.raises(TooLongError):
            await connection.read_line()
        connection.close()


async def test_an_end_within_a_line_is_no_line() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        connection = await connected(Connector(), server.sockets[0].getsockname()[1])
        with pytest.raises(EOFError):
            await connection.read_line()
        connection.close()


async def test_what_came_before_tls_is_thrown_away() -> None:
    certificates = ServerCertificates()
    context = certificates.context()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"go\r\ninjected\r\n")
        await writer.drain()
        await writer.start_tls(context)
        writer.write(b"protected\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        connection = await connected(Connector(), server.sockets[0].getsockname()[1])
        assert await connection.read_line() == b"go"
        assert connection.has_more
        await connection.start_tls(certificates.trusting(), HOST)
        assert await connection.read_line() == b"protected"
        connection.close()
