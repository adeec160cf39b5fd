"""Asks over UDP: a few connected sockets for each server, often replaced, and its round trip.

The sockets are watched by the event loop directly and not through asyncio's datagram transports:
they open without awaiting anything, and a timer that comes late can first read what already waits
in a socket instead of sending again.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bot.dns.random_numbers import RandomNumbers
from bot.dns.round_trip import RoundTrip

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from bot.dns.message import Query
    from bot.dns.server_address import Server
    from bot.dns.timers import Timers

SOCKETS = 4  # a server
MAX_USES = 200  # questions on one socket: its port must stay a guess (RFC 5452 section 10)
MAX_AGE = 10.0  # seconds, likewise
SETBACK = 30.0  # seconds that a server which does not answer is put behind the others
SILENCE = 0.4  # seconds without a reply until a server that has answered before is put behind ...
_MISSES = 3  # ... and so many datagrams in a row
_BATCH = 64  # datagrams read before others get their turn
_LARGEST_DATAGRAM = 4096  # octets read; what is longer than we said we take is cut, so malformed


class Sender(Protocol):
    """Sends a datagram, and is given the reply to it or the refusal."""

    def take_reply(self, datagram: Datagram, data: bytes) -> None:
        """Handle a reply to the question; it came by the socket that the question left by."""

    def take_refusal(self, datagram: Datagram) -> None:
        """Handle that no server listens at the address, or that the network does not reach it."""

    def set_timer(self) -> None:
        """Wait as long for the reply as is right by what is known of the server now."""


class Datagram:
    """A datagram under way."""

    __slots__ = ("early", "edns", "id", "port", "query", "refused", "sender", "sent_at")

    def __init__(
        self, port: Port, query: Query, sender: Sender, sent_at: float, *, edns: bool
    ) -> None:
        self.port = port
        self.query = query
        self.sender = sender
        self.sent_at = sent_at
        self.edns = edns
        self.refused = False
        self.early: RoundTrip | None = None  # that allowed to send it before the long wait is over
        self.id = port.upstream.numbers.draw()
        while self.id in port.datagrams:
            self.id = port.upstream.numbers.draw()

    @property
    def upstream(self) -> Upstream:
        """The server that it was sent to."""
        return self.port.upstream

    def forget(self) -> None:
        """Wait for no reply to it any more."""
        self.port.datagrams.pop(self.id, None)
        self.port.close_if_done()


class Port:
    """A connected socket; the operating system picks its port number at random."""

    __slots__ = (
        "_loop",
        "_socket",
        "closed",
        "datagrams",
        "opened_at",
        "retired",
        "upstream",
        "uses",
    )

    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        server = upstream.server
        family = socket.AF_INET6 if server.is_ipv6 else socket.AF_INET
        self._loop = loop
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.connect((server.address, server.port))
        except OSError:
            self._socket.close()
            raise
        loop.add_reader(self._socket, self.drain)
        self.upstream = upstream
        self.datagrams: dict[int, Datagram] = {}
        self.opened_at = loop.time()
        self.uses = 0
        self.closed = False
        self.retired = False

    def send(self, query: Query, sender: Sender, now: float, *, edns: bool) -> Datagram:
        """Send a question; raises OSError where it cannot be sent."""
        datagram = Datagram(self, query, sender, now, edns=edns)
        try:
            self._socket.send(query.message(datagram.id, edns=edns))
        except BlockingIOError:
            pass  # the buffer is full: the same as lost on the way
        except OSError:
            # Mostly the fate of what was sent before, told now; this one was not sent at all.
            self._loop.call_soon(self._refuse_all, tuple(self.datagrams.values()))
            raise
        self.uses += 1
        self.datagrams[datagram.id] = datagram
        return datagram

    def drain(self) -> None:
        """Read all datagrams that wait in the socket; each goes to the sender of its question."""
        for _ in range(_BATCH):
            if self.closed:
                return
            try:
                data = self._socket.recv(_LARGEST_DATAGRAM)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # an ICMP message: nobody listens, or no way there
                self._refuse_all(tuple(self.datagrams.values()))
                return
            datagram = self.datagrams.get(int.from_bytes(data[:2], "big"))
            if datagram is not None and datagram.query.is_answered_by(data):
                datagram.sender.take_reply(datagram, data)

    def is_spent(self, now: float) -> bool:
        """Whether it has to be replaced."""
        return self.uses >= MAX_USES or now - self.opened_at >= MAX_AGE

    def retire(self) -> None:
        """Take no further question, and close once nothing is under way any more."""
        self.retired = True
        self.close_if_done()

    def close_if_done(self) -> None:
        """Close the socket where it is retired and nothing is under way."""
        if self.retired and not self.datagrams and not self.closed:
            self.closed = True
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def _refuse_all(self, datagrams: tuple[Datagram, ...]) -> None:
        for datagram in datagrams:
            if not datagram.refused:
                datagram.refused = True
                datagram.sender.take_refusal(datagram)


class Upstream:
    """A server to ask, with its sockets, its round trip and its recent failures."""

    __slots__ = (
        "_loop",
        "_misses",
        "_ports",
        "_setback_until",
        "_silent_since",
        "name",
        "numbers",
        "round_trip",
        "server",
    )

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._misses = 0
        self._ports: list[Port | None] = [None] * SOCKETS
        self._setback_until = 0.0
        self._silent_since = 0.0  # when the first of the misses in a row was sent
        self.server = server
        self.name = str(server)
        self.numbers = RandomNumbers()
        self.round_trip = RoundTrip()

    def send(self, query: Query, sender: Sender, now: float, *, edns: bool) -> Datagram:
        """Send a question by one of the sockets; raises OSError where it cannot be sent."""
        place = self.numbers.draw() % SOCKETS
        port = self._ports[place]
        if port is None or port.is_spent(now):
            self._ports[place] = None
            if port is not None:
                port.retire()
            port = self._ports[place] = Port(self, self._loop)
        return port.send(query, sender, now, edns=edns)

    @property
    def is_doubtful(self) -> bool:
        """Whether it has left a question unanswered and never answered one."""
        return self._misses > 0 and not self.round_trip.is_known

    def note_reply(self, seconds: float) -> None:
        """Note that it answered, so many seconds after it was asked."""
        self._misses = 0
        self._setback_until = 0.0
        was_known = self.round_trip.is_known
        self.round_trip.note(seconds)
        if not was_known:
            self._set_timers()

    def note_miss(self, sent_at: float, now: float) -> None:
        """Note that a datagram of this time was not answered: it was lost, or the server is down.

        A server that takes its time for some names is not put behind: it answers others meanwhile.
        """
        is_first = not self._misses
        if is_first:
            self._silent_since = sent_at
        self._misses += 1
        is_silent = self._misses >= _MISSES and now - self._silent_since >= SILENCE
        if is_silent or not self.round_trip.is_known:
            self._setback_until = now + SETBACK
        if is_first and self.is_doubtful:
            self._set_timers()

    def note_refusal(self, now: float) -> None:
        """Note that no server listens at its address."""
        self._misses = max(self._misses, _MISSES)
        self._setback_until = now + SETBACK

    def rank(self, now: float) -> float:
        """Return a sort key: 0 if it works, else until when (loop time) others are preferred."""
        return self._setback_until if self._setback_until > now else 0.0

    def close(self) -> None:
        """Close all sockets; nothing may be under way any more."""
        for place, port in enumerate(self._ports):
            self._ports[place] = None
            if port is not None:
                port.retire()

    def _set_timers(self) -> None:
        """Have all that is under way waited for by what is known now."""
        for port in self._ports:
            for datagram in () if port is None else tuple(port.datagrams.values()):
                datagram.sender.set_timer()


@dataclass(frozen=True, slots=True)
class ResolverState:
    """What all questions of one resolver share: servers and flags; `timeout` is in seconds."""

    loop: asyncio.AbstractEventLoop
    upstreams: tuple[Upstream, ...]
    timers: Timers
    timeout: float
    recurse: bool = True
    signed: bool = False
    streams: set[asyncio.Task[None]] = field(default_factory=set)

    def by_preference(self, now: float) -> Sequence[Upstream]:
        """Return the servers, those that work before those that did not answer of late."""
        if len(self.upstreams) == 1:
            return self.upstreams
        return sorted(self.upstreams, key=lambda upstream: upstream.rank(now))
