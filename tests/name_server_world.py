"""A domain with name servers that tests bend as they like, and a registry above; real sockets."""

from __future__ import annotations

import socket
import struct
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from bot.checks.export.as_json import report_as_dict
from bot.checks.finding import EXTRAS
from bot.demo.zone_server import AUTHORITY, ZoneServer
from bot.demo.zones import Zones
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.services.domain_check import Checker
from bot.words import Words
from scripted_server import respond, serve
from two_views import FRIEND, SERVER, healthy_lines

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Mapping

    from bot.checks.finding import Finding, Status
    from bot.checks.report import Report
    from bot.dns.answer import Ask
    from conftest import CaseFile

    Twist = Callable[[dns.message.Message, bytes], list[bytes]]

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
APEX = "friend.example"
HOSTED = "friend-dns.example"
REGISTRY_ADDRESS = "127.0.0.40"
_HEAD = "@ SOA {mname} hostmaster.friend-dns.example. {serial} 7200 3600 1209600 900"


def plainly(_query: dns.message.Message, reply: bytes) -> list[bytes]:
    """Say what is in the zone."""
    return [reply]


@dataclass
class NameServerDouble:
    """One name server: it answers from its zone, unless its `twist` makes something else of it."""

    number: int
    lines: list[str]
    others: list[str]
    serial: int = 1
    mname: str = "ns1.friend-dns.example."
    holds: bool = True
    tcp: bool = True
    twist: Twist = plainly
    asked: list[dns.message.Message] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"ns{self.number}.{HOSTED}"

    @property
    def address(self) -> str:
        return f"127.0.0.{40 + self.number}"

    @property
    def zone(self) -> str:
        names = "\n".join(f"@ NS {name}." for name in self.others)
        head = _HEAD.format(mname=self.mname, serial=self.serial)
        return "\n".join((head, names, *self.lines))

    def reply(self, query: dns.message.Message, *, udp: bool = True) -> list[bytes]:
        self.asked.append(query)
        zones = {APEX: self.zone} if self.holds else {}
        server = ZoneServer(Zones.of(zones, outside="refused"), role=AUTHORITY)
        reply = server.reply(query.to_wire(), udp=udp)
        return [] if reply is None else self.twist(query, reply)

    def behave(self, query: dns.message.Message, _count: int) -> list[bytes]:
        return self.reply(query)

    async def stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer over TCP until the other side hangs up."""
        while size := await reader.read(2):
            wire = await reader.readexactly(*struct.unpack("!H", size))
            for reply in self.reply(dns.message.from_wire(wire), udp=False):
                writer.write(struct.pack("!H", len(reply)) + reply)


@dataclass
class World:
    """All servers, and the checker that asks them; the resolver answers from `seen`."""

    case_file: CaseFile
    lines: list[str]
    servers: list[NameServerDouble]
    resolver: ZoneServer
    ask: Ask
    authorities: Authorities
    checker: Checker
    delegated: list[str] = field(default_factory=list)  # by the registry; empty: it says nothing
    nowhere: tuple[int, ...] = ()  # numbers of servers whose names have no address
    above: Twist = plainly  # what becomes of the registry's answers
    elsewhere: Mapping[str, str] = field(default_factory=dict)  # further zones by their origins

    def tell_resolver(self, *, broken: bool = False, lines: list[str] | None = None) -> None:
        """Let the resolver answer from the first server's zone, or from these lines."""
        first = self.servers[0]
        seen = NameServerDouble(1, first.lines if lines is None else lines, first.others)
        hosts = [
            f"ns{s.number} A {s.address}" for s in self.servers if s.number not in self.nowhere
        ]
        zones = {
            **self.case_file.base_zones,
            **self.elsewhere,
            HOSTED: "\n".join(hosts),
            "example": "@ NS ns.registry.example.\nns.registry A " + REGISTRY_ADDRESS,
            APEX: seen.zone,
        }
        self.resolver.zones = Zones.of(zones, servfail=(APEX,) if broken else ())

    def refer(self, query: dns.message.Message, _count: int) -> list[bytes]:
        """Answer as the registry: with a referral."""
        if not self.delegated:
            return []
        names = [f"{name}." for name in self.delegated]
        servers = dns.rrset.from_text(f"{APEX}.", 3600, "IN", "NS", *names)
        reply = respond(query, flags=dns.flags.Flag(0), authority=(servers,))
        return self.above(query, reply)

    def move(self, *, still_served: bool) -> None:
        """Let the last two of the servers be the new ones, of which the resolver has not heard.

        The others serve the zone as it was, or nothing.
        """
        old, new = self.servers[:-2], self.servers[-2:]
        for some in (old, new):
            for server in some:
                server.others = [one.name for one in some]
        for server in old:
            server.holds = still_served
        self.delegated = [server.name for server in new]
        self.tell_resolver()

    async def check(self) -> Report:
        key = KnownKey("dkim", DkimRecord.parse(self.case_file.dkim), "--dkim")
        return await self.checker.check(FRIEND, key)


@asynccontextmanager
async def name_servers(
    case_file: CaseFile, count: int = 2, *, without_tcp: tuple[int, ...] = ()
) -> AsyncIterator[World]:
    """Yield a healthy domain with so many name servers that agree, and a registry above it.

    The servers of these numbers refuse TCP, the registry's as number 0.
    """
    lines = healthy_lines(case_file)
    names = [f"ns{number}.{HOSTED}" for number in range(1, count + 1)]
    doubles = [NameServerDouble(number, list(lines), names) for number in range(1, count + 1)]
    async with AsyncExitStack() as stack:
        resolver = await stack.enter_async_context(ZoneServer({}))
        asking = await stack.enter_async_context(Resolver([Server(*resolver.address)]))
        port = free_port()
        authorities = Authorities(allow_private=True, port=port)
        checker = Checker(asking.ask, SERVER, lambda: NOW, authorities=authorities)
        world = World(case_file, lines, doubles, resolver, asking.ask, authorities, checker, names)
        world.tell_resolver()
        for double in doubles:
            stream = None if double.number in without_tcp else double.stream
            listening = serve(double.behave, stream, double.address, port)
            await stack.enter_async_context(listening)
        waiting = None if 0 in without_tcp else _wait
        await stack.enter_async_context(serve(world.refer, waiting, REGISTRY_ADDRESS, port))
        yield world


async def _wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


def free_port() -> int:
    """Return a port that nobody uses at the addresses of the doubles, for UDP and TCP."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def from_cache(_query: dns.message.Message, reply: bytes) -> list[bytes]:
    """Say it as a resolver does that somebody has put in the way."""
    message = dns.message.from_wire(reply)
    message.flags = (message.flags | dns.flags.RA) & ~dns.flags.AA
    return [message.to_wire()]


def usual(report: Report) -> list[Finding]:
    """Return what is said beside the optional records, which are another matter."""
    return [finding for finding in report.findings if finding.check not in EXTRAS]


def codes(report: Report) -> list[str]:
    return [finding.code for finding in usual(report)]


def severity(report: Report, code: str) -> Status:
    return next(finding.severity for finding in report.findings if finding.code == code)


def message(report: Report, code: str) -> str:
    """Return the words of the finding with this code."""
    told: Any = report_as_dict(report, SERVER, Words())["findings"]
    return next(str(one["message"]) for one in told if one["code"] == code)
