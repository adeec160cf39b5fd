"""The weekly digests, written as news for all who get one, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, or_, select

from bot.store.repositories.watch_news_rows import tell_digest, was_digest_told
from bot.store.repositories.watched_rows import read_watched
from bot.store.watch_tables import WatchedRow, WatcherRow
from bot.watch.digest import make_digest
from bot.watch.watch_news import ADMINS
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.watch.digest import Week
    from bot.watch.watched_domain import Watched


def tell_digests(session: Session, week: Week, now: datetime) -> None:
    """Write down the digests of a week, unless that was done, or nothing was watched before it.

    Each member gets one where a domain that they have watched has a line. A domain that somebody
    only waits for is in none.
    """
    if was_digest_told(session, week.name):
        return
    is_wanted = or_(
        WatchedRow.subject == MAIL_SERVER,
        WatchedRow.hosted,
        WatchedRow.by_hand,
        exists().where(WatcherRow.domain == WatchedRow.subject),
    )
    rows = session.scalars(
        select(WatchedRow)
        .where(WatchedRow.due_at.is_not(None), is_wanted)
        .order_by(WatchedRow.subject)
    )
    watched = {row.subject: read_watched(row) for row in rows}
    if not any(each.added_at < week.begins_at for each in watched.values()):
        return
    tell_digest(session, ADMINS, week.name, make_digest(tuple(watched.values()), now), now)
    for member_id, own in _group_by_member(session, watched, now).items():
        told = make_digest(own, now)
        if told.lines:
            tell_digest(session, member_id, week.name, told, now)


def _group_by_member(
    session: Session, watched: dict[str, Watched], now: datetime
) -> dict[int, list[Watched]]:
    """Return what each member has watched that wants to be told now, by name."""
    found = (
        select(WatcherRow.member_id, WatcherRow.domain)
        .where(
            WatcherRow.member_id >= 0,
            or_(WatcherRow.paused_until.is_(None), WatcherRow.paused_until <= now),
        )
        .order_by(WatcherRow.domain)
    )
    groups: dict[int, list[Watched]] = {}
    for member_id, domain in session.execute(found):
        if domain.ascii in watched:
            groups.setdefault(member_id, []).append(watched[domain.ascii])
    return groups
