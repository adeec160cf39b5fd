"""Whether the database can be read and written, and is as this program knows it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.line import Line
from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.errors import Fact
    from bot.store.engine.probe import DatabaseState

TIMEOUT = 10.0  # seconds; SQLite alone waits five for whoever writes

_LINES = {
    "ready": (Status.PASS, "database-right"),
    "older": (Status.WARN, "database-older"),
    "absent": (Status.INFO, "database-absent"),
}


async def check_database(looking: Awaitable[DatabaseState | None]) -> Line:
    """Return the line of the database; a `looking` that gives None means that it works."""
    try:
        async with asyncio.timeout(TIMEOUT):
            found = await looking
    except StoreError as error:
        return Line("database", Status.FAIL, "said", error=error)
    except TimeoutError:
        facts: dict[str, Fact] = {"seconds": round(TIMEOUT)}
        return Line("database", Status.UNKNOWN, "database-slow", facts)
    status, code = _LINES[found.value if found else "ready"]
    return Line("database", status, code)
