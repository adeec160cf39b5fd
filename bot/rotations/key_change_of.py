"""Which other key's record a domain needs because of its latest rotation; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.records.dkim_key import KnownKey
from bot.records.key_change import KeyChange, KeyRole
from bot.rotations.rotation import KEPT_FOR, RotationState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.records.dkim_key import DkimKnowledge
    from bot.rotations.rotation import Rotation

_S = RotationState

# The new record was handed out, and the new key is to sign.
_BEFORE: Final = frozenset({_S.PREPARED, _S.PUBLISHED, _S.LIVE, _S.SWITCHING})
_AFTER: Final = frozenset({_S.SWITCHED, _S.RETIRING})
_GIVEN_UP: Final = frozenset({_S.UNDONE, _S.FAILED})


def find_change(
    rotation: Rotation | None, signing: DkimKnowledge, now: datetime
) -> KeyChange | None:
    """Return the other key of a domain by its latest rotation, and what its record is for now.

    Which key the mail server signs with goes before the state: a call may have done more than is
    known of it, and an admin may have changed the key back. None where it signs with neither key,
    nobody knows with which, or no record was handed out.
    """
    if rotation is None or not isinstance(signing, KnownKey):
        return None
    new = rotation.new
    if new is None or rotation.state is _S.PREPARING:
        return None
    if is_same_key(signing, new):
        return _after_switch(rotation)
    return _before_switch(rotation, new, now) if is_same_key(signing, rotation.old) else None


def is_same_key(one: KnownKey, other: KnownKey) -> bool:
    """Whether two keys are one, at one selector, whoever told of them."""
    names = (one.selector.lower(), other.selector.lower())
    return names[0] == names[1] and one.record.key == other.record.key


def _after_switch(rotation: Rotation) -> KeyChange:
    """Return what the old key is for: the new one signs."""
    if rotation.state is _S.RETIRED:
        return KeyChange(KeyRole.DONE, rotation.old)
    # Of a switch that nobody has written down yet the end is not known either; an undo needs it.
    until = rotation.retires_at if rotation.state in _AFTER else None
    return KeyChange(KeyRole.FORMER, rotation.old, until)


def _before_switch(rotation: Rotation, new: KnownKey, now: datetime) -> KeyChange | None:
    """Return what the new key is for: the old one signs, still or again."""
    if rotation.state in _BEFORE:
        return KeyChange(KeyRole.NEXT, new)
    if rotation.switched_at is None:
        # Nothing was signed with it; while calls go on nobody is told to do anything.
        return KeyChange(KeyRole.DONE, new) if rotation.state in _GIVEN_UP else None
    if rotation.state not in _GIVEN_UP:
        return KeyChange(KeyRole.FORMER, new)  # mail may still leave with it
    until = rotation.changed_at + KEPT_FOR
    is_over = now >= until
    return KeyChange(KeyRole.DONE, new) if is_over else KeyChange(KeyRole.FORMER, new, until)
