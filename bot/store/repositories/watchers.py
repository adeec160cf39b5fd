"""Which members are told of which domains: at most so many of each member."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from bot.store.repositories.watch_news_rows import unsent_rows
from bot.store.repositories.watched_rows import begin_watching, read_watched
from bot.store.watch_tables import WatchedRow, WatcherRow
from bot.watch.watched_domain import Watcher

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database
    from bot.watch.watched_domain import Watched


class Watchers:
    """Keeps one row for each member and domain, until the member takes it back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, domain: Domain, member_id: int, now: datetime, most: int
    ) -> tuple[Watcher, bool] | None:
        """The member's watcher of the domain, and whether it was made just now.

        None where the member has `most` of others. The domain is looked at from then on.
        """

        def find_or_add(session: Session) -> tuple[Watcher, bool] | None:
            row = session.get(WatcherRow, (domain, member_id))
            if row is not None:
                return _read(row), False
            own = select(func.count()).where(WatcherRow.member_id == member_id)
            if session.scalars(own).one() >= most:
                return None
            row = WatcherRow(domain=domain, member_id=member_id, added_at=now)
            session.add(row)
            begin_watching(session, domain, now)
            return _read(row), True

        return await self._database.write(find_or_add)

    async def remove(self, domain: Domain, member_id: int) -> bool:
        """Whether the member's watcher of the domain was there; it is not any more.

        What was to be told of the domain and was not sent goes with it.
        """

        def take_away(session: Session) -> bool:
            row = session.get(WatcherRow, (domain, member_id))
            if row is not None:
                session.delete(row)
                for news in unsent_rows(session, domain.ascii, member_id):
                    session.delete(news)
            return row is not None

        return await self._database.write(take_away)

    async def pause(self, domain: Domain, member_id: int, until: datetime | None) -> Watcher | None:
        """The watcher, paused until then or not any more; None where the member has none."""

        def note(session: Session) -> Watcher | None:
            row = session.get(WatcherRow, (domain, member_id))
            if row is None:
                return None
            row.paused_until = until
            for news in unsent_rows(session, domain.ascii, member_id):
                news.due_at = until or news.created_at  # what was held back comes at once
            return _read(row)

        return await self._database.write(note)

    async def get(self, domain: Domain, member_id: int) -> Watcher | None:
        """The member's watcher of the domain; None where there is none."""

        def find(session: Session) -> Watcher | None:
            row = session.get(WatcherRow, (domain, member_id))
            return None if row is None else _read(row)

        return await self._database.read(find)

    async def of_member(self, member_id: int) -> tuple[tuple[Watcher, Watched | None], ...]:
        """The member's watchers by name, each with what is known of the domain."""

        def find(session: Session) -> tuple[tuple[Watcher, Watched | None], ...]:
            own = select(WatcherRow).where(WatcherRow.member_id == member_id)
            watchers = [_read(row) for row in session.scalars(own.order_by(WatcherRow.domain))]
            rows = ((w, session.get(WatchedRow, w.domain.ascii)) for w in watchers)
            return tuple((w, None if row is None else read_watched(row)) for w, row in rows)

        return await self._database.read(find)

    async def count_of(self, member_id: int) -> int:
        """How many domains this member has watched."""
        count = select(func.count()).where(WatcherRow.member_id == member_id)
        return await self._database.read(lambda session: session.scalars(count).one())

    async def forget(self, member_id: int) -> None:
        """Removes every watcher of this member."""

        def remove_all(session: Session) -> None:
            session.execute(delete(WatcherRow).where(WatcherRow.member_id == member_id))

        await self._database.write(remove_all)


def _read(row: WatcherRow) -> Watcher:
    return Watcher(row.domain, row.member_id, row.added_at, row.paused_until)
