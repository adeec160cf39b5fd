"""How many requests and messages there are: only numbers, nothing personal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.requests.model import State
from bot.store.tables import OutboxRow, RequestRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database


class StoredTallies:
    """Counts what the database holds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def requests_by_state(self) -> Mapping[State, int]:
        """How many requests are in each state; a state that none is in is left out."""

        def count(session: Session) -> Mapping[State, int]:
            rows = session.execute(
                select(RequestRow.state, func.count()).group_by(RequestRow.state)
            )
            return {State(state): number for state, number in rows}

        return await self._database.read(count)

    async def messages_left(self) -> int:
        """How many messages were neither delivered nor given up."""

        def count(session: Session) -> int:
            left = select(func.count()).where(OutboxRow.ended_at.is_(None))
            return session.execute(left).scalar_one()

        return await self._database.read(count)
