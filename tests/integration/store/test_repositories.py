"""What the repositories keep, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.store.repositories.command_fingerprints import CommandFingerprint, CommandFingerprints
from bot.store.repositories.known_keys import KnownKeys, StoredKey
from bot.store.repositories.recent_domains import KEPT, RecentDomains
from bot.store.repositories.stored_checks import StoredCheck, StoredChecks
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from bot.store.engine.database import Database

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FRIEND = Domain.from_ascii("friend.example")
COW = Domain.from_ascii("cow.example")
BIG_ID = 2**63 - 1  # the largest that a column of 64 bits holds; Discord's ids are smaller
KEY, OTHER_KEY = "v=DKIM1; k=rsa; p=MIIB", "v=DKIM1; k=rsa; p=MIIC"


pytest_plugins = ["store_fixtures"]


async def test_fingerprints_are_kept_apart_for_each_guild_and_for_all_of_discord(
    database: Database,
) -> None:
    fingerprints = CommandFingerprints(database)
    everywhere = CommandFingerprint(None, "a" * 64, {"mailcheck": BIG_ID}, NOON)
    guild = CommandFingerprint(BIG_ID, "b" * 64, {}, NOON)
    assert await fingerprints.get(None) is None
    await fingerprints.put(everywhere)
    await fingerprints.put(guild)
    assert await fingerprints.get(None) == everywhere
    assert await fingerprints.get(BIG_ID) == guild
    assert await fingerprints.get(1) is None


async def test_a_later_fingerprint_takes_the_place_of_the_former(database: Database) -> None:
    fingerprints = CommandFingerprints(database)
    await fingerprints.put(CommandFingerprint(7, "old", {"a": 1, "b": 2}, NOON))
    later = CommandFingerprint(7, "new", {"c": 3}, NOON + HOUR)
    await fingerprints.put(later)
    assert await fingerprints.get(7) == later


async def test_recent_domains_come_latest_first_and_once(database: Database) -> None:
    recent = RecentDomains(database)
    await recent.remember(BIG_ID, FRIEND, NOON)
    await recent.remember(BIG_ID, COW, NOON + HOUR)
    assert await recent.of(BIG_ID) == (COW, FRIEND)
    await recent.remember(BIG_ID, FRIEND, NOON + 2 * HOUR)
    assert await recent.of(BIG_ID) == (FRIEND, COW)


async def test_no_member_sees_or_forgets_the_domains_of_another(database: Database) -> None:
    recent = RecentDomains(database)
    await recent.remember(1, FRIEND, NOON)
    await recent.remember(2, COW, NOON)
    assert await recent.of(1) == (FRIEND,)
    await recent.forget(1)
    assert await recent.of(1) == ()
    assert await recent.of(2) == (COW,)
    assert await recent.of(3) == ()


async def test_a_prefix_is_text_and_not_a_pattern(database: Database) -> None:
    recent = RecentDomains(database)
    await recent.remember(1, FRIEND, NOON)
    await recent.remember(1, COW, NOON)
    assert await recent.of(1, " FRI") == (FRIEND,)
    assert await recent.of(1, "end") == ()
    for hostile in ("%", "_riend", "*", "' OR 1=1 --", "\x00", "{{7*7}}", "f" * 10_000):
        assert await recent.of(1, hostile) == ()


@pytest.mark.parametrize("prefix", ["kjø", "KJØ", "xn--kj", "kjo\u0308tt"[:2]])
async def test_an_international_name_is_found_in_either_spelling(
    database: Database, prefix: str
) -> None:
    recent = RecentDomains(database)
    domain = Domain.parse("kjøtt.example").domain
    await recent.remember(1, domain, NOON)
    assert await recent.of(1, prefix) == (domain,)


async def test_a_prefix_in_decomposed_letters_is_the_same_prefix(database: Database) -> None:
    recent = RecentDomains(database)
    domain = Domain.parse("k\u00fch.example").domain
    await recent.remember(1, domain, NOON)
    assert await recent.of(1, "ku\u0308") == (domain,)


async def test_only_the_latest_fifty_of_a_member_are_kept(database: Database) -> None:
    recent = RecentDomains(database)
    await recent.remember(2, FRIEND, NOON - HOUR)
    domains = [Domain.from_ascii(f"n{number}.example") for number in range(KEPT + 5)]
    for number, domain in enumerate(domains):
        await recent.remember(1, domain, NOON + number * HOUR)
    assert await recent.of(1, limit=1000) == tuple(reversed(domains[5:]))
    assert len(await recent.of(1)) == 25
    assert await recent.of(1, limit=0) == ()
    assert await recent.of(2) == (FRIEND,)


async def test_a_clock_that_stands_still_or_goes_back_never_drops_what_was_just_asked(
    database: Database,
) -> None:
    recent = RecentDomains(database)
    for number in range(KEPT):
        await recent.remember(1, Domain.from_ascii(f"a{number}.example"), NOON)
    await recent.remember(1, Domain.from_ascii("zz.example"), NOON)
    await recent.remember(1, Domain.from_ascii("zzz.example"), NOON - HOUR)
    kept = await recent.of(1, limit=1000)
    assert len(kept) == KEPT
    assert Domain.from_ascii("zzz.example") in kept


async def test_fifty_tasks_remember_at_once(database: Database) -> None:
    recent = RecentDomains(database)
    same = [recent.remember(1, FRIEND, NOON) for _ in range(25)]
    others = [recent.remember(1, Domain.from_ascii(f"n{n}.example"), NOON) for n in range(25)]
    async with asyncio.timeout(MAX_WAIT):
        await asyncio.gather(*same, *others)
    assert len(await recent.of(1, limit=1000)) == 26


async def test_a_learned_key_is_current_until_another_takes_its_place(database: Database) -> None:
    keys = KnownKeys(database)
    assert await keys.current(FRIEND) is None
    first = await keys.learn(FRIEND, "dkim", KEY, KeySource.ADMIN, NOON)
    assert first == StoredKey(FRIEND, "dkim", KEY, KeySource.ADMIN, NOON, None)
    second = await keys.learn(FRIEND, "dkim", OTHER_KEY, KeySource.MAIL_SERVER, NOON + HOUR)
    assert await keys.current(FRIEND) == second
    assert await keys.former(FRIEND) == (
        StoredKey(FRIEND, "dkim", KEY, KeySource.ADMIN, NOON, NOON + HOUR),
    )
    assert await keys.current(COW) is None
    assert await keys.former(COW) == ()


async def test_learning_the_same_key_again_changes_only_who_said_it(database: Database) -> None:
    keys = KnownKeys(database)
    await keys.learn(FRIEND, "dkim", KEY, KeySource.ADMIN, NOON)
    await keys.learn(FRIEND, "dkim", KEY, KeySource.MAIL_SERVER, NOON + HOUR)
    assert await keys.current(FRIEND) == StoredKey(
        FRIEND, "dkim", KEY, KeySource.MAIL_SERVER, NOON, None
    )
    assert await keys.former(FRIEND) == ()


async def test_the_same_value_at_another_selector_is_another_key(database: Database) -> None:
    keys = KnownKeys(database)
    await keys.learn(FRIEND, "dkim", KEY, KeySource.ADMIN, NOON)
    moved = await keys.learn(FRIEND, "mailcow", KEY, KeySource.ADMIN, NOON + HOUR)
    assert await keys.current(FRIEND) == moved
    assert [key.selector for key in await keys.former(FRIEND)] == ["dkim"]


async def test_a_key_that_comes_back_is_current_and_its_past_is_kept(database: Database) -> None:
    keys = KnownKeys(database)
    for number, value in enumerate((KEY, OTHER_KEY, KEY)):
        await keys.learn(FRIEND, "dkim", value, KeySource.ADMIN, NOON + number * HOUR)
    current = await keys.current(FRIEND)
    assert current is not None
    assert (current.value, current.learned_at) == (KEY, NOON + 2 * HOUR)
    assert [key.value for key in await keys.former(FRIEND)] == [OTHER_KEY, KEY]


async def test_fifty_tasks_learn_at_once_and_one_key_is_current(database: Database) -> None:
    keys = KnownKeys(database)
    async with asyncio.timeout(MAX_WAIT):
        await asyncio.gather(
            *(
                keys.learn(FRIEND, "dkim", (KEY, OTHER_KEY)[n % 2], KeySource.MAIL_SERVER, NOON)
                for n in range(50)
            )
        )
    assert await keys.current(FRIEND) is not None
    assert all(key.superseded_at == NOON for key in await keys.former(FRIEND))


async def test_a_stored_check_comes_back_as_it_was_kept(database: Database) -> None:
    checks = StoredChecks(database)
    report = '{"schema": 1, "message": "\\u202e `x` {{7*7}} 牛"}' + " " * 100_000
    first = await checks.keep(FRIEND, BIG_ID, report, 1, NOON)
    second = await checks.keep(FRIEND, None, "{}", 2, NOON, confidential=False)
    assert await checks.get(first) == StoredCheck(
        first, FRIEND, BIG_ID, report, 1, NOON, confidential=True, shared=False
    )
    assert await checks.get(second) == StoredCheck(
        second, FRIEND, None, "{}", 2, NOON, confidential=False, shared=False
    )
    assert await checks.get(second + 1) is None


async def test_purged_checks_are_gone_and_their_ids_are_never_given_again(
    database: Database,
) -> None:
    checks = StoredChecks(database)
    old = await checks.keep(FRIEND, 1, "{}", 1, NOON)
    at_noon = await checks.keep(FRIEND, 1, "{}", 1, NOON + HOUR)
    assert await checks.purge(NOON + HOUR, 9) == 1
    assert await checks.get(old) is None
    assert await checks.get(at_noon) is not None
    assert await checks.purge(NOON + 2 * HOUR, 9) == 1
    assert await checks.purge(NOON + 2 * HOUR, 9) == 0
    assert await checks.keep(COW, 1, "{}", 1, NOON) > at_noon


async def test_a_chosen_provider_stays_with_the_member_and_the_domain(database: Database) -> None:
    recent = RecentDomains(database)
    assert await recent.provider(1, FRIEND) is None
    await recent.choose_provider(1, FRIEND, "cloudflare", NOON)
    await recent.remember(1, FRIEND, NOON + HOUR)
    assert await recent.provider(1, FRIEND) == "cloudflare"
    assert await recent.provider(2, FRIEND) is None
    assert await recent.provider(1, COW) is None
    await recent.choose_provider(1, FRIEND, "other", NOON)
    assert await recent.provider(1, FRIEND) == "other"
    await recent.forget(1)
    assert await recent.provider(1, FRIEND) is None
