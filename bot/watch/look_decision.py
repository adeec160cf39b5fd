"""A subject as it stands before a look, and what is decided by that look, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.checks.finding import Finding
    from bot.watch.awaited_goal import Awaited
    from bot.watch.incident import Incident
    from bot.watch.snapshot import SnapshotChanges
    from bot.watch.watch_news import CertificateTold
    from bot.watch.watched_domain import Watched


@dataclass(frozen=True, slots=True)
class SubjectStanding:
    """A subject as it is in the transaction that settles a look.

    `incidents` and `awaited` are those that are open; `has_watchers`: members have it watched.
    """

    watched: Watched
    incidents: tuple[Incident, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    has_watchers: bool = False

    @property
    def is_wanted(self) -> bool:
        """Whether anybody wants it watched; who waits for something is told of that alone."""
        return self.watched.hosted or self.watched.by_hand or self.has_watchers


@dataclass(frozen=True, slots=True)
class AwaitedLook:
    """What a look came to for somebody who waits: how that stands now, and what is in the way."""

    awaited: Awaited
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class LookDecision:
    """What one transaction writes after a look, as a whole or not at all.

    `watched` is the subject afterwards, its `version` still the one before. Incidents in `opened`
    have no number yet; those in `changed` and `closed` are as they are now. `silent`: nobody is
    told of those that closed. Messages that told of `redrawn`, by number, or of those that closed
    are drawn anew.
    """

    watched: Watched
    opened: tuple[Incident, ...] = ()
    changed: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    silent: bool = False
    redrawn: frozenset[int] = frozenset()
    changes: SnapshotChanges | None = None
    awaited: tuple[AwaitedLook, ...] = ()
    certificates: tuple[CertificateTold, ...] = ()

    @property
    def is_news(self) -> bool:
        """Whether there is something to be delivered."""
        ended = any(look.awaited.ended_at is not None for look in self.awaited)
        return ended or bool(self.opened or self.closed or self.redrawn or self.certificates)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is written but the subject itself, which is looked at again."""
        more = self.opened, self.changed, self.closed, self.changes, self.awaited, self.certificates
        return self.watched.due_at is not None and not any(more)


Decide = Callable[[SubjectStanding], LookDecision | None]  # None: the look says nothing new
