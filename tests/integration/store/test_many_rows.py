"""What runs often, over many rows: it finds the same as who looks at each, and looks at few."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from benchmarks.daily_life import list_steps
from benchmarks.many_rows import Extent, ManyRows
from benchmarks.query_plans import record_statements
from benchmarks.sample_looks import SampleLooks
from bot.names import Domain
from bot.requests.model import ENDED, State
from bot.store.engine.database import Database
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.mail_test_news import MailTestNews
from bot.store.repositories.watched_rows import make_watched
from bot.store.tables import MailTestRow, OutboxRow, RequestRow
from bot.store.watch_tables import WatchedRow, WatchNewsRow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from sqlalchemy.orm import Session

pytest_plugins = ["store_fixtures"]

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DOMAINS = 1_000
TIMES = st.none() | st.integers(-3_000, 6_000).map(lambda minutes: NOW + minutes * DAY / 1_440)
LEASES = st.lists(st.tuples(TIMES, TIMES), max_size=8)
MESSAGES = st.lists(
    st.tuples(TIMES.filter(bool), TIMES, st.booleans(), st.integers(0, 2), st.booleans()),
    max_size=8,
)
REQUESTS = st.tuples(*(st.tuples(st.sampled_from(State), TIMES, TIMES) for _ in range(3)))


async def test_nothing_of_the_daily_life_reads_a_whole_table(database_url: str) -> None:
    looks = await SampleLooks.make()
    rows = ManyRows(Extent.of(DOMAINS), looks, NOW)
    async with await Database.open(database_url) as database:
        await rows.fill(database)
        for step in list_steps(database, rows, looks):
            with record_statements(explain=True) as recording:
                await step.act()
            assert recording.plans, step.name
            if step.reads_all:
                continue
            for plan in recording.plans:
                assert not plan.tables_read_whole, (step.name, plan)
                # A member may have many checks, of which the surplus is looked for.
                assert sum(scan.rows for scan in plan.scans) <= 20 * plan.given + 100, step.name


async def test_no_writer_reads_a_whole_table_that_has_few_rows(database_url: str) -> None:
    looks = await SampleLooks.make()
    rows = ManyRows(Extent.of(100), looks, NOW)
    async with await Database.open(database_url) as database:
        await rows.fill(database)
        for step in list_steps(database, rows, looks):
            if step.name.startswith("settle"):
                with record_statements(explain=True) as recording:
                    await step.act()
                assert [plan.tables_read_whole for plan in recording.plans if plan.scans]
                assert not any(plan.tables_read_whole for plan in recording.plans)


def test_what_is_due_next_is_what_all_rows_say(database_url: str) -> None:
    with asyncio.Runner() as runner:
        database = runner.run(Database.open(database_url))

        @given(LEASES, MESSAGES, REQUESTS)
        def check(
            leases: list[tuple[datetime | None, datetime | None]],
            messages: list[tuple[datetime, datetime | None, bool, int, bool]],
            requests: tuple[tuple[State, datetime | None, datetime | None], ...],
        ) -> None:
            made = [
                *_make_watched(leases),
                *_make_requests(requests),
                *_make_messages(messages),
                *_make_tests(leases),
            ]
            runner.run(_compare(database, made))

        try:
            check()
        finally:
            runner.run(database.aclose())


async def _compare(database: Database, made: list[Any]) -> None:
    def fill(session: Session) -> None:
        for table in (OutboxRow, RequestRow, WatchedRow, WatchNewsRow, MailTestRow):
            session.execute(delete(table))
        for row in made:
            session.merge(row)  # a copy, as this may be called again
            session.flush()

    await database.write(fill)
    watch, requests = WatchStore.of(database), RequestStore.of(database)
    watched = [row for row in made if isinstance(row, WatchedRow)]
    news = [row for row in made if isinstance(row, WatchNewsRow) and row.ended_at is None]
    tests = [row for row in made if isinstance(row, MailTestRow) and row.told_at is None]
    left = [row for row in made if isinstance(row, OutboxRow) and row.ended_at is None]
    first = {(row.request_id, row.target): row for row in reversed(left)}
    open_ones = [row for row in made if isinstance(row, RequestRow) and _is_left(row, left)]
    found: list[tuple[Callable[[], Awaitable[datetime | None]], Iterable[Any]]] = [
        (watch.domains.next_due, watched),
        (watch.news.next_due, news),
        (MailTestNews(database).next_due, tests),
        (requests.outbox.next_due, first.values()),
        (requests.requests.next_due, open_ones),
    ]
    for next_due, rows in found:
        assert await next_due() == _earliest(rows), next_due
    due = sorted((row.due_at, row.subject) for row in watched if _is_due(row))[:3]
    taken = await watch.domains.take_due(NOW, DAY, 3)
    assert [(one.due_at, one.subject) for one in taken] == due


def _earliest(rows: Iterable[Any]) -> datetime | None:
    times = (max(row.due_at, row.lease_until or row.due_at) for row in rows if row.due_at)
    return min(times, default=None)


def _is_due(row: WatchedRow) -> bool:
    is_free = row.lease_until is None or row.lease_until <= NOW
    return is_free and row.due_at is not None and not NOW < row.due_at <= NOW + 2 * DAY


def _is_left(row: RequestRow, left: list[OutboxRow]) -> bool:
    if row.state == State.LIVE.value:
        return all(message.request_id != row.id for message in left)
    return row.closed_at is None


def _make_watched(leases: list[tuple[datetime | None, datetime | None]]) -> list[WatchedRow]:
    rows = [make_watched(f"d{number}.example", NOW) for number in range(len(leases))]
    for row, (due_at, lease_until) in zip(rows, leases, strict=True):
        row.due_at, row.lease_until = due_at, lease_until
    return rows


def _make_requests(
    requests: tuple[tuple[State, datetime | None, datetime | None], ...],
) -> list[RequestRow]:
    return [
        RequestRow(
            id=number,
            kind="dkim",
            domain=Domain.from_ascii(f"d{number}.example"),
            **dict.fromkeys(("guild_id", "channel_id", "member_id", "version"), 1),
            state=state.value,
            created_at=NOW,
            changed_at=NOW,
            closed_at=NOW if state in ENDED else None,
            due_at=due_at,
            lease_until=lease_until,
            attempts=0,
            by_hand=False,
            **dict.fromkeys(("reason", "value", "selector", "seen", "evidence"), ""),
        )
        for number, (state, due_at, lease_until) in enumerate(requests)
    ]


def _make_messages(
    messages: list[tuple[datetime, datetime | None, bool, int, bool]],
) -> list[OutboxRow | WatchNewsRow]:
    rows: list[OutboxRow | WatchNewsRow] = []
    for number, (due_at, lease_until, is_left, request_id, is_to_member) in enumerate(messages, 1):
        own = {
            "id": number,
            "nonce": str(number),
            "version": number,
            "created_at": NOW,
            "due_at": due_at,
            "lease_until": lease_until,
            "attempts": 0,
            "ended_at": None if is_left else NOW,
            "detail": "",
        }
        target = "member" if is_to_member else "admin"
        rows.append(OutboxRow(request_id=request_id, what=f"{target}-edit", target=target, **own))
        rows.append(WatchNewsRow(key=str(number), what="digest", target=0, facts="{}", **own))
    return rows


def _make_tests(leases: list[tuple[datetime | None, datetime | None]]) -> list[MailTestRow]:
    return [
        MailTestRow(
            member_id=1,
            digest=str(number),
            made_at=NOW,
            ends_at=NOW,
            state="ended",
            in_spam=False,
            passed=False,
            **dict.fromkeys(("verdict", "head", "fault", "detail"), ""),
            nonce=str(number),
            news_at=NOW,
            due_at=due_at,
            lease_until=lease_until,
            attempts=0,
            told_at=NOW if number % 3 == 2 else None,
        )
        for number, (due_at, lease_until) in enumerate(leases)
    ]
