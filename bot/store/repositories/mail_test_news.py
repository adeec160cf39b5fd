"""News of test mails to be delivered, written in the transaction of what they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select, update

from bot.requests.model import MessageKind, OutboxMessage
from bot.store.repositories.leases import (
    find_earliest,
    is_free,
    is_held,
    release_leases,
    take_rows,
)
from bot.store.tables import MailTestRow

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from bot.requests.model import Undelivered
    from bot.store.engine.database import Database

_LONGEST_DETAIL = 300  # characters


class MailTestNews:
    """One message a test, kept with it; see `bot.store.repositories.outbox` for the manner."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_due(
        self, now: datetime, lease: timedelta, most: int
    ) -> tuple[OutboxMessage, ...]:
        """Up to `most` messages whose time has come, each for one taker, its try counted."""
        free = is_free(MailTestRow.lease_until, now)
        due = and_(MailTestRow.told_at.is_(None), MailTestRow.due_at <= now, free)

        def take(session: Session) -> tuple[OutboxMessage, ...]:
            found = select(MailTestRow).where(due).order_by(MailTestRow.due_at).limit(most)
            taken = []
            for row in take_rows(session, found, now + lease):
                row.attempts += 1
                if row.news_at is not None and row.due_at is not None:
                    taken.append(_read(row, row.news_at, row.due_at))
            return tuple(taken)

        return await self._database.take(take)

    async def release_leases(self) -> None:
        """Lets every message be taken at once: whoever had taken one is gone."""
        await release_leases(self._database, MailTestRow.lease_until)

    async def end(
        self,
        message: OutboxMessage,
        now: datetime,
        arrived: tuple[int, int] | None,
        detail: str = "",
        undelivered: Undelivered | None = None,
    ) -> None:
        """Notes that it was delivered, or given up: the card's button tells it all the same."""
        del arrived, undelivered
        await self._note(message, told_at=now, lease_until=None, detail=detail[:_LONGEST_DETAIL])

    async def put_off(self, message: OutboxMessage, due_at: datetime, detail: str) -> None:
        """Notes that it could not be delivered, why, and when to try again."""
        await self._note(message, due_at=due_at, lease_until=None, detail=detail[:_LONGEST_DETAIL])

    async def next_due(self) -> datetime | None:
        """When the next one is due, or a lease runs out; None where nothing is left."""
        times, left = (MailTestRow.due_at, MailTestRow.lease_until), MailTestRow.told_at.is_(None)
        return await self._database.read(lambda session: find_earliest(session, *times, left))

    async def _note(self, message: OutboxMessage, **values: object) -> None:
        """Writes what a try came to, unless somebody else has taken the message since."""
        held = update(MailTestRow).where(
            MailTestRow.id == message.id, is_held(MailTestRow, message.lease_until)
        )

        def note(session: Session) -> None:
            session.execute(held.values(**values))

        await self._database.write(note)


def _read(row: MailTestRow, news_at: datetime, due_at: datetime) -> OutboxMessage:
    return OutboxMessage(
        id=row.id,
        request_id=row.id,
        version=1,
        what=MessageKind.MEMBER_MAIL_TEST,
        nonce=row.nonce,
        created_at=news_at,
        due_at=due_at,
        attempts=row.attempts,
        ended_at=row.told_at,
        detail=row.detail,
        lease_until=row.lease_until,
    )
