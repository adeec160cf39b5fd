"""Reports as they were shown, so that the buttons below a card still work after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from sqlalchemy import CursorResult, delete

from bot.store.tables import StoredCheckRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """The report of one check of a domain, and who asked for it."""

    id: int
    domain: Domain
    member_id: int | None  # None: nobody asked, the bot looked by itself
    report: str  # JSON
    schema: int  # the report's own schema number
    checked_at: datetime


class StoredChecks:
    """Keeps reports until they are purged; an id is never given twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(
        self, domain: Domain, member_id: int | None, report: str, schema: int, checked_at: datetime
    ) -> int:
        """Keeps the report and gives the id to find it by."""

        def add(session: Session) -> int:
            row = StoredCheckRow(
                domain=domain,
                member_id=member_id,
                report=report,
                schema=schema,
                checked_at=checked_at,
            )
            session.add(row)
            session.flush()
            return row.id

        return await self._database.write(add)

    async def get(self, check_id: int) -> StoredCheck | None:
        """The report with this id; None where it was purged or never was."""

        def find(session: Session) -> StoredCheck | None:
            row = session.get(StoredCheckRow, check_id)
            if row is None:
                return None
            return StoredCheck(
                id=row.id,
                domain=row.domain,
                member_id=row.member_id,
                report=row.report,
                schema=row.schema,
                checked_at=row.checked_at,
            )

        return await self._database.read(find)

    async def purge(self, before: datetime) -> int:
        """Removes the reports of checks made before that moment; gives how many they were."""

        def remove(session: Session) -> int:
            result = session.execute(
                delete(StoredCheckRow).where(StoredCheckRow.checked_at < before)
            )
            # A DELETE always answers with a cursor's result, which the types do not know.
            return cast("CursorResult[object]", result).rowcount

        return await self._database.write(remove)
