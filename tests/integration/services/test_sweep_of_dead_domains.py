"""A sweep of many domains, of some of which nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.dead_names import make_dead_world
from benchmarks.dead_zone import DeadAnswer, run_dead_zones
from bot.checks.finding import Status
from bot.dns.resolver import Resolver
from bot.names import Domain
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.services.turns import Turns
from bot.words import Words
from request_parts import NOON, SERVER

if TYPE_CHECKING:
    from bot.checks.report import Report
    from conftest import CaseFile

DEAD = ("gone.example", "lost.example", "far.example", "old.example")


@pytest.mark.parametrize("how", list(DeadAnswer))
async def test_the_others_do_not_wait_for_domains_that_nobody_answers_for(
    case_file: CaseFile, how: DeadAnswer
) -> None:
    # So few that a slow machine is done with them before those give up whom nobody answers.
    alive = [f"d{number}.friend.example" for number in range(4)]
    reports: list[Report] = []
    async with (
        run_dead_zones(case_file.base_zones, DEAD, how) as world,
        Resolver([world.server]) as resolver,
    ):
        checker = Checker(resolver.ask, SERVER, lambda: NOON, authorities=world.authorities)
        turns = Turns(by_itself=len(DEAD))
        facts = DomainFacts(None, lambda: NOON)
        looks = DomainLooks(Core(SERVER, Words(), checker, facts, turns=turns), lambda: NOON)
        domains = [Domain.from_ascii(name) for name in (*DEAD, *alive)]
        await looks.sweep(domains, lambda report, _: reports.append(report))
    silent = {r.domain.ascii for r in reports if {x.status for x in r.results} == {Status.UNKNOWN}}
    assert silent == set(DEAD)
    assert {report.domain.ascii for report in reports[-len(DEAD) :]} == set(DEAD)


def test_the_world_of_the_benchmark_has_its_dead_domains_at_even_distances() -> None:
    world, dead = make_dead_world(200, 4)
    names = list(world.dkim)
    assert len(names) == 200
    places = [place for place, name in enumerate(names) if name.startswith("gone")]
    assert places == [0, 50, 100, 150]
    assert len(set(dead.addresses)) == 8
