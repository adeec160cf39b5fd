"""What becomes of a rotation by which key the mail server says that it signs with; pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.errors import RequestError
from bot.requests.backend import MailHosting
from bot.requests.failure import dump_failure
from bot.requests.model import BOT
from bot.rotations.call_outcomes import lasting_reason
from bot.rotations.key_change_of import is_same_key
from bot.rotations.rotation import RotationState
from bot.rotations.rotation_changes import go_on, move, touch

if TYPE_CHECKING:
    from datetime import datetime

    from bot.records.dkim_key import KnownKey
    from bot.requests.backend import ServerDomain
    from bot.rotations.rotation import Rotation, RotationChange

LOOKED_AT_EVERY: Final = timedelta(days=1)
AGAIN: Final = timedelta(hours=1)  # where the mail server did not tell

_S = RotationState


def judge_switched(
    rotation: Rotation, server: ServerDomain | None, now: datetime
) -> RotationChange:
    """Return what becomes of a rotation whose new key signs, or did when it was switched.

    `server` is what the mail server has of the domain; None where it did not tell. Where somebody
    had it sign with the old key again, that key and its record stay.
    """
    retires_at = rotation.retires_at or now
    attempts = rotation.attempts + 1
    if server is None:
        return touch(rotation, due_at=now + AGAIN, attempts=attempts)
    reason, needs_old = _find_reason(rotation, server)
    if now >= retires_at and not needs_old:
        return move(rotation, _S.RETIRING, BOT, now, detail=reason)
    due_at = now + LOOKED_AT_EVERY
    if now < retires_at:
        due_at = min(due_at, retires_at)
    return touch(rotation, due_at=due_at, attempts=attempts, reason=reason)


def signs_with(server: ServerDomain | None, key: KnownKey | None) -> bool:
    """Whether the mail server says that it signs with this key."""
    found = None if server is None else server.key
    return found is not None and key is not None and is_same_key(found, key)


def judge_restored(
    rotation: Rotation, server: ServerDomain | None, now: datetime, *, servers: str
) -> RotationChange:
    """Return what becomes of a rotation that an admin undoes by hand.

    `servers` is what name servers have of its records. It is over where the mail server says so;
    where that tells nothing, the admin does.
    """
    reason = lasting_reason(rotation)
    if rotation.switched_at is None:
        if not signs_with(server, rotation.new):
            return go_on(rotation, now, reason=reason)
        return touch(rotation, due_at=now + AGAIN, switched_at=now)  # an admin did not say so
    if signs_with(server, rotation.old):
        return go_on(rotation, now, learned=rotation.old, servers=servers, reason=reason)
    is_told = server is None or server.hosting is not MailHosting.UNKNOWN
    due_at = now + AGAIN if is_told else None
    return touch(rotation, due_at=due_at, attempts=rotation.attempts + 1, servers=servers)


def _find_reason(rotation: Rotation, server: ServerDomain) -> tuple[str, bool]:
    """Return what is to be said of the key that signs, and whether the old key has to stay."""
    if server.hosting in {MailHosting.UNKNOWN, MailHosting.ABSENT}:
        return "", False
    if signs_with(server, rotation.new):
        return "", False
    if server.fault is not None:
        return dump_failure(server.fault), False
    domain, key = rotation.domain.ascii, server.key
    if key is None:
        # The copies may be all that is left of both keys, and an undo needs them.
        return dump_failure(RequestError("rotation-no-key-signs", domain=domain)), True
    # Another key under the old selector has its record at the same name.
    needs_old = key.selector.lower() == rotation.old.selector.lower()
    if is_same_key(key, rotation.old):
        signs = RequestError("rotation-old-key-signs", domain=domain, selector=key.selector)
    else:
        signs = RequestError("rotation-other-key-signs", domain=domain, selector=key.selector)
    return dump_failure(signs), needs_old
