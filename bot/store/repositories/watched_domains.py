"""What is watched: taken when it is due, and what a look came to written in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from bot.store.repositories.domain_listing import note_listing
from bot.store.repositories.leases import (
    count_changed,
    find_earliest,
    give_back,
    is_free,
    is_held,
    release_leases,
    take_rows,
)
from bot.store.repositories.look_settlement import settle_look, settle_quietly
from bot.store.repositories.watch_digests import tell_digests
from bot.store.repositories.watched_rows import make_watched, read_watched
from bot.store.watch_tables import WatchedRow
from bot.watch.look_schedule import DAY
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database
    from bot.watch.digest import Week
    from bot.watch.domain_list import Listing
    from bot.watch.look_decision import Decide, LookDecision
    from bot.watch.watched_domain import Watched


class WatchedDomains:
    """Keeps what is watched; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_due(self, now: datetime, lease: timedelta, most: int) -> tuple[Watched, ...]:
        """Up to `most` subjects whose time has come, longest due first, each for one taker.

        Nobody else is given one until a look at it was settled or put off, or the lease ran out.
        """
        # No look is further away than the daily one, unless the clock was ahead.
        due, left_behind = WatchedRow.due_at <= now, WatchedRow.due_at > now + 2 * DAY
        free = select(WatchedRow).where(is_free(WatchedRow.lease_until, now))
        free = free.order_by(WatchedRow.due_at, WatchedRow.subject)

        def take(session: Session) -> tuple[Watched, ...]:
            rows = take_rows(session, free.where(due).limit(most), now + lease)
            if len(rows) < most:  # by itself, as it is another range of the index
                rest = free.where(left_behind).limit(most - len(rows))
                rows += take_rows(session, rest, now + lease)
            return tuple(map(read_watched, rows))

        return await self._database.take(take)

    async def next_due(self) -> datetime | None:
        """When the next look is due, or a lease runs out; None where nothing is watched."""
        times = WatchedRow.due_at, WatchedRow.lease_until
        return await self._database.read(lambda session: find_earliest(session, *times))

    async def release_leases(self) -> None:
        """Lets everything be taken at once: whoever had taken it is gone; only at the start."""
        await release_leases(self._database, WatchedRow.lease_until)

    async def put_off(self, taken: Watched, due_at: datetime) -> None:
        """Notes that a look came to nothing, and when to look again.

        Nothing is noted where one was settled meanwhile, or somebody else took the subject.
        """
        own = update(WatchedRow).where(
            WatchedRow.subject == taken.subject, is_held(WatchedRow, taken.lease_until)
        )

        def note(session: Session) -> None:
            session.execute(own.values(due_at=due_at, lease_until=None))

        await self._database.write(note)

    async def give_back(self, taken: Iterable[Watched]) -> None:
        """Lets others take subjects that were not looked at, as far as the leases on them last."""
        leases = [(watched.subject, watched.lease_until) for watched in taken]
        await give_back(self._database, WatchedRow.subject, leases)

    async def have_looked_at(self, domain: Domain, now: datetime) -> bool:
        """Whether a domain is watched; where it is, a look at it is due at once."""
        own = update(WatchedRow).where(
            WatchedRow.subject == domain.ascii, WatchedRow.due_at.is_not(None)
        )
        due = own.values(due_at=now, version=WatchedRow.version + 1)
        return await self._database.write(lambda session: bool(count_changed(session, due)))

    async def get(self, subject: str) -> Watched | None:
        """What is known of a subject; None where it was never watched."""

        def find(session: Session) -> Watched | None:
            row = session.get(WatchedRow, subject)
            return None if row is None else read_watched(row)

        return await self._database.read(find)

    async def all(self) -> tuple[Watched, ...]:
        """Everything that is looked at, the mail server too, by its name."""
        rows = select(WatchedRow).where(WatchedRow.due_at.is_not(None))
        ordered = rows.order_by(WatchedRow.subject)

        def find(session: Session) -> tuple[Watched, ...]:
            return tuple(read_watched(row) for row in session.scalars(ordered))

        return await self._database.read(find)

    async def settle(
        self, decides: Mapping[str, Decide], now: datetime, taken: Watched | None = None
    ) -> Mapping[str, LookDecision]:
        """The subjects that were changed, each with what `decides` says of it, as it is now.

        All of it is written together, or nothing. A `decide` may be called again with a later
        standing; None leaves the subject as it is, but for whoever had taken it. `taken` is the
        subject that was taken for this look: it stays as it is where it is somebody else's by now,
        or a look at it was settled meanwhile.

        Most looks are quiet, so that is tried first, without what keeps writers apart that have
        nothing to do with each other.
        """
        if taken is not None and tuple(decides) == (taken.subject,):
            decide = decides[taken.subject]
            quiet = await self._database.take(
                lambda session: settle_quietly(session, taken.subject, decide, taken)
            )
            if quiet is not None:
                return {taken.subject: quiet}

        def settle_all(session: Session) -> dict[str, LookDecision]:
            # In one order everywhere, so that two transactions never wait for each other.
            settled = {}
            for subject, decide in sorted(decides.items()):
                own = taken if taken is not None and taken.subject == subject else None
                decision = settle_look(session, subject, decide, now, own)
                if decision is not None:
                    settled[subject] = decision
            return settled

        return await self._database.write(settle_all)

    async def note_listing(self, listing: Listing, now: datetime) -> None:
        """Notes which domains the mail server has.

        Those of the very first listing are looked at when it says, later ones at once. One that was
        missing before, for a while, is hosted no more, and due for its last look. It is written
        some domains at a time, and last that the mail server told; what was cut short is done with
        the next listing.
        """
        await note_listing(self._database, listing, now)

    async def watch_mail_server(self, now: datetime) -> None:
        """Has the mail server itself watched from now on, where it is not yet."""

        def add(session: Session) -> None:
            if session.get(WatchedRow, MAIL_SERVER) is None:
                session.add(make_watched(MAIL_SERVER, now, is_new=False))

        await self._database.write(add)

    async def tell_digests(self, week: Week, now: datetime) -> None:
        """Writes down the digests of a week for all who get one, once each.

        What was cut short is done by the next call.
        """
        await tell_digests(self._database, week, now)
