"""Messages of news: written down once, found by what they are about, and drawn anew."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import select

from bot.store.watch_tables import WatchNewsRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from bot.watch.watch_news import NewsKind


class NewsMessage(NamedTuple):
    """A message to be written down, and what it is known by."""

    key: str
    what: NewsKind
    target: int
    facts: dict[str, Any]
    subject: str | None = None  # by which all messages about the same are found


def add_news(
    session: Session, message: NewsMessage, now: datetime, due_at: datetime | None = None
) -> None:
    """Add a message unless one with its key was written down before."""
    if find_news(session, message.key) is not None:
        return
    row = WatchNewsRow(
        key=message.key,
        what=message.what.value,
        target=message.target,
        facts=write_facts(message.facts),
        nonce=secrets.token_hex(12),
        version=1,
        created_at=now,
        due_at=due_at or now,
        attempts=0,
        detail="",
        subject=message.subject,
    )
    session.add(row)
    session.flush()


def find_news(session: Session, key: str) -> WatchNewsRow | None:
    """Return the message with this key."""
    return session.scalars(select(WatchNewsRow).where(WatchNewsRow.key == key)).one_or_none()


def news_about(session: Session, subject: str) -> list[WatchNewsRow]:
    """Return all messages about one subject, the oldest first."""
    own = WatchNewsRow.subject == subject
    return list(session.scalars(select(WatchNewsRow).where(own).order_by(WatchNewsRow.id)))


def reopen_news(row: WatchNewsRow, now: datetime) -> None:
    """Have a message drawn anew, where it is in Discord or on its way there."""
    if row.ended_at is None:
        row.version += 1  # it is being delivered, or will be: as it is then
    elif row.message_id is not None:
        row.version += 1
        row.ended_at, row.due_at, row.attempts = None, now, 0


def write_facts(facts: dict[str, Any]) -> str:
    """Return facts as they are kept."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


def read_facts(row: WatchNewsRow) -> dict[str, Any]:
    """Return the facts of a message."""
    facts: dict[str, Any] = json.loads(row.facts)
    return facts
