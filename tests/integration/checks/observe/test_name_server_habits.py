"""Name servers that take no TCP, deny empty names, or are not those of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import pytest

from bot.checks.finding import Status
from name_server_world import APEX, World, codes, message, name_servers
from two_views import without

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.checks.report import Report
    from conftest import CaseFile

KEY = "dkim._domainkey"


@pytest.fixture
async def world(case_file: CaseFile) -> AsyncIterator[World]:
    async with name_servers(case_file) as made:
        yield made


def severity(report: Report, code: str) -> Status:
    return next(finding.severity for finding in report.findings if finding.code == code)


@pytest.mark.parametrize(
    ("delegated", "only_above", "only_own"),
    [
        ((1, 7), (7,), (2,)),
        ((1,), (), (2,)),
        ((1, 2, 3), (3,), ()),
        ((8, 9), (8, 9), (1, 2)),
    ],
)
async def test_a_registry_with_other_name_servers_is_told_of_with_their_names(
    world: World, delegated: tuple[int, ...], only_above: tuple[int, ...], only_own: tuple[int, ...]
) -> None:
    world.delegated = [f"ns{number}.friend-dns.example" for number in delegated]
    report = await world.check()
    assert codes(report) == ["ns-parent-differs"]
    assert severity(report, "ns-parent-differs") is Status.WARN
    (finding,) = [f for f in report.findings if f.code == "ns-parent-differs"]
    for fact, numbers in (("only_above", only_above), ("only_own", only_own)):
        assert finding.facts[fact] == tuple(f"ns{number}.friend-dns.example" for number in numbers)
    said = message(report, "ns-parent-differs")
    assert ("registry's list only" in said) is bool(only_above)
    assert ("in the zone only" in said) is bool(only_own)


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
