"""What members wait for: at most so much of each member, and each thing once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from bot.store.repositories.removal import remove_found
from bot.store.repositories.watched_rows import have_looked_at
from bot.store.watch_tables import AwaitedRow
from bot.watch.awaited_goal import Awaited, AwaitedEnd

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database


class AwaitedGoals:
    """Keeps what is waited for by its number; the watch ends it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        domain: Domain,
        member_id: int,
        goal: str,
        now: datetime,
        *,
        confidential: bool,
        most: int,
    ) -> tuple[Awaited, bool] | None:
        """What the member waits for, and whether they began to just now.

        None where they wait for `most` other things. A look is due at once.
        """

        def find_or_add(session: Session) -> tuple[Awaited, bool] | None:
            own = select(AwaitedRow).where(
                AwaitedRow.member_id == member_id, AwaitedRow.ended_at.is_(None)
            )
            rows = session.scalars(own).all()
            same = next((row for row in rows if (row.domain, row.goal) == (domain, goal)), None)
            if same is not None:
                same.confidential = same.confidential or confidential
                return read_awaited(same), False
            if len(rows) >= most:
                return None
            row = AwaitedRow(
                domain=domain,
                member_id=member_id,
                goal=goal,
                confidential=confidential,
                made_at=now,
                due_at=now,
                attempts=0,
                seen="",
            )
            session.add(row)
            have_looked_at(session, domain, now)
            session.flush()
            return read_awaited(row), True

        return await self._database.write(find_or_add)

    async def cancel(self, awaited_id: int, member_id: int, now: datetime) -> Awaited | None:
        """What the member waited for, ended now or before; None where it is none of theirs."""

        def end(session: Session) -> Awaited | None:
            row = session.get(AwaitedRow, awaited_id)
            if row is None or row.member_id != member_id:
                return None
            if row.ended_at is None:
                row.end, row.ended_at = AwaitedEnd.CANCELLED.value, now
            return read_awaited(row)

        return await self._database.write(end)

    async def open_of(self, member_id: int) -> tuple[Awaited, ...]:
        """What this member waits for, the oldest first."""

        def find(session: Session) -> tuple[Awaited, ...]:
            own = select(AwaitedRow).where(
                AwaitedRow.member_id == member_id, AwaitedRow.ended_at.is_(None)
            )
            return tuple(map(read_awaited, session.scalars(own.order_by(AwaitedRow.id))))

        return await self._database.read(find)

    async def count_of(self, member_id: int) -> int:
        """How much of what this member waits or waited for is kept."""
        count = select(func.count()).where(AwaitedRow.member_id == member_id)
        return await self._database.read(lambda session: session.scalars(count).one())

    async def purge(self, before: datetime, most: int) -> int:
        """Removes at most `most` that ended before that moment; gives how many they were."""
        old = select(AwaitedRow).where(AwaitedRow.ended_at < before).limit(most)
        return await self._database.write(lambda session: remove_found(session, old))

    async def forget(self, member_id: int) -> None:
        """Removes everything that this member waits or waited for."""

        def remove_all(session: Session) -> None:
            session.execute(delete(AwaitedRow).where(AwaitedRow.member_id == member_id))

        await self._database.write(remove_all)


def read_awaited(row: AwaitedRow) -> Awaited:
    """What a row says."""
    return Awaited(
        id=row.id,
        domain=row.domain,
        member_id=row.member_id,
        goal=row.goal,
        confidential=row.confidential,
        made_at=row.made_at,
        due_at=row.due_at,
        attempts=row.attempts,
        seen=row.seen,
        end=None if row.end is None else AwaitedEnd(row.end),
        ended_at=row.ended_at,
    )
