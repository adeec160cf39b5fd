"""A DNS server on this machine that does as a test scripts it, for the tests of the resolver."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from bot.dns.server_address import Server
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Behave = Callable[[dns.message.Message, int], list[bytes]]
    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

NEVER = 3600.0  # seconds; whoever waits as long is given up before


class ScriptedServer(asyncio.DatagramProtocol):
    """A server that answers each question as it is told to, and remembers who asked."""

    def __init__(self, behave: Behave) -> None:
        self.behave = behave
        self.asked: list[dns.message.Message] = []
        self.ports: list[int] = []
        self.transport: asyncio.DatagramTransport
        self.server: Server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query)
        self.ports.append(addr[1])
        for reply in self.behave(query, len(self.asked)):
            self.transport.sendto(reply, addr)


@asynccontextmanager
async def serve(
    behave: Behave, stream: Serve | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[ScriptedServer]:
    """Yield a server that listens until the block ends, over TCP as well where it has `stream`."""
    loop = asyncio.get_running_loop()
    streams: list[asyncio.Task[None] | None] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert stream is not None
        streams.append(asyncio.current_task())
        with suppress(ConnectionError):
            await stream(reader, writer)
        writer.close()

    while True:
        transport, server = await loop.create_datagram_endpoint(
            lambda: ScriptedServer(behave), local_addr=(host, port)
        )
        server.transport = transport
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20
        )  # room for all that one resolver asks at a time
        server.server = Server(host, transport.get_extra_info("sockname")[1])
        if stream is None:
            tcp = None
            break
        try:
            tcp = await asyncio.start_server(run, host, server.server.port)
            break
        except OSError:
            if port:
                raise
            transport.close()  # somebody else has that port for TCP
    try:
        yield server
    finally:
        transport.close()
        if tcp is not None:
            tcp.close()
            await asyncio.wait_for(asyncio.gather(*filter(None, streams)), MAX_WAIT)
            await tcp.wait_closed()


def respond(
    query: dns.message.Message,
    *answer: dns.rrset.RRset,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    flags: dns.flags.Flag = dns.flags.AA,
    authority: tuple[dns.rrset.RRset, ...] = (),
    options: tuple[dns.edns.Option, ...] = (),
) -> bytes:
    """Return a reply to this question in wire form."""
    message = dns.message.make_response(query)
    if query.edns >= 0:
        message.use_edns(0, options=list(options))
    message.flags |= flags
    message.set_rcode(rcode)
    message.answer.extend(answer)
    message.authority.extend(authority)
    return message.to_wire(max_size=65535)


def txt(query: dns.message.Message, text: str = "moo") -> bytes:
    """Return a reply with one TXT record."""
    return respond(query, dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", f'"{text}"'))


def tell(query: dns.message.Message, count: int) -> list[bytes]:
    """Answer with a record."""
    return [txt(query)]


def say_nothing(query: dns.message.Message, count: int) -> list[bytes]:
    """Give no answer."""
    return []


def fail(query: dns.message.Message, count: int) -> list[bytes]:
    """Answer that it failed."""
    return [respond(query, rcode=dns.rcode.SERVFAIL)]


def refuse(query: dns.message.Message, count: int) -> list[bytes]:
    """Answer that it refuses."""
    return [respond(query, rcode=dns.rcode.REFUSED)]


def truncate(query: dns.message.Message, count: int) -> list[bytes]:
    """Answer that there is more than a datagram holds."""
    return [respond(query, flags=dns.flags.TC)]


def rrset(owner: str, rdtype: str, *rdatas: str) -> dns.rrset.RRset:
    """Return records of one name and type."""
    return dns.rrset.from_text(owner, 60, "IN", rdtype, *rdatas)
