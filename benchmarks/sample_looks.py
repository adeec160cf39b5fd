"""Looks at a domain that is right and at one that is broken, made once and told of any domain."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from benchmarks.breakages import KINDS
from benchmarks.changing_dns import LossyChecker
from benchmarks.simulated_world import SimulatedWorld
from benchmarks.year_script import Extent, YearScript
from bot.checks.export.archive import dump_report
from bot.names import Domain
from bot.services.core import Core
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.words import Words

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.server.server_report import ServerReport
    from bot.watch.watched_domain import Seen

BROKEN: Final = "MX to another host"
_ONE_DOMAIN: Final = Extent(
    40, 1, *(0, 0), slips=0, arrivals=0, restarts=0, kills=0, pace=timedelta(hours=1), patterns=1
)


@dataclass(frozen=True, slots=True)
class SampleLooks:
    """A real look at a right domain and one at a broken one, and one at the mail server."""

    right: Seen
    broken: Seen
    server: ServerReport

    @classmethod
    async def make(cls) -> Self:
        """Look at a made-up domain, and again after its MX record was changed."""
        script = YearScript(_ONE_DOMAIN, 1)
        ((name, zone),) = script.zones.items()
        with tempfile.TemporaryDirectory() as folder:
            world = SimulatedWorld(Path(folder), script)
            checker = LossyChecker(world.dns, world.server, world.now, share=0)
            facts = DomainFacts(None, world.now, backend=world.mail, learns=False)
            core, domain = Core(world.server, Words(), checker, facts), Domain.from_ascii(name)
            right = await DomainLooks(core, world.now).look(domain)
            world.dns.publish(name, KINDS[BROKEN](zone.text))
            world.dns.forget()
            broken = await DomainLooks(core, world.now).look(domain)
            server = await checker.check_server()
            world.close()
        return cls(right, broken, server)

    def at(self, domain: Domain, moment: datetime, *, broken: bool = False) -> Seen:
        """Return the look as one at this domain at that moment."""
        seen = self.broken if broken else self.right
        return replace(seen, report=replace(seen.report, domain=domain, checked_at=moment))

    def server_at(self, moment: datetime) -> ServerReport:
        """Return the look at the mail server as one of that moment."""
        return replace(self.server, checked_at=moment)

    def report_text(self) -> str:
        """Return a report as the store keeps it."""
        return dump_report(self.right.report)
