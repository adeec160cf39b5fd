"""Incidents, read: those that are open, and those of a domain's history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from bot.store.repositories.incident_rows import read_incident
from bot.store.watch_tables import IncidentRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database
    from bot.watch.incident import Incident


class Incidents:
    """Reads incidents; they are written with the looks that open, change and close them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self) -> tuple[Incident, ...]:
        """All that are open, the one that began first at first."""
        still = select(IncidentRow).where(IncidentRow.closed_at.is_(None))
        return await self._list(still.order_by(IncidentRow.began_at, IncidentRow.id))

    async def of(self, subject: str, since: datetime) -> tuple[Incident, ...]:
        """Those of a subject that were open at that moment or later, in their order."""
        lasting = or_(IncidentRow.closed_at.is_(None), IncidentRow.closed_at >= since)
        own = select(IncidentRow).where(IncidentRow.subject == subject, lasting)
        return await self._list(own.order_by(IncidentRow.began_at, IncidentRow.id))

    async def _list(self, wanted: Select[Any]) -> tuple[Incident, ...]:
        def find(session: Session) -> tuple[Incident, ...]:
            return tuple(read_incident(row) for row in session.scalars(wanted))

        return await self._database.read(find)
