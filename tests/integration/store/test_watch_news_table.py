from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check
from bot.requests.model import MessageKind, Undelivered
from bot.requests.schedule import GIVE_UP_AFTER
from bot.store.repositories.watch_records import WatchRecords
from bot.watch.news_facts import dump_certificate, load_certificate
from bot.watch.watch_news import ADMINS, CertificateTold, NewsKind
from watch_parts import WatchedWorld, open_watch
from watch_story import BEGIN, DAY, FAIL, FRIEND, HOUR

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from watch_parts import WatchParts

ANN = 7
LEASE = timedelta(minutes=2)
PLACE = (100, 200)
SECOND = timedelta(minutes=6)

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def watch(database_url: str) -> AsyncIterator[WatchParts]:
    """A watch that has to tell the admins and a member that an MX record is gone."""
    world = WatchedWorld(statuses={"friend.example": {Check.MX: FAIL}})
    async with open_watch(database_url, world) as parts:
        await parts.jump(timedelta(0))
        await parts.watchers.add(FRIEND, ANN, world.at, 10)
        await parts.jump(DAY, SECOND)
        yield parts


async def deliver(watch: WatchParts) -> int:
    """Deliver everything that is due; how much it was."""
    taken = await watch.store.news.take_due(watch.world.at, LEASE, 99)
    for message in taken:
        await watch.store.news.end(message, watch.world.at, PLACE)
    return len(taken)


async def test_news_are_taken_once_with_their_try_counted(watch: WatchParts) -> None:
    news, now = watch.store.news, watch.world.at
    first, second = await news.take_due(now, LEASE, 99)
    assert (first.what, second.what) == (MessageKind.ADMIN_WATCH, MessageKind.MEMBER_WATCH)
    assert (first.attempts, first.version, first.message_id) == (1, 1, None)
    assert await news.take_due(now, LEASE, 99) == ()
    assert await news.next_due() == now + LEASE
    again = await news.take_due(now + LEASE, LEASE, 1)
    assert [(message.id, message.attempts) for message in again] == [(first.id, 2)]


async def test_a_lease_of_the_process_before_is_released(watch: WatchParts) -> None:
    await watch.store.news.take_due(watch.world.at, LEASE, 99)
    await watch.store.news.release_leases()
    assert len(await watch.store.news.take_due(watch.world.at, LEASE, 99)) == 2


async def test_what_was_delivered_is_due_no_more_and_known_by_its_place(watch: WatchParts) -> None:
    assert await deliver(watch) == 2
    assert await watch.store.news.next_due() is None
    news = await watch.store.news.get(1)
    assert news is not None
    assert (news.target, news.what) == (ADMINS, NewsKind.INCIDENTS)
    assert (news.channel_id, news.message_id) == PLACE
    assert await watch.store.news.get(99) is None


async def test_what_could_not_be_delivered_is_tried_later(watch: WatchParts) -> None:
    news, later = watch.store.news, watch.world.at + HOUR
    for message in await news.take_due(watch.world.at, LEASE, 99):
        await news.put_off(message, later, "Discord is away")
    assert await news.take_due(watch.world.at, LEASE, 99) == ()
    assert await news.next_due() == later
    assert {message.detail for message in await news.take_due(later, LEASE, 99)} == {
        "Discord is away"
    }


async def test_a_message_of_weeks_ago_is_drawn_anew_however_often_that_has_to_be_tried(
    watch: WatchParts,
) -> None:
    await deliver(watch)
    watch.world.at += 20 * DAY
    watch.world.statuses.clear()
    await watch.jump(HOUR)
    for _ in range(3):
        now = watch.world.at
        taken = await watch.store.news.take_due(now, LEASE, 99)
        drawn = [message for message in taken if message.message_id is not None]
        assert len(drawn) == 2
        for message in drawn:
            assert now - message.created_at < GIVE_UP_AFTER
            await watch.store.news.put_off(message, now + HOUR, "Discord is away")
        watch.world.at += HOUR


async def test_a_message_that_says_something_else_now_is_due_again(watch: WatchParts) -> None:
    await deliver(watch)
    watch.world.statuses.clear()
    await watch.jump(HOUR)
    taken = await watch.store.news.take_due(watch.world.at, LEASE, 99)
    assert [(m.message_id, m.version, m.attempts) for m in taken] == [(200, 2, 1), (200, 2, 1)]


async def test_what_changed_while_it_was_being_sent_is_drawn_anew_afterwards(
    watch: WatchParts,
) -> None:
    news = watch.store.news
    (first, second) = await news.take_due(watch.world.at, LEASE, 99)
    watch.world.statuses.clear()
    await watch.jump(HOUR)
    await news.end(first, watch.world.at, PLACE)
    (again,) = await news.take_due(watch.world.at - HOUR + LEASE / 2, LEASE, 99)
    assert (again.id, again.message_id, again.version) == (first.id, 200, 2)
    assert second.id != first.id


async def test_news_that_reached_nobody_are_not_sent_again_when_they_change(
    watch: WatchParts,
) -> None:
    news = watch.store.news
    for message in await news.take_due(watch.world.at, LEASE, 99):
        await news.end(message, watch.world.at, None, "no way", Undelivered.NO_WAY)
    watch.world.statuses.clear()
    await watch.jump(HOUR)
    assert await news.take_due(watch.world.at, LEASE, 99) == ()


async def test_a_message_of_which_nothing_is_left_says_so(watch: WatchParts) -> None:
    news = await watch.store.news.get(1)
    assert news is not None
    told = await watch.store.news.content_of(news)
    assert told is not None
    gone = replace(news, facts={"opened": [999], "closed": []})
    assert await watch.store.news.content_of(gone) is None
    waited = replace(news, what=NewsKind.AWAITED, facts={"awaited": 99, "finding": None})
    assert await watch.store.news.content_of(waited) is None


async def test_the_end_of_a_fault_that_lasted_for_months_is_told_to_all(watch: WatchParts) -> None:
    await deliver(watch)
    records = WatchRecords(watch.database)
    await watch.jump(60 * DAY)
    assert await records.purge_news(watch.world.at - DAY, 99) == 0
    watch.world.statuses.clear()
    await watch.jump(DAY, DAY)
    closed = [news.target for news, _ in await watch.told() if news.facts.get("closed")]
    assert closed == [ADMINS, ANN]
    await deliver(watch)
    assert await records.purge_news(watch.world.at + DAY, 99) > 4


def test_news_of_a_certificate_are_kept_whole() -> None:
    told = CertificateTold("mx1.cow.example", (993, 465), BEGIN, 7)
    assert load_certificate(dump_certificate(told)) == told
