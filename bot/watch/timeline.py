"""How each check of a domain stood at each time, folded out of what changed between looks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Status
from bot.watch.snapshot import CheckState
from bot.watch.watched_domain import HISTORY_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from bot.errors import Fact
    from bot.names import Domain
    from bot.watch.snapshot import CheckChange, Snapshot, SnapshotChanges

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


@dataclass(slots=True)
class HistoryFold:
    """Folds changes, given one by one and the earliest first, into the history of a domain.

    What it keeps of each is small, so that thousands of changes are no burden. `latest` of them
    are kept whole, those that are told.
    """

    latest: int
    _first_at: datetime | None = None
    _by_check: dict[Check, list[_Step]] = field(default_factory=dict)
    _kept: list[DatedChanges] = field(default_factory=list)

    def add(self, dated: DatedChanges) -> None:
        """Take the next change in."""
        if self._first_at is None:
            self._first_at = dated.at
        for change in dated.changes.checks:
            if change.check is not Check.SERVER:
                self._by_check.setdefault(change.check, []).append(_Step.of(dated.at, change))
        if _is_told(dated.changes):
            self._kept = [*self._kept[-self.latest + 1 :], dated]

    def finish(
        self,
        domain: Domain,
        current: Snapshot,
        *,
        added_at: datetime,
        known_at: datetime,
        now: datetime,
        is_own: bool = False,
        is_cut: bool = False,
    ) -> History | None:
        """Return the history until `now`; None where nothing was ever known.

        `current` is how the domain stands: a check of which no change is kept stood like that
        since it was first looked at, or as long as is kept. `added_at` is when that was at the
        earliest.
        """
        first_at = self._first_at or added_at
        origin = first_at if is_cut else max(now - HISTORY_KEPT, min(added_at, first_at))
        ends = min(max(known_at, origin), now)
        lanes = []
        for check in LANES:
            steps = self._by_check.get(check, [])
            state = steps[0].before if steps else current.checks.get(check)
            if not steps and state is None:
                continue
            periods = tuple(_periods(state, steps, (origin, ends, now)))
            moved_at = tuple(step.at for step in steps if step.is_moved)
            lanes.append(Lane(check, periods, moved_at))
        if not lanes:
            return None
        began_at = min(_known_from(lane) for lane in lanes)
        return History(
            domain,
            began_at,
            now,
            ends,
            tuple(_begin_at(lane, began_at) for lane in lanes),
            tuple(reversed(self._kept)),
            is_own,
            is_cut,
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """One change of one check, without the records."""

    at: datetime
    before: CheckState | None
    after: CheckState
    is_moved: bool

    @classmethod
    def of(cls, at: datetime, change: CheckChange) -> _Step:
        before, after = change.before, change.after
        is_moved = before is not None and before.found != after.found
        return cls(at, None if before is None else _bare(before), _bare(after), is_moved)


def _bare(state: CheckState) -> CheckState:
    return CheckState(state.status, state.codes)


def _is_told(changes: SnapshotChanges) -> bool:
    """Whether there is something that was known before and is another now."""
    servers = changes.name_servers
    return (servers is not None and bool(servers[0])) or any(
        change.before is not None and change.check is not Check.SERVER for change in changes.checks
    )


def _periods(
    state: CheckState | None, steps: Sequence[_Step], times: tuple[datetime, datetime, datetime]
) -> Iterator[Period]:
    """Yield the periods from the origin on; from the last look that knew something to now too."""
    began_at, ends, now = times
    for step in steps:
        at = min(max(step.at, began_at), now)
        if at > began_at and not _is_same(state, step.after):
            yield _period(began_at, at, state)
            began_at = at
        state = step.after
    if now - ends <= STALE_AFTER or ends <= began_at:
        yield _period(began_at, now, state)
        return
    yield _period(began_at, ends, state)
    yield Period(ends, now, Status.UNKNOWN)


def _is_same(one: CheckState | None, other: CheckState) -> bool:
    return one is not None and (one.status, one.codes) == (other.status, other.codes)


def _period(began_at: datetime, ended_at: datetime, state: CheckState | None) -> Period:
    if state is None:
        return Period(began_at, ended_at, Status.UNKNOWN)
    return Period(began_at, ended_at, state.status, state.codes)


def _known_from(lane: Lane) -> datetime:
    known = (p.began_at for p in lane.periods if p.status is not Status.UNKNOWN)
    return next(known, lane.periods[0].began_at)


def _begin_at(lane: Lane, began_at: datetime) -> Lane:
    """Return a lane without what lies before the history's beginning."""
    kept = [p for p in lane.periods if p.ended_at > began_at] or [lane.periods[-1]]
    first = kept[0]
    kept[0] = Period(max(first.began_at, began_at), first.ended_at, first.status, first.codes)
    return Lane(lane.check, tuple(kept), lane.moved_at)


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
