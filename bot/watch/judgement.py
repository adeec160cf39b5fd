"""What a look at a domain means: which incidents open and close, what changed, who waits no more.

Nothing is asked here, and no clock is read.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Check, Finding, Status
from bot.checks.report import is_of_next_key, status_without
from bot.watch.awaited_judgement import judge_awaited
from bot.watch.fault_tracking import Sight, Tracked, look_times, track_faults
from bot.watch.look_decision import LookDecision
from bot.watch.look_schedule import daily_look
from bot.watch.snapshot import compare_snapshots, known_status, take_snapshot
from bot.watch.watch_state import dump_state, load_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.checks.report import CheckResult, Report
    from bot.watch.incident import Incident
    from bot.watch.look_decision import SubjectStanding
    from bot.watch.snapshot import Snapshot
    from bot.watch.watch_state import WatchState
    from bot.watch.watched_domain import Seen, Watched

SET_UP_IN: Final = timedelta(days=14)  # so long a plan guides the member of a new domain

_SET_BACK: Final = timedelta(minutes=10)  # by more than this a clock was ahead
_RIGHT: Final = frozenset({Status.PASS, Status.INFO})
_NEEDED: Final = frozenset({Check.DELEGATION, Check.MX, Check.SPF, Check.DKIM, Check.DMARC})


def judge_domain(
    standing: SubjectStanding, seen: Seen, now: datetime, taken: Watched | None = None
) -> LookDecision | None:
    """Return what a look at a domain means; None where one as late was judged before.

    `taken` is the domain as it was when it was taken for this look; None where it was not.
    """
    watched, report, at = standing.watched, seen.report, seen.report.checked_at
    if was_judged(watched, at, now):
        return None
    before = load_state(watched.state)
    snapshot = take_snapshot(report, before.snapshot)
    sights = _list_sights(standing, before, snapshot, report)
    tracked = track_faults(
        watched.subject,
        before.suspicions,
        standing.incidents,
        sights if standing.is_wanted else {},
        at,
        held=is_held(watched, at),
    )
    if not standing.is_wanted:
        tracked = _close_all(tracked, standing.incidents, at)
    awaited = tuple(judge_awaited(each, seen) for each in standing.awaited)
    state = replace(
        before,
        snapshot=snapshot,
        suspicions=tracked.suspicions,
        usual=_learn_usual(standing, before, tracked, sights, report),
        first=find_first(report) if knows_needed(report) else find_first(report) or before.first,
        zone=report.zone.to_text(),
    )
    waits = [look.awaited.due_at for look in awaited if look.awaited.ended_at is None]
    is_let_go = not standing.is_wanted and not waits
    # While nobody is told, what there is to tell can wait for the end of that.
    until = watched.paused_until if is_held(watched, at) else None
    times = (*waits, *([until] if until else look_times(tracked, standing.incidents, at)))
    asked_for = _find_asked_for(watched, at, now, taken)
    due_at = asked_for or min((daily_look(watched.subject, at), *times))
    return LookDecision(
        watched=replace(
            _note_look(watched, before, state, seen),
            state=dump_state(state),
            due_at=None if is_let_go else due_at,
        ),
        opened=tracked.opened,
        changed=tracked.changed,
        closed=tracked.closed,
        silent=not standing.is_wanted,
        redrawn=tracked.redrawn,
        changes=compare_snapshots(before.snapshot, snapshot),
        awaited=awaited,
    )


def _find_asked_for(
    watched: Watched, at: datetime, now: datetime, taken: Watched | None
) -> datetime | None:
    """Return when somebody wants another look, who asked after this one or while it was made."""
    if watched.due_at is None or watched.due_at > now:
        return None
    is_another = at < watched.due_at or (taken is not None and watched.due_at != taken.due_at)
    return watched.due_at if is_another else None


def was_judged(watched: Watched, at: datetime, now: datetime) -> bool:
    """Whether a look as late was judged before, unless the clock was ahead then."""
    return watched.looked_at is not None and at <= watched.looked_at <= now + _SET_BACK


def is_held(watched: Watched, at: datetime) -> bool:
    """Whether an admin wants nobody to be told of a subject at that moment."""
    return watched.paused_until is not None and at < watched.paused_until


def knows_needed(report: Report) -> bool:
    """Whether a look found out everything that mail needs."""
    unknown = {result.check for result in report.results if result.status is Status.UNKNOWN}
    return unknown.isdisjoint({*_NEEDED, Check.SERVER})


def _list_sights(
    standing: SubjectStanding, before: WatchState, snapshot: Snapshot, report: Report
) -> dict[str, Sight]:
    """Return what was found out of each check of the domain itself.

    Left out are the faults of one that is being set up, and what is the mail server's own.
    """
    watched = standing.watched
    is_young = watched.is_new and report.checked_at - watched.added_at < SET_UP_IN
    tracked = {*before.suspicions, *(incident.check for incident in standing.incidents)}
    known = {check for check, _ in _list_known(report)}
    sights = {}
    for check, result in _list_known(report):
        status, usual = status_without(result, report, is_of_next_key), before.usual.get(check)
        if status is not Status.FAIL and (status is not Status.WARN or usual not in _RIGHT):
            # What is wrong with a policy may lie in the records that it rests on.
            if check is not Check.DMARC or known >= {Check.SPF, Check.DKIM}:
                sights[check.value] = Sight(ttl=result.ttl)
            continue
        is_being_set_up = is_young and usual not in _RIGHT
        is_other_stage = check.value not in tracked and _is_other_stage(check, before, snapshot)
        if not is_being_set_up and not is_other_stage:
            sights[check.value] = Sight(_find_worst(report, check), result.ttl)
    return sights


def _list_known(report: Report) -> Iterator[tuple[Check, CheckResult]]:
    for result in report.results:
        check, is_known = result.check, known_status(result, report) is not Status.UNKNOWN
        if isinstance(check, Check) and check is not Check.SERVER and is_known:
            yield check, result


def _is_other_stage(check: Check, before: WatchState, snapshot: Snapshot) -> bool:
    """Whether no more can be new than the stage that the admin approved for a DMARC record."""
    now, former = snapshot.checks[check], before.snapshot.checks.get(check)
    is_same = former is not None and former.found == now.found
    return check is Check.DMARC and now.status is Status.WARN and is_same


def _find_worst(report: Report, check: Check) -> Finding:
    """Return the worst finding of a check that is known to be bad, so that there is one."""
    own = (f for f in report.findings if f.check is check and not is_of_next_key(f))
    return max(own, key=lambda finding: finding.severity.rank)


def find_first(report: Report) -> Finding | None:
    """Return the finding to begin with, without its facts; None where nothing is wrong."""
    wrong = (f for f in report.steps if f.severity in {Status.WARN, Status.FAIL})
    first = next(wrong, None)
    return None if first is None else Finding(first.check, first.code, first.severity)


def _learn_usual(
    standing: SubjectStanding,
    before: WatchState,
    tracked: Tracked,
    sights: Mapping[str, Sight],
    report: Report,
) -> Mapping[Check, Status]:
    """Return how each check stands when it is no fault, by the looks so far."""
    ended = {incident.id for incident in tracked.closed}
    still = {each.check for each in (*standing.incidents, *tracked.opened) if each.id not in ended}
    usual = dict(before.usual)
    for check, result in _list_known(report):
        sight = sights.get(check.value)
        if sight is not None and sight.finding is None and check.value not in still:
            usual[check] = status_without(result, report, is_of_next_key)
    return MappingProxyType(usual)


def _close_all(tracked: Tracked, incidents: Iterable[Incident], at: datetime) -> Tracked:
    """Return that nothing is followed any more, as nobody is told of the domain from now on."""
    latest = {incident.id: incident for incident in (*incidents, *tracked.changed)}
    latest |= {incident.id: incident for incident in tracked.closed}
    return Tracked(
        MappingProxyType({}),
        closed=tuple(replace(incident, closed_at=at) for incident in latest.values()),
    )


def _note_look(watched: Watched, before: WatchState, state: WatchState, seen: Seen) -> Watched:
    """Return a domain after a look, with what it found out."""
    report, at = seen.report, seen.report.checked_at
    status = state.snapshot.status
    # What one look could not find out is no reason to take back what the looks before proved.
    knows_all = all(known_status(r, report) is not Status.UNKNOWN for r in report.results)
    is_same = state.snapshot == before.snapshot and watched.green and not knows_all
    knows_any = any(check in _NEEDED for check, _ in _list_known(report))
    return replace(
        watched,
        status=status,
        green=True if is_same else seen.green,
        next=watched.next if is_same else seen.next,
        since=watched.since if status is watched.status else at,
        looked_at=at,
        known_at=at if knows_any else watched.known_at,
    )
