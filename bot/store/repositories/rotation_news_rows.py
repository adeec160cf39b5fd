"""Rows of news of rotations, written in the transaction of what they tell of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, String, cast, exists, literal, select

from bot.requests.model import RequestKind, State
from bot.rotations.rotation import RotationNews
from bot.store.repositories.news_messages import (
    NewsMessage,
    add_news,
    news_about,
    reopen_news,
)
from bot.store.rotation_tables import RotationRow
from bot.store.tables import ControlProofRow, RequestRow
from bot.store.watch_tables import WatcherRow, WatchNewsRow
from bot.watch.watch_news import ADMINS, NewsKind

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.rotations.rotation import Rotation

_TO_ADMINS: Final = frozenset({RotationNews.CARD, RotationNews.STUCK})
# Whoever asked in one of these was never heard, or gave it up.
_UNHEARD: Final = (State.DENIED.value, State.WITHDRAWN.value, State.REPLACED.value)
_SUBJECT: Final = "rotation:"  # no domain is called so


def tell_rotation(session: Session, rotation: Rotation, news: RotationNews, now: datetime) -> None:
    """Write down one piece of news for everybody whom it is for, once for each of them.

    A watcher who paused is told when that is over.
    """
    targets: dict[int, datetime | None] = {ADMINS: None}
    if news not in _TO_ADMINS:
        targets = find_told_members(session, rotation.domain)
    subject = f"{_SUBJECT}{rotation.id}"
    facts: dict[str, Any] = {
        "subject": rotation.domain.ascii,
        "rotation": rotation.id,
        "news": news.value,
    }
    for target, paused_until in targets.items():
        message = NewsMessage(
            f"{subject}:{target}:{news}", NewsKind.ROTATION, target, facts, subject
        )
        add_news(session, message, now, max(now, paused_until or now))


def draw_rotation_anew(
    session: Session, rotation_id: int, now: datetime, *, only: int | None = None
) -> None:
    """Have all messages of a rotation drawn anew, where they are in Discord, or those to `only`."""
    for row in news_about(session, f"{_SUBJECT}{rotation_id}"):
        if only is None or row.target == only:
            reopen_news(row, now)


def is_of_open_rotation() -> ColumnElement[bool]:
    """Whether a message is about a rotation that has not ended: it is drawn anew until then."""
    subject = literal(_SUBJECT, String).concat(cast(RotationRow.id, String))
    return exists().where(RotationRow.closed_at.is_(None), subject == WatchNewsRow.subject)


def find_told_members(session: Session, domain: Domain) -> dict[int, datetime | None]:
    """Return who is told of a domain's rotation, and until when they want to be left alone.

    That is who asked for its key last and was heard, and who watches the domain; where there is
    nobody, as old requests lose their members' ids, whoever has shown control of it. Nobody stands
    in for a member who was forgotten. A request that waits for an admin shows nothing.
    """
    watchers = select(WatcherRow.member_id, WatcherRow.paused_until).where(
        WatcherRow.domain == domain, WatcherRow.member_id >= 0
    )
    told = {
        row.member_id: row.paused_until
        for row in session.execute(watchers.order_by(WatcherRow.member_id))
    }
    asker = session.scalars(
        select(RequestRow.member_id)
        .where(
            RequestRow.domain == domain,
            RequestRow.kind == RequestKind.DKIM.value,
            RequestRow.decided_at.is_not(None),
            RequestRow.state.not_in(_UNHEARD),
        )
        .order_by(RequestRow.id.desc())
        .limit(1)
    ).first()
    if asker is not None and asker >= 0:
        told[asker] = None
    return told or dict.fromkeys(_find_proven(session, domain))


def _find_proven(session: Session, domain: Domain) -> list[int]:
    proven = select(ControlProofRow.member_id).where(
        ControlProofRow.domain == domain, ControlProofRow.member_id >= 0
    )
    return list(session.scalars(proven.order_by(ControlProofRow.member_id)))
