"""What a rotation means for people: which key signs, and until when a record stays; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.rotations.rotation import KEPT_FOR, RotationState

if TYPE_CHECKING:
    from datetime import datetime

    from bot.rotations.rotation import Rotation


class Signer(StrEnum):
    """The key that the mail server signs a domain's mail with."""

    OLD = "old"
    NEW = "new"
    UNSURE = "unsure"  # it is being told to change, or a change to or fro was refused


def signer_of(rotation: Rotation) -> Signer:
    """Return which key signs, as far as the mail server was told and said so."""
    if rotation.is_switched:
        return Signer.NEW
    state = rotation.state
    if state is RotationState.SWITCHING:
        return Signer.UNSURE
    is_on_its_way_back = state in {RotationState.UNDOING, RotationState.FAILED}
    if is_on_its_way_back and rotation.switched_at is not None:
        return Signer.UNSURE
    return Signer.OLD


def stays_until(rotation: Rotation) -> datetime | None:
    """Return until when the record of the key that does not sign has to stay in the DNS.

    Mails that the key signed are under way for days: the old one's after the switch, and the new
    one's after the way back. None where the key never signed, or signs.
    """
    if rotation.state is RotationState.UNDONE and rotation.switched_at is not None:
        return rotation.changed_at + KEPT_FOR
    return rotation.retires_at if rotation.is_switched else None
