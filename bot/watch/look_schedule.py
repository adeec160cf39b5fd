"""When the watch looks: spread over the day, sooner where a fault is suspected, open or mended."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta
from typing import Final

DAY: Final = timedelta(days=1)
SOONEST_SECOND: Final = timedelta(minutes=2)
LATEST_SECOND: Final = DAY
USUAL_SECOND: Final = timedelta(hours=1)  # where nobody knows how long caches keep what was seen
LONGEST_CALM: Final = timedelta(days=8)
OFTEN: Final = timedelta(days=2)  # so long a fault is looked at hourly
SELDOM: Final = timedelta(days=14)  # from then on daily
AFTER_FAULT: Final = timedelta(minutes=10)  # after a look that came to nothing at all

_MARGIN: Final = timedelta(seconds=2)  # a cache counts whole seconds
_HOUR: Final = timedelta(hours=1)
_SIX_HOURS: Final = timedelta(hours=6)
_LOOKS_OF_CALM: Final = 24  # while a fault looks mended
_SECONDS: Final = 86_400  # of a day


def daily_look(subject: str, after: datetime) -> datetime:
    """Return the next daily look at a subject: at a second of the day (UTC) that its name gives."""
    digest = hashlib.blake2b(subject.encode(), digest_size=8).digest()
    second = int.from_bytes(digest, "big") % _SECONDS
    midnight = datetime.combine(after.astimezone(UTC).date(), time(), UTC)
    look = midnight + timedelta(seconds=second)
    return look if look > after else look + DAY


def second_look(ttl: int | None) -> timedelta:
    """Return after how long a second look can see that a fault is gone that a first one saw."""
    if ttl is None:
        return USUAL_SECOND
    return min(max(timedelta(seconds=ttl) + _MARGIN, SOONEST_SECOND), LATEST_SECOND)


def look_at_fault(lasted: timedelta) -> timedelta:
    """Return how long to wait for the next look at a fault that has lasted so long."""
    if lasted < OFTEN:
        return _HOUR
    return _SIX_HOURS if lasted < SELDOM else DAY


def calm_after(relapses: int, ttl: int | None = None) -> timedelta:
    """Return how long a fault has to stay away to count as mended: longer each time it came back.

    That is a day, or as long as caches keep the answer; 8 days at most.
    """
    least = max(DAY, timedelta(seconds=ttl or 0))
    return min(least * (1 << min(relapses, 10)), LONGEST_CALM)


def look_at_calm(calm: timedelta) -> timedelta:
    """Return how long to wait for the next look at a fault that has to stay away for so long."""
    return min(max(calm / _LOOKS_OF_CALM, _HOUR), _SIX_HOURS)
