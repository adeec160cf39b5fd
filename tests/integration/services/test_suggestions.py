"""Which domain a member is asked about who typed another: from what they may know, and no other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check, Status
from bot.checks.report import find_meant
from bot.config.loading import load_settings
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble, MailcowFault
from bot.demo.world import DEMO_ENVIRONMENT, zones
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import parse_zone
from bot.dns.answer import Question
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.mailcow.api import Mailcow
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.names import Domain
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.member_service import MemberService
from bot.store.engine.database import Database
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.stored_checks import StoredChecks
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.checks.report import Report

READ = "read-key"
ANN, BEN = 1, 2
FRIEND, SLIP = Domain.from_ascii("friend.example"), Domain.from_ascii("freind.example")
# What somebody else has, one slip from a domain of a member.
TAKEN = Domain.from_ascii("friends.example")

pytest_plugins = ["store_fixtures"]


@dataclass
class ServiceParts:
    core: Core
    service: MemberService
    recent: RecentDomains
    double: MailcowDouble
    dns: ZoneServer
    time: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)

    async def remember(self, member: int, *domains: Domain) -> None:
        for domain in domains:
            self.time += timedelta(seconds=1)
            await self.recent.remember(member, domain, self.time)

    async def ask(self, member: int, domain: Domain, *, sees_server: bool = False) -> str | None:
        """Return which domain the member is asked about, after they asked for this one."""
        await self.remember(member, domain)
        kept = await self.service.check(domain, member)
        suggested = await self.service.suggest(kept, member, sees_server=sees_server)
        assert find_meant(suggested.shown(shared=True)) is None
        assert await self.service.kept(kept.id) == kept
        return meant(suggested.shown(shared=False))


def meant(report: Report) -> str | None:
    finding = find_meant(report)
    return None if finding is None else str(finding.facts["meant"])


@asynccontextmanager
async def open_parts(url: str) -> AsyncIterator[ServiceParts]:
    server = load_settings(DEMO_ENVIRONMENT).mail_server()
    taken = parse_zone(TAKEN.ascii, "@ A 203.0.113.90\n@ MX 10 mail.else.example.")
    async with (
        MailcowDouble(keys={READ: ApiKey(may_write=False)}) as double,
        ZoneServer(zones().with_zone(taken)) as dns,
        Resolver((Server(*dns.address),)) as resolver,
        Mailcow(double.url, read_key=READ, write_key=None) as mailcow,
        await Database.open(url) as database,
    ):
        now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        facts = DomainFacts(None, lambda: now, backend=MailcowBackend(mailcow, "dkim"))
        core = Core(server, Words(), Checker(resolver.ask, server, lambda: now), facts)
        recent = RecentDomains(database)
        service = MemberService(core, recent, StoredChecks(database), lambda: now)
        yield ServiceParts(core, service, recent, double, dns)


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[ServiceParts]:
    async with open_parts(database_url) as parts:
        yield parts


async def test_a_member_is_asked_about_a_domain_of_their_own(parts: ServiceParts) -> None:
    assert await parts.ask(ANN, SLIP) is None
    await parts.remember(ANN, FRIEND)
    assert await parts.ask(ANN, SLIP) == "friend.example"


async def test_no_member_is_asked_about_the_domain_of_another(parts: ServiceParts) -> None:
    parts.double.add_domain("friend.example")
    await parts.remember(BEN, FRIEND)
    assert await parts.ask(ANN, SLIP) is None
    assert parts.double.calls == []  # not even by how long it takes


async def test_who_decides_is_asked_about_a_domain_on_the_mail_server(parts: ServiceParts) -> None:
    parts.double.add_domain("friend.example")
    assert await parts.ask(ANN, SLIP, sees_server=True) == "friend.example"


async def test_an_earlier_slip_is_never_what_was_meant(parts: ServiceParts) -> None:
    await parts.remember(ANN, SLIP, Domain.from_ascii("friendd.example"))
    assert await parts.ask(ANN, FRIEND) is None
    assert await parts.ask(ANN, Domain.from_ascii("freind.exmaple")) is None


async def test_a_domain_of_another_is_only_asked_about_where_ours_has_its_mail_here(
    parts: ServiceParts,
) -> None:
    await parts.remember(ANN, FRIEND)
    assert await parts.ask(ANN, TAKEN) == "friend.example"
    await parts.remember(BEN, TAKEN)
    assert await parts.ask(BEN, Domain.from_ascii("friend.example")) is None


async def test_one_question_is_asked_for_it_and_not_more(parts: ServiceParts) -> None:
    likes = [Domain.from_ascii(f"freind{sign}.example") for sign in "abc"]
    await parts.remember(ANN, *likes, FRIEND)
    kept = await parts.service.check(SLIP, ANN)
    before = parts.dns.asked
    suggested = await parts.service.suggest(kept, ANN)
    assert meant(suggested.shown(shared=False)) == "friend.example"
    assert parts.dns.asked - before == {Question.of("friend.example", "MX"): 1}


async def test_a_like_domain_that_is_not_there_is_the_last_one_asked_about(
    parts: ServiceParts,
) -> None:
    likes = [Domain.from_ascii(f"freind{sign}.example") for sign in "abc"]
    await parts.remember(ANN, FRIEND, *likes)
    kept = await parts.service.check(SLIP, ANN)
    before = parts.dns.asked
    assert await parts.service.suggest(kept, ANN) == kept
    assert parts.dns.asked - before == {Question.of("freindc.example", "MX"): 1}


async def test_who_was_forgotten_is_asked_nothing(parts: ServiceParts) -> None:
    await parts.remember(ANN, FRIEND)
    await parts.recent.forget(ANN)
    assert await parts.ask(ANN, SLIP) is None


async def test_the_question_only_adds_to_the_report(parts: ServiceParts) -> None:
    await parts.remember(ANN, FRIEND)
    kept = await parts.service.check(SLIP, ANN)
    shown = (await parts.service.suggest(kept, ANN)).shown(shared=False)
    assert shown.findings[:-1] == kept.report.findings
    assert shown.results == kept.report.results
    assert (shown.findings[-1].check, shown.findings[-1].severity) == (
        Check.DELEGATION,
        Status.INFO,
    )


async def test_the_operator_is_asked_about_a_domain_on_the_mail_server(parts: ServiceParts) -> None:
    parts.double.add_domain("friend.example")
    report, _ = await parts.core.check_for_operator(SLIP)
    assert meant(report) == "friend.example"
    listed = [call.route for call in parts.double.calls].count("get/domain/all")
    report, _ = await parts.core.check_for_operator(SLIP)
    assert meant(report) == "friend.example"
    again = [call.route for call in parts.double.calls].count("get/domain/all")
    assert listed == again == 1
    assert meant(await parts.core.check(SLIP)) is None


async def test_a_mail_server_that_does_not_answer_takes_no_report_away(
    parts: ServiceParts,
) -> None:
    parts.double.add_domain("friend.example")
    parts.double.mood = MailcowFault.BAD_GATEWAY
    report, _ = await parts.core.check_for_operator(SLIP)
    assert meant(report) is None
    assert [finding.code for finding in report.findings] == ["domain-not-found"]
