"""News of the watch to be delivered; see `bot.store.repositories.outbox` for the manner."""

from __future__ import annotations

import json
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, select, update

from bot.names import Domain
from bot.requests.model import MessageKind, OutboxMessage
from bot.requests.schedule import LATEST_TRY
from bot.rotations.rotation import RotationNews
from bot.store.repositories.awaited_goals import read_awaited
from bot.store.repositories.incident_rows import read_incident
from bot.store.repositories.leases import (
    find_earliest,
    is_free,
    is_held,
    release_leases,
    take_rows,
)
from bot.store.repositories.rotation_news_rows import find_told_members
from bot.store.repositories.rotation_rows import read_rotation
from bot.store.rotation_tables import RotationRow
from bot.store.watch_tables import (
    AwaitedRow,
    DomainChangeRow,
    IncidentRow,
    WatchedRow,
    WatchNewsRow,
)
from bot.watch.news_facts import load_certificate, load_digest, load_maybe
from bot.watch.snapshot import load_changes
from bot.watch.watch_news import (
    ADMINS,
    AwaitedTold,
    IncidentsTold,
    News,
    NewsKind,
    RotationTold,
)
from bot.watch.watch_state import load_state
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.checks.zone_place import ZonePlace
    from bot.requests.model import Undelivered
    from bot.store.engine.database import Database
    from bot.watch.watch_news import Told

_LONGEST_DETAIL: Final = 300  # characters
_CHANGES_BEFORE: Final = timedelta(days=7)  # told with what broke
_MOST_CHANGES: Final = 8  # the latest ones, as a zone can change at each look


class WatchNewsTable:
    """Keeps news until they were delivered or given up, and remembers them after that.

    What was delivered can be due again: then its message is to be drawn anew.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_due(
        self, now: datetime, lease: timedelta, most: int
    ) -> tuple[OutboxMessage, ...]:
        """Up to `most` news whose time has come, each for one taker, its try counted.

        `request_id` is the number for `get`; `message_id` is where it was delivered before.
        """
        free = is_free(WatchNewsRow.lease_until, now)
        due = and_(WatchNewsRow.ended_at.is_(None), WatchNewsRow.due_at <= now, free)

        def take(session: Session) -> tuple[OutboxMessage, ...]:
            found = select(WatchNewsRow).where(due)
            found = found.order_by(WatchNewsRow.due_at, WatchNewsRow.id).limit(most)
            taken = take_rows(session, found, now + lease)
            for row in taken:
                row.attempts += 1
            return tuple(map(_read_message, taken))

        return await self._database.take(take)

    async def release_leases(self) -> None:
        """Lets all news be taken at once: whoever had taken them is gone; only at the start."""
        await release_leases(self._database, WatchNewsRow.lease_until)

    async def get(self, number: int) -> News | None:
        """The news with this number; None where there are none any more."""

        def find(session: Session) -> News | None:
            row = session.get(WatchNewsRow, number)
            return None if row is None else _read_news(row)

        return await self._database.read(find)

    async def end(
        self,
        message: OutboxMessage,
        now: datetime,
        arrived: tuple[int, int] | None,
        detail: str = "",
        undelivered: Undelivered | None = None,
    ) -> None:
        """Notes that it was delivered as `arrived` (channel and message id), or given up.

        Where there is more to tell since it was taken, it is due again. Without a message id it did
        not reach its member. Nothing is noted of news that somebody else has taken since.
        """
        del undelivered
        values: dict[str, Any] = {
            "lease_until": None,
            "detail": detail[:_LONGEST_DETAIL],
        }
        if arrived is not None:
            values |= {"channel_id": arrived[0], "message_id": arrived[1]}
        # Whoever was not reached is not tried again with the same news.
        is_last = WatchNewsRow.version == message.version
        ended_at = now if arrived is None else case((is_last, now), else_=None)
        await self._note(message, ended_at=ended_at, **values)

    async def put_off(self, message: OutboxMessage, due_at: datetime, detail: str) -> None:
        """Notes that it could not be delivered, why, and when to try again."""
        await self._note(message, due_at=due_at, lease_until=None, detail=detail[:_LONGEST_DETAIL])

    async def next_due(self) -> datetime | None:
        """When the next is due, or a lease runs out; None where nothing is left."""
        times, left = (
            (WatchNewsRow.due_at, WatchNewsRow.lease_until),
            WatchNewsRow.ended_at.is_(None),
        )
        return await self._database.read(lambda session: find_earliest(session, *times, left))

    async def content_of(self, news: News) -> Told | None:
        """What news tell, with incidents as they are now; None where nothing is left of it."""

        def load(session: Session) -> Told | None:
            match news.what:
                case NewsKind.INCIDENTS | NewsKind.SUMMARY:
                    return _load_incidents(session, news)
                case NewsKind.AWAITED:
                    return _load_awaited(session, news.facts)
                case NewsKind.DIGEST:
                    return load_digest(news.facts)
                case NewsKind.CERTIFICATE:
                    return load_certificate(news.facts)
                case NewsKind.ROTATION:
                    return _load_rotation(session, news.facts)

        return await self._database.read(load)

    async def _note(self, message: OutboxMessage, **values: object) -> None:
        statement = update(WatchNewsRow).where(
            WatchNewsRow.id == message.id,
            WatchNewsRow.ended_at.is_(None),
            is_held(WatchNewsRow, message.lease_until),
        )

        def note(session: Session) -> None:
            session.execute(statement.values(**values).execution_options(synchronize_session=False))

        await self._database.write(note)


def _load_incidents(session: Session, news: News) -> IncidentsTold | None:
    facts: Mapping[str, Any] = news.facts
    wanted = IncidentRow.id.in_([*facts["opened"], *facts["closed"]])
    found = {
        row.id: read_incident(row) for row in session.scalars(select(IncidentRow).where(wanted))
    }
    opened = tuple(found[number] for number in facts["opened"] if number in found)
    closed = tuple(found[number] for number in facts["closed"] if number in found)
    if not found:
        return None
    # Where the summary is one of before version 0010, nothing was unlisted.
    told = IncidentsTold(opened, closed, unlisted=facts.get("unlisted", 0))
    subject = next(iter(found.values())).subject
    if news.what is NewsKind.SUMMARY or subject == MAIL_SERVER:
        return told
    began_at = min(each.began_at for each in (*opened, *closed))
    changes = session.execute(
        select(DomainChangeRow.at, DomainChangeRow.changes)
        .where(
            DomainChangeRow.domain == Domain.from_ascii(subject),
            DomainChangeRow.at > began_at - _CHANGES_BEFORE,
            DomainChangeRow.at <= began_at,
        )
        .order_by(DomainChangeRow.at.desc())
        .limit(_MOST_CHANGES)
    )
    return IncidentsTold(
        opened,
        closed,
        tuple((at, load_changes(text)) for at, text in reversed(changes.all())),
        _find_place(session, subject),
    )


def _load_awaited(session: Session, facts: Mapping[str, Any]) -> AwaitedTold | None:
    row = session.get(AwaitedRow, facts["awaited"])
    if row is None:
        return None
    return AwaitedTold(read_awaited(row), load_maybe(facts["finding"]))


def _load_rotation(session: Session, facts: Mapping[str, Any]) -> RotationTold | None:
    row = session.get(RotationRow, facts["rotation"])
    if row is None:
        return None
    return RotationTold(
        read_rotation(row),
        RotationNews(facts["news"]),
        _find_place(session, row.domain.ascii),
        len(find_told_members(session, row.domain)),
    )


def _find_place(session: Session, subject: str) -> ZonePlace | None:
    """Return where the records of a watched domain are to be typed, as far as that is known."""
    row = session.get(WatchedRow, subject)
    return None if row is None else load_state(row.state).place


def _read_news(row: WatchNewsRow) -> News:
    return News(
        id=row.id,
        key=row.key,
        what=NewsKind(row.what),
        target=row.target,
        facts=MappingProxyType(json.loads(row.facts)),
        created_at=row.created_at,
        channel_id=row.channel_id,
        message_id=row.message_id,
    )


def _read_message(row: WatchNewsRow) -> OutboxMessage:
    # What is drawn anew is given up as long after that was wanted, and not after it was first sent.
    wanted_at = row.due_at - row.attempts * LATEST_TRY
    is_anew = row.message_id is not None
    return OutboxMessage(
        id=row.id,
        request_id=row.id,
        version=row.version,
        what=MessageKind.ADMIN_WATCH if row.target == ADMINS else MessageKind.MEMBER_WATCH,
        nonce=row.nonce,
        created_at=max(row.created_at, wanted_at) if is_anew else row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        ended_at=row.ended_at,
        channel_id=row.channel_id,
        message_id=row.message_id,
        detail=row.detail,
        lease_until=row.lease_until,
    )
