"""Every surface says the same next step, in worlds that are made up by chance."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

from benchmarks.case_world import CaseWorld
from benchmarks.worlds import MadeUpDomain, disagreements, make_up, try_worlds
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.plan.step import PlanFacts

NUMBER = 100


def test_records_check_triage_and_approval_agree_with_the_plan() -> None:
    assert asyncio.run(try_worlds(NUMBER, 1)) == {}


def test_the_worlds_differ_in_all_that_matters() -> None:
    chance, world = random.Random(1), CaseWorld()
    made = [make_up(chance, world) for _ in range(NUMBER)]
    assert {one.facts.hosting for one in made} == {*MailHosting, None}
    assert {one.stage for one in made} == {None, "none", "quarantine", "reject"}
    assert len({one.zone for one in made}) > NUMBER / 2
    assert len({type(one.dkim) for one in made}) == len(("known", "none yet", "unknown"))


def test_a_disagreement_is_told() -> None:
    world = CaseWorld()
    zone = "@ A 203.0.113.80"
    asked = frozenset({RequestKind.MAILDOMAIN})
    facts = PlanFacts(hosting=MailHosting.ABSENT, asked=asked, can_ask=True)
    made = MadeUpDomain(zone, world.key, None, facts)
    assert asyncio.run(disagreements(made, world)) == []
    # A triage that is told of another mail server than the plan answers something else.
    other = replace(facts, hosting=MailHosting.ON)
    said = asyncio.run(disagreements(made, world, triage_facts=other))
    assert said == ["the triage says that maildomain is right, and the plan does not"]
