"""Zones of which nobody answers: little is asked of them, and they are never called missing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from benchmarks.dead_zone import SILENT, DeadAnswer, run_dead_zones
from bot.checks.finding import Check, Status
from bot.checks.observe.silent_zone import PATIENCE, SilentServers
from bot.dns.resolver import Resolver
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown
from bot.services.domain_check import Checker
from bot.services.turns import OURSELVES, Turns
from name_server_world import codes, name_servers
from request_parts import NOON, SERVER
from two_views import FRIEND

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from benchmarks.dead_zone import DeadZones
    from bot.checks.report import Report
    from conftest import CaseFile

DEAD = ("gone.example", "lost.example", "far.example")
GONE, LOST, BELOW = map(Domain.from_ascii, ("gone.example", "lost.example", "a.b.far.example"))
NOBODY = Domain.from_ascii("nobody.example")


class Looker:
    """Checks in a world of dead zones, the domain itself first."""

    def __init__(self, world: DeadZones, resolver: Resolver) -> None:
        self.world = world
        self.checker = Checker(resolver.ask, SERVER, lambda: NOON, authorities=world.authorities)

    async def look(self, domain: Domain) -> Report:
        self.world.forget()
        return await look(self.checker, domain)


async def look(checker: Checker, domain: Domain) -> Report:
    """Check as nobody waits for."""
    async with Turns().of(OURSELVES) as turn:
        return await checker.check(domain, KeyUnknown(), unhurried=turn)


@pytest.fixture
def zones(case_file: CaseFile) -> Mapping[str, str]:
    return case_file.base_zones


@pytest.fixture(params=list(DeadAnswer))
async def looker(request: pytest.FixtureRequest, zones: Mapping[str, str]) -> AsyncIterator[Looker]:
    async with (
        run_dead_zones(zones, DEAD, request.param) as world,
        Resolver([world.server]) as resolver,
    ):
        yield Looker(world, resolver)


@pytest.fixture
async def silent(zones: Mapping[str, str]) -> AsyncIterator[Looker]:
    async with (
        run_dead_zones(zones, DEAD, DeadAnswer.NONE) as world,
        Resolver([world.server], timeout=2.5) as resolver,
    ):
        yield Looker(world, resolver)


def gist(report: Report) -> list[tuple[str, object]]:
    return [(f.code, f.facts.get("type")) for f in report.findings]


async def test_a_dead_zone_is_unknown_and_costs_little_the_next_one_less(looker: Looker) -> None:
    first = await looker.look(GONE)
    assert gist(first) in ([("dns-timeout", None)], [("servfail", None)])
    assert {result.status for result in first.results} == {Status.UNKNOWN}
    asked = {question.name for question in looker.world.resolver.asked}
    assert not any(name != GONE.name and name.is_subdomain(GONE.name) for name in asked)
    assert looker.world.count()[0] <= 16
    assert looker.world.silent

    began = time.monotonic()
    second = await looker.look(LOST)
    assert not looker.world.silent  # those servers were tried a moment ago
    assert time.monotonic() - began < PATIENCE + 1
    assert gist(second) == gist(first)


async def test_it_comes_to_the_same_as_when_all_is_asked(zones: Mapping[str, str]) -> None:
    async with (
        run_dead_zones(zones, DEAD, DeadAnswer.SERVFAIL) as world,
        Resolver([world.server]) as resolver,
    ):
        looker = Looker(world, resolver)
        little, much = await looker.look(GONE), await looker.checker.check(GONE, KeyUnknown())
    assert gist(little) == gist(much)
    assert little.queries < much.queries / 2
    assert [r.status for r in little.results] == [r.status for r in much.results]


async def test_a_name_deep_in_a_dead_zone_costs_as_little(silent: Looker) -> None:
    report = await silent.look(BELOW)
    assert gist(report) == [("dns-timeout", None)]
    assert report.queries <= 20


async def test_a_name_that_does_not_exist_is_not_silent(silent: Looker) -> None:
    report = await silent.look(NOBODY)
    assert report.findings[0].code == "domain-not-found"


async def test_a_resolver_that_says_nothing_at_all_is_blamed_itself(silent: Looker) -> None:
    silent.world.resolver.lose = lambda _: True
    report = await silent.look(GONE)
    assert report.findings[0].code == "dns-resolver-silent"
    assert {r.status for r in report.results if r.check is not Check.SERVER} == {Status.UNKNOWN}


async def test_where_nobody_says_which_servers_there_are_the_resolver_has_its_time(
    zones: Mapping[str, str],
) -> None:
    async with (
        run_dead_zones(zones, DEAD, DeadAnswer.NONE) as world,
        Resolver([world.server], timeout=1.5) as resolver,
    ):
        checker = Checker(resolver.ask, SERVER, lambda: NOON)  # no name server may be asked
        began = time.monotonic()
        report = await look(checker, GONE)
        assert 1.4 < time.monotonic() - began < 3
        assert gist(report) == [("dns-timeout", None)]
        assert not world.silent


@pytest.mark.parametrize("holds", [False, True])
async def test_servers_that_say_anything_are_heard_as_in_any_other_check(
    case_file: CaseFile, *, holds: bool
) -> None:
    async with name_servers(case_file) as world:
        for server in world.servers:
            server.holds = holds
        world.tell_resolver(broken=True)
        usual = await world.checker.check(FRIEND, KeyUnknown())
        first = await look(world.checker, FRIEND)
    assert codes(first) == codes(usual)
    assert ("ns-all-lame" in codes(first)) is not holds


async def test_a_resolver_that_takes_its_time_is_waited_for(silent: Looker) -> None:
    silent.world.resolver.lose = None
    silent.world.resolver.delay = PATIENCE + 0.3
    report = await silent.look(GONE)  # whose servers say nothing to us
    assert report.findings[0].code == "domain-not-found"


def test_a_server_that_answers_again_is_silent_no_more() -> None:
    servers = SilentServers()
    servers.note(SILENT[0], is_silent=True)
    assert SILENT[0] in servers
    assert SILENT[1] not in servers
    servers.note(SILENT[0], is_silent=False)
    assert SILENT[0] not in servers
