"""What the store says of rotations, and how their time passes while the processes run."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from benchmarks.rotations_dns import KEPT
from bot.rotations.rotation import FINAL, RotationState, RotationStep

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import asyncpg

_POLLED: Final = 0.2  # seconds
_LOOKED_FOR: Final = [RotationState.PREPARED.value, RotationState.PUBLISHED.value]
_SURELY_OUT: Final = 1.0  # seconds more than what caches keep
# All of a rotation's times, as if the clock had gone on.
_MOVE: Final = """
UPDATE rotation SET due_at = due_at - $2::interval, opened_at = opened_at - $2::interval,
  changed_at = changed_at - $2::interval, live_at = live_at - $2::interval,
  caches_until = caches_until - $2::interval, switched_at = switched_at - $2::interval,
  proved_at = proved_at - $2::interval
WHERE id = $1
"""
# A look that comes before its time.
_LOOK: Final = """
UPDATE rotation SET due_at = now()
WHERE id = $1 AND state = ANY($2) AND lease_until IS NULL AND due_at > now()
"""
_WAKE: Final = "SELECT pg_notify('cowbell', 'rotations')"


@dataclass(frozen=True, slots=True)
class RotationSeen:
    """A rotation as its row is."""

    id: int
    domain: str
    state: RotationState
    step: RotationStep | None
    selector: str
    value: str
    due_at: datetime | None
    caches_until: datetime | None
    lease_until: datetime | None
    reason: str

    @classmethod
    def read(cls, row: asyncpg.Record) -> RotationSeen:
        """Return what a row says."""
        step = None if row["step"] is None else RotationStep(row["step"])
        return cls(
            *(row["id"], row["domain"], RotationState(row["state"]), step, row["selector"]),
            *(row["value"], row["due_at"], row["caches_until"], row["lease_until"], row["reason"]),
        )

    @property
    def has_ended(self) -> bool:
        """Whether nothing follows."""
        return self.state in FINAL


class RotationTimes:
    """Reads rotations and has time pass for them, over a connection of its own."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._live_since: dict[int, float] = {}  # by the monotonic clock, which nobody sets

    async def all(self) -> list[RotationSeen]:
        """Return all rotations, the oldest first."""
        return [
            RotationSeen.read(row) for row in await self.rows("SELECT * FROM rotation ORDER BY id")
        ]

    async def of(self, domain: str) -> RotationSeen:
        """Return the last rotation of a domain."""
        query = "SELECT * FROM rotation WHERE domain = $1 ORDER BY id DESC LIMIT 1"
        (row,) = await self.rows(query, domain)
        return RotationSeen.read(row)

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Return the rows of a query."""
        found: list[asyncpg.Record] = await self._pool.fetch(query, *values)
        return found

    async def until(
        self, domain: str, is_so: Callable[[RotationSeen], bool], seconds: float
    ) -> RotationSeen:
        """Return the rotation of a domain once it is so, looks coming as soon as they may.

        Raises TimeoutError where it is not within so many seconds.
        """
        async with asyncio.timeout(seconds):
            while not is_so(seen := await self.of(domain)):
                await self._look_soon(seen)
                await asyncio.sleep(_POLLED)
            return seen

    async def pass_time(self, seen: RotationSeen) -> bool:
        """Have the time pass until a rotation goes on; False where somebody is at it."""
        return await self._move(
            seen, "greatest(due_at, switched_at + interval '7 days') - now()", "due_at > now()"
        )

    async def wake(self) -> None:
        """Have all processes look what is due, which they do by themselves within 15 seconds."""
        await self._pool.execute(_WAKE)

    async def end_leases(self) -> None:
        """Have so much time pass that nobody holds a rotation; no bot may run."""
        await self._pool.execute("UPDATE rotation SET lease_until = NULL")

    async def _look_soon(self, seen: RotationSeen) -> None:
        """Have the next look at records come at once, and wait for no more than caches keep."""
        if seen.caches_until is None:
            self._live_since.pop(seen.id, None)
        if seen.caches_until is not None and seen.state is RotationState.PUBLISHED:
            since = self._live_since.setdefault(seen.id, time.monotonic())
            if time.monotonic() > since + KEPT + _SURELY_OUT:
                await self._move(seen, "caches_until - now()", "caches_until > now()")
        elif await self._pool.execute(_LOOK, seen.id, _LOOKED_FOR) != "UPDATE 0":
            await self._pool.execute(_WAKE)

    async def _move(self, seen: RotationSeen, span: str, where: str) -> bool:
        """Have a time pass for a rotation that is as it was seen, and at which nobody is."""
        query = (
            f"SELECT {span} AS left FROM rotation WHERE id = $1 AND state = $2 "  # noqa: S608 - our own words
            f"AND lease_until IS NULL AND {where} FOR UPDATE SKIP LOCKED"
        )
        async with self._pool.acquire() as connection, connection.transaction():
            row: Any = await connection.fetchrow(query, seen.id, seen.state.value)
            if row is not None:
                await connection.execute(_MOVE, seen.id, row["left"])
                await connection.execute(_WAKE)
        return row is not None
