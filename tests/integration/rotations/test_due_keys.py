"""Which keys are due for a new one, in which order, and how many are begun a day."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.model import BOT, MessageKind, NewRequest, RequestKind
from bot.rotations.due_keys import WhyDue
from bot.rotations.rotation import RotationState
from bot.rotations.rotation_service import MOST_A_DAY
from rotation_parts import ADMIN, FRIEND, NEW, NOON
from rotation_service_parts import TO_SWITCHED, ServiceParts, open_service, pair, value_of
from strategies import ED25519, RSA_1024

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

S = RotationState
DAY = timedelta(days=1)
HERD = tuple(f"d{number:02}.example" for number in range(30))
MOVER = Domain.from_ascii("mover.example")

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[ServiceParts]:
    async with open_service(database_url, MOVER.ascii, *HERD) as parts:
        yield parts


async def names(parts: ServiceParts) -> list[str]:
    return [key.domain.ascii for key in await parts.rotations.due_keys()]


async def learn_herd(parts: ServiceParts, count: int = len(HERD)) -> None:
    for number, name in enumerate(HERD[:count]):
        await parts.learn(Domain.from_ascii(name), days=900 - number)


async def test_a_key_is_due_when_it_is_older_than_a_year_and_the_oldest_comes_first(
    parts: ServiceParts,
) -> None:
    await parts.learn(FRIEND, days=365)
    assert await names(parts) == []
    await parts.learn(MOVER, days=500)
    await parts.learn(Domain.from_ascii("d07.example"), days=366)
    parts.time += timedelta(seconds=1)
    assert await names(parts) == ["mover.example", "d07.example", "friend.example"]
    first = (await parts.rotations.due_keys())[0]
    assert (first.why, first.bits, first.selector) == (WhyDue.OLD, 2048, "dkim")
    assert first.first_seen == NOON - 500 * DAY


async def test_a_short_key_is_due_at_once_and_one_of_ed25519_is_not_short(
    parts: ServiceParts,
) -> None:
    source = KeySource.MAIL_SERVER
    short, other = f"v=DKIM1;k=rsa;p={RSA_1024}", f"v=DKIM1;k=ed25519;p={ED25519}"
    await parts.keys.learn(FRIEND, "dkim", short, source, NOON)
    await parts.keys.learn(MOVER, "dkim", other, source, NOON)
    (due,) = await parts.rotations.due_keys()
    assert (due.domain, due.why, due.bits, due.new_bits) == (FRIEND, WhyDue.SHORT, 1024, 2048)
    parts.time += 366 * DAY
    assert [key.why for key in await parts.rotations.due_keys()] == [WhyDue.SHORT, WhyDue.OLD]


async def test_a_key_that_came_back_is_as_old_as_it_was(parts: ServiceParts) -> None:
    await parts.learn(FRIEND, days=400)
    await parts.learn(FRIEND, 1, days=10)
    assert await names(parts) == []
    await parts.learn(FRIEND, days=5)
    (due,) = await parts.rotations.due_keys()
    assert due.first_seen == NOON - 400 * DAY


async def test_a_key_that_was_switched_to_is_young(parts: ServiceParts) -> None:
    await parts.learn(FRIEND, days=400)
    rotation = await parts.bring(await parts.begin(), *TO_SWITCHED[:-1])
    assert await names(parts) == []  # it is being rotated
    await parts.bring(rotation, S.SWITCHED, learned=NEW)
    await parts.bring(rotation, S.RETIRING, S.RETIRED)
    assert await names(parts) == []
    parts.time += 366 * DAY
    (due,) = await parts.rotations.due_keys()
    assert (due.selector, due.first_seen) == (NEW.selector, NOON)


async def test_keys_of_domains_that_are_not_on_the_mail_server_are_none(
    parts: ServiceParts,
) -> None:
    gone = Domain.from_ascii("gone.example")
    await parts.learn(gone, days=900)
    assert await names(parts) == []
    # Where nobody tells, the domain may be there.
    assert [key.domain for key in await parts.by_hand.due_keys()] == [gone]


async def test_more_keys_than_are_read_at_once_are_found(
    parts: ServiceParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.rotations.rotation_service._AT_ONCE", 7)
    await learn_herd(parts)
    assert await names(parts) == list(HERD)


async def test_twenty_are_begun_a_day_the_oldest_first(parts: ServiceParts) -> None:
    await learn_herd(parts)
    begun = await parts.rotations.begin_due(ADMIN)
    assert [each.domain.ascii for each in begun.begun] == list(HERD[:MOST_A_DAY])
    assert (begun.refused, begun.left) == ((), 10)
    parts.time += DAY - timedelta(seconds=1)
    again = await parts.rotations.begin_due(ADMIN)
    assert (again.begun, again.left) == ((), 10)
    parts.time += timedelta(seconds=1)
    rest = await parts.rotations.begin_due(ADMIN)
    assert [each.domain.ascii for each in rest.begun] == list(HERD[MOST_A_DAY:])
    assert rest.left == 0


async def test_those_that_an_admin_began_are_counted_and_not_refused(parts: ServiceParts) -> None:
    await learn_herd(parts)
    for name in HERD[-19:]:
        await parts.begin(Domain.from_ascii(name))
    begun = await parts.rotations.begin_due(ADMIN)
    assert [each.domain.ascii for each in begun.begun] == [HERD[0]]
    assert begun.left == 10
    assert (await parts.rotations.begin(FRIEND, 2048, ADMIN)).is_new


async def test_two_who_begin_those_that_are_due_begin_no_more_than_one(
    parts: ServiceParts,
) -> None:
    await learn_herd(parts)
    first, second = await asyncio.gather(*(parts.rotations.begin_due(ADMIN) for _ in range(2)))
    assert len(first.begun) + len(second.begun) == MOST_A_DAY
    assert len(await parts.rotations.open_ones()) == MOST_A_DAY


async def test_each_that_is_refused_is_named_with_its_reason(parts: ServiceParts) -> None:
    await learn_herd(parts, 4)
    off, changed, asked, fine = map(Domain.from_ascii, HERD[:4])
    parts.cow.dkim[off.ascii] = DkimPair("dkim", "no key at all", "")
    parts.cow.dkim[changed.ascii] = pair(1)
    wanted = NewRequest(
        *(RequestKind.DKIM, asked, 1, 2, 5, "[]", NOON, (MessageKind.ADMIN_CARD,), 10)
    )
    await parts.requests.open(wanted, NOON)
    begun = await parts.rotations.begin_due(ADMIN)
    assert [each.domain for each in begun.begun] == [fine]
    assert [domain for domain, _ in begun.refused] == [off, changed, asked]
    codes = [error.code for _, error in begun.refused]
    assert codes[1:] == ["rotation-key-changed", "rotation-request-open"]
    assert codes[0].startswith("mailcow-key-")
    # What the mail server has is known now, and not due.
    current = await parts.keys.current(changed)
    assert current is not None
    assert current.value == value_of(pair(1))
    assert changed.ascii not in await names(parts)


async def test_the_others_wait_where_the_mail_server_does_not_answer(parts: ServiceParts) -> None:
    await learn_herd(parts, 5)
    parts.cow.throws.add(f"get/dkim/{HERD[2]}")
    begun = await parts.rotations.begin_due(ADMIN)
    assert [each.domain.ascii for each in begun.begun] == list(HERD[:2])
    assert [domain.ascii for domain, _ in begun.refused] == [HERD[2]]
    assert begun.left == 2


async def test_what_was_tried_lately_comes_last(parts: ServiceParts) -> None:
    await learn_herd(parts, 3)
    rotation = await parts.begin(Domain.from_ascii(HERD[0]))
    await parts.bring(rotation, S.FAILED)
    assert await names(parts) == [HERD[1], HERD[2], HERD[0]]
    parts.time += 31 * DAY
    assert await names(parts) == list(HERD[:3])


async def test_a_long_key_is_not_followed_by_a_shorter_one(parts: ServiceParts) -> None:
    long = pair(2, 3072)
    parts.cow.dkim[FRIEND.ascii] = long
    await parts.keys.learn(FRIEND, "dkim", value_of(long), KeySource.MAIL_SERVER, NOON - 400 * DAY)
    (begun,) = (await parts.rotations.begin_due(BOT)).begun
    assert (begun.bits, begun.opened_by) == (4096, None)
