"""Who of several processes leads, on a real PostgreSQL whose connections are cut in every way."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.process_name import Duty, ProcessName
from bot.store.engine import server_leadership
from bot.store.engine.leadership import open_leadership
from bot.store.engine.postgresql import IN_USE, LEADER
from bot.store.engine.server_leadership import GRACE, SURE_FOR
from bot.store.engine.session import SILENCE, Session, present
from bot.store.engine.url import Address
from max_wait import MAX_WAIT
from postgres_front import open_front
from postgres_way import PostgresWay
from transaction_pooler import TransactionPooler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    import asyncpg

    from bot.store.engine.leadership import Leadership
    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

_HOLDS = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = $1 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@pytest.fixture
async def name(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database with our tables."""
    async with postgres.database() as name:
        yield name


@pytest.fixture
async def operator(postgres: PostgresServer, name: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the server's operator to that database."""
    connection = await postgres.connect(name)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def leading(url: str) -> AsyncIterator[Leadership]:
    """Yield one that leads."""
    async with open_leadership(url, waits=False) as leadership:
        await leadership.take()
        yield leadership


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Return when it is so, as looks at the server show."""
    async with asyncio.timeout(MAX_WAIT):
        while not await is_so():  # noqa: ASYNC110 - the server sets no event of ours
            await asyncio.sleep(0.02)


async def seconds_until(leading: asyncio.Task[None], since: float) -> float:
    await asyncio.wait_for(leading, MAX_WAIT)
    return time.monotonic() - since


async def test_the_first_one_leads_at_once_and_a_second_is_refused_with_its_name(
    postgres: PostgresServer, name: str
) -> None:
    url = postgres.url_of(name)
    begun = time.monotonic()
    async with leading(url) as first, open_leadership(url, waits=False) as second:
        assert time.monotonic() - begun < 2
        assert first.is_sure()
        with pytest.raises(StoreError) as refused:
            await second.take()
        assert not second.is_sure()
    assert f"another Cowbell ({ProcessName.own(Duty.RUN)}); stop that one" in str(refused.value)


async def test_who_left_discord_is_followed_at_once_and_leaves_a_note(
    postgres: PostgresServer, name: str
) -> None:
    url = postgres.url_of(name)
    async with leading(url) as first, open_leadership(url, waits=True) as second:
        waiting = asyncio.create_task(second.wait_until_leading())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        assert second.note == ""
        left_at = time.monotonic()
        await first.leave("what I had under way")
        second.look_now()
        assert await seconds_until(waiting, left_at) < 1
        assert second.is_sure()
        assert not first.is_sure()
        assert second.note == "what I had under way"


async def test_who_stands_back_lets_another_one_go_first(
    postgres: PostgresServer, name: str
) -> None:
    url = postgres.url_of(name)
    async with (
        leading(url) as first,
        open_leadership(url, waits=True) as passed_over,
        open_leadership(url, waits=True) as chosen,
    ):
        passed_over.stand_back(MAX_WAIT)
        waiting = [asyncio.create_task(one.wait_until_leading()) for one in (passed_over, chosen)]
        await first.leave()
        await asyncio.wait_for(waiting[1], MAX_WAIT)
        await chosen.leave()
        passed_over.look_now()
        await asyncio.sleep(0.1)
        assert not waiting[0].done()
        passed_over.stand_back(0.0)
        passed_over.look_now()
        await asyncio.wait_for(waiting[0], MAX_WAIT)


@pytest.mark.slow  # the grace
async def test_who_is_stopped_in_its_grace_does_not_say_that_the_one_before_left(
    postgres: PostgresServer, name: str
) -> None:
    url = postgres.url_of(name)
    async with leading(url):
        pass  # as after a crash: the session is over, and nothing was said
    async with open_leadership(url, waits=True) as second:
        waiting = asyncio.create_task(second.wait_until_leading())
        await asyncio.sleep(0.5)
        assert not second.is_sure()
        waiting.cancel()
        await second.leave()
    begun = time.monotonic()
    async with leading(url) as third:
        assert GRACE <= time.monotonic() - begun < GRACE + 2
        assert third.note == ""


@pytest.mark.slow  # as long as one answer makes sure
async def test_a_session_that_the_operator_ends_is_had_anew_without_losing_the_place(
    postgres: PostgresServer, name: str, operator: asyncpg.Connection
) -> None:
    async with leading(postgres.url_of(name)) as leadership:
        (first,) = await operator.fetchrow(_HOLDS, LEADER)
        await operator.execute("SELECT pg_terminate_backend($1, 5000)", first)

        async def is_another() -> bool:
            return await operator.fetchval(_HOLDS, LEADER) not in (None, first)

        await until(is_another)
        assert leadership.is_sure()
        await asyncio.sleep(SURE_FOR + 0.2)
        assert leadership.is_sure()


async def test_a_leader_whose_row_was_taken_away_loses_its_place_with_its_session(
    postgres: PostgresServer, name: str, operator: asyncpg.Connection
) -> None:
    async with leading(postgres.url_of(name)) as leadership:
        await operator.execute("DELETE FROM leadership")  # as who puts an older backup back
        (first,) = await operator.fetchrow(_HOLDS, LEADER)
        await operator.execute("SELECT pg_terminate_backend($1, 5000)", first)
        await asyncio.wait_for(leadership.wait_until_lost(), MAX_WAIT)
        assert not leadership.is_sure()


@pytest.mark.parametrize("pace", [4, pytest.param(1, marks=pytest.mark.slow)])
async def test_a_place_that_another_took_meanwhile_is_lost_before_that_one_begins(
    postgres: PostgresServer, name: str, monkeypatch: pytest.MonkeyPatch, pace: int
) -> None:
    """At four times the pace, and slowly at the real one."""
    for times in ("PROBE_EVERY", "PROBE_TIMEOUT", "SURE_FOR", "GRACE"):
        monkeypatch.setattr(server_leadership, times, getattr(server_leadership, times) / pace)
    async with (
        PostgresWay(postgres) as way,
        leading(way.url_of(name)) as first,
        open_leadership(postgres.url_of(name), waits=True) as second,
    ):
        waiting = asyncio.create_task(second.wait_until_leading())
        lost = asyncio.create_task(first.wait_until_lost())
        way.cut_hard()
        cut_at = time.monotonic()
        await asyncio.wait_for(lost, MAX_WAIT)
        assert time.monotonic() - cut_at <= SURE_FOR / pace + 0.5
        assert not first.is_sure()
        assert not waiting.done()
        assert await seconds_until(waiting, cut_at) < GRACE / pace + 2
        way.restore()
        with pytest.raises(StoreError, match="in use by another Cowbell"):
            await first.take()


@pytest.mark.slow  # the server's own patience
async def test_a_connection_cut_without_a_word_ends_sureness_and_then_the_session(
    postgres: PostgresServer, name: str
) -> None:
    async with (
        PostgresWay(postgres) as way,
        leading(way.url_of(name)) as first,
        open_leadership(postgres.url_of(name), waits=True) as second,
    ):
        waiting = asyncio.create_task(second.wait_until_leading())
        way.cut_silently()
        cut_at = time.monotonic()
        await asyncio.wait_for(first.wait_until_lost(), MAX_WAIT)
        assert time.monotonic() - cut_at <= SURE_FOR + 0.2
        assert not first.is_sure()
        took = await seconds_until(waiting, cut_at)
        assert SURE_FOR < took < SILENCE + GRACE + 2
        way.restore()
        assert not first.is_sure()


@pytest.mark.slow  # as above
async def test_who_lost_its_place_that_nobody_took_has_it_again_without_waiting(
    postgres: PostgresServer, name: str
) -> None:
    async with PostgresWay(postgres) as way, leading(way.url_of(name)) as leadership:
        way.cut_silently()
        await asyncio.wait_for(leadership.wait_until_lost(), MAX_WAIT)
        way.restore()
        begun = time.monotonic()
        await leadership.wait_until_leading()
        assert time.monotonic() - begun < 2
        assert leadership.is_sure()


async def test_who_waits_goes_on_when_the_server_was_away(
    postgres: PostgresServer, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        PostgresWay(postgres) as way,
        leading(postgres.url_of(name)) as first,
        open_leadership(way.url_of(name), waits=True) as second,
    ):
        waiting = asyncio.create_task(second.wait_until_leading())
        way.cut_hard()
        await asyncio.sleep(1.2)
        assert not waiting.done()
        way.restore()
        await first.leave()
        await seconds_until(waiting, 0)
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert "waiting, and not first in line: The database" in warnings[0].getMessage()


async def test_every_process_holds_the_lock_that_keeps_a_move_away(
    postgres: PostgresServer, name: str, operator: asyncpg.Connection
) -> None:
    url, work = postgres.url_of(name), ProcessName.own(Duty.WORK)
    async with open_leadership(url, waits=True), present(url, work):
        assert len(await operator.fetch(_HOLDS, IN_USE)) == 2
        session = await Session.open(Address.parse(url), ProcessName.own(Duty.RUN))
        names = [holder.application for holder in await session.holders(IN_USE)]
        await session.aclose()
        assert names[:2] == [str(ProcessName.own(Duty.STANDBY)), str(work)]
        assert not await operator.fetchval("SELECT pg_try_advisory_lock($1)", IN_USE)

    async def is_free() -> bool:
        return bool(await operator.fetchval("SELECT pg_try_advisory_lock($1)", IN_USE))

    await until(is_free)
    with pytest.raises(StoreError, match="is being filled by move-database"):
        async with open_leadership(url, waits=True):
            pass


async def test_a_process_that_works_has_its_lock_again_after_its_session_was_ended(
    postgres: PostgresServer, name: str, operator: asyncpg.Connection
) -> None:
    async with present(postgres.url_of(name), ProcessName.own(Duty.WORK)):
        (first,) = await operator.fetchrow(_HOLDS, IN_USE)
        await operator.execute("SELECT pg_terminate_backend($1, 5000)", first)

        async def is_held() -> bool:
            return await operator.fetchval(_HOLDS, IN_USE) not in (None, first)

        await until(is_held)


async def test_on_sqlite_whoever_has_the_file_leads(tmp_path: Path) -> None:
    async with leading(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as leadership:
        assert leadership.is_sure()
        await leadership.wait_until_leading()
        losing = asyncio.create_task(leadership.wait_until_lost())
        await leadership.leave()
        await asyncio.sleep(0)
        assert not losing.done()
        assert leadership.is_sure()
        losing.cancel()


async def test_a_pooler_that_lends_out_sessions_is_refused_with_what_to_do(
    postgres: PostgresServer, name: str
) -> None:
    async with TransactionPooler(postgres) as pooler:
        with pytest.raises(StoreError) as refused:
            async with open_leadership(pooler.url_of(name), waits=False):
                pass
    assert "is behind a connection pooler (two connections got one session)" in str(refused.value)
    assert "name the PostgreSQL server itself in DATABASE_URL" in str(refused.value)


async def test_a_pooler_that_the_doctor_knows_is_refused_too(
    postgres: PostgresServer, name: str
) -> None:
    async with open_front(postgres.socket, None, renames_sessions=True) as front:
        url = f"postgresql+asyncpg://postgres@localhost:{front.port}/{name}"
        with pytest.raises(StoreError, match="behind a connection pooler"):
            async with open_leadership(url, waits=False):
                pass


@pytest.mark.slow  # a server of its own
async def test_the_place_is_kept_while_the_server_is_started_anew(
    own_postgres: PostgresServer,
) -> None:
    async with own_postgres.database() as name, leading(own_postgres.url_of(name)) as leadership:
        lost = asyncio.create_task(leadership.wait_until_lost())
        await asyncio.to_thread(own_postgres.restart)
        for _ in range(50):
            await asyncio.sleep(0.1)
            assert leadership.is_sure()
        assert not lost.done()
        lost.cancel()
