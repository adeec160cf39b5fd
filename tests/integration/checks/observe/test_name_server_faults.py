"""Name servers that differ, are lame, take no TCP, or are not those of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import pytest

from bot.checks.finding import Check, Status
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.checks.report import is_all_right
from name_server_world import APEX, World, codes, from_cache, message, name_servers, severity
from scripted_server import respond
from two_views import without

if TYPE_CHECKING:
    from conftest import CaseFile

pytest_plugins = ["name_server_fixtures"]

OLD_KEY = 'dkim._domainkey TXT "v=DKIM1; p="'
OLD_SPF = '@ TXT "v=spf1 include:spf.old.example -all"'
KEY = "dkim._domainkey"


async def test_nothing_is_said_of_servers_that_agree_with_each_other_and_the_registry(
    three: World,
) -> None:
    report = await three.check()
    assert codes(report) == []
    assert is_all_right(report)
    assert report.queries <= MOST_QUESTIONS


async def test_four_servers_of_a_healthy_domain_are_asked_within_sixty_questions(
    case_file: CaseFile,
) -> None:
    async with name_servers(case_file, 4) as world:
        report = await world.check()
    assert codes(report) == []
    assert report.queries <= MOST_QUESTIONS
    texts = {
        (q.question[0].name.to_text(), q.question[0].rdtype.name) for q in world.servers[3].asked
    }
    assert (f"{KEY}.{APEX}.", "TXT") in texts


@pytest.mark.parametrize(
    ("start", "other", "rdtype"),
    [
        ("@ MX", "@ MX 10 mx.old.example.", "MX"),
        ("@ TXT", OLD_SPF, "TXT"),
        (KEY, OLD_KEY, "TXT"),
        ("_dmarc", None, "TXT"),
    ],
)
@pytest.mark.parametrize("odd", [0, 1, 2])
async def test_the_one_server_that_says_something_else_is_named_though_serials_are_equal(
    three: World, start: str, other: str | None, rdtype: str, odd: int
) -> None:
    server = three.servers[odd]
    server.lines = [*without(three.lines, start), *([other] if other else [])]
    report = await three.check()
    finding = next(f for f in report.findings if f.code == "ns-disagree")
    assert (finding.facts["odd"], finding.facts["type"]) == ((server.name,), rdtype)
    assert f"{server.name} is alone with that" in message(report, "ns-disagree")
    assert codes(report) == ["ns-disagree"]  # the majority is right, and so is the resolver


async def test_what_the_majority_says_is_judged_where_the_resolver_met_the_odd_one(
    three: World,
) -> None:
    three.servers[0].lines = without(three.lines, "@ MX")
    three.tell_resolver()
    report = await three.check()
    assert codes(report)[0] == "ns-disagree"
    assert "mx-missing" not in codes(report)
    assert "says that there is none" in message(report, "ns-disagree")


async def test_one_against_one_with_equal_serials_is_said_to_be_undecided(world: World) -> None:
    world.servers[1].lines = without(world.lines, KEY)
    said = message(await world.check(), "ns-disagree")
    assert "I could not tell which is right" in said
    assert f"{world.servers[1].name} (serial 1) says that there is none" in said


async def test_an_older_serial_tells_although_it_is_the_majority(three: World) -> None:
    three.servers[2].serial = 2
    three.servers[2].lines = [*without(three.lines, "@ MX"), "@ MX 10 mx.old.example."]
    report = await three.check()
    finding = next(f for f in report.findings if f.code == "ns-disagree")
    assert finding.facts["behind"] == tuple(s.name for s in three.servers[:2])
    assert "mx-not-ours" in codes(report)  # what was typed last


async def test_two_providers_are_said_to_differ_by_what_each_says(world: World) -> None:
    world.servers[1].mname = "dns.old.example."
    world.servers[1].serial = 2024010101
    world.servers[1].lines = [*without(world.lines, "@ TXT"), OLD_SPF]
    said = message(await world.check(), "ns-disagree")
    assert "include:spf.old.example -all" in said
    assert "include:_spf.cow.example -all" in said
    assert "could not tell" in said


@pytest.mark.parametrize(
    ("rcode", "says"), [(dns.rcode.SERVFAIL, "SERVFAIL"), (dns.rcode.REFUSED, "REFUSED")]
)
@pytest.mark.parametrize("start", ["friend", "dkim", "_dmarc"])
async def test_a_server_that_fails_at_one_name_is_named(
    world: World, rcode: dns.rcode.Rcode, says: str, start: str
) -> None:
    def fail(query: dns.message.Message, reply: bytes) -> list[bytes]:
        question = query.question[0]
        if question.name.to_text().startswith(start) and question.rdtype.name == "TXT":
            return [respond(query, rcode=rcode)]
        return [reply]

    world.servers[1].twist = fail
    report = await world.check()
    assert codes(report) == ["ns-disagree"]
    said = message(report, "ns-disagree")
    assert f"{world.servers[1].name} (serial 1) says {says}" in said
    assert f"{world.servers[1].name} is alone with that" in said


async def test_a_server_that_fails_once_at_one_name_is_asked_again(world: World) -> None:
    failed: list[str] = []

    def fail_once(query: dns.message.Message, reply: bytes) -> list[bytes]:
        name = query.question[0].name.to_text()
        if name.startswith("_dmarc") and not failed:
            failed.append(name)
            return [respond(query, rcode=dns.rcode.SERVFAIL)]
        return [reply]

    world.servers[1].twist = fail_once
    assert codes(await world.check()) == []
    assert failed


@pytest.mark.parametrize("count", [1, 2, 3, 5])
async def test_servers_that_all_know_nothing_of_the_zone_are_the_end_of_it(
    case_file: CaseFile, count: int
) -> None:
    async with name_servers(case_file, count) as world:
        for server in world.servers:
            server.holds = False
        report = await world.check()
    assert codes(report)[0] == "ns-all-lame"
    assert severity(report, "ns-all-lame") is Status.FAIL
    assert "ns-lame" not in codes(report)
    assert "only old answers are left" in message(report, "ns-all-lame")


@pytest.mark.parametrize("count", [1, 2])
async def test_lame_servers_are_found_through_the_registry_where_the_resolver_fails(
    case_file: CaseFile, count: int
) -> None:
    async with name_servers(case_file, count) as world:
        for server in world.servers:
            server.holds = False
        world.tell_resolver(broken=True)
        report = await world.check()
    assert codes(report) == ["ns-all-lame"]
    assert "mail does not arrive" in message(report, "ns-all-lame")
    assert {r.status for r in report.results if r.check is not Check.DELEGATION} == {Status.UNKNOWN}


async def test_a_zone_whose_servers_answer_is_not_lame_where_the_resolver_fails(
    world: World,
) -> None:
    world.tell_resolver(broken=True)
    assert codes(await world.check()) == ["servfail"]


async def test_one_good_server_of_several_is_enough_not_to_be_lost(three: World) -> None:
    three.servers[0].holds = three.servers[2].holds = False
    report = await three.check()
    assert codes(report) == ["ns-lame"]
    assert severity(report, "ns-lame") is Status.WARN


@pytest.mark.parametrize("count", [2, 5])
async def test_lame_servers_are_not_said_to_be_all_where_the_registry_says_nothing(
    case_file: CaseFile, count: int
) -> None:
    async with name_servers(case_file, count) as world:
        for server in world.servers:
            server.holds = False
        world.delegated = []
        assert codes(await world.check()) == ["ns-lame"]


@pytest.mark.parametrize("count", [3, 4])
async def test_new_servers_that_are_lame_like_the_old_ones_are_the_end_of_it(
    case_file: CaseFile, count: int
) -> None:
    async with name_servers(case_file, count) as world:
        world.move(still_served=False)
        for server in world.servers:
            server.holds = False
        assert codes(await world.check())[0] == "ns-all-lame"


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_a_resolver_on_the_way_is_not_taken_for_lame_name_servers(
    case_file: CaseFile, count: int
) -> None:
    async with name_servers(case_file, count) as world:
        for server in world.servers:
            server.twist = from_cache
        world.above = from_cache
        assert codes(await world.check()) == []


async def test_a_registry_that_offers_recursion_takes_nothing_from_servers_that_answer(
    three: World,
) -> None:
    three.servers[0].holds = False
    three.above = from_cache
    assert codes(await three.check()) == ["ns-lame"]


async def test_lame_servers_beside_one_that_is_nowhere_are_all_there_are(three: World) -> None:
    for server in three.servers:
        server.holds = False
    three.nowhere = (3,)
    three.tell_resolver()
    assert codes(await three.check())[0] == "ns-all-lame"


@pytest.mark.parametrize("count", [1, 2])
async def test_a_single_name_server_is_worth_knowing(case_file: CaseFile, count: int) -> None:
    async with name_servers(case_file, count) as world:
        report = await world.check()
    assert codes(report) == (["ns-single"] if count == 1 else [])
    assert report.status is Status.INFO
