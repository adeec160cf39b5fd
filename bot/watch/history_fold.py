"""Folds what changed between looks into the history of a domain."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Status
from bot.watch.snapshot import CheckState
from bot.watch.timeline import LANES, STALE_AFTER, DatedChanges, History, Lane, Period
from bot.watch.watched_domain import HISTORY_KEPT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from bot.names import Domain
    from bot.watch.snapshot import CheckChange, Snapshot, SnapshotChanges

# Findings of the delegation with which no record of the domain can be found out. A look leaves
# what it cannot find out as it was, so that without these a domain that is gone looks right.
_GONE: Final = frozenset({"domain-not-found", "ns-all-lame"})


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
        lanes = _forget_while_gone(lanes)
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


def _forget_while_gone(lanes: list[Lane]) -> list[Lane]:
    """Return lanes in which nobody knows how the others stood while the domain itself was gone."""
    gone = [
        period
        for lane in lanes
        if lane.check is Check.DELEGATION
        for period in lane.periods
        if period.status is Status.FAIL and not _GONE.isdisjoint(period.codes)
    ]
    return [lane if lane.check is Check.DELEGATION else _hide(lane, gone) for lane in lanes]


def _hide(lane: Lane, times: Sequence[Period]) -> Lane:
    """Return a lane of which nothing is known at these times, the earliest first."""
    if not times:
        return lane
    kept: list[Period] = []
    for piece in _split(lane.periods, times):
        if kept and kept[-1].status is piece.status is Status.UNKNOWN:
            kept[-1] = replace(kept[-1], ended_at=piece.ended_at)
        else:
            kept.append(piece)
    return replace(lane, periods=tuple(kept))


def _split(periods: Iterable[Period], times: Sequence[Period]) -> Iterator[Period]:
    """Yield periods with the unknown ones in their place; the work is no more than their sum."""
    following = 0
    for period in periods:
        at = period.began_at
        while following < len(times) and times[following].began_at < period.ended_at:
            hidden = times[following]
            begin, end = max(hidden.began_at, at), min(hidden.ended_at, period.ended_at)
            if at < begin < end:
                yield replace(period, began_at=at, ended_at=begin)
            if begin < end:
                yield Period(begin, end, Status.UNKNOWN)
                at = end
            if hidden.ended_at > period.ended_at:
                break
            following += 1
        if at < period.ended_at or at == period.began_at:
            yield replace(period, began_at=at)


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
