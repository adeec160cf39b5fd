"""What was done to requests, by whom and when: rows are added and never taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.requests.model import Actor, ActorKind, AuditEntry, State
from bot.store.tables import AuditRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database


class StoredAudit:
    """Reads the audit; it is written with the transition itself, in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, request_id: int) -> tuple[AuditEntry, ...]:
        """What was done to one request, in its order."""

        def find(session: Session) -> tuple[AuditEntry, ...]:
            rows = session.scalars(
                select(AuditRow).where(AuditRow.request_id == request_id).order_by(AuditRow.id)
            )
            return tuple(_read(row) for row in rows)

        return await self._database.read(find)

    async def latest(self, limit: int) -> tuple[AuditEntry, ...]:
        """What was done last to any request, latest first."""

        def find(session: Session) -> tuple[AuditEntry, ...]:
            rows = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit))
            return tuple(_read(row) for row in rows)

        return await self._database.read(find)

    async def count_of_admin(self, admin_id: int) -> int:
        """How many transitions this person made as an admin."""

        def count(session: Session) -> int:
            own = (AuditRow.actor_id == admin_id) & (AuditRow.actor_kind == ActorKind.ADMIN.value)
            return session.scalar(select(func.count(AuditRow.id)).where(own)) or 0

        return await self._database.read(count)


def add_entry(
    session: Session,
    request_id: int,
    actor: Actor,
    step: tuple[State | None, State],
    at: datetime,
    *,
    detail: str = "",
) -> None:
    """Writes one transition down, `step` being from which state to which, in the transaction."""
    before, after = step
    session.add(
        AuditRow(
            at=at,
            request_id=request_id,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            before=None if before is None else before.value,
            after=after.value,
            detail=detail,
        )
    )


def _read(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        request_id=row.request_id,
        actor=Actor(ActorKind(row.actor_kind), row.actor_id),
        before=None if row.before is None else State(row.before),
        after=State(row.after),
        detail=row.detail,
    )
