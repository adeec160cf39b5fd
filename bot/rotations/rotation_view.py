"""What a rotation means for people: which key signs, and until when a record stays; pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from bot.records.tag_list import parse_tags
from bot.rotations.rotation import KEPT_FOR, RotationState, RotationStep

if TYPE_CHECKING:
    from datetime import datetime

    from bot.rotations.rotation import Rotation
    from bot.words import Words


class Signer(StrEnum):
    """The key that the mail server signs a domain's mail with."""

    OLD = "old"
    NEW = "new"
    UNSURE = "unsure"  # it is being told to change, or a change to or fro was refused


def signer_of(rotation: Rotation) -> Signer:
    """Return which key signs, as far as the mail server was told and said so."""
    if rotation.is_switched:
        return Signer.NEW
    match rotation.state:
        case RotationState.SWITCHING if rotation.step is not RotationStep.KEEP_FORMER:
            return Signer.UNSURE
        case RotationState.UNDOING if rotation.switched_at is not None:
            # What comes after that call is about copies.
            is_back = rotation.step not in {None, RotationStep.RESTORE}
            return Signer.OLD if is_back else Signer.UNSURE
        case RotationState.FAILED if rotation.switched_at is not None:
            return Signer.UNSURE
    return Signer.OLD


def say_strength(bits: int, key_type: str, words: Words) -> str:
    """Return how strong a key is, as people name it: by its size, one of Ed25519 by its kind."""
    ed25519 = words.label("rotation", "ed25519")
    return ed25519 if key_type == "ed25519" else f"{bits} {words.label('rotation', 'bits')}"


def new_key_type(rotation: Rotation) -> str:
    """Return the kind of the new key: what its record names, and RSA until there is one."""
    return parse_tags(rotation.value).get("k") or "rsa"


def state_key(rotation: Rotation) -> str:
    """Return what the words of a state are found by: waiting for caches has words of its own."""
    if rotation.state is RotationState.PUBLISHED and rotation.live_at is not None:
        return "cached"
    return rotation.state.value


def stays_until(rotation: Rotation) -> datetime | None:
    """Return until when the record of the key that does not sign has to stay in the DNS.

    Mails that the key signed are under way for days: the old one's after the switch, and the new
    one's after the way back. None where the key never signed, or signs.
    """
    if rotation.state is RotationState.UNDONE and rotation.switched_at is not None:
        return rotation.changed_at + KEPT_FOR
    return rotation.retires_at if rotation.is_switched else None
