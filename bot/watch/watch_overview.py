"""How far the watch is, for the admins, and what one member has watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from bot.watch.awaited_goal import Awaited
    from bot.watch.incident import Incident
    from bot.watch.watch_news import NewsKind
    from bot.watch.watched_domain import Watched, Watcher


ItemT = TypeVar("ItemT")

# Of one list, such as a digest's, or what a summary says opened; nobody reads on, and a message
# has an end.
MOST_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class Listed(Generic[ItemT]):
    """The first of a list that may be long, at most `MOST_LISTED`, and how many it leaves out."""

    first: tuple[ItemT, ...] = ()
    left_out: int = 0

    @property
    def total(self) -> int:
        """How many there are in all."""
        return len(self.first) + self.left_out


@dataclass(frozen=True, slots=True)
class WatchOverview:
    """How far the watch is: `looked` of `total` domains had a look since the cycle began.

    `open_ones` are the incidents that are open, `unknown` the domains whose latest look found
    nothing out, the oldest knowledge first, `paused` those of which nobody is told now. `next_at`
    is when the next look is due.
    """

    began_at: datetime
    total: int
    looked: int
    open_ones: Listed[Incident] = field(default_factory=Listed)
    unknown: Listed[Watched] = field(default_factory=Listed)
    paused: Listed[Watched] = field(default_factory=Listed)
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WatchTally:
    """How many subjects are watched, how many incidents are open, and how late a look is.

    `late` is in seconds, of the look that should have been made first; 0 where none is due.
    """

    watched: int
    incidents: int
    late: float


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
