"""What a check knows beforehand, over a real store and a Mailcow that answers as measured."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import discord
import pytest

from bot.by_hand import ByHandBackend
from bot.cards.check_card import build_check_card
from bot.cards.plan_card import build_plan_card
from bot.config.loading import load_settings
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble, MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.demo.world import DEMO_ENVIRONMENT, DOMAINS, zones
from bot.demo.zone_server import ZoneServer
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.interactions.item_factory import PersistentItems
from bot.mailcow.api import Mailcow
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.names import Domain
from bot.records.dkim_key import KeySource, KeyUnknown, KnownKey, NoKeyYet
from bot.records.expected import Purpose
from bot.records.key_change import KeyChange, KeyRole
from bot.requests.backend import MailHosting
from bot.requests.model import BOT
from bot.rotations.key_changes import KeyChanges
from bot.rotations.rotation import NewRotation, RotationState
from bot.rotations.rotation_changes import move
from bot.services import domain_facts
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.member_service import MemberService
from bot.services.plan.step import Part
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.rotations import StoredRotations
from bot.store.repositories.stored_checks import StoredChecks
from bot.words import Medium, Words
from rotation_parts import ADMIN, FRIEND, NEW, OLD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.cards.layout import Card
    from bot.records.dkim_key import DkimKnowledge
    from bot.rotations.rotation import Rotation, RotationChange

READ = "read-key"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MOVER = Domain.from_ascii("mover.example")
OLD_VALUE = DOMAINS["mover.example"].dkim

pytest_plugins = ["store_fixtures"]


@dataclass
class ServiceParts:
    member_service: MemberService
    domain_facts: DomainFacts
    keys: KnownKeys
    mailcow: Mailcow
    double: MailcowDouble


async def first_stage(_domain: Domain) -> str | None:
    return "none"


@asynccontextmanager
async def open_parts(url: str, *, learns: bool = True) -> AsyncIterator[ServiceParts]:
    double = MailcowDouble(keys={READ: ApiKey(may_write=False)})
    server = load_settings(DEMO_ENVIRONMENT).mail_server()
    async with (
        double,
        ZoneServer(zones()) as dns,
        Resolver((Server(*dns.address),)) as resolver,
        Mailcow(double.url, read_key=READ, write_key=None) as mailcow,
        await Database.open(url) as database,
    ):
        keys = KnownKeys(database)
        known = DomainFacts(
            keys,
            lambda: NOW,
            backend=MailcowBackend(mailcow, "dkim"),
            stage_of=first_stage,
            learns=learns,
        )
        core = Core(server, Words(), Checker(resolver.ask, server, lambda: NOW), known)
        member_service = MemberService(
            core, RecentDomains(database), StoredChecks(database), lambda: NOW
        )
        yield ServiceParts(member_service, known, keys, mailcow, double)


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[ServiceParts]:
    """The service, with a Mailcow that has no domain and no key yet."""
    async with open_parts(database_url) as parts:
        yield parts


def texts_of(card: Card) -> str:
    items = card.view.walk_children()
    return "\n".join(item.content for item in items if isinstance(item, discord.ui.TextDisplay))


def give_key(double: MailcowDouble, selector: str) -> DkimPair:
    double.add_domain("mover.example")
    double.dkim["mover.example"] = pair = DkimPair.make(selector)
    return pair


async def test_the_key_of_mailcow_is_expected_and_learned(parts: ServiceParts) -> None:
    pair = give_key(parts.double, "cow2026")
    expected = await parts.member_service.expect(MOVER, confidential=True)
    record = expected.record(Purpose.DKIM)
    assert record is not None
    assert pair.public in record.value
    stored = await parts.keys.current(MOVER)
    assert stored is not None
    assert (stored.selector, stored.source) == ("cow2026", KeySource.MAIL_SERVER)
    assert parts.double.routes("POST") == []


async def test_the_same_key_again_is_not_written_again(parts: ServiceParts) -> None:
    give_key(parts.double, "cow2026")
    await parts.domain_facts.of(MOVER)
    stored = await parts.keys.current(MOVER)
    await asyncio.gather(*(parts.domain_facts.of(MOVER) for _ in range(10)))
    assert await parts.keys.current(MOVER) == stored
    assert await parts.keys.former(MOVER) == ()


async def test_mailcow_goes_before_what_the_store_holds(parts: ServiceParts) -> None:
    await parts.keys.learn(MOVER, "dkim", OLD_VALUE, KeySource.ADMIN, NOW)
    give_key(parts.double, "cow2026")
    for _ in range(2):  # once as it is learned, once from the store
        known = await parts.domain_facts.of(MOVER)
        assert isinstance(known.dkim, KnownKey)
        assert (known.dkim.selector, known.dkim.source) == ("cow2026", "mailcow")
        assert [key.selector for key in known.former] == ["dkim"]


async def test_a_console_that_reads_alone_learns_nothing(database_url: str) -> None:
    async with open_parts(database_url, learns=False) as parts:
        give_key(parts.double, "cow2026")
        assert isinstance((await parts.domain_facts.of(MOVER)).dkim, KnownKey)
        assert await parts.keys.current(MOVER) is None


async def test_a_domain_without_a_key_on_mailcow_has_none_yet(parts: ServiceParts) -> None:
    parts.double.add_domain("mover.example")
    known = await parts.domain_facts.of(MOVER)
    assert known.dkim == NoKeyYet()
    assert known.hosting is MailHosting.ON


async def test_an_alias_domain_is_hosted(parts: ServiceParts) -> None:
    parts.double.add_domain("a.example")
    parts.double.alias_domains["mover.example"] = "a.example"
    assert await parts.member_service.hosting(MOVER) is MailHosting.ON


async def test_a_domain_that_mailcow_does_not_know_is_said_to_who_asked_alone(
    parts: ServiceParts,
) -> None:
    kept = await parts.member_service.check(MOVER, 1, confidential=True)
    words = Words(Medium.DISCORD)
    items = PersistentItems(words)
    server, plan = parts.member_service.server, parts.member_service.plan
    own, public = await plan(kept, confidential=True), await plan(kept, confidential=False)
    private = build_plan_card(kept, own, server, words, items)
    details = build_check_card(kept, own, server, words, items)
    shared = build_plan_card(kept, public, server, words, items, shared=True)
    again = await parts.member_service.kept(kept.id)
    assert again is not None
    assert kept.personal is not None
    assert "not-in-mailcow" in {finding.code for finding in kept.personal.findings}
    assert "once `mover.example` is on Cow Mail" in texts_of(private)
    assert "does not know" in texts_of(details)
    assert "On the server" not in texts_of(shared)
    assert "does not know" not in texts_of(shared)
    assert again.shown(shared=False) == kept.report


async def test_the_approved_stage_is_expected(parts: ServiceParts) -> None:
    expected = await parts.member_service.expect(MOVER, confidential=True)
    assert "p=none; sp=none" in expected.dmarc
    assert expected.dmarc_stage == "none"


@pytest.mark.parametrize(
    "mood", [mood for mood in MailcowFault if mood not in {MailcowFault.FINE, MailcowFault.SILENT}]
)
async def test_a_mailcow_that_is_broken_leaves_the_store_to_say(
    parts: ServiceParts, mood: MailcowFault
) -> None:
    await parts.keys.learn(MOVER, "dkim", OLD_VALUE, KeySource.ADMIN, NOW)
    parts.double.mood = mood
    kept = await parts.member_service.check(MOVER, 1, confidential=True)
    known = await parts.domain_facts.of(MOVER)
    assert isinstance(known.dkim, KnownKey)
    assert known.hosting is MailHosting.UNKNOWN
    assert kept.personal is None


async def test_a_silent_mailcow_is_waited_for_once(
    parts: ServiceParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain_facts, "TIMEOUT", 0.2)
    parts.double.mood = MailcowFault.SILENT
    assert (await parts.domain_facts.of(MOVER)).dkim == KeyUnknown()
    called = len(parts.double.calls)
    assert called > 0
    assert (await parts.domain_facts.of(MOVER)).hosting is MailHosting.UNKNOWN
    assert len(parts.double.calls) == called


NEIGHBOUR = Domain.from_ascii("neighbour.example")


@pytest.mark.parametrize(
    "answer",
    [
        b"",  # an exception in PHP, at this call alone
        b"<br /><b>Fatal error</b>: Uncaught TypeError",
        b'{"pubkey":7,"dkim_selector":"dkim"}',
        b'{"pubkey":"MIIB","dkim_selector":"dkim"}',
        b'{"pubkey":"MIIB","dkim_selector":"my key"}',
    ],
)
async def test_one_domains_odd_key_does_not_silence_mailcow_for_others(
    parts: ServiceParts, answer: bytes
) -> None:
    await parts.keys.learn(MOVER, "dkim", OLD_VALUE, KeySource.MAIL_SERVER, NOW)
    give_key(parts.double, "cow2026")
    parts.double.add_domain("neighbour.example")
    parts.double.dkim["neighbour.example"] = DkimPair.make("dkim")
    parts.double.says["get/dkim/mover.example"] = (200, "application/json", answer)
    odd = await parts.domain_facts.of(MOVER)
    other = await parts.domain_facts.of(NEIGHBOUR)
    assert other.hosting is MailHosting.ON
    assert isinstance(other.dkim, KnownKey)
    if b"MIIB" in answer:  # it has a key, and signs with something else than what was learned
        assert odd.dkim == KeyUnknown()
        assert [key.selector for key in odd.former] == ["dkim"]


async def test_a_key_goes_with_its_domain(parts: ServiceParts) -> None:
    give_key(parts.double, "cow2026")
    await parts.domain_facts.of(MOVER)
    del parts.double.domains["mover.example"]
    known = await parts.domain_facts.of(MOVER)
    assert (known.dkim, known.hosting) == (KeyUnknown(), MailHosting.ABSENT)
    expected = await parts.member_service.expect(MOVER)
    assert expected.record(Purpose.DKIM) is None


async def test_a_key_that_an_admin_pasted_stays_without_a_domain(parts: ServiceParts) -> None:
    await parts.keys.learn(MOVER, "dkim", OLD_VALUE, KeySource.ADMIN, NOW)
    assert isinstance((await parts.domain_facts.of(MOVER)).dkim, KnownKey)


@pytest.mark.parametrize("status", [401, 403, 502])
async def test_a_mailcow_that_is_away_or_refuses_us_is_left_alone_for_a_while(
    parts: ServiceParts, status: int
) -> None:
    parts.double.says["get"] = (status, "text/html", b"")
    await parts.domain_facts.of(MOVER)
    called = len(parts.double.calls)
    await parts.domain_facts.of(NEIGHBOUR)
    assert len(parts.double.calls) == called


@pytest.mark.parametrize("status", [401, 403, 502])
async def test_a_mailcow_that_was_away_for_the_list_of_its_domains_is_left_alone_as_well(
    parts: ServiceParts, status: int
) -> None:
    parts.double.says["get"] = (status, "text/html", b"")
    assert await parts.domain_facts.all_domains() == ()
    called = len(parts.double.calls)
    assert called > 0
    assert await parts.domain_facts.hosting(MOVER) is MailHosting.UNKNOWN
    assert len(parts.double.calls) == called


async def test_a_refused_key_is_not_sent_again(parts: ServiceParts) -> None:
    parts.double.keys.clear()
    for _ in range(5):
        assert (await parts.domain_facts.of(MOVER)).hosting is MailHosting.UNKNOWN
    assert len(parts.double.calls) <= 2
    assert parts.mailcow.refusals


async def test_the_domains_of_the_mail_server_are_listed(parts: ServiceParts) -> None:
    give_key(parts.double, "cow2026")
    assert await parts.domain_facts.list_hosted() == (MOVER,)


@pytest.mark.parametrize("mood", [MailcowFault.BAD_GATEWAY, MailcowFault.EMPTY, MailcowFault.CUT])
async def test_a_mail_server_with_a_fault_does_not_tell_its_domains(
    parts: ServiceParts, mood: MailcowFault
) -> None:
    give_key(parts.double, "cow2026")
    parts.double.mood = mood
    assert await parts.domain_facts.list_hosted() is None
    parts.double.mood = MailcowFault.FINE
    assert await parts.domain_facts.list_hosted() is None  # it is left alone for a while


async def test_nobody_tells_domains_without_a_mail_server_to_ask() -> None:
    assert await DomainFacts(None, lambda: NOW).list_hosted() is None
    by_hand = DomainFacts(None, lambda: NOW, backend=ByHandBackend("Cow Mail"))
    assert await by_hand.list_hosted() is None


async def test_the_other_key_of_a_domain_is_found_by_the_one_that_signs(
    database_url: str,
) -> None:
    async with await Database.open(database_url) as database:
        keys, rotations = KnownKeys(database), StoredRotations(database)
        await keys.learn(FRIEND, OLD.selector, OLD.record.text, KeySource.MAIL_SERVER, NOW)
        asked = NewRotation(FRIEND, OLD, 2048, by_hand=False, actor=ADMIN)
        rotation, _ = await rotations.open(asked, frozenset(), NOW)
        facts = DomainFacts(keys, lambda: NOW, change_of=KeyChanges(rotations, lambda: NOW).of)
        assert (await facts.of(FRIEND)).change is None  # there is no key yet

        def prepare(before: Rotation) -> RotationChange:
            return move(before, RotationState.PREPARED, BOT, NOW, value=NEW.record.text)

        await rotations.change(rotation.id, prepare, NOW)
        known = await facts.of(FRIEND)
        assert known.change is not None
        assert (known.change.role, known.change.key.selector) == (KeyRole.NEXT, rotation.selector)
        expected = known.expect_at(load_settings(DEMO_ENVIRONMENT).mail_server(), FRIEND)
        record = expected.record(Purpose.DKIM_NEXT)
        assert record is not None
        assert record.value == NEW.record.text
        assert (await facts.of(MOVER)).change is None
        new = replace(NEW, selector=rotation.selector)
        await keys.learn(FRIEND, new.selector, new.record.text, KeySource.MAIL_SERVER, NOW)
        switched = (await facts.of(FRIEND)).change
        assert switched is not None
        assert (switched.role, switched.key.selector) == (KeyRole.FORMER, OLD.selector)


async def test_nobody_is_told_of_the_other_key_who_may_know_the_dns_alone(
    database_url: str,
) -> None:
    async def change_of(_domain: Domain, _signing: DkimKnowledge) -> KeyChange | None:
        return KeyChange(KeyRole.NEXT, NEW)

    async with (
        await Database.open(database_url) as database,
        ZoneServer(zones()) as dns,
        Resolver((Server(*dns.address),)) as resolver,
    ):
        keys = KnownKeys(database)
        await keys.learn(MOVER, OLD.selector, OLD.record.text, KeySource.ADMIN, NOW)
        server = load_settings(DEMO_ENVIRONMENT).mail_server()
        facts = DomainFacts(keys, lambda: NOW, change_of=change_of)
        core = Core(server, Words(), Checker(resolver.ask, server, lambda: NOW), facts)
        async with core.turns.of(7):
            shown = await core.check_in_turn(MOVER, confidential=False)
        assert (shown.report.other_key, shown.confidential) == (None, False)
        public = await core.expect(MOVER, confidential=False)
        assert public.record(Purpose.DKIM_NEXT) is None
        async with core.turns.of(7):
            private = await core.check_in_turn(MOVER)
        assert private.report.other_key is not None
        assert private.confidential
        assert core.plan(private.report, private.known).step(Part.DKIM_NEXT) is not None
        assert core.plan(private.report, None).step(Part.DKIM_NEXT) is None
