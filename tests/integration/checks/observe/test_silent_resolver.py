"""A resolver that answers nothing: nobody else is blamed, and no healthy zone is asked more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
import pytest

from bot.checks.finding import Check, Status
from bot.checks.report import faults_of
from bot.demo.zones import Zones
from bot.dns.owner_name import name_of, owner_of
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.services.domain_check import Checker
from request_parts import SERVER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.checks.report import Report
    from bot.demo.zone_server import ZoneServer
    from bot.dns.answer import Answer, Question
    from bot.dns.owner_name import AnyName
    from conftest import CaseFile

    Start = Callable[..., Awaitable[ZoneServer]]

FRIEND = Domain.from_ascii("friend.example")
ROOT = dns.name.root


class Asked:
    """A resolver with a short patience, which notes what it is asked."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self.names: list[dns.name.Name] = []

    async def __call__(self, name: AnyName, rdtype: object) -> Answer:
        self.names.append(name_of(owner_of(name)))
        return await self._resolver.ask(name, rdtype)  # type: ignore[arg-type]


async def check(
    server: ZoneServer, case_file: CaseFile, *, single_server: bool = False
) -> tuple[Report, list[dns.name.Name]]:
    key = KnownKey("dkim", DkimRecord.parse(case_file.dkim), "--dkim")
    async with Resolver([Server(*server.address)], timeout=0.3) as resolver:
        ask = Asked(resolver)
        checker = Checker(ask, SERVER, lambda: datetime.now(UTC), single_server=single_server)
        return await checker.check(FRIEND, key), ask.names


def silent_for(*names: str) -> Callable[[Question], bool]:
    lost = [dns.name.from_text(name) for name in names]
    return lambda question: any(question.name.is_subdomain(name) for name in lost)


async def test_a_silent_resolver_is_named_and_no_name_server_is_accused(
    zone_server: Start, case_file: CaseFile
) -> None:
    server = await zone_server(case_file.with_zone("@ MX 10 mx1.cow.example."), lose=lambda _: True)
    report, _ = await check(server, case_file)
    (finding,) = report.findings
    assert (finding.check, finding.code) == (Check.DELEGATION, "dns-resolver-silent")
    assert {result.status for result in report.results} == {Status.UNKNOWN}
    assert faults_of(report) == ("dns-resolver-silent",)


@pytest.mark.parametrize("single_server", [False, True])
async def test_a_resolver_that_refuses_everything_is_named_unless_it_was_chosen(
    zone_server: Start, case_file: CaseFile, *, single_server: bool
) -> None:
    zones = Zones.of({"friend.example": ""}, servfail=("friend.example", "."), outside="refused")
    server = await zone_server(zones)
    report, asked = await check(server, case_file, single_server=single_server)
    assert ROOT in asked
    codes = {finding.code for finding in report.findings}
    assert codes == ({"servfail"} if single_server else {"dns-resolver-silent"})


async def test_name_servers_are_blamed_where_the_resolver_answers_for_the_root(
    zone_server: Start, case_file: CaseFile
) -> None:
    zones = case_file.with_zone("@ MX 10 mx1.cow.example.")
    server = await zone_server(zones, lose=silent_for("friend.example"))
    report, asked = await check(server, case_file)
    assert asked.count(ROOT) == 1
    assert [finding.code for finding in report.findings] == ["dns-timeout"]


async def test_a_resolver_that_falls_silent_in_the_middle_is_blamed_for_the_rest(
    zone_server: Start, case_file: CaseFile
) -> None:
    zones = case_file.with_zone("@ MX 10 mx1.cow.example.")
    apex = dns.name.from_text("friend.example")
    server = await zone_server(zones, lose=lambda question: question.name != apex)
    report, _ = await check(server, case_file)
    codes = {finding.code for finding in report.findings}
    assert "dns-resolver-silent" in codes
    assert "dns-timeout" not in codes
    assert [finding.code for finding in report.findings].count("dns-resolver-silent") == 1


async def test_a_zone_that_answers_costs_no_further_question(
    zone_server: Start, case_file: CaseFile
) -> None:
    server = await zone_server(case_file.with_zone("@ MX 10 mx1.cow.example."))
    _, asked = await check(server, case_file)
    assert ROOT not in asked
