"""How far the watch is, for the admins, and what one member has watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.watch.awaited_goal import Awaited
    from bot.watch.watch_news import NewsKind
    from bot.watch.watched_domain import Watched, Watcher


@dataclass(frozen=True, slots=True)
class OpenFault:
    """An incident that is open: of which subject and check, since when.

    `good_since` is there where the fault is gone, and may come back.
    """

    subject: str
    check: str
    began_at: datetime
    good_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class WatchOverview:
    """How far the watch is: `looked` of `total` domains had a look since the cycle began.

    `unknown` are those whose latest look found nothing out, the oldest knowledge first, `paused`
    those of which nobody is told now. `next_at` is when the next look is due.
    """

    began_at: datetime
    total: int
    looked: int
    open_faults: tuple[OpenFault, ...] = ()
    unknown: tuple[Watched, ...] = ()
    paused: tuple[Watched, ...] = ()
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UndeliveredNews:
    """News that did not reach a member; `subject` is empty where it is of no single domain."""

    what: NewsKind
    subject: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OwnWatch:
    """What a member has watched, each with what is known of it, and what they wait for."""

    watched: tuple[tuple[Watcher, Watched | None], ...] = ()
    awaited: tuple[Awaited, ...] = ()
    undelivered: tuple[UndeliveredNews, ...] = ()
