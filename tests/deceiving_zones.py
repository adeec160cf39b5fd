"""Zones made to deceive a checker, from adversarial.yaml and from deceiving.yaml beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bot.checks.finding import Check, Status
from bot.config.loading import load_settings
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.services.domain_check import Checker
from conftest import load_cases
from dkim_zones import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from bot.checks.report import Report

DATA = Path(__file__).parent / "data"
FILE = load_cases()
SERVER = load_settings(FILE.environment, None).mail_server()
KNOWN = KnownKey("dkim", DkimRecord.parse(FILE.dkim), "--dkim")
DOMAIN = Domain.from_ascii(FILE.domain)
P = FILE.dkim.partition("p=")[2]
BARE = bare(P)
PARTS = {"<1>": P[:200], "<2>": P[200:], "<bare1>": BARE[:200], "<bare2>": BARE[200:]}
GREEN = frozenset({Status.PASS, Status.INFO})


@dataclass(frozen=True, slots=True)
class DeceivingZone:
    """A healthy zone with one change, and whether the check that it aims at may be green.

    `first` is the code that this check's findings begin with, empty where any will do.
    """

    name: str
    check: Check
    is_green: bool
    zones: Mapping[str, str]
    first: str

    def accepts(self, status: Status) -> bool:
        """Whether the check came out as it has to."""
        return (status in GREEN) is self.is_green


def load_deceiving(name: str) -> tuple[DeceivingZone, ...]:
    """Return the zones of a file."""
    raw: Any = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    healthy = load_healthy()
    world = {**FILE.base_zones, **load_world("adversarial.yaml"), **raw.get("world", {})}
    return tuple(_zone_of(row, healthy, world) for row in raw["zones"])


def load_healthy() -> list[str]:
    """Return the lines of the zone that all others are changed from."""
    raw: Any = yaml.safe_load((DATA / "adversarial.yaml").read_text(encoding="utf-8"))
    return [line.strip() for line in raw["healthy"].splitlines() if line.strip()]


def load_world(name: str) -> dict[str, str]:
    """Return other people's zones."""
    raw: Any = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return dict(raw["world"])


def _zone_of(row: Any, healthy: list[str], world: Mapping[str, str]) -> DeceivingZone:
    dropped = {tuple(line.split()) for line in row.get("drop", ())}
    kept = [line for line in healthy if tuple(line.split()[:2]) not in dropped]
    text = "\n".join([*kept, *row.get("add", ())])
    for mark, part in PARTS.items():
        text = text.replace(mark, part)
    return DeceivingZone(
        row["name"],
        Check(row["check"]),
        row["want"] == "green",
        {**world, DOMAIN.ascii: text},
        row.get("first", ""),
    )


async def check_zone(zone: DeceivingZone, now: Callable[[], datetime]) -> Report:
    """Return the report that the program gives of a zone, asked over sockets."""
    async with (
        ZoneServer(Zones.of(zone.zones)) as server,
        Resolver([Server(*server.address)]) as resolver,
    ):
        return await Checker(resolver.ask, SERVER, now).check(DOMAIN, KNOWN)
