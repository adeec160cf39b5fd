"""A friend who follows a plan: one zone, one mail server and one admin, changed step by step."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.records.dkim_key import NoKeyYet
from bot.records.dmarc_policy import POLICIES
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.domain_check import Checker
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Part, PlanFacts, StepState
from deceiving_zones import DOMAIN, FILE, KNOWN, SERVER
from mended_zone import mend, zone_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.report import Report
    from bot.records.dkim_key import DkimKnowledge
    from bot.services.plan.step import Plan, Step
    from mended_zone import Zone

TOKEN = "cowbell=the-token-of-this-friend"
_NOW = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(slots=True)
class Friend:
    """One domain with its zone, what the mail server has of it, and what was approved."""

    zone: Zone
    hosting: MailHosting = MailHosting.ON
    dkim: DkimKnowledge = KNOWN
    stage: str | None = None
    proves_control: bool = False
    more: Mapping[str, str] = field(default_factory=dict)
    servfail: tuple[str, ...] = ()
    sittings: int = 0
    asked: list[RequestKind] = field(default_factory=list)

    def check(self) -> Report:
        """Return the report of the zone as it is now."""
        return asyncio.run(self._check())

    async def _check(self) -> Report:
        texts = {DOMAIN.ascii: "", **zone_texts(self.zone)}
        zones = Zones.of({**FILE.base_zones, **self.more, **texts}, servfail=self.servfail)
        async with ZoneServer(zones) as server, Resolver([Server(*server.address)]) as resolver:
            checker = Checker(resolver.ask, SERVER, lambda: _NOW)
            return await checker.check(DOMAIN, self.dkim, self.stage)

    def plan(self, report: Report) -> Plan:
        """Return the plan as the friend is shown it."""
        control = self._shows_control() if self.proves_control else None
        facts = PlanFacts(hosting=self.hosting, can_ask=True, control=control, token=TOKEN)
        return make_plan(expect(SERVER, DOMAIN, self.dkim, self.stage), report, facts)

    def do(self, step: Step) -> None:
        """Do a step: type it, or ask for it and have the admin approve and carry it out."""
        if step.asks is None:
            self.sittings += 1
            self.zone = mend(self.zone, step.fixes)
            return
        self.asked.append(step.asks)
        match step.asks:
            case RequestKind.MAILDOMAIN:
                self.hosting = MailHosting.ON
                self.dkim = NoKeyYet() if self.dkim is not KNOWN else KNOWN
            case RequestKind.DKIM:
                self.dkim = KNOWN
            case RequestKind.DMARC:
                self.stage = POLICIES[1] if step.id is Part.QUARANTINE else POLICIES[2]
            case _:
                raise AssertionError(step)

    def _shows_control(self) -> bool:
        owner = DOMAIN.below("_cowbell")
        return any(record.owner == owner and record.type == "TXT" for record in self.zone)


def targets(zone: Zone) -> set[str]:
    """Return the hosts to which a zone's MX records lead."""
    return {r.rdata.to_text().split()[1] for r in zone if r.type == "MX" and r.owner == DOMAIN.name}


def follow(friend: Friend, most: int = 12) -> list[Plan]:
    """Do every next step in turn; return the plans, the last of which has no next step."""
    plans = []
    for _ in range(most):
        plan = friend.plan(friend.check())
        plans.append(plan)
        assert sum(step.state is StepState.NEXT for step in plan.steps) <= 1
        if plan.next is None:
            return plans
        friend.do(plan.next)
    raise AssertionError([plan.next and plan.next.parts for plan in plans])
