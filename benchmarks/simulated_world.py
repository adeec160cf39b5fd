"""The world around a simulated watch: its clock, its DNS and its mail server, kept in a folder."""

from __future__ import annotations

import heapq
import os
from collections.abc import MutableSequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from benchmarks.breakages import KEY, KINDS
from benchmarks.changing_dns import ChangingDns, LossyChecker
from benchmarks.ours import key_of
from benchmarks.year_script import BEGIN, SLIP_LASTS, make_zones
from benchmarks.zones import make_server
from bot.names import Domain
from bot.requests.backend import Capabilities, DomainLimits, MailHosting, ServerDomain

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.year_script import YearScript
    from bot.checks.server.server_report import ServerReport
    from bot.errors import BackendError
    from bot.records.dkim_key import KnownKey

LOSS: Final = 0.02  # of all questions

# Looks, checks that were made for them, questions, and those that were lost.
WorldCounts = MutableSequence[float]


class SimulatedWorld:
    """What is outside of the program; one that is made again goes on where the clock stood.

    `run` tells apart what is lost from what another process of the same simulation loses. `counts`
    are kept as the time passes.
    """

    def __init__(
        self,
        folder: Path,
        script: YearScript,
        *,
        run: int = 0,
        counts: WorldCounts | None = None,
    ) -> None:
        self.script = script
        self.counts = [0.0] * 4 if counts is None else counts
        self.server = make_server()
        self._clock = os.open(folder / "clock", os.O_RDWR | os.O_CREAT)
        self._slipped = folder / "slipped"
        self._now = read_clock(folder)
        self._events = [(e.at, place, e.zone, e.text) for place, e in enumerate(script.events)]
        heapq.heapify(self._events)
        self.dns = ChangingDns(make_zones(script), self.now)
        self.checker = WorldChecker(self, LOSS, seed=f"{run}")
        self.mail = HostedDomains(self)
        done = self._slipped.read_text("ascii").split() if self._slipped.exists() else []
        self._slips = {s.zone: s for s in script.slips if s.zone not in done}
        self._publish_due()

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    @property
    def next_event(self) -> datetime:
        """When somebody does something next."""
        return self._events[0][0] if self._events else self.script.ends

    def move_to(self, at: datetime) -> None:
        """Let the time pass until then, which is no earlier than now."""
        self._now = at
        os.pwrite(self._clock, f"{at.timestamp():020.6f}".encode(), 0)
        self._publish_due()
        checker, dns = self.checker, self.dns
        self.counts[:] = [checker.checks, checker.made, dns.questions, dns.lost]

    def close(self) -> None:
        """Close what it is kept in."""
        os.close(self._clock)

    def slip(self, domain: Domain) -> None:
        """Break a domain for some minutes, just before it is looked at, where that is to be."""
        slip = self._slips.get(domain.ascii)
        if slip is None or slip.at > self._now:
            return
        del self._slips[slip.zone]
        with self._slipped.open("a", encoding="ascii") as file:
            file.write(f"{slip.zone}\n")
        right = self.script.zones[slip.zone].text
        self.dns.publish(slip.zone, KINDS[slip.kind](right))
        heapq.heappush(self._events, (self._now + SLIP_LASTS, -1, slip.zone, right))

    async def list_domains(self) -> tuple[Domain, ...] | None:
        """Return the domains that the mail server has; None where it does not tell."""
        return await self.mail.domains() if self.script.is_listing(self._now) else None

    def _publish_due(self) -> None:
        while self._events and self._events[0][0] <= self._now:
            _, _, zone, text = heapq.heappop(self._events)
            self.dns.publish(zone, text)


class WorldChecker(LossyChecker):
    """The checker of a simulated world, in which zones slip when they are looked at."""

    def __init__(self, world: SimulatedWorld, share: float, *, seed: str) -> None:
        super().__init__(
            world.dns,
            world.server,
            world.now,
            share,
            seed=seed,
            patterns=world.script.extent.patterns,
        )
        self._server_looks = 0

    async def check_server(self, members: tuple[Domain, ...] = ()) -> ServerReport:
        """Return the report of the mail server; questions for it are lost as well."""
        self._server_looks += 1
        with self.losing(f"server {self._server_looks}"):
            return await super().check_server(members)


class HostedDomains:
    """A mail server that has the domains of the script, all with one key; see `MailBackend`."""

    name = "Simulated Mail"
    capabilities = Capabilities(can_tell_domains=True)
    refusals: tuple[BackendError, ...] = ()

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._key: KnownKey = key_of(KEY)

    def unlock(self) -> None:
        """Do nothing: it locks nobody out."""

    async def look_up(self, domain: Domain) -> ServerDomain:
        """Return what it has of a domain."""
        if domain.ascii in self._world.script.hosted(self._world.now()):
            return ServerDomain(MailHosting.ON, self._key)
        return ServerDomain(MailHosting.ABSENT)

    async def domains(self) -> tuple[Domain, ...]:
        """Return the domains that it has."""
        return tuple(map(Domain.from_ascii, sorted(self._world.script.hosted(self._world.now()))))

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:  # noqa: ARG002 - as the protocol has it
        """Return the one key."""
        return self._key

    async def usual_limits(self) -> DomainLimits:
        """Return that none are known."""
        return DomainLimits()

    async def add_domain(self, domain: Domain, limits: DomainLimits) -> None:
        """Do nothing: domains come by the script."""


def read_clock(folder: Path) -> datetime:
    """Return the time at which a simulation is that is kept in a folder."""
    path = folder / "clock"
    text = path.read_text("ascii") if path.exists() else ""
    return datetime.fromtimestamp(float(text), UTC) if text else BEGIN
