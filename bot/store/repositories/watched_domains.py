"""What is watched: taken when it is due, and what a look came to written in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, exists, func, or_, select, update

from bot.checks.export.archive import dump_finding
from bot.store.repositories.request_rows import count_changed
from bot.store.repositories.watch_news_rows import (
    draw_anew,
    tell_awaited,
    tell_certificate,
    tell_digest,
    tell_incidents,
)
from bot.store.repositories.watch_rows import add_watched, read_standing, read_watched
from bot.store.tables import (
    AwaitedRow,
    DomainChangeRow,
    IncidentRow,
    WatchedRow,
    WatcherRow,
    WatchNewsRow,
)
from bot.watch.snapshot import dump_changes
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy.orm import Session

    from bot.names import Domain
    from bot.store.engine.database import Database
    from bot.watch.incident import Incident
    from bot.watch.look_decision import Decide, Decision
    from bot.watch.watch_news import DigestTold
    from bot.watch.watched_domain import Watched
