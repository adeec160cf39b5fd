"""Requests that ended long ago: what is personal goes, what happened stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, select, update

from bot.store.tables import AuditRow, OutboxRow, RequestRow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database


class OldRequests:
    """Removes what is personal from old requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def purge(self, before: datetime, most: int, pseudonym: Callable[[], int]) -> int:
        """Clears at most `most` requests that ended before that moment; gives how many they were.

        Of each, the messages are deleted, the member becomes a pseudonym of this request alone,
        and the admin's words, the member's message and the check's status lines are removed.
        Number, kind, domain, states, times and the admin who decided stay, with the audit.
        """
        old = and_(RequestRow.closed_at < before, ~RequestRow.cleared)

        def clear(session: Session) -> int:
            rows = session.execute(
                select(RequestRow.id, RequestRow.member_id)
                .where(old)
                .order_by(RequestRow.closed_at)
                .limit(most)
            ).all()
            for request_id, member_id in rows:
                _clear(session, request_id, member_id, pseudonym())
            return len(rows)

        return await self._database.write(clear)


def _clear(session: Session, request_id: int, member_id: int, pseudonym: int) -> None:
    session.execute(delete(OutboxRow).where(OutboxRow.request_id == request_id))
    own = RequestRow.id == request_id
    session.execute(
        update(RequestRow)
        .where(own)
        .values(
            member_id=pseudonym,
            message_channel_id=None,
            message_id=None,
            reason="",
            evidence="",
            cleared=True,
        )
    )
    session.execute(
        update(RequestRow)
        .where(own, RequestRow.decided_by == member_id)
        .values(decided_by=pseudonym)
    )
    session.execute(
        update(AuditRow)
        .where(AuditRow.request_id == request_id, AuditRow.actor_id == member_id)
        .values(actor_id=pseudonym)
    )
