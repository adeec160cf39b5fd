"""Changes of a rotation that people bring about, by a button, a word or a mail; pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.errors import RequestError
from bot.rotations.key_change_of import is_same_key
from bot.rotations.rotation import KEY_SIZES, RotationChange, RotationState
from bot.rotations.rotation_changes import move, touch, undo

if TYPE_CHECKING:
    from datetime import datetime

    from bot.records.dkim_key import DkimRecord, KnownKey
    from bot.requests.backend import ServerDomain
    from bot.requests.model import Actor
    from bot.rotations.rotation import Rotation

SWITCH_NOW: Final = "switch-now"  # in the entries: an admin did not wait for a quiet moment
PASTED_AGAIN: Final = "pasted-again"  # and put another record in the place of the one before

_S = RotationState


def put_back(before: Rotation, actor: Actor, now: datetime) -> RotationChange | None:
    """Return the change that undoes a rotation; None where that was said already.

    Raises RequestError where it is too late, or the mail server is being called right now.
    """
    if before.state in {_S.UNDOING, _S.UNDONE}:
        return None
    return undo(before, actor, now)


def hasten_switch(before: Rotation, actor: Actor, now: datetime) -> RotationChange | None:
    """Return the change that has the key switched at once; None where that is under way.

    Raises RequestError where the new record is not live everywhere, or an admin switches by hand.
    """
    if before.by_hand:
        raise RequestError("rotation-by-hand")
    if before.state in {_S.SWITCHING, _S.SWITCHED}:
        return None
    if before.state is not _S.LIVE:
        raise RequestError("rotation-not-live")
    if before.due_at is not None and before.due_at <= now:
        return None
    # Whoever looks at it now took it before.
    after = replace(before, due_at=now, lease_until=None)
    return RotationChange(after, actor, SWITCH_NOW)


def take_record(
    before: Rotation, record: DkimRecord, actor: Actor, now: datetime
) -> RotationChange | None:
    """Return the change by which the record of a key that an admin made is handed out.

    One that nobody has published can be put right by another; None where it is the same.

    Raises RequestError where the bot makes the key, it is too late, or the key is the old one or
    too short.
    """
    if not before.by_hand:
        raise RequestError("rotation-not-by-hand")
    if before.state not in {_S.PREPARING, _S.PREPARED}:
        raise RequestError("rotation-not-awaited", state=before.state.value)
    if record.key == before.old.record.key:
        raise RequestError("rotation-same-key")
    if record.key_type == "rsa" and record.bits < KEY_SIZES[0]:
        raise RequestError("rotation-key-too-short", bits=record.bits, least=KEY_SIZES[0])
    if record.text == before.value:
        return None
    if before.state is _S.PREPARING:
        return move(before, _S.PREPARED, actor, now, value=record.text, bits=record.bits)
    after = replace(
        before,
        value=record.text,
        bits=record.bits,
        servers="",
        due_at=now,
        attempts=0,
        lease_until=None,  # whoever looks at it now looks for the one before
    )
    return RotationChange(after, actor, PASTED_AGAIN)


def confirm_switch(
    before: Rotation, server: ServerDomain, actor: Actor, now: datetime
) -> RotationChange | None:
    """Return the change after an admin said that the mail server signs with the new key.

    `server` is what it has of the domain, as far as it tells. None where that is known already.

    Raises RequestError where it is not the time for that, or the mail server says otherwise.
    """
    _refuse_by_bot(before)
    if before.state in {_S.SWITCHING, _S.SWITCHED}:
        return None
    if before.state in {_S.PREPARED, _S.PUBLISHED}:
        raise RequestError("rotation-not-live")
    if before.state is not _S.LIVE:
        raise RequestError("rotation-not-awaited", state=before.state.value)
    _refuse_other(server, before.new)
    return move(before, _S.SWITCHING, actor, now, switched_at=now)


def confirm_restore(
    before: Rotation, server: ServerDomain, actor: Actor, now: datetime
) -> RotationChange | None:
    """Return the change after an admin said that the mail server signs with the old key again.

    None where that is known already; else as `confirm_switch`.
    """
    _refuse_by_bot(before)
    if before.state is _S.UNDONE:
        return None
    if before.state is not _S.UNDOING:
        raise RequestError("rotation-not-awaited", state=before.state.value)
    new = before.new
    is_new = server.key is not None and new is not None and is_same_key(server.key, new)
    if before.switched_at is None and not is_new:
        return move(before, _S.UNDONE, actor, now)
    _refuse_other(server, before.old)
    return move(before, _S.UNDONE, actor, now, learned=before.old)


def note_proof(before: Rotation, selector: str, at: datetime) -> RotationChange | None:
    """Return the change after a mail came that a key with this selector had signed rightly.

    None where that proves nothing of the rotation, or it was proved before.
    """
    is_its_own = selector.lower() == before.selector.lower()
    is_wanted = before.open and before.is_switched and before.proved_at is None
    return touch(before, proved_at=at) if is_its_own and is_wanted else None


def _refuse_by_bot(rotation: Rotation) -> None:
    if not rotation.by_hand:
        raise RequestError("rotation-not-by-hand")


def _refuse_other(server: ServerDomain, wanted: KnownKey | None) -> None:
    """Raise where the mail server says that it signs with another key."""
    if server.fault is not None:
        raise server.fault
    if server.key is None or wanted is None or is_same_key(server.key, wanted):
        return
    raise RequestError(
        "rotation-signs-otherwise", selector=server.key.selector, wanted=wanted.selector
    )
