"""Zones full of texts as long as an answer can be, checks of them, and the room that these take."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle, islice
from typing import TYPE_CHECKING

from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones, parse_zone
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.member_service import MemberService
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.stored_checks import StoredChecks
from bot.words import Words
from request_parts import NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.demo.zones import Zone

OCTETS = 60_000  # of the texts of one name; an answer has 65,535 at most
PIECE = 4_000  # octets of a text that is judged
_OWNERS = {
    "@": "v=spf1 ",
    "dkim._domainkey": "v=DKIM1; p=",
    "default._domainkey": "v=DKIM1; p=",
    "_dmarc": "v=DMARC1; p=none; ",
    "_mta-sts": "v=STSv1; id=",
    "_smtp._tls": "v=TLSRPTv1; rua=mailto:a@",
    "mail": "",
}
_FILLERS = ("a;", " ", ";", "ip4:192.0.2.1 ", "include:a.example ", "\\001", "\\195\\164", "x")


def hostile_zone(number: int) -> Zone:
    """Return a zone whose texts are as long as may be: one alone, or many of the longest judged.

    The numbers lead to other beginnings and fillers, and each number to the same zone.
    """
    fillers = islice(cycle(_FILLERS), number, None)
    lines = [f"@ MX 10 {'m' * 60}{n}.{'n' * 60}.example." for n in range(300)]
    for owner, start in _OWNERS.items():
        filler = next(fillers)
        in_pieces = number % 2 == 0
        size = PIECE if in_pieces else OCTETS
        lines += [
            f"{owner} TXT {_quote(f'{start}{n} ', filler, size - 100)}"
            for n in range(OCTETS // size)
        ]
    return parse_zone(name_of(number), "\n".join(lines))


def name_of(number: int) -> str:
    """Return the name of a zone."""
    return f"hostile{number % len(_FILLERS)}.example"


@asynccontextmanager
async def open_service(store: Path) -> AsyncIterator[MemberService]:
    """Yield a member service over the hostile zones and a store in this file."""
    async with AsyncExitStack() as stack:
        world = Zones.of([hostile_zone(number) for number in range(len(_FILLERS))])
        server = await stack.enter_async_context(ZoneServer(world))
        resolver = await stack.enter_async_context(Resolver([Server(*server.address)]))
        url = f"sqlite+aiosqlite:///{store}"
        database = await stack.enter_async_context(await Database.open(url))
        mail = load_settings(DEMO_ENVIRONMENT).mail_server()
        facts = DomainFacts(KnownKeys(database), lambda: NOON)
        core = Core(mail, Words(), Checker(resolver.ask, mail, lambda: NOON), facts)
        checks = StoredChecks(database)
        yield MemberService(core, RecentDomains(database), checks, lambda: NOON)


async def check_hostile_zones(service: MemberService, count: int, member_id: int) -> None:
    """Let a member check the hostile zones in turn, so many times in all."""
    for number in range(count):
        await service.check(Domain.from_ascii(name_of(number)), member_id, confidential=True)


def room_of(store: Path) -> int:
    """Return the octets on the disk: the database and its log."""
    return sum(path.stat().st_size for path in store.parent.glob(f"{store.name}*"))


def _quote(start: str, filler: str, octets: int) -> str:
    """Return a text of about so many octets as strings of 255 in a zone file."""
    width = 1 if filler.startswith("\\0") else filler.count("\\") or len(filler)
    units = [*start, *([filler] * ((octets - len(start)) // width))]
    strings = []
    string, size = "", 0
    for unit in units:
        more = width if unit is filler else 1
        if size + more > 255:
            strings.append(f'"{string}"')
            string, size = "", 0
        string, size = string + unit.replace(";", "\\;"), size + more
    return " ".join([*strings, f'"{string}"'])
