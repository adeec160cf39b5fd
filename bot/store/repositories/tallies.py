"""How many requests, key changes and messages there are: only numbers, nothing personal."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import func, select

from bot.requests.model import State
from bot.rotations.rotation import RotationState
from bot.store.rotation_tables import RotationRow
from bot.store.tables import OutboxRow, RequestRow
from bot.store.watch_tables import IncidentRow, WatchedRow, WatchNewsRow
from bot.watch.watch_overview import WatchTally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from bot.store.engine.database import Database

StateT = TypeVar("StateT")


class StoredTallies:
    """Counts what the database holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ping(self) -> None:
        """Return when the database could be read: one row, so that anybody may ask often."""
        await self._database.read(lambda session: session.scalar(select(RequestRow.id).limit(1)))

    async def requests_by_state(self) -> Mapping[State, int]:
        """How many requests are in each state; a state that none is in is left out."""
        return await self._count_by(RequestRow.state, State)

    async def rotations_by_state(self) -> Mapping[RotationState, int]:
        """How many changes of DKIM keys are in each state; one that none is in is left out."""
        return await self._count_by(RotationRow.state, RotationState)

    async def stuck_rotations(self) -> int:
        """How many open changes of keys do not get on: the mail server does not do its part."""
        stuck = select(func.count()).where(
            RotationRow.closed_at.is_(None), RotationRow.step.is_not(None), RotationRow.reason != ""
        )
        return await self._database.read(lambda session: session.scalars(stuck).one())

    async def messages_left(self) -> int:
        """How many messages were neither delivered nor given up."""

        def count(session: Session) -> int:
            of_requests = select(func.count()).where(OutboxRow.ended_at.is_(None))
            of_watch = select(func.count()).where(WatchNewsRow.ended_at.is_(None))
            return sum(session.scalars(left).one() for left in (of_requests, of_watch))

        return await self._database.read(count)

    async def watch(self, now: datetime) -> WatchTally:
        """How much is watched, how much of it is broken, and how late the latest look is."""

        def count(session: Session) -> WatchTally:
            watched = select(func.count()).where(WatchedRow.due_at.is_not(None))
            broken = select(func.count()).where(IncidentRow.closed_at.is_(None))
            due_at = session.scalar(select(func.min(WatchedRow.due_at)))
            late = 0.0 if due_at is None else max(0.0, (now - due_at).total_seconds())
            return WatchTally(session.scalars(watched).one(), session.scalars(broken).one(), late)

        return await self._database.read(count)

    async def _count_by(
        self, state: InstrumentedAttribute[str], read: Callable[[str], StateT]
    ) -> Mapping[StateT, int]:
        rows = select(state, func.count()).group_by(state)
        return await self._database.read(
            lambda session: {read(text): number for text, number in session.execute(rows)}
        )
