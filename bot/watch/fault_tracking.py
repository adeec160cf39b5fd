"""From one look to the next: a fault is suspected, opens an incident, looks mended, and is closed.

What a look did not find out changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.watch.incident import Incident
from bot.watch.look_schedule import calm_after, look_at_calm, look_at_fault, second_look
from bot.watch.watch_state import Suspicion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.checks.finding import Finding

TOGETHER: Final = timedelta(hours=1)  # so long a fault waits for others to be told with it


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look found out of one thing: what is wrong there, None where nothing is.

    `ttl` is for how many seconds that stays in caches; `again_after` is when a second look can
    confirm a fault, by default when the caches can have forgotten it. `check` is of the mail
    server's own report, and `since` when a look saw the fault under another name.
    """

    finding: Finding | None = None
    ttl: int | None = None
    again_after: timedelta | None = None
    check: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tracked:
    """What became of the faults of one subject by one look.

    Incidents in `opened` have no number yet; `changed` and `closed` are as they are now. Messages
    that tell of `redrawn`, by number, are drawn anew.
    """

    suspicions: Mapping[str, Suspicion]
    opened: tuple[Incident, ...] = ()
    changed: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    redrawn: frozenset[int] = field(default_factory=frozenset)


def track_faults(
    subject: str,
    suspicions: Mapping[str, Suspicion],
    incidents: Iterable[Incident],
    sights: Mapping[str, Sight],
    at: datetime,
    *,
    held: bool = False,
) -> Tracked:
    """Return what becomes of a subject's faults by a look at that moment.

    `sights` are by check, of the mail server by fault; what is not among them is unknown. While it
    is `held` no incident opens or closes: that comes with a later look.
    """
    known = {incident.check: incident for incident in incidents}
    suspected = {key: _from_now(one, at) for key, one in suspicions.items()}
    opened: list[Incident] = []
    changed: list[Incident] = []
    closed: list[Incident] = []
    redrawn: set[int] = set()
    seen: dict[str, Finding] = {}
    for key, sight in sights.items():
        incident = known.get(key)
        if incident is not None:
            after = _follow(incident, sight, at, held=held)
            (changed if after.closed_at is None else closed).append(after)
            if after.closed_at is None and _is_news(incident, after):
                redrawn.add(incident.id)
        elif sight.finding is None:
            suspected.pop(key, None)
        else:
            seen[key] = sight.finding
            suspected.setdefault(key, _suspect(sight, at))
    for key in [] if held else _list_confirmed(suspected, seen, at):
        began_at = suspected.pop(key).began_at
        opened.append(Incident(0, subject, key, seen[key], began_at, opened_at=at, seen_at=at))
    return Tracked(
        MappingProxyType(suspected),
        tuple(opened),
        tuple(changed),
        tuple(closed),
        frozenset(redrawn),
    )


def look_times(tracked: Tracked, incidents: Iterable[Incident], at: datetime) -> Iterator[datetime]:
    """Yield when each fault wants the next look, after one at that moment.

    `incidents` are those that were open before it.
    """
    for suspicion in tracked.suspicions.values():
        is_late = suspicion.confirm_at <= at  # that look found nothing out
        wait = look_at_fault(at - suspicion.began_at)
        yield at + wait if is_late else suspicion.confirm_at
    ended = {incident.id for incident in tracked.closed}
    now = {incident.id: incident for incident in tracked.changed}
    still = [now.get(each.id, each) for each in incidents if each.id not in ended]
    for incident in (*tracked.opened, *still):
        if incident.good_since is None or incident.calm_until is None:
            yield at + look_at_fault(at - incident.opened_at)
            continue
        soon = at + look_at_calm(incident.calm_until - incident.good_since)
        # What is over already could not be seen, or nobody is told now.
        yield min(soon, incident.calm_until) if incident.calm_until > at else soon


def _suspect(sight: Sight, at: datetime) -> Suspicion:
    began_at = sight.since or at
    wait = second_look(sight.ttl) if sight.again_after is None else sight.again_after
    return Suspicion(began_at, began_at + wait, sight.check)


def _from_now(one: Suspicion, at: datetime) -> Suspicion:
    """Return a suspicion as it is; where the clock was ahead then, as of that look."""
    if one.began_at <= at:
        return one
    return replace(one, began_at=at, confirm_at=at + (one.confirm_at - one.began_at))


def _list_confirmed(
    suspected: Mapping[str, Suspicion], seen: Iterable[str], at: datetime
) -> list[str]:
    """Return the faults that a second look confirms.

    What broke in the same look is told together: a fault waits a while for those that are still
    there and whose answers stay in caches for longer.
    """
    bad = {key: suspected[key] for key in seen}
    latest: dict[datetime, datetime] = {}
    for one in bad.values():
        latest[one.began_at] = max(one.confirm_at, latest.get(one.began_at, one.confirm_at))
    return [
        key
        for key, one in bad.items()
        if at >= min(latest[one.began_at], one.confirm_at + TOGETHER)
    ]


def _follow(incident: Incident, sight: Sight, at: datetime, *, held: bool) -> Incident:
    """Return an open incident after a look that found something out of it."""
    if sight.finding is not None:
        relapses = incident.relapses + (incident.good_since is not None)
        return replace(
            incident,
            finding=sight.finding,
            seen_at=at,
            good_since=None,
            calm_until=None,
            relapses=relapses,
        )
    good_since = incident.good_since
    # One to come is of a clock that was ahead.
    if good_since is None or incident.calm_until is None or good_since > at:
        calm_until = at + calm_after(incident.relapses, sight.ttl)
        return replace(incident, good_since=at, calm_until=calm_until)
    if at >= incident.calm_until and not held:
        return replace(incident, closed_at=at)
    return incident


def _is_news(before: Incident, after: Incident) -> bool:
    """Whether a message that told of an incident says something else now."""
    former, finding = before.finding, after.finding
    is_other = (former.code, former.severity) != (finding.code, finding.severity)
    return is_other or before.good_since != after.good_since
