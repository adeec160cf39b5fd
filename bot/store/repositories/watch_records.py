"""What the watch has on record: how far it is, what did not arrive, and what is too old."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import and_, delete, exists, func, not_, or_, select

from bot.checks.finding import Status
from bot.names import Domain
from bot.store.repositories.incident_rows import read_incident
from bot.store.repositories.removal import remove_found
from bot.store.repositories.rotation_news_rows import is_of_open_rotation
from bot.store.repositories.watched_rows import begin_watching, have_looked_at, read_watched
from bot.store.watch_tables import (
    AwaitedRow,
    DomainChangeRow,
    IncidentRow,
    WatchedRow,
    WatcherRow,
    WatchNewsRow,
)
from bot.watch.watch_news import NewsKind
from bot.watch.watch_overview import MOST_LISTED, Listed, UndeliveredNews, WatchOverview
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database
    from bot.watch.watched_domain import Watched

RowT = TypeVar("RowT")
ValueT = TypeVar("ValueT")

_IS_DOMAIN = WatchedRow.subject != MAIL_SERVER
_INTERNATIONAL = "%xn--%"  # names that are typed in other signs than they are stored in
_MOST_INTERNATIONAL = 2_000  # of them that are looked through for what was typed


class WatchRecords:
    """Reads the tables of the watch, and keeps what the admins say of a domain."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def overview(self, began_at: datetime, now: datetime) -> WatchOverview:
        """How far the watch is in the cycle that began then."""

        def find(session: Session) -> WatchOverview:
            total = select(func.count()).select_from(WatchedRow).where(_IS_DOMAIN, _is_wanted())
            looked = total.where(WatchedRow.looked_at >= began_at)
            open_ones = select(IncidentRow).where(IncidentRow.closed_at.is_(None))
            blind = or_(
                WatchedRow.known_at.is_(None),
                WatchedRow.known_at < WatchedRow.looked_at,
                WatchedRow.status == Status.UNKNOWN.value,
            )
            unknown = select(WatchedRow).where(
                _IS_DOMAIN, _is_wanted(), WatchedRow.looked_at.is_not(None), blind
            )
            paused = select(WatchedRow).where(_IS_DOMAIN, WatchedRow.paused_until > now)
            open_ones = open_ones.order_by(IncidentRow.began_at)
            unknown = unknown.order_by(WatchedRow.known_at.asc().nulls_first())
            paused = paused.order_by(WatchedRow.subject)
            next_at = select(WatchedRow.due_at).where(WatchedRow.due_at.is_not(None), _is_wanted())
            return WatchOverview(
                began_at,
                session.scalars(total).one(),
                session.scalars(looked).one(),
                _list(session, open_ones, read_incident),
                _list(session, unknown, read_watched),
                _list(session, paused, read_watched),
                session.scalar(next_at.order_by(WatchedRow.due_at).limit(1)),
            )

        return await self._database.read(find)

    async def watched(self, domain: Domain) -> Watched | None:
        """What is known of a domain; None where it was never watched."""

        def find(session: Session) -> Watched | None:
            row = session.get(WatchedRow, domain.ascii)
            return None if row is None else read_watched(row)

        return await self._database.read(find)

    async def find(self, typed: str, most: int) -> tuple[Domain, ...]:
        """Up to `most` watched domains that begin with what was typed, in either spelling."""
        rows = select(WatchedRow.subject).where(_IS_DOMAIN, _is_wanted())
        rows = rows.order_by(WatchedRow.subject)
        named = rows.where(WatchedRow.subject.startswith(typed, autoescape=True)).limit(most)
        others = rows.where(WatchedRow.subject.like(_INTERNATIONAL)).limit(_MOST_INTERNATIONAL)

        def find(session: Session) -> tuple[Domain, ...]:
            found = list(map(Domain.from_ascii, session.scalars(named)))
            if len(found) < most:
                international = map(Domain.from_ascii, session.scalars(others))
                found += (each for each in international if each.unicode.startswith(typed))
            return tuple(dict.fromkeys(found))[:most]

        return await self._database.read(find)

    async def add_by_hand(self, domain: Domain, now: datetime) -> bool:
        """Whether an admin added the domain just now, and not before; a look is due at once."""

        def add(session: Session) -> bool:
            if begin_watching(session, domain, now).by_hand:
                return False
            have_looked_at(session, domain, now).by_hand = True
            return True

        return await self._database.write(add)

    async def remove_by_hand(self, domain: Domain) -> tuple[bool, bool]:
        """Whether an admin had added the domain, and whether it is watched all the same."""

        def remove(session: Session) -> tuple[bool, bool]:
            row = session.get(WatchedRow, domain.ascii)
            if row is None:
                return False, False
            had, row.by_hand = row.by_hand, False
            row.version += 1
            session.flush()
            goes_on = select(WatchedRow.subject).where(
                WatchedRow.subject == row.subject, _is_wanted()
            )
            return had, session.scalars(goes_on).first() is not None

        return await self._database.write(remove)

    async def pause(self, domain: Domain, until: datetime | None) -> bool:
        """Whether the domain is known; nobody is told of it until then, or from now on again."""

        def note(session: Session) -> bool:
            row = session.get(WatchedRow, domain.ascii)
            if row is not None:
                row.paused_until = until
                row.version += 1
            return row is not None

        return await self._database.write(note)

    async def undelivered(self, member_id: int, most: int) -> tuple[UndeliveredNews, ...]:
        """The latest news that did not reach a member."""

        def find(session: Session) -> tuple[UndeliveredNews, ...]:
            own = select(WatchNewsRow).where(
                WatchNewsRow.target == member_id,
                WatchNewsRow.ended_at.is_not(None),
                WatchNewsRow.message_id.is_(None),
            )
            rows = session.scalars(own.order_by(WatchNewsRow.id.desc()).limit(most))
            return tuple(
                UndeliveredNews(NewsKind(row.what), _subject_of(row), row.created_at)
                for row in rows
            )

        return await self._database.read(find)

    async def news_of(self, member_id: int) -> int:
        """How many messages to this member are kept."""
        count = select(func.count()).where(WatchNewsRow.target == member_id)
        return await self._database.read(lambda session: session.scalars(count).one())

    async def forget(self, member_id: int) -> None:
        """Removes every message to this member."""

        def remove_all(session: Session) -> None:
            session.execute(delete(WatchNewsRow).where(WatchNewsRow.target == member_id))

        await self._database.write(remove_all)

    async def purge_history(self, before: datetime, most: int) -> int:
        """Removes changes, closed incidents and domains that nobody watches, from before then.

        At most `most` of each; gives how many they were.
        """
        closed, looked = IncidentRow.closed_at, WatchedRow.looked_at
        old = (
            select(DomainChangeRow).where(DomainChangeRow.at < before),
            select(IncidentRow).where(closed.is_not(None), closed < before),
            select(WatchedRow).where(
                _IS_DOMAIN,
                _is_unwanted(),
                func.coalesce(looked, WatchedRow.added_at) < before,
            ),
        )

        def remove(session: Session) -> int:
            return sum(remove_found(session, rows.limit(most)) for rows in old)

        return await self._database.write(remove)

    async def purge_news(self, before: datetime, most: int) -> int:
        """Removes at most `most` messages that ended before that moment; gives how many.

        Those that told of a subject which still has an incident stay, and summaries of which one is
        open: they say who is to be told of its end. So do those of a rotation that goes on, which
        are drawn anew.
        """
        is_open = exists().where(IncidentRow.closed_at.is_(None))
        is_told = is_open.where(IncidentRow.subject == WatchNewsRow.subject)
        is_summary = WatchNewsRow.what == NewsKind.SUMMARY.value
        old = select(WatchNewsRow).where(WatchNewsRow.ended_at < before)
        plain = old.where(not_(is_told), not_(is_summary), not_(is_of_open_rotation())).limit(most)

        def remove(session: Session) -> int:
            gone = remove_found(session, plain)
            for row in session.scalars(old.where(is_summary)).all():
                if gone < most and not _has_open(session, json.loads(row.facts)["opened"]):
                    session.delete(row)
                    gone += 1
            return gone

        return await self._database.write(remove)


def _has_open(session: Session, numbers: list[int]) -> bool:
    """Whether one of these incidents is open still."""
    own = select(IncidentRow.id).where(IncidentRow.id.in_(numbers), IncidentRow.closed_at.is_(None))
    return session.scalars(own.limit(1)).first() is not None


def _list(session: Session, rows: Select[RowT], read: Callable[[RowT], ValueT]) -> Listed[ValueT]:
    """The first of some rows as values, and how many others there are."""
    found = tuple(map(read, session.scalars(rows.limit(MOST_LISTED))))
    if len(found) < MOST_LISTED:
        return Listed(found)
    counted = select(func.count()).select_from(rows.order_by(None).subquery())
    return Listed(found, session.scalars(counted).one() - len(found))


def _is_wanted() -> Any:
    """What is looked at: the mail server, and each domain that it has or that somebody wants."""
    return or_(~_IS_DOMAIN, WatchedRow.hosted, WatchedRow.by_hand, *_wishes_of_members())


def _is_unwanted() -> Any:
    """What is not, written so that the index of domains which no admin wants finds it."""
    return and_(~WatchedRow.hosted, ~WatchedRow.by_hand, *map(not_, _wishes_of_members()))


def _wishes_of_members() -> tuple[Any, Any]:
    """Whether a member is told of a domain, and whether one waits for something."""
    waits = exists().where(AwaitedRow.domain == WatchedRow.subject, AwaitedRow.ended_at.is_(None))
    return exists().where(WatcherRow.domain == WatchedRow.subject), waits


def _subject_of(row: WatchNewsRow) -> str:
    """The domain that news is about; empty where it is about several."""
    subject = json.loads(row.facts).get("subject", "")
    return subject if isinstance(subject, str) else ""
