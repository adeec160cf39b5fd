"""The DMARC stages that the admin approved, one a domain: the last one counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.tables import ApprovedStageRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database


class ApprovedStages:
    """Knows which DMARC policy a domain may publish."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, domain: Domain) -> str | None:
        """None, quarantine or reject as text; None where nothing was approved yet."""

        def find(session: Session) -> str | None:
            row = session.get(ApprovedStageRow, domain)
            return None if row is None else row.stage

        return await self._database.read(find)


def put_stage(
    session: Session, domain: Domain, stage: str, request_id: int, approved_at: datetime
) -> None:
    """Makes this the domain's approved stage, in the caller's transaction."""
    session.merge(
        ApprovedStageRow(domain=domain, stage=stage, request_id=request_id, approved_at=approved_at)
    )
