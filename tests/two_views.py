"""A domain with two name servers of its own, and a resolver in front that may hold old answers."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name

from bot.demo.zone_server import AUTHORITY, RECURSIVE, ZoneServer
from bot.demo.zones import Zones
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.mail_server import MailServer
from bot.services.domain_check import Checker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.checks.report import Report
    from bot.records.key_change import KeyChange
    from conftest import CaseFile

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND = Domain.from_ascii("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
ADDRESSES = ("127.0.0.2", "127.0.0.3")
NAMES = ("ns1.friend-dns.example", "ns2.friend-dns.example")
NAME_SERVERS = f"ns1 A {ADDRESSES[0]}\nns2 A {ADDRESSES[1]}\n"


def healthy_lines(case_file: CaseFile) -> list[str]:
    """Return the records of a domain on which nothing is wrong, one a line."""
    case = next(case for case in case_file.cases if case.id == "C00")
    return [line for line in case.zone.splitlines() if line.strip()]


def zone_text(lines: list[str], *, serial: int = 1, negative_ttl: int = 900) -> str:
    """Return a zone of these records with the two name servers."""
    soa = f"@ SOA {NAMES[0]}. hostmaster.friend-dns.example. {serial} 7200 3600 1209600"
    servers = "\n".join(f"@ NS {name}." for name in NAMES)
    return "\n".join((f"{soa} {negative_ttl}", servers, *lines))


def without(lines: list[str], start: str) -> list[str]:
    """Return the lines but those that start so."""
    kept = [line for line in lines if not line.startswith(start)]
    assert len(kept) < len(lines)
    return kept


@dataclass
class TwoViews:
    """The resolver and the name servers under test, and a checker that asks both."""

    case_file: CaseFile
    ask: Resolver
    authorities: Authorities
    resolver: ZoneServer
    servers: list[ZoneServer]
    checker: Checker
    key: KnownKey
    change: KeyChange | None = None

    def tell_world(self, text: str, *, name_servers: str = NAME_SERVERS) -> None:
        """Let the resolver answer from this zone."""
        zones = {**self.case_file.base_zones, "friend-dns.example": name_servers}
        self.resolver.zones = Zones.of({**zones, "friend.example": text})

    def publish(self, *texts: str) -> None:
        """Let the name servers answer from these zones: all from the last one that is given."""
        for at, server in enumerate(self.servers):
            text = texts[min(at, len(texts) - 1)]
            server.zones = Zones.of({"friend.example": text}, outside="refused")

    async def check(self) -> Report:
        """Check with a known key, after counting from zero."""
        for server in (self.resolver, *self.servers):
            server.forget()
        return await self.checker.check(FRIEND, self.key, change=self.change)


@asynccontextmanager
async def two_views(
    case_file: CaseFile, *, allow_private: bool = True, delay: float = 0.0
) -> AsyncIterator[TwoViews]:
    """Yield the three servers on loopback addresses, all right and in agreement."""
    text = zone_text(healthy_lines(case_file))
    async with AsyncExitStack() as stack:

        async def serve(host: str, port: int, role: int) -> ZoneServer:
            server = ZoneServer({}, host=host, port=port, role=role, delay=delay)
            return await stack.enter_async_context(server)

        first = await serve(ADDRESSES[0], 0, AUTHORITY)
        port = first.address[1]
        second = await serve(ADDRESSES[1], port, AUTHORITY)
        world = await serve("127.0.0.1", 0, RECURSIVE)
        resolver = await stack.enter_async_context(Resolver([Server(*world.address)]))
        authorities = Authorities(allow_private, port)
        checker = Checker(resolver.ask, SERVER, lambda: NOW, authorities=authorities)
        key = KnownKey("dkim", DkimRecord.parse(case_file.dkim), "--dkim")
        views = TwoViews(case_file, resolver, authorities, world, [first, second], checker, key)
        views.tell_world(text)
        views.publish(text)
        yield views
