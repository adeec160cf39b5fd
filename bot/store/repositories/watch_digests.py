"""The weekly digests, written as news for all who get one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, exists, func, not_, or_, select

from bot.checks.finding import Status
from bot.store.repositories.watch_news_rows import tell_digest, was_digest_told
from bot.store.repositories.watched_rows import read_watched
from bot.store.watch_tables import WatchedRow, WatcherRow
from bot.watch.digest import OLD, make_digest
from bot.watch.watch_news import ADMINS
from bot.watch.watch_overview import MOST_LISTED
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.store.engine.database import Database
    from bot.watch.digest import Week
    from bot.watch.watch_news import DigestTold
    from bot.watch.watched_domain import Watched

_MEMBERS_AT_ONCE: Final = 100
_IS_DOMAIN: Final = WatchedRow.subject != MAIL_SERVER


async def tell_digests(database: Database, week: Week, now: datetime) -> None:
    """Write down the digests of a week, unless that was done, or nothing was watched before it.

    Each member gets one where a domain that they have watched has a line. A domain that somebody
    only waits for is in none. That of the admins is written last, and says that it was done. What
    is told is read without being written to, so that no look has to wait for it.
    """
    told = await database.read(lambda session: _read_admins(session, week, now))
    if told is None:
        return
    after = -1  # pseudonyms of those who were forgotten are below
    while members := await database.read(partial(_read_members, after=after)):
        digests = await database.read(partial(_read_digests, members=members, now=now))
        await database.write(partial(_tell, week=week, digests=digests, now=now))
        after = members[-1]
    await database.write(partial(_tell, week=week, digests={ADMINS: told}, now=now))


def _tell(session: Session, week: Week, digests: Mapping[int, DigestTold], now: datetime) -> None:
    for target, told in digests.items():
        tell_digest(session, target, week.name, told, now)


def _read_admins(session: Session, week: Week, now: datetime) -> DigestTold | None:
    """Return what the admins are told; None where they were told, or nothing was watched yet."""
    if was_digest_told(session, week.name):
        return None
    is_looked_at = and_(
        WatchedRow.due_at.is_not(None),
        or_(
            not_(_IS_DOMAIN),
            WatchedRow.hosted,
            WatchedRow.by_hand,
            exists().where(WatcherRow.domain == WatchedRow.subject),
        ),
    )
    looked_at = select(WatchedRow).where(is_looked_at)
    if (
        session.scalars(looked_at.where(WatchedRow.added_at < week.begins_at).limit(1)).first()
        is None
    ):
        return None
    is_told = or_(WatchedRow.paused_until.is_(None), WatchedRow.paused_until <= now)
    is_well = and_(WatchedRow.green, WatchedRow.known_at > now - OLD)
    unwell = looked_at.where(
        is_told, or_(not_(WatchedRow.green), WatchedRow.known_at.is_(None), not_(is_well))
    )
    lines = session.scalars(
        # The mail server first, so that it is never left out.
        unwell.order_by(_IS_DOMAIN, _rank(now).desc(), WatchedRow.subject).limit(MOST_LISTED)
    )
    total = select(func.count()).select_from(WatchedRow).where(is_looked_at, is_told, _IS_DOMAIN)
    counted = select(func.count()).select_from(unwell.order_by(None).subquery())
    return make_digest(
        map(read_watched, lines),
        now,
        total=session.scalars(total).one(),
        unwell=session.scalars(counted).one(),
    )


def _rank(now: datetime) -> Any:
    """How bad a domain is: its status, unknown where nothing was found out for too long."""
    ranks = {status.value: status.rank for status in Status}
    is_old = or_(WatchedRow.known_at.is_(None), WatchedRow.known_at <= now - OLD)
    known = case(ranks, value=WatchedRow.status, else_=Status.UNKNOWN.rank)
    return case((is_old, Status.UNKNOWN.rank), else_=known)


def _read_members(session: Session, after: int) -> tuple[int, ...]:
    """Return the next members who have domains watched, by their number."""
    found = select(WatcherRow.member_id).where(WatcherRow.member_id > after).distinct()
    found = found.order_by(WatcherRow.member_id).limit(_MEMBERS_AT_ONCE)
    return tuple(session.scalars(found))


def _read_digests(
    session: Session, members: tuple[int, ...], now: datetime
) -> dict[int, DigestTold]:
    """Return the digests of these members that have a line."""
    found = (
        select(WatcherRow.member_id, WatchedRow)
        .join(WatchedRow, WatchedRow.subject == WatcherRow.domain)
        .where(
            WatcherRow.member_id.in_(members),
            or_(WatcherRow.paused_until.is_(None), WatcherRow.paused_until <= now),
            WatchedRow.due_at.is_not(None),
        )
        .order_by(WatcherRow.domain)
    )
    groups: dict[int, list[Watched]] = {}
    for member_id, row in session.execute(found):
        groups.setdefault(member_id, []).append(read_watched(row))
    digests = {member_id: make_digest(own, now) for member_id, own in groups.items()}
    return {member_id: told for member_id, told in digests.items() if told.lines}
