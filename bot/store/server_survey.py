"""Looks at a PostgreSQL server and at the processes of Cowbell there, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select, text

from bot.process_name import Duty, ProcessName
from bot.store.engine.database_refusals import OPENING_FAULTS
from bot.store.engine.driver import explaining_driver, find_pooler
from bot.store.engine.engines import create_engine, explaining
from bot.store.engine.migrate import Schema, read_schema
from bot.store.engine.postgresql import CONNECTIONS, LEADER, SESSIONS
from bot.store.engine.postgresql_url import host_of
from bot.store.engine.url import Address
from bot.store.watch_tables import WatchedRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

_APPLICATION: Final = "cowbell doctor"

# Of sessions of other users an ordinary one is told their names, and little more.
_ACTIVITY: Final = text("""
SELECT application_name, backend_start, pid IN (
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND classid = 0 AND objid = :leader AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS leads, datname = current_database() AS is_here
FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()
AND coalesce(backend_type, 'client backend') = 'client backend'
ORDER BY backend_start, application_name, pid
""")
_ROOM: Final = text("""
SELECT current_setting('max_connections')::int
    - current_setting('superuser_reserved_connections')::int
    - coalesce(current_setting('reserved_connections', true)::int, 0) AS of_server,
    (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    AS of_database
""")


@dataclass(frozen=True, slots=True)
class SeenProcess:
    """A process that is connected to the database."""

    duty: Duty
    place: str  # its number and machine, `4711@mail1`
    since: datetime | None  # which the server says of its own user's alone
    leads: bool  # it is the one at Discord


@dataclass(frozen=True, slots=True)
class ServerSurvey:
    """A server, how it is reached, and who is there."""

    host: str
    version: str
    tls: str  # the version of TLS; empty without
    is_here: bool  # on this machine, where nobody listens on the way
    is_pooled: bool  # something in between that keeps no session
    clock: timedelta  # how far this machine's clock is ahead of the server's, at least
    processes: tuple[SeenProcess, ...]
    needed: int  # connections of these processes at most
    room: int  # connections that there are for them
    due_at: datetime | None  # when the look was due that is due first


async def survey(url: str, now: Callable[[], datetime]) -> ServerSurvey | None:
    """How the server of a database is; None for SQLite.

    Raises StoreError where it cannot be asked.
    """
    address = Address.parse(url)
    if address.on_sqlite:
        return None
    engine = create_engine(address, address.url, reading=True, application=_APPLICATION)
    try:
        with explaining(address, OPENING_FAULTS):
            async with engine.connect() as connection, engine.connect() as second:
                pooled = await _is_pooled(connection, second, address)
                clock = await _compare_clocks(connection, now)
                tls = await _tls_of(connection)
                return await connection.run_sync(
                    _look, address, is_pooled=pooled, clock=clock, tls=tls
                )
    finally:
        await engine.dispose()


def _look(
    connection: Connection, address: Address, *, is_pooled: bool, clock: timedelta, tls: str
) -> ServerSurvey:
    rows = connection.execute(_ACTIVITY, {"leader": LEADER}).all()
    processes = _group([row for row in rows if row.is_here and _is_ours(row)])
    host = host_of(address.url)
    has_tables = read_schema(connection, address) is Schema.CURRENT
    return ServerSurvey(
        host=host,
        version=str(connection.execute(text("SHOW server_version")).scalar_one()).split()[0],
        tls=tls,
        is_here=_is_here(host),
        is_pooled=is_pooled,
        clock=clock,
        processes=processes,
        needed=max(1, len(processes)) * (CONNECTIONS + SESSIONS),
        room=_find_room(connection, [row for row in rows if not _is_ours(row)]),
        due_at=connection.scalar(select(func.min(WatchedRow.due_at))) if has_tables else None,
    )


def _is_ours(row: Row[Any]) -> bool:
    return (row.application_name or "").startswith("cowbell")


def _find_room(connection: Connection, others: Sequence[Row[Any]]) -> int:
    """How many connections there are for us, beside those that others have now."""
    room = connection.execute(_ROOM).one()
    free = int(room.of_server) - len(others)
    if room.of_database is None:
        return free
    here = [other for other in others if other.is_here]
    return min(free, int(room.of_database) - len(here))


def _group(rows: Sequence[Row[Any]]) -> tuple[SeenProcess, ...]:
    """The processes that sessions are of, those first that are there longest."""
    seen: dict[str, SeenProcess] = {}
    for row in rows:
        name = ProcessName.parse(row.application_name)
        if name is None:
            continue
        first = seen.get(name.place)
        leads = row.leads or (first is not None and first.leads)
        # One that has just taken over has sessions of its former name, too.
        duty = Duty.RUN if leads else name.duty
        seen[name.place] = SeenProcess(
            duty, name.place, first.since if first else row.backend_start, leads
        )
    return tuple(seen.values())


async def _is_pooled(first: AsyncConnection, second: AsyncConnection, address: Address) -> bool:
    """Whether sessions are not our own; of a look at two connections that did nothing yet."""
    with explaining_driver(address):
        return bool(await find_pooler(await _driver_of(first), await _driver_of(second)))


async def _compare_clocks(connection: AsyncConnection, now: Callable[[], datetime]) -> timedelta:
    """How far our clock is ahead at least, by how long the answer took."""
    asked_at = now()
    answer = await connection.execute(text("SELECT clock_timestamp()"))
    theirs: datetime = answer.scalar_one()
    answered_at = now()
    if asked_at > theirs:
        return asked_at - theirs
    return min(answered_at - theirs, timedelta(0))


async def _tls_of(connection: AsyncConnection) -> str:
    """The version of TLS between here and whoever answers; empty without."""
    raw = await _driver_of(connection)
    # The server's own word for it is about its side of a proxy; the driver has none of its own.
    tls = raw._transport.get_extra_info("ssl_object")  # noqa: SLF001 - as above
    return "" if tls is None else str(tls.version())


async def _driver_of(connection: AsyncConnection) -> Any:
    """The driver's own connection."""
    return (await connection.get_raw_connection()).driver_connection


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.startswith("/") or host == "localhost"
