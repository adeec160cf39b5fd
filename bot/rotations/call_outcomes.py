"""What becomes of a rotation by how a call to the mail server ended; pure."""

from __future__ import annotations

import logging
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from bot.checks.dkim.server_records import dump_servers
from bot.errors import BackendLocked, BackendUnclear, BackendUnreachable
from bot.requests.failure import dump_failure, load_failure
from bot.requests.model import BOT
from bot.requests.schedule import next_attempt
from bot.requests.worker import STILL_AT_IT
from bot.rotations.rotation import RotationNews, RotationState, RotationStep
from bot.rotations.rotation_changes import go_on, is_in_workshop, move, touch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.checks.dkim.server_records import ServerRecords
    from bot.errors import BackendError
    from bot.records.dkim_key import KnownKey
    from bot.rotations.rotation import Rotation, RotationChange

MOST_TRIES: Final = 8  # of all calls while the new key is made: nothing depends on it yet
STUCK_AFTER: Final = 3  # tries of a call on which mail depends, until admins are told
LATER: Final = timedelta(minutes=2)  # between two tries, after the first ones

_S, _T = RotationState, RotationStep
# What the mail server may do later.
_PASSING: Final = (BackendUnreachable, BackendUnclear, BackendLocked)
# While SWITCH or RESTORE is not done, nobody knows whether mail leaves signed. Before that the old
# key signs, and a mail server that is away for some minutes is no news.
_STUCK_AFTER: Final[Mapping[RotationStep | None, int]] = MappingProxyType(
    {_T.KEEP_FORMER: MOST_TRIES, _T.SWITCH: STUCK_AFTER, _T.RESTORE: STUCK_AFTER}
)
# Why the bot undoes a rotation by itself.
_WHY_UNDONE: Final = frozenset({"rotation-not-published", "rotation-record-gone"})
_DROPS: Final = frozenset({_T.DROP_NEXT, _T.DROP_FORMER})

_log = logging.getLogger(__name__)


def judge_done(
    rotation: Rotation, made: KnownKey | None, seen: ServerRecords | None, now: datetime
) -> RotationChange:
    """Return the change after a call that did what it was asked.

    `made` is the key that it made, and `seen` what name servers have, where that was looked at.
    """
    attempts = rotation.attempts
    match rotation.step:
        case _T.CLEAR_WORKSHOP:  # before the same key again, mostly
            return go_on(rotation, now, attempts=attempts, reason=rotation.reason)
        case _T.MAKE_KEY if made is not None:
            return go_on(rotation, now, attempts=attempts, value=made.record.text)
        case _T.OPEN_WORKSHOP | _T.KEEP_NEXT:
            return go_on(rotation, now, attempts=attempts)
        case _T.SWITCH:
            return go_on(rotation, now, learned=rotation.new, switched_at=now)
        case _T.RESTORE:
            return go_on(rotation, now, learned=rotation.old, reason=lasting_reason(rotation))
        case _ if rotation.state is _S.UNDOING:
            servers = rotation.servers if seen is None else dump_servers(seen)
            return go_on(rotation, now, servers=servers, reason=lasting_reason(rotation))
        case _:
            return go_on(rotation, now)


def judge_failed(rotation: Rotation, failure: BackendError, now: datetime) -> RotationChange:
    """Return the change after a call that failed: it is made again later, or all is over.

    While nothing depends on it yet, that is over after `MOST_TRIES`; see `is_given_up`.
    """
    reason = dump_failure(failure)
    if isinstance(failure, _PASSING):
        return _put_off(rotation, failure, reason, now)
    if rotation.step in _DROPS:
        # It does no harm there, and is found among what rotations left behind.
        _log.warning("rotation %d leaves a key behind: %s", rotation.id, failure)
        return go_on(rotation, now, reason=reason)
    _log.warning("rotation %d failed: %s", rotation.id, failure)
    fields: dict[str, Any] = {"reason": reason}
    if rotation.step is _T.SWITCH and rotation.attempts:
        fields["switched_at"] = now  # a call before may have changed the key, or half of it
    return move(rotation, _S.FAILED, BOT, now, detail=reason, **fields)


def is_given_up(rotation: Rotation) -> bool:
    """Whether a call was tried often enough while nothing depends on it."""
    return rotation.state is _S.PREPARING and rotation.attempts >= MOST_TRIES


def give_up(rotation: Rotation, now: datetime) -> RotationChange:
    """Return the end of a rotation whose call was tried often enough."""
    reason = rotation.reason
    return move(rotation, _S.FAILED, BOT, now, detail=reason, reason=reason)


def lasting_reason(rotation: Rotation) -> str:
    """Return why it is undone, where the bot does so by itself: its end shows that, too."""
    failure = load_failure(rotation.reason)
    is_why = failure is not None and failure.code in _WHY_UNDONE
    return rotation.reason if is_why else ""


def find_before(rotation: Rotation, others: Iterable[Rotation], now: datetime) -> Rotation | None:
    """Return whose turn in the workshop comes before a rotation's; None where it is its own.

    Whoever was opened first has it until all is done there.
    """
    if not is_in_workshop(rotation):
        return None
    before = (
        other
        for other in others
        if (is_in_workshop(other) and other.id < rotation.id) or _may_be_called(other, now)
    )
    return next(before, None)


def _may_be_called(other: Rotation, now: datetime) -> bool:
    """Whether a call to the workshop may go on that was under way when somebody undid it all."""
    waits = other.due_at is not None and other.due_at > now
    return other.state is _S.UNDOING and other.attempts == 0 and waits


def _put_off(
    rotation: Rotation, failure: BackendError, reason: str, now: datetime
) -> RotationChange:
    is_locked = isinstance(failure, BackendLocked)
    # A key that the mail server refuses says nothing of the rotation: it waits for an admin.
    counts = not (is_locked and rotation.state is _S.PREPARING)
    attempts = rotation.attempts + counts
    wait = LATER if is_locked else max(next_attempt(attempts) or LATER, STILL_AT_IT)
    if rotation.state is _S.PREPARING and attempts >= MOST_TRIES:
        wait = STILL_AT_IT  # then others have their turn
    _log.info("rotation %d: %s again in %s: %s", rotation.id, rotation.step, wait, failure)
    is_stuck = counts and attempts == _STUCK_AFTER.get(rotation.step)
    news = (RotationNews.STUCK,) if is_stuck else ()
    return touch(rotation, news, attempts=attempts, due_at=now + wait, reason=reason)
