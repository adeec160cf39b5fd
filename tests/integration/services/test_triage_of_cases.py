"""Triage of the faulty zones from the wild: it agrees with the plan, in short sentences."""

from __future__ import annotations

import asyncio
import itertools
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.cards.triage_card import say_triage
from bot.checks.finding import Check, Status
from bot.demo.zone_server import ZoneServer
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.certificate import Certificate
from bot.records.dkim_key import KeyUnknown, NoKeyYet
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.domain_check import Checker
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Part, PlanFacts, StepState
from bot.services.triage import Ruling, triage
from bot.words import Words
from deceiving_zones import DOMAIN, FILE, KNOWN, SERVER

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.records.dkim_key import DkimKnowledge
    from bot.services.plan.step import Plan
    from bot.services.triage import Triage
    from conftest import Case

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOSTINGS = (None, *MailHosting)
# The part of the plan that is done where there is nothing left to ask for.
DONE_BY = {
    RequestKind.DKIM: Part.DKIM,
    RequestKind.DMARC: Part.REJECT,
    RequestKind.MAILDOMAIN: Part.SERVER,
}
LONGEST_SENTENCE = 25  # words


async def check(case: Case, dkim: DkimKnowledge) -> Report:
    async with (
        ZoneServer(FILE.zones(case)) as server,
        Resolver([Server(*server.address)]) as resolver,
    ):
        return await Checker(resolver.ask, SERVER, lambda: NOW).check(DOMAIN, dkim)


def is_done(plan: Plan, part: Part) -> bool:
    step = plan.step(part)
    return step is not None and step.state is StepState.DONE


def hold(kind: RequestKind, report: Report, plan: Plan, ruled: Triage) -> None:
    """Hold what becomes of a request against the plan."""
    if plan.next is not None and plan.next.asks is kind:
        assert ruled.is_queued
    delegation = plan.step(Part.DELEGATION)
    broken = delegation is not None and delegation.state is StepState.NEXT
    done_by = DONE_BY.get(kind)
    if done_by is not None and is_done(plan, done_by) and not broken:
        assert ruled.is_done
    if ruled.is_done and done_by is not None:
        assert is_done(plan, done_by)
    statuses = {result.check: result.status for result in report.results}
    if statuses[Check.DELEGATION] is Status.UNKNOWN and plan.step(Part.SERVER) is None:
        assert not ruled.bars_approval  # nobody could look
    if ruled.asks is not None:
        assert ruled.asks is not kind


def test_triage_agrees_with_the_plan_in_every_case(collected_case: Case) -> None:
    words = Words()
    for dkim in (KNOWN, NoKeyYet(), KeyUnknown()):
        report = asyncio.run(check(collected_case, dkim))
        for hosting, kind in itertools.product(HOSTINGS, RequestKind):
            facts = PlanFacts(hosting=hosting, can_ask=True)
            plan = make_plan(expect(SERVER, DOMAIN, dkim), report, facts)
            on_server = MailHosting.UNKNOWN if hosting is None else hosting
            ruled = triage(kind, report, plan, on_server, certificate=Certificate.OTHER_NAME)
            hold(kind, report, plan, ruled)
            if ruled.ruling is Ruling.QUEUE:
                continue
            said = say_triage(ruled, DOMAIN, SERVER, words)
            sentences = re.split(r"(?<=\.)\s+(?=[A-Z`])", said)
            assert len(sentences) <= 2, said
            assert all(len(s.split()) <= LONGEST_SENTENCE for s in sentences), said
