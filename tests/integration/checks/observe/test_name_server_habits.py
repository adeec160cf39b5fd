"""Name servers that take no TCP, deny empty names, or are not those of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import pytest

from bot.checks.finding import Status
from bot.checks.observe.questions import KEPT_FREE, MOST_QUESTIONS, Questions
from bot.checks.observe.zone_servers import look_at_source
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.expected import expect
from name_server_world import APEX, World, codes, message, name_servers, severity
from two_views import FRIEND, SERVER, without

if TYPE_CHECKING:
    from conftest import CaseFile

pytest_plugins = ["name_server_fixtures"]

KEY = "dkim._domainkey"


@pytest.mark.parametrize(
    ("delegated", "only_above", "only_own"),
    [
        ((1, 7), (7,), (2,)),
        ((1,), (), (2,)),
        ((1, 2, 3), (3,), ()),
        ((3, 4), (3, 4), (1, 2)),
    ],
)
async def test_a_registry_with_other_name_servers_is_told_of_with_their_names(
    case_file: CaseFile,
    delegated: tuple[int, ...],
    only_above: tuple[int, ...],
    only_own: tuple[int, ...],
) -> None:
    async with name_servers(case_file, 4) as world:
        for server in world.servers:
            server.others = [f"ns{number}.friend-dns.example" for number in (1, 2)]
        world.tell_resolver()
        world.delegated = [f"ns{number}.friend-dns.example" for number in delegated]
        report = await world.check()
    assert codes(report) == ["ns-parent-differs"]
    assert severity(report, "ns-parent-differs") is Status.WARN
    (finding,) = [f for f in report.findings if f.code == "ns-parent-differs"]
    for fact, numbers in (("only_above", only_above), ("only_own", only_own)):
        assert finding.facts[fact] == tuple(f"ns{number}.friend-dns.example" for number in numbers)
    said = message(report, "ns-parent-differs")
    assert ("only at the registry" in said) is bool(only_above)
    assert ("only in your zone" in said) is bool(only_own)


@pytest.mark.parametrize("delegated", [(8, 9), (8,)])
async def test_a_difference_that_no_server_of_the_registrys_list_confirms_is_not_told(
    world: World, delegated: tuple[int, ...]
) -> None:
    world.delegated = [f"ns{number}.friend-dns.example" for number in delegated]
    assert codes(await world.check()) == []


@pytest.mark.parametrize("still_served", [True, False])
@pytest.mark.parametrize("count", [3, 4, 7])
async def test_a_move_of_which_the_resolver_has_not_heard_is_no_fault(
    case_file: CaseFile, count: int, *, still_served: bool
) -> None:
    async with name_servers(case_file, count) as world:
        world.move(still_served=still_served)
        report = await world.check()
    assert "ns-parent-differs" not in codes(report)
    assert {finding.severity for finding in report.findings} <= {Status.PASS, Status.INFO}
    assert report.queries <= MOST_QUESTIONS


async def test_a_registry_that_says_nothing_is_no_fault_of_the_domain(world: World) -> None:
    world.delegated = []
    assert codes(await world.check()) == []


async def test_the_zone_itself_is_asked_where_the_resolver_has_an_old_list(world: World) -> None:
    old = [*world.lines, "@ NS ns9.friend-dns.example."]
    world.tell_resolver(lines=old)
    world.nowhere = ()
    assert "ns-parent-differs" not in codes(await world.check())


@pytest.mark.parametrize("closed", [(1,), (2,), (1, 2)])
async def test_servers_without_tcp_are_named(case_file: CaseFile, closed: tuple[int, ...]) -> None:
    async with name_servers(case_file, without_tcp=closed) as world:
        report = await world.check()
    assert codes(report) == ["ns-no-tcp"]
    (finding,) = [f for f in report.findings if f.code == "ns-no-tcp"]
    assert finding.facts["names"] == tuple(f"ns{number}.friend-dns.example" for number in closed)
    assert "long DKIM keys" in message(report, "ns-no-tcp")


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_nobody_is_without_tcp_where_the_way_out_is_closed_to_it(
    case_file: CaseFile, count: int
) -> None:
    async with name_servers(case_file, count, without_tcp=tuple(range(count + 1))) as world:
        report = await world.check()
    assert "ns-no-tcp" not in codes(report)


async def test_a_way_that_is_closed_to_tcp_is_seen_with_however_few_questions_left(
    case_file: CaseFile,
) -> None:
    key = KnownKey("dkim", DkimRecord.parse(case_file.dkim), "--dkim")
    expected = expect(SERVER, FRIEND, key)
    tried = set()
    async with name_servers(case_file, 3, without_tcp=(0, 1, 2, 3)) as world:
        for most in range(KEPT_FREE, MOST_QUESTIONS + 1):
            questions = Questions(world.ask, most)
            view = await look_at_source(questions, expected, world.authorities)
            questions.cancel()
            if view is not None:
                assert view.no_tcp == (), most
                tried.add(len(questions))
    assert len(tried) > 3


async def test_a_key_that_only_tcp_could_bring_is_not_called_missing(case_file: CaseFile) -> None:
    def cut(query: dns.message.Message, reply: bytes) -> list[bytes]:
        if query.question[0].name.to_text().startswith(KEY):
            short = dns.message.make_response(query)
            short.flags |= dns.flags.TC | dns.flags.AA
            return [short.to_wire()]
        return [reply]

    async with name_servers(case_file, without_tcp=(1, 2)) as world:
        for server in world.servers:
            server.twist = cut
        report = await world.check()
    assert codes(report) == ["ns-no-tcp"]


def deny_empty(query: dns.message.Message, reply: bytes) -> list[bytes]:
    """Answer as a server that knows only names with records of their own."""
    message = dns.message.from_wire(reply)
    if query.question[0].name.to_text() == f"_domainkey.{APEX}.":
        message.set_rcode(dns.rcode.NXDOMAIN)
    return [message.to_wire()]


@pytest.mark.parametrize("line", [None, f"{KEY} CNAME friend.dkim.cow.example."])
async def test_an_empty_name_that_is_denied_above_the_key_is_found(
    world: World, line: str | None
) -> None:
    for server in world.servers:
        server.twist = deny_empty
        if line:
            server.lines = [*without(world.lines, KEY), line]
    world.tell_resolver()
    report = await world.check()
    assert codes(report) == ["ns-empty-denied"]
    said = message(report, "ns-empty-denied")
    assert f"says that _domainkey.{APEX} does not exist" in said
    assert f"{KEY}.{APEX}" in said


async def test_a_key_that_our_resolver_takes_for_denied_is_not_waited_for(world: World) -> None:
    for server in world.servers:
        server.twist = deny_empty
    world.tell_resolver(lines=without(world.lines, KEY))
    assert codes(await world.check()) == ["ns-empty-denied"]


async def test_an_empty_name_without_a_key_below_may_be_denied(world: World) -> None:
    for server in world.servers:
        server.twist = deny_empty
        server.lines = without(world.lines, KEY)
    world.tell_resolver()
    assert "ns-empty-denied" not in codes(await world.check())
