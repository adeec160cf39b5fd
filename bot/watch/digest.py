"""The weekly digest: one line a domain that is not green."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Status
from bot.watch.watch_news import DigestLine, DigestTold
from bot.watch.watch_state import load_state
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.watch.watched_domain import Watched

TOLD_AT: Final = time(8)  # on Mondays, UTC
A_WEEK: Final = timedelta(days=7)
OLD: Final = timedelta(days=2)  # what nobody could find out for so long is said


@dataclass(frozen=True, slots=True)
class Week:
    """A week of digests: its name as ISO 8601 has it, and when its digest is due."""

    name: str
    begins_at: datetime

    @property
    def next(self) -> Week:
        """The week after."""
        return week_of(self.begins_at + A_WEEK)


def week_of(moment: datetime) -> Week:
    """Return the week whose digest was due last at a moment."""
    utc = moment.astimezone(UTC)
    monday = utc.date() - timedelta(days=utc.weekday())
    begins_at = datetime.combine(monday, TOLD_AT, UTC)
    if begins_at > utc:
        begins_at -= A_WEEK
    year, number, _ = begins_at.isocalendar()
    return Week(f"{year}-W{number:02}", begins_at)


def make_digest(
    watched: Iterable[Watched],
    now: datetime,
    *,
    total: int | None = None,
    unwell: int | None = None,
) -> DigestTold:
    """Return the digest of subjects, in their order; those of which nobody is told now left out.

    `total` is how many domains it is about and `unwell` how many subjects are not right, where
    `watched` is not all of them.
    """
    told = [one for one in watched if one.paused_until is None or one.paused_until <= now]
    lines = tuple(_make_line(one) for one in told if not _is_well(one, now))
    return DigestTold(
        at=now,
        total=sum(one.subject != MAIL_SERVER for one in told) if total is None else total,
        lines=lines,
        unlisted=0 if unwell is None else unwell - len(lines),
    )


def _is_well(one: Watched, now: datetime) -> bool:
    """Whether a subject is green, and was seen so lately."""
    return one.green and one.known_at is not None and now - one.known_at < OLD


def _make_line(one: Watched) -> DigestLine:
    return DigestLine(
        subject=one.subject,
        status=one.status or Status.UNKNOWN,
        next=one.next,
        since=one.since,
        finding=load_state(one.state).first,
        known_at=one.known_at,
    )
