"""Who watches what, what is waited for, and what the admins add, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from bot.checks.finding import Status
from bot.names import Domain
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.watch.awaited_goal import AwaitedEnd

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)
FRIEND, MOVER = Domain.from_ascii("friend.example"), Domain.from_ascii("mover.example")
ANN, BEN = 300000000000000007, 300000000000000008
MOST = 3

pytest_plugins = ["store_fixtures"]


async def run(database: Database, statement: str) -> None:
    def execute(session: Session) -> None:
        session.execute(text(statement))

    await database.write(execute)


def named(number: int) -> Domain:
    return Domain.from_ascii(f"n{number}.example")


async def test_a_domain_is_watched_once_for_a_member_and_looked_at_from_then_on(
    database: Database,
) -> None:
    watchers, records = Watchers(database), WatchRecords(database)
    added = await watchers.add(FRIEND, ANN, NOON, MOST)
    again = await watchers.add(FRIEND, ANN, NOON + timedelta(days=1), MOST)
    assert added is not None
    assert again is not None
    assert (added[1], again[1]) == (True, False)
    assert added[0] == again[0]
    watched = await records.watched(FRIEND)
    assert watched is not None
    assert (watched.due_at, watched.hosted, watched.by_hand) == (NOON, False, False)
    assert await records.find("", 25) == (FRIEND,)
    assert await watchers.remove(FRIEND, ANN)
    assert not await watchers.remove(FRIEND, ANN)
    assert await records.find("", 25) == ()


async def test_of_many_at_once_no_member_gets_more_than_may(database: Database) -> None:
    watchers, awaited = Watchers(database), AwaitedGoals(database)
    added = await asyncio.gather(
        *(watchers.add(named(number), ANN, NOON, MOST) for number in range(MOST + 3))
    )
    assert sum(one is not None for one in added) == MOST
    waits = await asyncio.gather(
        *(
            awaited.add(named(number), ANN, "mx", NOON, confidential=False, most=MOST)
            for number in range(MOST + 3)
        )
    )
    assert sum(one is not None for one in waits) == MOST
    assert await watchers.add(FRIEND, BEN, NOON, MOST) is not None
    assert await watchers.count_of(ANN) == MOST


async def test_a_pause_is_kept_and_taken_back(database: Database) -> None:
    watchers = Watchers(database)
    assert await watchers.pause(FRIEND, ANN, NOON) is None
    await watchers.add(FRIEND, ANN, NOON, MOST)
    paused = await watchers.pause(FRIEND, ANN, NOON + timedelta(days=7))
    assert paused == await watchers.get(FRIEND, ANN)
    assert paused is not None
    assert paused.paused_until == NOON + timedelta(days=7)
    resumed = await watchers.pause(FRIEND, ANN, None)
    assert resumed is not None
    assert resumed.paused_until is None


async def test_a_double_click_waits_once_and_a_cancelled_goal_can_be_awaited_anew(
    database: Database,
) -> None:
    awaited = AwaitedGoals(database)
    twice = await asyncio.gather(
        *(awaited.add(FRIEND, ANN, "mx", NOON, confidential=False, most=MOST) for _ in range(2))
    )
    assert sorted(one[1] for one in twice if one is not None) == [False, True]
    (first,) = await awaited.open_of(ANN)
    assert await awaited.cancel(first.id, BEN, NOON) is None
    ended = await awaited.cancel(first.id, ANN, NOON)
    assert ended is not None
    assert (ended.end, ended.ended_at) == (AwaitedEnd.CANCELLED, NOON)
    assert await awaited.cancel(first.id, ANN, NOON + timedelta(days=1)) == ended
    anew = await awaited.add(FRIEND, ANN, "mx", NOON, confidential=True, most=MOST)
    assert anew is not None
    assert anew[1]
    assert [(one.goal, one.confidential) for one in await awaited.open_of(ANN)] == [("mx", True)]


async def test_the_same_goal_from_home_may_count_what_the_mail_server_knows(
    database: Database,
) -> None:
    awaited = AwaitedGoals(database)
    await awaited.add(FRIEND, ANN, "mx", NOON, confidential=False, most=MOST)
    await awaited.add(FRIEND, ANN, "mx", NOON, confidential=True, most=MOST)
    await awaited.add(FRIEND, ANN, "mx", NOON, confidential=False, most=MOST)
    (kept,) = await awaited.open_of(ANN)
    assert kept.confidential


async def test_waiting_makes_a_look_due_at_a_domain_that_is_known(database: Database) -> None:
    watchers, records = Watchers(database), WatchRecords(database)
    await watchers.add(FRIEND, ANN, NOON, MOST)
    await run(database, "UPDATE watched SET due_at = '2027-01-01 00:00:00'")
    later = NOON + timedelta(hours=1)
    await AwaitedGoals(database).add(FRIEND, ANN, "mx", later, confidential=False, most=MOST)
    watched = await records.watched(FRIEND)
    assert watched is not None
    assert watched.due_at == later


async def test_what_an_admin_adds_goes_when_they_take_it_out_unless_somebody_wants_it(
    database: Database,
) -> None:
    watchers, records = Watchers(database), WatchRecords(database)
    assert await records.add_by_hand(FRIEND, NOON)
    assert not await records.add_by_hand(FRIEND, NOON)
    assert await records.remove_by_hand(FRIEND) == (True, False)
    assert await records.remove_by_hand(MOVER) == (False, False)
    await records.add_by_hand(FRIEND, NOON)
    await watchers.add(FRIEND, ANN, NOON, MOST)
    assert await records.remove_by_hand(FRIEND) == (True, True)
    assert not await records.pause(MOVER, NOON)
    assert await records.pause(FRIEND, NOON + timedelta(days=1))
    assert [one.subject for one in (await records.overview(MIDNIGHT, NOON)).paused.first] == [
        FRIEND.ascii
    ]


async def test_the_overview_counts_looks_of_today_and_what_they_did_not_find_out(
    database: Database,
) -> None:
    records = WatchRecords(database)
    for number in range(4):
        await records.add_by_hand(named(number), NOON)
    for number, (looked_at, known_at, status) in enumerate(
        [
            (NOON, NOON, Status.PASS),
            (NOON, NOON - timedelta(days=3), Status.PASS),
            (NOON - timedelta(days=1), NOON - timedelta(days=1), Status.FAIL),
        ]
    ):
        looked, known = (str(time.replace(tzinfo=None)) for time in (looked_at, known_at))
        await run(
            database,
            f"UPDATE watched SET looked_at = '{looked}', known_at = '{known}', "  # noqa: S608 - ours
            f"status = '{status}', due_at = '2026-11-23 0{number}:00:00' "
            f"WHERE subject = 'n{number}.example'",
        )
    overview = await records.overview(MIDNIGHT, NOON)
    assert (overview.total, overview.looked) == (4, 2)
    assert [one.subject for one in overview.unknown.first] == ["n1.example"]
    assert overview.next_at == NOON
    assert overview.open_ones.total == 0
    # The mail server itself is no domain, and its looks come in their turn like any other.
    await run(
        database,
        "INSERT INTO watched (subject, hosted, by_hand, is_new, added_at, due_at, version, state, "
        "green) VALUES ('@server', false, false, false, '2026-11-20', '2026-11-20', 1, '', false)",
    )
    overview = await records.overview(MIDNIGHT, NOON)
    assert overview.total == 4
    assert overview.next_at == datetime(2026, 11, 20, tzinfo=UTC)
