"""The history of a domain: how each check stood at each time, and what changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Status

if TYPE_CHECKING:
    from datetime import datetime

    from bot.errors import Fact
    from bot.names import Domain
    from bot.watch.snapshot import SnapshotChanges

# Looks are a day apart. After more than two of them nobody knows how things stand.
STALE_AFTER: Final = timedelta(days=2)

# The mail server's own part is the same for all its domains, so it has no lane.
LANES: Final = tuple(check for check in Check if check is not Check.SERVER)

RIGHT: Final = frozenset({Status.PASS, Status.INFO})
WRONG: Final = frozenset({Status.WARN, Status.FAIL})


# Of several periods that are shown in one place, the last in this order is.
SHOWN_OVER: Final = (Status.UNKNOWN, Status.PASS, Status.INFO, Status.WARN, Status.FAIL)


@dataclass(frozen=True, slots=True)
class DatedChanges:
    """What one look saw that the one before had not, and when that look was."""

    at: datetime
    changes: SnapshotChanges


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which the status of a check and its findings stayed the same.

    Status.UNKNOWN: nobody knows how it stood then.
    """

    began_at: datetime
    ended_at: datetime
    status: Status
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lane:
    """One check through the time of a history: gapless periods, the earliest first.

    `moved_at` are the looks that saw other records.
    """

    check: Check
    periods: tuple[Period, ...]
    moved_at: tuple[datetime, ...] = ()

    @property
    def latest(self) -> Period:
        """The latest period in which something was known; the last one where there is none."""
        known = (p for p in reversed(self.periods) if p.status is not Status.UNKNOWN)
        return next(known, self.periods[-1])

    def columns(self, count: int, span: tuple[datetime, datetime], least: int = 1) -> list[Status]:
        """Return how it stood in so many equal parts of a time, in each the worst.

        What is wrong takes at least `least` of them, however short it was.
        """
        began_at, ended_at = span
        whole = max(ended_at - began_at, timedelta(seconds=1))
        columns = [Status.UNKNOWN] * count
        for period in sorted(self.periods, key=lambda period: SHOWN_OVER.index(period.status)):
            wide = least if period.status in WRONG else 1
            begin = round((period.began_at - began_at) / whole * count)
            end = round((period.ended_at - began_at) / whole * count)
            begin = min(max(begin, 0), count - wide)
            for place in range(begin, max(min(end, count), begin + wide)):
                columns[place] = period.status
        return columns

    @property
    def is_calm(self) -> bool:
        """Whether nothing about it is wrong now, and nothing changed as far as it is known."""
        known = {period.status for period in self.periods} - {Status.UNKNOWN}
        return not self.moved_at and len(known) <= 1 and not known & WRONG


@dataclass(frozen=True, slots=True)
class SinceWhen:
    """Since when a check stands as it does.

    `before` is how it stood before, None where that is not known: it may be so for longer.
    """

    check: Check
    status: Status
    began_at: datetime
    before: Status | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What is known of a domain's past, from `began_at` until `ended_at`.

    `changes` are the latest, the newest first; what the first look saw is none. `is_own`: it is
    made of the checks that one member asked for, and of no look by the bot itself. `is_cut`: there
    is more than is read. `known_at` is the latest look that found something out.
    """

    domain: Domain
    began_at: datetime
    ended_at: datetime
    known_at: datetime
    lanes: tuple[Lane, ...]
    changes: tuple[DatedChanges, ...] = ()
    is_own: bool = False
    is_cut: bool = False

    @property
    def status(self) -> Status:
        """The worst status as it was known last; unknown where nothing is."""
        return max((lane.latest.status for lane in self.lanes), key=lambda status: status.rank)

    @property
    def facts(self) -> dict[str, Fact]:
        """What the words for all of it use."""
        return {
            "began": int(self.began_at.timestamp()),
            "ended": int(self.ended_at.timestamp()),
            "cut": self.is_cut,
            "unknown": self.ended_at - self.known_at > STALE_AFTER,
            "known": int(self.known_at.timestamp()),
        }

    @property
    def shown_lanes(self) -> tuple[Lane, ...]:
        """The lanes of what mail needs, and of all else that is wrong or changed."""
        return tuple(lane for lane in self.lanes if lane.check in _NEEDED or not lane.is_calm)

    @property
    def calm_checks(self) -> tuple[Check, ...]:
        """The checks that have no lane among those shown."""
        shown = {lane.check for lane in self.shown_lanes}
        return tuple(lane.check for lane in self.lanes if lane.check not in shown)

    @property
    def quiet_since(self) -> datetime:
        """Since when nothing has changed."""
        return self.changes[0].at if self.changes else self.began_at

    def since_when(self, check: Check) -> SinceWhen | None:
        """Return since when a check stands as it does; None where that was never known."""
        lane = next((lane for lane in self.lanes if lane.check is check), None)
        if lane is None or lane.latest.status is Status.UNKNOWN:
            return None
        return _find_since(lane)


_NEEDED: Final = frozenset({Check.DELEGATION, Check.MX, Check.SPF, Check.DKIM, Check.DMARC})


def _find_since(lane: Lane) -> SinceWhen:
    """Return since when the latest status is there; right with and without a note are one."""
    latest = lane.latest
    same = RIGHT if latest.status in RIGHT else {latest.status}
    began_at, before = latest.began_at, None
    for period in reversed(lane.periods):
        if period.began_at > latest.began_at:
            continue
        if period.status not in same:
            before = None if period.status is Status.UNKNOWN else period.status
            break
        began_at = period.began_at
    return SinceWhen(lane.check, latest.status, began_at, before)
