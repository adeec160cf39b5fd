"""The dates below a timeline: few enough to be read, at the beginning of a day or a month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST: Final = 6
_DAYS: Final = (1, 2, 3, 7, 14)  # from one date to the next, in a short time
_MONTHS: Final = (1, 2, 3, 6, 12)  # and in a long one


@dataclass(frozen=True, slots=True)
class Tick:
    """One date, in UTC; `is_day`: the day of the month is worth saying."""

    at: datetime
    is_day: bool


def find_ticks(began_at: datetime, ended_at: datetime) -> tuple[Tick, ...]:
    """Return at most six dates between two moments; the first day alone where there is none."""
    for step in _DAYS:
        if (ended_at - began_at) / timedelta(days=step) <= _MOST:
            days = tuple(Tick(at, is_day=True) for at in _days(began_at, ended_at, step))
            return days or (Tick(began_at.astimezone(UTC), is_day=True),)
    for step in _MONTHS:
        months = tuple(Tick(at, is_day=False) for at in _months(began_at, ended_at, step))
        if len(months) <= _MOST:
            return months
    return ()


def _days(began_at: datetime, ended_at: datetime, step: int) -> Iterator[datetime]:
    at = _midnight(began_at)
    while at <= ended_at:
        if at >= began_at:
            yield at
        at += timedelta(days=step if at >= began_at else 1)


def _months(began_at: datetime, ended_at: datetime, step: int) -> Iterator[datetime]:
    at = _midnight(began_at).replace(day=1)
    while at <= ended_at:
        if at >= began_at and (at.month - 1) % step == 0:
            yield at
        year, month = divmod(at.month, 12)
        at = at.replace(year=at.year + year, month=month + 1)


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
