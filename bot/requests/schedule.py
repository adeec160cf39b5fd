"""How long things wait: looks at the DNS, decisions, and messages that could not be delivered."""

from __future__ import annotations

from datetime import timedelta

REMIND_AFTER = timedelta(days=7)  # of a decision that nobody made
GIVE_UP_AFTER = timedelta(days=14)  # of a decision, of a record, of a failure that nobody mended
SOONEST_LOOK = timedelta(minutes=2)
LATEST_LOOK = timedelta(hours=6)
SOONEST_TRY = timedelta(seconds=5)
LATEST_TRY = timedelta(hours=1)

_FIRST_LOOKS = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 15))
_HOURLY_LOOKS = 48  # an hour apart; later ones are six hours apart
_OFTEN = len(_FIRST_LOOKS) + _HOURLY_LOOKS
_ATTEMPTS = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 40, 120))
_MARGIN = timedelta(seconds=2)  # a cache counts whole seconds


def next_look(attempt: int, waited: timedelta, ttl: int | None = None) -> timedelta | None:
    """Return how long to wait for the next look at a record; None when it is given up.

    `attempt` are the looks made so far, `waited` is how long ago the record was handed out, and
    `ttl` for how many seconds the answer of the last look stays in caches, None where unknown.

    Without a TTL the waits are 2, 5 and 15 minutes, then 48 times an hour, then 6 hours. With
    one the wait is until the old answer is gone, since a look before cannot see anything new;
    not under 2 minutes, not over 6 hours, and after 51 looks not under 6 hours either. The last
    look is 14 days after the handing out.
    """
    left = GIVE_UP_AFTER - waited
    if left <= timedelta(0):
        return None
    if attempt >= _OFTEN:
        wait = LATEST_LOOK
    elif ttl is not None:
        wait = min(max(timedelta(seconds=ttl) + _MARGIN, SOONEST_LOOK), LATEST_LOOK)
    elif attempt < len(_FIRST_LOOKS):
        wait = _FIRST_LOOKS[max(attempt, 0)]
    else:
        wait = timedelta(hours=1)
    return min(wait, left)


def next_attempt(attempts: int) -> timedelta | None:
    """Return how long to wait after so many calls that the mail server did not answer.

    That is 5, 15, 40 and 120 seconds; None: an admin is told.
    """
    return _ATTEMPTS[attempts - 1] if attempts <= len(_ATTEMPTS) else None


def next_try(attempts: int) -> timedelta:
    """Return how long to wait after so many tries to deliver: 5 s, doubled each time up to 1 h."""
    doublings = min(max(attempts - 1, 0), 20)
    return min(SOONEST_TRY * (1 << doublings), LATEST_TRY)
