"""Rotations as they are kept: every change is one transaction, and none is lost to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, or_, select, update

from bot.requests.model import ActorKind
from bot.rotations.rotation import RotationNews, RotationState
from bot.store.repositories.leases import (
    find_earliest,
    give_back,
    is_free,
    release_leases,
    take_rows,
)
from bot.store.repositories.rotation_news_rows import draw_rotation_anew, tell_rotation
from bot.store.repositories.rotation_rows import (
    add_rotation_entry,
    find_open_rotation,
    get_rotation,
    make_rotation_row,
    read_rotation,
    read_rotation_entry,
    refuse_too_many_rotations,
    swap_rotation,
)
from bot.store.rotation_tables import RotationEntryRow, RotationRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.rotations.rotation import NewRotation, Rotation, RotationChange, RotationEntry
    from bot.store.engine.database import Database

_LEFT = RotationRow.due_at.is_not(None)  # of one that has ended there is no time


class StoredRotations:
    """Keeps rotations, with what was done to each and the news of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, asked: NewRotation, found: frozenset[str], now: datetime
    ) -> tuple[Rotation, bool]:
        """The open rotation of the domain, and whether it was made just now.

        Its selector is none that a rotation of the domain had, or a key that the bot was told of,
        or that is among those `found`. Raises RequestError where the month has none left, or as
        many were opened in a day as `asked` allows.
        """

        def find_or_add(session: Session) -> tuple[Rotation, bool]:
            row = find_open_rotation(session, asked.domain)
            if row is not None:
                return read_rotation(row), False
            refuse_too_many_rotations(session, asked, now)
            return _add(session, asked, found, now), True

        return await self._database.write(find_or_add)

    async def change(
        self,
        rotation_id: int,
        decide: Callable[[Rotation], RotationChange | None],
        now: datetime,
    ) -> tuple[Rotation, bool]:
        """The rotation as it is now, and whether `decide` changed it.

        `decide` gets the rotation as it is, returns what becomes of it, and may be called again
        with a later one; None leaves it alone, and what it raises goes through. Raises
        RequestError where there is no such rotation.
        """
        return await self._change(rotation_id, lambda _, before: decide(before), now)

    async def change_among(
        self,
        rotation_id: int,
        decide: Callable[[Rotation, tuple[Rotation, ...]], RotationChange | None],
        now: datetime,
    ) -> tuple[Rotation, bool]:
        """What `change` gives, where `decide` also gets the open rotations of other domains.

        None of them is changed while that is decided: of two that rest on each other, one is
        written, and the other decided anew.
        """

        def decide_among(session: Session, before: Rotation) -> RotationChange | None:
            others = _open_ones().where(RotationRow.id != before.id)
            return decide(before, tuple(map(read_rotation, session.scalars(others))))

        return await self._change(rotation_id, decide_among, now)

    async def _change(
        self,
        rotation_id: int,
        decide: Callable[[Session, Rotation], RotationChange | None],
        now: datetime,
    ) -> tuple[Rotation, bool]:
        def replace(session: Session) -> tuple[Rotation, bool]:
            before = get_rotation(session, rotation_id)
            change = decide(session, before)
            if change is None:
                return before, False
            swap_rotation(session, before, change, now)
            return get_rotation(session, rotation_id), True

        return await self._database.write(replace)

    async def get(self, rotation_id: int) -> Rotation | None:
        """The rotation with this id; None where there never was one."""
        found = await self._list(select(RotationRow).where(RotationRow.id == rotation_id))
        return found[0] if found else None

    async def of_domain(self, domain: Domain) -> tuple[Rotation, ...]:
        """All rotations of a domain, latest first."""
        its = select(RotationRow).where(RotationRow.domain == domain)
        return await self._list(its.order_by(RotationRow.id.desc()))

    async def open_ones(self) -> tuple[Rotation, ...]:
        """The rotations that have not ended, oldest first."""
        return await self._list(_open_ones())

    async def entries(self, rotation_id: int) -> tuple[RotationEntry, ...]:
        """What was done to one rotation, in its order."""
        own = select(RotationEntryRow).where(RotationEntryRow.rotation_id == rotation_id)

        def find(session: Session) -> tuple[RotationEntry, ...]:
            return tuple(map(read_rotation_entry, session.scalars(own.order_by("id"))))

        return await self._database.read(find)

    async def domains_in_doubt(self) -> tuple[Domain, ...]:
        """The domains whose latest rotation failed when the new key may have signed already."""
        latest = select(func.max(RotationRow.id)).group_by(RotationRow.domain)
        failed = select(RotationRow.domain).where(
            RotationRow.id.in_(latest),
            RotationRow.state == RotationState.FAILED.value,
            RotationRow.switched_at.is_not(None),
        )
        in_order = failed.order_by(RotationRow.domain)
        return await self._database.read(lambda session: tuple(session.scalars(in_order)))

    async def domains(self, since: datetime | None = None) -> tuple[Domain, ...]:
        """Every domain that had a rotation opened after that moment; without one, ever."""
        names = select(RotationRow.domain).distinct().order_by(RotationRow.domain)
        if since is not None:
            names = names.where(RotationRow.opened_at > since)
        return await self._database.read(lambda session: tuple(session.scalars(names)))

    async def count_opened(self, since: datetime) -> int:
        """How many were opened after that moment."""
        count = select(func.count()).where(RotationRow.opened_at > since)
        return await self._database.read(lambda session: session.scalars(count).one())

    async def count_of_admin(self, admin_id: int) -> int:
        """How many steps this person took as an admin."""
        kind, actor = RotationEntryRow.actor_kind, RotationEntryRow.actor_id
        count = select(func.count()).where(actor == admin_id, kind == ActorKind.ADMIN.value)
        return await self._database.read(lambda session: session.scalars(count).one())

    async def take_due(self, now: datetime, lease: timedelta, most: int) -> tuple[Rotation, ...]:
        """Up to `most` rotations whose time has come, longest due first, each for one taker.

        Nobody else is given them until they were changed or the lease has run out.
        """
        due = and_(_LEFT, RotationRow.due_at <= now, is_free(RotationRow.lease_until, now))

        def take(session: Session) -> tuple[Rotation, ...]:
            found = select(RotationRow).where(due)
            found = found.order_by(RotationRow.due_at, RotationRow.id).limit(most)
            return tuple(map(read_rotation, take_rows(session, found, now + lease)))

        return await self._database.take(take)

    async def next_due(self) -> datetime | None:
        """When the next one is due, or a lease runs out; None where nothing will be."""
        times = (RotationRow.due_at, RotationRow.lease_until)
        return await self._database.read(lambda session: find_earliest(session, *times, _LEFT))

    async def give_back(self, taken: Iterable[Rotation], free_at: datetime | None = None) -> None:
        """Lets others take rotations that were not changed, as far as the leases on them last.

        That is from `free_at` on; None: at once.
        """
        leases = [(rotation.id, rotation.lease_until) for rotation in taken]
        await give_back(self._database, RotationRow.id, leases, free_at)

    async def release_leases(self) -> None:
        """Takes back the rotations that a former process had taken; only where no other one is."""
        await release_leases(self._database, RotationRow.lease_until)

    async def forget_member(self, member_id: int, pseudonym: int, now: datetime) -> None:
        """Puts a pseudonym in a member's place everywhere, all at once.

        Messages that name them are drawn anew. Those to them are another table's, as all news.
        """
        did = exists().where(
            RotationEntryRow.rotation_id == RotationRow.id, RotationEntryRow.actor_id == member_id
        )
        names_them = or_(RotationRow.opened_by == member_id, did)

        def rename(session: Session) -> None:
            for rotation_id in session.scalars(select(RotationRow.id).where(names_them)).all():
                draw_rotation_anew(session, rotation_id, now)
            opened = update(RotationRow).where(RotationRow.opened_by == member_id)
            session.execute(opened.values(opened_by=pseudonym))
            done = update(RotationEntryRow).where(RotationEntryRow.actor_id == member_id)
            session.execute(done.values(actor_id=pseudonym))

        await self._database.write(rename)

    async def _list(self, wanted: Select[Any]) -> tuple[Rotation, ...]:
        return await self._database.read(
            lambda session: tuple(map(read_rotation, session.scalars(wanted)))
        )


def _open_ones() -> Select[Any]:
    return select(RotationRow).where(RotationRow.closed_at.is_(None)).order_by(RotationRow.id)


def _add(session: Session, asked: NewRotation, found: frozenset[str], now: datetime) -> Rotation:
    row = make_rotation_row(session, asked, found, now)
    session.add(row)
    session.flush()
    rotation = read_rotation(row)
    add_rotation_entry(session, rotation.id, asked.actor, (None, RotationState.PREPARING), now)
    tell_rotation(session, rotation, RotationNews.CARD, now)
    return rotation
