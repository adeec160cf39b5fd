"""Rotations and keys as tests need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.requests.model import Actor, ActorKind
from bot.rotations.rotation import Rotation, RotationState
from dkim_zones import HANDED_OUT, KEY, OTHER

NOON: Final = datetime(2026, 11, 28, 12, tzinfo=UTC)
ADMIN: Final = Actor(ActorKind.ADMIN, 7)
FRIEND: Final = Domain.from_ascii("friend.example")


def make_key(selector: str, value: str) -> KnownKey:
    """Return a key that the mail server told."""
    return KnownKey(selector, DkimRecord.read(value), KeySource.MAIL_SERVER)


OLD: Final = make_key("dkim", HANDED_OUT)
NEW: Final = make_key("cb202611a", HANDED_OUT.replace(KEY, OTHER))


def make_rotation(state: RotationState, **fields: Any) -> Rotation:
    """Return a rotation of `FRIEND` from `OLD` to `NEW` in a state, without a step."""
    usual: dict[str, Any] = {
        "id": 1,
        "domain": FRIEND,
        "version": 3,
        "old": OLD,
        "selector": NEW.selector,
        "bits": 2048,
        "by_hand": False,
        "opened_by": ADMIN.id,
        "opened_at": NOON,
        "changed_at": NOON,
        "value": "" if state is RotationState.PREPARING else NEW.record.text,
        "due_at": NOON,
    }
    return Rotation(state=state, **{**usual, **fields})
