"""What the doctor says of a real PostgreSQL server and of the processes that are there."""

from __future__ import annotations

import ssl
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest
import trustme

from bot.app.shared_parts import utc_now
from bot.checks.finding import Status
from bot.doctor.database_server import check_store
from bot.doctor.line_words import say
from bot.process_name import Duty, ProcessName
from bot.store.engine.database import Database
from bot.store.engine.postgresql import LEADER, connect_arguments
from bot.store.engine.probe import probe
from bot.store.engine.url import Address
from bot.store.repositories.watchers import Watchers
from bot.store.server_survey import survey
from bot.words import Words
from postgres_front import open_front
from request_parts import ANN, FRIEND
from transaction_pooler import TransactionPooler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from postgres_server import PostgresServer

pytest_plugins = ["store_fixtures"]

WORDS = Words()


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    async with postgres.database() as name:
        yield postgres.url_of(name)


async def examine(url: str, now: Callable[[], datetime] = utc_now) -> dict[str, tuple[Status, str]]:
    """Return what is said by the code of each line."""
    lines = await check_store(probe(url), url, now, tells_watch=True)
    return {line.code: (line.status, say(line, WORDS).sentence) for line in lines}


async def join(stack: AsyncExitStack, url: str, name: ProcessName) -> asyncpg.Connection:
    """Return a session of a process of this name, as long as the stack is open."""
    connection = await asyncpg.connect(**connect_arguments(Address.parse(url).url, str(name)))
    stack.push_async_callback(connection.close)
    return connection


async def test_the_processes_are_named_and_who_leads(url: str) -> None:
    async with AsyncExitStack() as stack:
        leader = await join(stack, url, ProcessName(Duty.STANDBY, 1, "mail1"))
        await leader.execute("SELECT pg_advisory_lock($1)", LEADER)
        for duty, number in ((Duty.RUN, 1), (Duty.STANDBY, 2), (Duty.WORK, 3)):
            await join(stack, url, ProcessName(duty, number, "mail1"))
        await join(stack, url, ProcessName(Duty.WORK, 3, "mail1"))
        seen = await survey(url, utc_now)
        assert seen is not None
        assert [(one.duty, one.place, one.leads) for one in seen.processes] == [
            (Duty.RUN, "1@mail1", True),
            (Duty.STANDBY, "2@mail1", False),
            (Duty.WORK, "3@mail1", False),
        ]
        status, said = (await examine(url))["processes-led"]
        assert status is Status.PASS
        assert said.startswith("1@mail1 is at Discord")
        assert "standby 2@mail1, 0 s; work 3@mail1, 0 s" in said
        await leader.execute("SELECT pg_advisory_unlock_all()")
        status, said = (await examine(url))["processes-leaderless"]
        assert status is Status.WARN
        assert "A standby should take over" in said
    status, said = (await examine(url))["processes-leaderless"]
    assert "Start one with python -m bot run." in said


async def test_processes_of_another_user_are_named_without_how_long_they_are_there(
    url: str, postgres: PostgresServer
) -> None:
    database = Address.parse(url).url.database
    assert database is not None
    user = await postgres.own(database)
    operator = await postgres.connect(database)
    try:
        await operator.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}")
    finally:
        await operator.close()
    here = Address.parse(url).url.set(username=user).render_as_string(hide_password=False)
    async with AsyncExitStack() as stack:
        leader = await join(stack, url, ProcessName(Duty.RUN, 1, "mail1"))
        await join(stack, url, ProcessName(Duty.WORK, 2, "mail1"))
        said = await examine(here)
        assert said["processes-leaderless"][1].startswith(
            "no process is at Discord; there are: run 1@mail1; work 2@mail1. "
        )
        await leader.execute("SELECT pg_advisory_lock($1)", LEADER)
        said = await examine(here)
        assert said["processes-led"][1] == "1@mail1 is at Discord. Beside it: work 2@mail1."


async def test_another_databases_leader_is_none_of_this_one(
    url: str, postgres: PostgresServer
) -> None:
    async with postgres.database() as other, AsyncExitStack() as stack:
        leader = await join(stack, postgres.url_of(other), ProcessName(Duty.RUN, 1, "mail1"))
        await leader.execute("SELECT pg_advisory_lock($1)", LEADER)
        assert "processes-leaderless" in await examine(url)


async def test_the_server_is_named_and_how_it_is_reached(
    url: str, postgres: PostgresServer
) -> None:
    status, said = (await examine(url))["server-reached"]
    assert status is Status.PASS
    assert said.startswith("PostgreSQL 18.")
    assert said.endswith(f"answers on {postgres.socket_folder}, which is this machine.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    name = Address.parse(url).url.database
    async with open_front(postgres.socket, context) as front:
        there = f"postgresql+asyncpg://postgres@localhost:{front.port}/{name}?sslmode=require"
        assert (await examine(there))["server-reached"][1].endswith("localhost, over TLSv1.3.")
    async with open_front(postgres.socket, None) as front:
        # This machine under a name by which nobody knows that.
        there = f"postgresql+asyncpg://postgres@127.1:{front.port}/{name}"
        status, said = (await examine(there))["server-plain"]
        assert status is Status.WARN
        assert "without TLS" in said


@pytest.mark.parametrize(
    ("off", "says"), [(5, "5 s ahead of"), (-5, "5 s behind"), (1, None), (-1, None)]
)
async def test_a_clock_that_differs_by_more_than_two_seconds_is_said(
    off: int, says: str | None, url: str
) -> None:
    said = await examine(url, lambda: utc_now() + timedelta(seconds=off))
    if says is None:
        assert "server-clock" not in said
    else:
        assert said["server-clock"][0] is Status.WARN
        assert says in said["server-clock"][1]


async def test_too_little_room_for_the_processes_is_said(
    url: str, postgres: PostgresServer
) -> None:
    assert "server-connections" not in await examine(url)
    name = Address.parse(url).url.database
    connection = await postgres.connect()
    try:
        await connection.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 20")
    finally:
        await connection.close()
    async with AsyncExitStack() as stack:
        for number in range(2):
            await join(stack, url, ProcessName(Duty.WORK, number, "mail1"))
        status, said = (await examine(url))["server-connections"]
    assert status is Status.WARN
    assert said.startswith("2 processes may need 22 connections, and there is room for 20.")


async def test_how_late_the_looks_are_is_said(url: str) -> None:
    assert not {"watch-in-time", "watch-late"} & set(await examine(url))
    now = utc_now()
    async with await Database.open(url) as database:
        await Watchers(database).add(FRIEND, ANN, now - timedelta(minutes=5), 5)
    assert "5 minutes late, which is soon enough" in (await examine(url))["watch-in-time"][1]
    late = await examine(url, lambda: now + timedelta(hours=3))
    assert late["watch-late"][0] is Status.WARN


async def test_a_pooler_in_the_way_is_said(url: str, postgres: PostgresServer) -> None:
    name = Address.parse(url).url.database
    async with open_front(postgres.socket, None, renames_sessions=True) as front:
        there = f"postgresql+asyncpg://postgres@localhost:{front.port}/{name}"
        status, said = (await examine(there))["server-pooled"]
    assert status is Status.FAIL
    assert said.startswith("a connection pooler stands before PostgreSQL 18.")


async def test_a_pooler_that_lends_out_sessions_is_said(url: str, postgres: PostgresServer) -> None:
    name = Address.parse(url).url.database
    assert name is not None
    async with TransactionPooler(postgres) as pooler:
        lines = await check_store(probe(url), pooler.url_of(name), utc_now)
        said = say(lines[1], WORDS).sentence
    assert lines[1].status is Status.FAIL
    assert "connection pooler" in said


async def test_on_sqlite_there_is_no_server(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("sqlite") / "bot.db"
    url = f"sqlite+aiosqlite:///{path}"
    await (await Database.open(url)).aclose()
    assert await survey(url, utc_now) is None
    assert set(await examine(url)) == {"database-right"}
