"""A DNS server inside this process: UDP and TCP on one port, for the demo, tests and benchmarks."""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.rcode
import dns.rdataclass

from bot.demo.wire_format import (
    ReceivedQuery,
    read_query,
    read_question,
    write_body,
    write_error,
    write_reply,
)
from bot.demo.zones import Zones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from bot.demo.wire_format import ReplyBody
    from bot.demo.zones import Zone
    from bot.dns.answer import Question

BUFFER = 4 * 1024 * 1024  # octets: a sweep's questions come in bursts
BODIES = 50_000  # replies kept in wire form
CONNECTIONS = 64  # over TCP at once
IDLE = 5.0  # seconds in which a TCP client has to send a whole question
PORT_TRIES = 20
AUTHORITY = int(dns.flags.AA)  # it holds the zones itself
RECURSIVE = int(dns.flags.RA)  # it asks those who hold them


class ReplyLoss:
    """Loses a share of the UDP replies, the same ones for the same seed and order of questions."""

    def __init__(self, share: float, seed: int = 0) -> None:
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 - has to repeat itself, guards nothing

    def __call__(self, _question: Question) -> bool:
        """Whether the reply to a question gets lost."""
        return self._random.random() < self._share


class ZoneServer:
    """Answers from `zones`, as a recursive server in front of them would.

    `role` are the flags of its replies: AA and RA, unless it is to be the one kind alone.

    `async with ZoneServer(zones) as server` listens until the block ends; `address` is then the
    host and the port, the same for UDP and TCP. `zones` may be set anew at any time. Each reply
    waits for `delay` seconds; `lose` says which UDP replies are never sent.
    """

    def __init__(
        self,
        zones: Zones | Mapping[str, str] | Iterable[Zone],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        delay: float = 0.0,
        lose: Callable[[Question], bool] | None = None,
        role: int = AUTHORITY | RECURSIVE,
    ) -> None:
        self.zones = zones if isinstance(zones, Zones) else Zones.of(zones)
        self.delay = delay
        self.lose = lose
        self.role = role
        self._wanted = (host, port)
        self._address: tuple[str, int] | None = None
        self._bodies: dict[bytes, ReplyBody] = {}
        self._counts: tuple[Counter[bytes], Counter[bytes]] = (Counter(), Counter())
        self._listeners: list[asyncio.BaseTransport | asyncio.Server] = []
        self._connections: set[asyncio.Transport] = set()

    @property
    def zones(self) -> Zones:
        """What is answered from."""
        return self._zones

    @zones.setter
    def zones(self, zones: Zones) -> None:
        self._zones = zones
        self._bodies = {}

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: host and port. Raises RuntimeError while it does not."""
        if self._address is None:
            raise RuntimeError("the server is not running")
        return self._address

    @property
    def asked(self) -> Counter[Question]:
        """How often each question came, over UDP and TCP together."""
        return self.asked_udp + self.asked_tcp

    @property
    def asked_udp(self) -> Counter[Question]:
        """How often each question came over UDP, those with lost replies among them."""
        return Counter({read_question(key): n for key, n in self._counts[0].items()})

    @property
    def asked_tcp(self) -> Counter[Question]:
        """How often each question came over TCP."""
        return Counter({read_question(key): n for key, n in self._counts[1].items()})

    def forget(self) -> None:
        """Count the questions from zero again."""
        self._counts = (Counter(), Counter())

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        udp, tcp = _bind_both(*self._wanted)
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        self._listeners.append(transport)
        self._listeners.append(
            await loop.create_server(lambda: _Stream(self, self._connections), sock=tcp)
        )
        host, port = udp.getsockname()[:2]
        self._address = (host, port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._address = None
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.sleep(0)  # lets the transports close their sockets

    def reply(self, wire: bytes, *, udp: bool) -> bytes | None:
        """Return the reply to one message, or None for what gets none; counts its question."""
        query = read_query(wire)
        if query is None:
            return None
        if not isinstance(query, ReceivedQuery):
            return write_error(wire, query)
        if query.rdclass != dns.rdataclass.IN:
            return write_error(wire, dns.rcode.REFUSED)
        key = query.key
        self._counts[0 if udp else 1][key] += 1
        if udp and self.lose is not None and self.lose(read_question(key)):
            return None
        body = self._bodies.get(key)
        if body is None:
            question = read_question(key)
            body = write_body(key, self._zones.look_up(question.name, question.rdtype))
            if len(self._bodies) >= BODIES:
                self._bodies.clear()
            self._bodies[key] = body
        return write_reply(query, body, udp=udp, role=self.role)


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side."""

    def __init__(self, server: ZoneServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed gives the base class only
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.reply(data, udp=True)
        if reply is None:
            return
        if self._server.delay:
            self._loop.call_later(self._server.delay, self._send, reply, addr)
        else:
            self._send(reply, addr)

    def error_received(self, _exc: Exception) -> None:
        """A client that is gone does not matter to the others."""

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(reply, addr)


class _Stream(asyncio.Protocol):
    """One TCP connection: messages with their length before them (RFC 1035 section 4.2.2)."""

    def __init__(self, server: ZoneServer, connections: set[asyncio.Transport]) -> None:
        self._server = server
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._received = bytearray()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # typeshed gives the base class only
        self._transport = transport
        if len(self._connections) >= CONNECTIONS:
            transport.abort()
            return
        self._connections.add(transport)
        self._await_question()

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 2:
            end = 2 + int.from_bytes(self._received[:2])
            if len(self._received) < end:
                return
            message = bytes(self._received[2:end])
            del self._received[:end]
            self._await_question()
            reply = self._server.reply(message, udp=False)
            if reply is not None:
                frame = len(reply).to_bytes(2) + reply
                self._loop.call_later(self._server.delay, self._send, frame)

    def pause_writing(self) -> None:
        """Who does not read the replies gets no more questions in."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def _await_question(self) -> None:
        """Give the client its time to send a whole question, from now on."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._timer = self._loop.call_later(IDLE, self._transport.abort)

    def _send(self, frame: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame)


def _bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket on the same port; port 0 finds one that is free for both.

    Raises OSError where the port, or every port tried, is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for attempt in range(PORT_TRIES):
        tcp = socket.socket(family, socket.SOCK_STREAM)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tcp.bind((host, port))
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            udp.bind((host, tcp.getsockname()[1]))
        except OSError:
            tcp.close()
            udp.close()
            if port or attempt == PORT_TRIES - 1:
                raise
        else:
            return udp, tcp
    raise OSError(f"no port of {host} is free for UDP and TCP")
