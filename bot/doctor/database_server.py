"""The PostgreSQL server that several processes may share: how it is reached, and who is there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.clock import word_length
from bot.doctor.database_access import TIMEOUT, check_database
from bot.doctor.line import Line
from bot.errors import StoreError
from bot.process_name import Duty
from bot.store.server_survey import survey

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime

    from bot.errors import Fact
    from bot.store.engine.probe import DatabaseState
    from bot.store.server_survey import SeenProcess, ServerSurvey

# Leases compare the clock of the machine that takes a row with that of the one that looks at it.
_MOST_OFF = timedelta(seconds=2)
_LATE = 3600  # seconds that the look may be which is due first
_SHOWN = 12  # processes that are named


async def check_store(
    looking: Awaitable[DatabaseState | None],
    url: str,
    now: Callable[[], datetime],
    *,
    tells_watch: bool = False,
) -> tuple[Line, ...]:
    """Return the lines of the database, and those of its server where it has one.

    `looking` is as for `check_database`; `tells_watch` asks for a line of how late looks are.
    """
    line = await check_database(looking)
    if line.status in {Status.FAIL, Status.UNKNOWN}:
        return (line,)
    try:
        async with asyncio.timeout(TIMEOUT):
            seen = await survey(url, now)
    except StoreError as error:
        return (line, Line("database_server", Status.FAIL, "said", error=error))
    except TimeoutError:
        facts: dict[str, Fact] = {"seconds": round(TIMEOUT)}
        return (line, Line("database_server", Status.UNKNOWN, "database-slow", facts))
    if seen is None:
        return (line,)
    watch = _judge_watch(seen, now()) if tells_watch else ()
    return (line, *_judge_server(seen), _judge_processes(seen, now()), *watch)


def _judge_server(seen: ServerSurvey) -> Iterator[Line]:
    facts: dict[str, Fact] = {"version": seen.version, "host": seen.host, "tls": seen.tls}
    facts["here"] = seen.is_here
    if seen.is_pooled:
        yield Line("database_server", Status.FAIL, "server-pooled", facts)
    elif not seen.tls and not seen.is_here:
        yield Line("database_server", Status.WARN, "server-plain", facts)
    else:
        yield Line("database_server", Status.PASS, "server-reached", facts)
    if abs(seen.clock) > _MOST_OFF:
        ahead = seen.clock > timedelta(0)
        off: dict[str, Fact] = {"off": word_length(abs(seen.clock)), "ahead": ahead}
        yield Line("database_server", Status.WARN, "server-clock", off)
    if seen.needed > seen.room:
        counts: dict[str, Fact] = {
            "count": len(seen.processes),
            "needed": seen.needed,
            "room": seen.room,
        }
        yield Line("database_server", Status.WARN, "server-connections", counts)


def _judge_processes(seen: ServerSurvey, now: datetime) -> Line:
    leader = next((one for one in seen.processes if one.leads), None)
    others = [one for one in seen.processes if one is not leader]
    facts: dict[str, Fact] = {
        "others": tuple(_name(one, now) for one in others[:_SHOWN]),
        "more": max(0, len(others) - _SHOWN),
    }
    if leader is not None:
        led = None if leader.since is None else _seconds_since(leader.since, now)
        facts |= {"leader": leader.place, "led": led}
        return Line("processes", Status.PASS, "processes-led", facts)
    facts["waits"] = any(one.duty is Duty.STANDBY for one in others)
    return Line("processes", Status.WARN, "processes-leaderless", facts)


def _judge_watch(seen: ServerSurvey, now: datetime) -> Iterator[Line]:
    if seen.due_at is None:
        return
    late = _seconds_since(seen.due_at, now)
    told: dict[str, Fact] = {"late": late, "command": "/mailadmin watch"}
    if late > _LATE:
        yield Line("watch", Status.WARN, "watch-late", told)
    else:
        yield Line("watch", Status.PASS, "watch-in-time", told)


def _name(process: SeenProcess, now: datetime) -> str:
    """Return a process as `work 4711@mail1, 12 min`, with how long it has been there if known."""
    if process.since is None:
        return f"{process.duty} {process.place}"
    since = word_length(timedelta(seconds=_seconds_since(process.since, now)))
    return f"{process.duty} {process.place}, {since}"


def _seconds_since(moment: datetime, now: datetime) -> int:
    return int(max(now - moment, timedelta(0)).total_seconds())
