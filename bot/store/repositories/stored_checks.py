"""Reports as they were shown, so that the buttons below a card still work after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Select, delete, func, select, update

from bot.store.repositories.leases import count_changed
from bot.store.tables import StoredCheckRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database

MOST = 1_000  # reports of one member: the latest 20 of each of the 50 domains remembered of them


@dataclass(frozen=True, slots=True)
class StoredCheck:
    """The report of one check of a domain, and who asked for it."""

    id: int
    domain: Domain
    member_id: int | None  # None: nobody asked, the bot looked by itself
    report: str  # JSON
    schema: int  # the report's own schema number
    checked_at: datetime
    confidential: bool  # it holds what only the mail server and the admin know
    shared: bool | None  # a card that others see carries the id; None: kept before that was noted


class StoredChecks:
    """Keeps reports until they are purged; an id is never given twice.

    Of one member the latest `MOST` are kept, whatever they ask for.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(
        self,
        domain: Domain,
        member_id: int | None,
        report: str,
        schema: int,
        checked_at: datetime,
        *,
        confidential: bool = True,
        shared: bool = False,
    ) -> int:
        """Keeps the report and gives the id to find it by."""

        def add(session: Session) -> int:
            row = StoredCheckRow(
                domain=domain,
                member_id=member_id,
                report=report,
                schema=schema,
                checked_at=checked_at,
                confidential=confidential,
                shared=shared,
            )
            session.add(row)
            session.flush()
            if member_id is not None:
                _drop_surplus(session, member_id)
            return row.id

        return await self._database.write(add)

    async def get(self, check_id: int) -> StoredCheck | None:
        """The report with this id; None where it was purged or never was."""

        def find(session: Session) -> StoredCheck | None:
            row = session.get(StoredCheckRow, check_id)
            return None if row is None else _load(row)

        return await self._database.read(find)

    async def before(
        self,
        check_id: int,
        domain: Domain,
        member_id: int,
        schema: int,
        *,
        confidential: bool,
        most: int,
    ) -> tuple[StoredCheck, ...]:
        """The latest `most` of a member's checks of a domain before one, the earliest first.

        They are of one schema, and all of them `confidential` or none.
        """
        query = (
            select(StoredCheckRow)
            .where(
                StoredCheckRow.member_id == member_id,
                StoredCheckRow.domain == domain,
                StoredCheckRow.id < check_id,
                StoredCheckRow.schema == schema,
                StoredCheckRow.confidential == confidential,
            )
            .order_by(StoredCheckRow.id.desc())
            .limit(most)
        )

        def find(session: Session) -> tuple[StoredCheck, ...]:
            return tuple(reversed([_load(row) for row in session.scalars(query)]))

        return await self._database.read(find)

    async def share(self, check_id: int) -> None:
        """Notes that a card which others see carries the id of this check."""

        def note(session: Session) -> None:
            row = session.get(StoredCheckRow, check_id)
            if row is not None:
                row.shared = True

        await self._database.write(note)

    async def count_of(self, member_id: int) -> int:
        """How many reports are kept that this member asked for."""

        def count(session: Session) -> int:
            own = StoredCheckRow.member_id == member_id
            return session.scalar(select(func.count(StoredCheckRow.id)).where(own)) or 0

        return await self._database.read(count)

    async def unlink(self, member_id: int) -> None:
        """Forgets who asked for this member's checks; the reports are about domains, and stay."""

        def unlink(session: Session) -> None:
            session.execute(
                update(StoredCheckRow)
                .where(StoredCheckRow.member_id == member_id)
                .values(member_id=None)
                .execution_options(synchronize_session=False)
            )

        await self._database.write(unlink)

    async def purge(self, before: datetime, most: int) -> int:
        """Removes at most `most` reports of checks made before that moment; gives how many."""
        oldest = (
            select(StoredCheckRow.id)
            .where(StoredCheckRow.checked_at < before)
            .order_by(StoredCheckRow.checked_at)
            .limit(most)
        )
        return await self._database.write(lambda session: _remove(session, oldest))

    async def purge_older(self, latest: int, before: datetime, most: int) -> int:
        """Removes at most `most` reports of checks that were made before that moment.

        The `latest` of each domain that a member asked for stay. Gives how many went.
        """
        place = func.row_number().over(
            partition_by=(StoredCheckRow.member_id, StoredCheckRow.domain),
            order_by=StoredCheckRow.id.desc(),
        )
        rows = select(StoredCheckRow.id, StoredCheckRow.checked_at, place.label("place")).subquery()
        older = (
            select(rows.c.id).where(rows.c.place > latest, rows.c.checked_at < before).limit(most)
        )
        # Found apart, as whoever keeps a check would be in the way of what reads them all.
        ids = await self._database.read(lambda session: session.scalars(older).all())
        if not ids:
            return 0
        return await self._database.write(lambda session: _remove(session, ids))


def _load(row: StoredCheckRow) -> StoredCheck:
    return StoredCheck(
        id=row.id,
        domain=row.domain,
        member_id=row.member_id,
        report=row.report,
        schema=row.schema,
        checked_at=row.checked_at,
        confidential=row.confidential,
        shared=row.shared,
    )


def _drop_surplus(session: Session, member_id: int) -> None:
    """Remove what a member has beyond `MOST`; it is one row, as that is done with each new one."""
    surplus = (
        select(StoredCheckRow.id)
        .where(StoredCheckRow.member_id == member_id)
        .order_by(StoredCheckRow.id.desc())
        .offset(MOST)
        .limit(MOST)
    )
    _remove(session, surplus)


def _remove(session: Session, ids: Select[int] | Sequence[int]) -> int:
    found = delete(StoredCheckRow).where(StoredCheckRow.id.in_(ids))
    return count_changed(session, found.execution_options(synchronize_session=False))
