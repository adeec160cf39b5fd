"""Delegations that lead nowhere: a resolver, a registry, and name servers that never answer."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import dns.message
import dns.name
import dns.rdatatype
import dns.rrset

from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.authority import Authorities
from bot.dns.server_address import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.dns.answer import Question

REGISTRY: Final = "127.0.0.40"
SILENT: Final = ("127.0.0.41", "127.0.0.42")
HOSTER: Final = "gone-dns.test"


class DeadAnswer(StrEnum):
    """What a resolver says that cannot reach the name servers of a zone."""

    NONE = "no answer in time"
    SERVFAIL = "SERVFAIL at once"


@dataclass(slots=True)
class DeadZones:
    """The resolver, what may be asked beside it, and who was asked at which address."""

    resolver: ZoneServer
    authorities: Authorities
    silent: list[str] = field(default_factory=list)  # a line for each datagram to a silent server

    @property
    def server(self) -> Server:
        """The resolver's address."""
        return Server(*self.resolver.address)

    def forget(self) -> None:
        """Count from zero again."""
        self.resolver.forget()
        self.silent.clear()

    def count(self) -> tuple[int, int]:
        """Return how many different questions came, and how many datagrams."""
        asked = self.resolver.asked_udp
        return len(asked) + len(set(self.silent)), asked.total() + len(self.silent)


class _NameServer(asyncio.DatagramProtocol):
    """Refers to other name servers where it is the registry; the others never say anything."""

    def __init__(self, host: str, world: DeadZones, names: tuple[str, ...]) -> None:
        self._host = host
        self._world = world
        self._names = names
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        if not self._names:
            self._world.silent.append(f"{self._host} {query.question[0]}")
            return
        reply = dns.message.make_response(query)
        name = query.question[0].name
        reply.authority.append(dns.rrset.from_text(name, 3600, "IN", "NS", *self._names))
        self.transport.sendto(reply.to_wire(), addr)


@asynccontextmanager
async def run_dead_zones(
    zones: Mapping[str, str], dead: tuple[str, ...], how: DeadAnswer
) -> AsyncIterator[DeadZones]:
    """Yield a world in which the same two name servers of some zones (`dead`) never answer."""
    origins = [dns.name.from_text(name) for name in dead]

    def lose(question: Question) -> bool:
        below = next((o for o in origins if question.name.is_subdomain(o)), None)
        # What is in the zone above is there, and the resolver knows it.
        above = question.name == below and question.rdtype == dns.rdatatype.DS
        return how is DeadAnswer.NONE and below is not None and not above

    hosts = "\n".join(f"ns{number} A {host}" for number, host in enumerate(SILENT, 1))
    registry = f"@ NS ns.registry.example.\nns.registry A {REGISTRY}"
    table = Zones.of(
        {**zones, HOSTER: hosts, "example": registry},
        servfail=dead if how is DeadAnswer.SERVFAIL else (),
    )
    names = tuple(f"ns{number}.{HOSTER}." for number in (1, 2))
    async with AsyncExitStack() as stack:
        port = free_port()
        server = await stack.enter_async_context(ZoneServer(table, lose=lose, port=port))
        world = DeadZones(server, Authorities(allow_private=True, port=port))
        for host in (REGISTRY, *SILENT):
            double = partial(_NameServer, host, world, names if host == REGISTRY else ())
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                double, local_addr=(host, port)
            )
            stack.callback(transport.close)
        yield world


def free_port() -> int:
    """Return a port that nobody uses at the addresses of this machine, for UDP and TCP."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
