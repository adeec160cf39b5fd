"""How long what the watch keeps is kept, over an SQLite file and a clock that is set forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services.privacy import NEWS_KEPT
from bot.services.retention import Retention
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.store.watch_tables import DomainChangeRow, IncidentRow, WatchNewsRow
from bot.watch.watched_domain import HISTORY_KEPT
from request_parts import ANN, FRIEND, MOVER, Setup

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.store.tables import Base

pytest_plugins = ["request_fixtures"]


async def purge(parts: Setup) -> int:
    retention, gone = Retention(parts.database, parts.now), 0
    while (step := await retention.step()) > 0:
        gone += step
    return gone


async def keep(parts: Setup, *rows: Base) -> None:
    def add(session: Session) -> None:
        for row in rows:
            session.merge(row)

    await parts.database.write(add)


def news(number: int, now: datetime, *, ended: bool) -> WatchNewsRow:
    """Return a message of the watch to Ann."""
    return WatchNewsRow(
        key=f"awaited:{number}",
        what="awaited",
        target=ANN,
        facts="{}",
        nonce=str(number),
        version=1,
        created_at=now,
        due_at=now,
        attempts=0,
        ended_at=now if ended else None,
        detail="",
    )


def incident(subject: str, at: datetime, *, closed: bool) -> IncidentRow:
    return IncidentRow(
        subject=subject,
        check="mx",
        finding="{}",
        began_at=at,
        opened_at=at,
        seen_at=at,
        relapses=0,
        closed_at=at if closed else None,
    )


async def test_what_was_waited_for_and_told_is_kept_30_days_from_its_end(parts: Setup) -> None:
    awaited = AwaitedGoals(parts.database)
    for goal in ("mx", "spf"):
        await awaited.add(FRIEND, ANN, goal, parts.time, confidential=False, most=9)
    await awaited.cancel(1, ANN, parts.time)
    await keep(parts, news(1, parts.time, ended=True), news(2, parts.time, ended=False))
    parts.time += NEWS_KEPT
    assert await purge(parts) == 0
    parts.pass_time(seconds=1)
    assert await purge(parts) == 2
    assert [one.goal for one in await awaited.open_of(ANN)] == ["spf"]
    assert await WatchRecords(parts.database).news_of(ANN) == 1
    parts.time += HISTORY_KEPT
    assert await purge(parts) == 0  # what is open has no age


async def test_the_history_of_domains_is_kept_400_days(parts: Setup) -> None:
    watchers, records = Watchers(parts.database), WatchRecords(parts.database)
    for domain in (FRIEND, MOVER):
        await watchers.add(domain, ANN, parts.time, 9)
    await watchers.remove(MOVER, ANN)
    await keep(
        parts,
        DomainChangeRow(domain=FRIEND, at=parts.time, changes="{}"),
        incident(FRIEND.ascii, parts.time, closed=True),
        incident(MOVER.ascii, parts.time, closed=False),
    )
    parts.time += HISTORY_KEPT
    assert await purge(parts) == 0
    parts.pass_time(seconds=1)
    assert await purge(parts) == 3  # the change, what was closed, and a domain that nobody wants
    assert await records.watched(MOVER) is None
    assert await records.watched(FRIEND) is not None
    assert await watchers.count_of(ANN) == 1  # until they take it back
    assert await purge(parts) == 0
