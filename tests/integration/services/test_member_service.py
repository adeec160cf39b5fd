"""The member service over real sockets and a real store: shared checks, recent domains, keys."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Status
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT, DOMAINS, mend, zones
from bot.demo.zone_server import ZoneServer
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain, MailAddress
from bot.records.dkim_key import KeySource, KnownKey
from bot.records.expected import Purpose
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.member_service import MemberService
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.stored_checks import StoredChecks
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANN, BEN = 1, 2
FRIEND, MOVER = Domain.from_ascii("friend.example"), Domain.from_ascii("mover.example")

pytest_plugins = ["store_fixtures"]


class ServiceParts:
    """A member service, the name server that it asks, and its store."""

    def __init__(self, dns: ZoneServer, resolver: Resolver, database: Database) -> None:
        self.dns = dns
        self.time = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.keys = KnownKeys(database)
        self.checks = StoredChecks(database)
        server = load_settings(DEMO_ENVIRONMENT).mail_server()
        checker = Checker(resolver.ask, server, self.now)
        core = Core(server, Words(), checker, DomainFacts(self.keys, self.now))
        self.member_service = MemberService(core, RecentDomains(database), self.checks, self.now)

    def now(self) -> datetime:
        """Return the time as the test has it."""
        return self.time


@asynccontextmanager
async def open_parts(url: str) -> AsyncIterator[ServiceParts]:
    """Yield a member service over the demo's zones and a store at this URL."""
    async with (
        ZoneServer(zones()) as dns,
        Resolver((Server(*dns.address),)) as resolver,
        await Database.open(url) as database,
    ):
        yield ServiceParts(dns, resolver, database)


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[ServiceParts]:
    """A member service over the demo's zones."""
    async with open_parts(database_url) as parts:
        yield parts


async def test_members_who_ask_at_once_share_one_check(parts: ServiceParts) -> None:
    kept = await asyncio.gather(
        *(parts.member_service.check(MOVER, member) for member in range(50))
    )
    assert len({id(one.report) for one in kept}) == 1
    assert len({one.id for one in kept}) == 50


async def test_the_next_check_is_a_new_one(parts: ServiceParts) -> None:
    before = await parts.member_service.check(MOVER, ANN)
    parts.dns.zones = parts.dns.zones.with_zone(mend("mover.example"))
    after = await parts.member_service.check(MOVER, ANN)
    assert before.report.status is Status.FAIL
    assert after.report.status is Status.INFO
    assert after.id != before.id


async def test_checks_of_different_domains_do_not_wait_for_each_other(parts: ServiceParts) -> None:
    kept = await asyncio.gather(
        parts.member_service.check(MOVER, ANN), parts.member_service.check(FRIEND, ANN)
    )
    assert [one.report.domain for one in kept] == [MOVER, FRIEND]


async def test_who_gives_up_does_not_take_the_check_from_the_others(parts: ServiceParts) -> None:
    parts.dns.delay = 0.05
    first = asyncio.create_task(parts.member_service.check(MOVER, ANN))
    second = asyncio.create_task(parts.member_service.check(MOVER, BEN))
    await asyncio.sleep(0.01)
    first.cancel()
    assert (await second).report.domain == MOVER
    assert first.cancelled()


async def test_a_kept_check_is_found_again_by_another_process(database_url: str) -> None:
    async with open_parts(database_url) as parts:
        kept = await parts.member_service.check(MOVER, ANN)
    async with open_parts(database_url) as parts:
        assert await parts.member_service.kept(kept.id) == kept


async def test_a_purged_check_is_gone(parts: ServiceParts) -> None:
    kept = await parts.member_service.check(MOVER, ANN)
    assert await parts.checks.purge(parts.time + timedelta(seconds=1), 9) == 1
    assert await parts.member_service.kept(kept.id) is None
    assert await parts.member_service.kept(kept.id + 1) is None
    assert await parts.member_service.kept(10**18 - 1) is None


async def test_a_check_of_another_schema_is_not_read(parts: ServiceParts) -> None:
    other = await parts.checks.keep(MOVER, ANN, "not even JSON", 99, parts.time)
    assert await parts.member_service.kept(other) is None


async def test_recent_domains_are_a_members_own(parts: ServiceParts) -> None:
    await parts.member_service.remember(ANN, FRIEND)
    parts.time += timedelta(seconds=1)
    await parts.member_service.remember(ANN, MOVER)
    await parts.member_service.remember(BEN, Domain.from_ascii("secret.example"))
    assert await parts.member_service.recent(ANN, "") == (MOVER, FRIEND)
    assert await parts.member_service.recent(ANN, "fr") == (FRIEND,)
    assert await parts.member_service.recent(ANN, "secret") == ()
    assert await parts.member_service.recent(3, "") == ()


async def test_a_check_alone_remembers_nothing(parts: ServiceParts) -> None:
    await parts.member_service.check(MOVER, ANN)
    assert await parts.member_service.recent(ANN, "") == ()


async def test_a_learned_key_is_expected_and_compared(parts: ServiceParts) -> None:
    value = DOMAINS["stranger.example"].dkim
    domain = Domain.from_ascii("stranger.example")
    before = await parts.member_service.check(domain, ANN, confidential=True)
    await parts.keys.learn(domain, "dkim", value, KeySource.ADMIN, parts.time)
    expected = await parts.member_service.expect(domain, confidential=True)
    assert isinstance(expected.dkim, KnownKey)
    assert expected.record(Purpose.DKIM) is not None
    after = await parts.member_service.check(domain, ANN, confidential=True)
    assert "dkim-key-mismatch" not in {finding.code for finding in before.report.findings}
    assert "dkim-key-mismatch" in {finding.code for finding in after.report.findings}


async def test_settings_are_for_an_address_a_domain_or_anybody(parts: ServiceParts) -> None:
    address = MailAddress.parse("ann@friend.example")
    assert parts.member_service.settings(address).user_name == "ann@friend.example"
    assert parts.member_service.settings(MOVER).user_name == "you@mover.example"
    assert parts.member_service.settings(None).is_example
