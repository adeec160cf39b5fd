"""Leases on rows: who takes one works on it alone, until it is given back or the lease runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import CursorResult, case, func, or_, select, update

from bot.store.tables import Leased

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Delete, Select, Update
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from bot.store.engine.database import Database

    Time = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]

RowT = TypeVar("RowT", bound=Leased)


def count_changed(session: Session, statement: Update | Delete) -> int:
    """Runs an UPDATE or DELETE and gives how many rows it changed."""
    # Either answers with a cursor's result, which the types do not know.
    return cast("CursorResult[object]", session.execute(statement)).rowcount


def is_free(lease_until: Time, now: datetime) -> ColumnElement[bool]:
    """Whether nobody has taken a row, or whoever did had it for too long."""
    return or_(lease_until.is_(None), lease_until <= now)


def find_earliest(
    session: Session, due_at: Time, lease_until: Time, *left: ColumnElement[bool]
) -> datetime | None:
    """When the first of the rows that are `left` can be taken; None where none ever can be.

    That is at its time, or when its lease runs out. The first that nobody has taken is found by an
    index on the times, and those that somebody has, which are few, by that of the leases.
    """
    first = select(due_at).where(*left, due_at.is_not(None), lease_until.is_(None))
    times = func.min(case((lease_until > due_at, lease_until), else_=due_at))
    free = session.scalar(first.order_by(due_at).limit(1))
    leased = session.scalar(select(times).where(*left, lease_until.is_not(None)))
    return min((time for time in (free, leased) if time is not None), default=None)


def take_rows(session: Session, found: Select[RowT], until: datetime) -> list[RowT]:
    """The rows of `found`, leased until then; those that somebody is taking are passed over.

    Call it in a transaction of `Database.take`, which holds the rows until it ends.
    """
    rows = list(session.scalars(found.with_for_update(skip_locked=True)))
    for row in rows:
        row.lease_until = until
    return rows


def is_held(row: type[RowT], until: datetime | None) -> ColumnElement[bool]:
    """Whether a row is still leased to who took it until then: nobody else took it since.

    A lease is told from the next one by its end, which is always later.
    """
    return row.lease_until == until


async def give_back(
    database: Database,
    key: InstrumentedAttribute[Any],
    taken: Iterable[tuple[object, datetime | None]],
    free_at: datetime | None = None,
) -> None:
    """Lets others take rows from `free_at` on, of which `taken` has the keys and the leases.

    None: at once. Those whose lease ran out and that somebody else has taken stay theirs.
    """
    row = cast("type[Leased]", key.class_)
    by_lease: dict[datetime | None, list[object]] = {}  # those taken together have the same
    for value, until in taken:
        by_lease.setdefault(until, []).append(value)

    def release(session: Session) -> None:
        for until, values in by_lease.items():
            held = update(row).where(key.in_(values), is_held(row, until))
            session.execute(
                held.values(lease_until=free_at).execution_options(synchronize_session=False)
            )

    if by_lease:
        await database.take(release)


async def release_leases(database: Database, lease_until: Time) -> None:
    """Gives back all rows of a table: whoever had taken them is gone; only at the start."""
    leased = update(lease_until.class_).where(lease_until.is_not(None))

    def release(session: Session) -> None:
        session.execute(leased.values({lease_until: None}))

    await database.write(release)
