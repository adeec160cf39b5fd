"""What happens in a simulated year of the watch, made from a seed: the same in every process."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from benchmarks.breakages import ELSEWHERE, KINDS, Breakage, MemberZone, flap
from benchmarks.zones import SURROUNDINGS
from bot.requests.schedule import GIVE_UP_AFTER

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN: Final = datetime(2027, 1, 4, 12, tzinfo=UTC)  # a Monday, after the time of its digest
SLIP_LASTS: Final = timedelta(minutes=4)  # less than any TTL here
_SERVER: Final = "cow.example"
# A checker keeps answers about the mail server for a minute of its own clock, which is weeks here.
_NOT_KEPT: Final = "@ 0 SOA ns1.dns-servers.example. hostmaster.cow.example. 1 7200 3600 1209600 0"


@dataclass(frozen=True, slots=True)
class Extent:
    """How long the simulation lasts, how finely it goes, and how much of each happens in it."""

    days: int
    domains: int
    breakages: int
    flapping: int  # of them
    slips: int  # zones that are broken for some minutes, just when they are looked at
    arrivals: int  # domains added at the mail server, and so many taken away
    restarts: int
    kills: int  # besides, by kill -9
    pace: timedelta  # what is due meanwhile is done at once, as by a busy bot
    patterns: int  # of lost questions that a domain's looks have, one after the other


YEAR: Final = Extent(365, 500, 40, 10, 60, 8, 50, 10, timedelta(minutes=30), patterns=16)
MONTH: Final = Extent(31, 16, 5, 2, 3, 1, 3, 1, timedelta(hours=2), patterns=3)
FORTNIGHT: Final = Extent(14, 6, 3, 1, 1, 1, 1, 0, timedelta(hours=2), patterns=3)


@dataclass(frozen=True, slots=True)
class Event:
    """A zone that holds other records from now on; None: it is gone. Without a zone: see below."""

    at: datetime
    zone: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Slip:
    """A zone that is broken when it is looked at first after `at`, and right soon after."""

    at: datetime
    zone: str
    kind: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A member who is told, once, when a broken domain is right."""

    member: int
    domain: str
    at: datetime


class YearScript:
    """All that people do in the simulated time."""

    def __init__(self, extent: Extent, seed: int) -> None:
        self.extent = extent
        chance = random.Random(seed)
        self.ends = BEGIN + timedelta(days=extent.days)
        names = [f"m{number:03}.example" for number in range(extent.domains)]
        self.zones = {name: MemberZone.by_chance(name, chance) for name in names}
        chance.shuffle(names)
        self.breakages = tuple(self._break(names, chance))
        self.arrivals = {names.pop(): self._moment(chance) for _ in range(extent.arrivals)}
        self.departures = {names.pop(): self._moment(chance) for _ in range(extent.arrivals)}
        self.slips = tuple(
            Slip(self._moment(chance), names.pop(), chance.choice(tuple(KINDS)))
            for _ in range(extent.slips)
        )
        # The admin's host loses the SPF record that all members include, and later its addresses.
        first = BEGIN + timedelta(days=extent.days * 0.3)
        second = BEGIN + timedelta(days=extent.days * 0.6)
        self.server_faults = (
            (first, first + timedelta(days=3), "_spf "),
            (second, second + timedelta(days=4), "mx1 A"),
        )
        hosted = [b.domain for b in self.breakages]
        self.watchers = {name: 1000 + at for at, name in enumerate((*hosted[::3], *names[:10]))}
        self.waits = tuple(
            Wait(5000 + at, b.domain, b.begins + timedelta(days=1))
            for at, b in enumerate(self.breakages)
            if at % 3 == 1 and not b.is_flapping and b.ends - b.begins < GIVE_UP_AFTER
        )
        self.restarts = sorted(self._moment(chance) for _ in range(extent.restarts))
        self.events = tuple(sorted(self._events(chance), key=lambda event: event.at))

    def hosted(self, at: datetime) -> frozenset[str]:
        """Return the domains that the mail server has at a time."""
        coming = {name for name, added in self.arrivals.items() if added > at}
        gone = {name for name, left in self.departures.items() if left <= at}
        return frozenset(self.zones) - coming - gone

    def is_listing(self, at: datetime) -> bool:
        """Whether the mail server tells its domains: of each hundred hours it is away for six."""
        return (at - BEGIN) % timedelta(hours=100) > timedelta(hours=6) or at < BEGIN + timedelta(
            hours=6
        )

    def _moment(self, chance: random.Random) -> datetime:
        """Return a time at which what begins has its end within the simulation."""
        return BEGIN + timedelta(days=chance.uniform(2, self.extent.days - 6))

    def _break(self, names: list[str], chance: random.Random) -> Iterator[Breakage]:
        kinds = list(KINDS)
        latest = self.extent.days - 22 if self.extent.days > 100 else 3
        for number in range(self.extent.breakages):
            kind = kinds[number % len(kinds)]
            # Some are there before the first look.
            begins = BEGIN + timedelta(days=-1 if number % 8 == 7 else chance.uniform(1, latest))
            if number < self.extent.flapping:
                begins = max(begins, BEGIN + timedelta(days=1))
                phases = flap(begins, chance)
            else:
                longest = 16 if self.extent.days > 100 else 8
                lasts = timedelta(days=chance.uniform(5, longest))
                phases = ((begins, begins + lasts),)
            yield Breakage(names.pop(), kind, phases)

    def _events(self, chance: random.Random) -> Iterator[Event]:
        for breakage in self.breakages:
            right = self.zones[breakage.domain].text
            broken = KINDS[breakage.kind](right)
            for begins, ends in breakage.phases:
                yield Event(begins, breakage.domain, broken)
                yield Event(ends, breakage.domain, right)
        for name, at in self.arrivals.items():
            right = self.zones[name].text
            yield Event(BEGIN - timedelta(days=1), name, KINDS["name servers moved"](right))
            yield Event(at + timedelta(days=1.5), name, KINDS["DKIM gone"](right))
            yield Event(at + timedelta(days=chance.uniform(2.5, 5)), name, right)
        for name, at in self.departures.items():
            yield Event(at + timedelta(days=chance.uniform(2.5, 5)), name, None)
        for begins, ends, start in self.server_faults:
            yield Event(begins, _SERVER, _server_zone(without=start))
            yield Event(ends, _SERVER, _server_zone())


def make_zones(script: YearScript) -> dict[str, str]:
    """Return all zones as they are before anything happens."""
    members = {name: zone.text for name, zone in script.zones.items()}
    return {**SURROUNDINGS, _SERVER: _server_zone(), **ELSEWHERE, **members}


def _server_zone(without: str | None = None) -> str:
    """Return the mail server's zone, but for the records whose line starts so."""
    lines = [line.strip() for line in SURROUNDINGS[_SERVER].splitlines() if line.strip()]
    kept = [line for line in lines if without is None or not line.startswith(without)]
    return "\n".join((_NOT_KEPT, *(line.replace(" ", " 0 ", 1) for line in kept)))
