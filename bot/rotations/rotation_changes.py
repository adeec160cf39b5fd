"""Changes of a rotation as values: its next state or step, and what is told of it; pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from bot.errors import RequestError
from bot.requests.model import BOT
from bot.rotations.rotation import (
    FINAL,
    IN_WORKSHOP,
    UNDOABLE,
    RotationChange,
    RotationNews,
    RotationState,
    RotationStep,
    can_go,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.records.dkim_key import KnownKey
    from bot.requests.model import Actor
    from bot.rotations.rotation import Rotation

_S, _N = RotationState, RotationNews

# The first call in a state, and the one after each; after the last one the next state comes.
FIRST_STEPS: Final[Mapping[RotationState, RotationStep]] = MappingProxyType(
    {
        _S.PREPARING: RotationStep.OPEN_WORKSHOP,
        _S.SWITCHING: RotationStep.KEEP_FORMER,
        _S.RETIRING: RotationStep.DROP_NEXT,
        _S.UNDOING: RotationStep.DROP_NEXT,
    }
)
_AFTER_STEP: Final = {
    RotationStep.OPEN_WORKSHOP: RotationStep.CLEAR_WORKSHOP,
    RotationStep.CLEAR_WORKSHOP: RotationStep.MAKE_KEY,
    RotationStep.MAKE_KEY: RotationStep.KEEP_NEXT,
    RotationStep.KEEP_NEXT: RotationStep.LEAVE_WORKSHOP,
    RotationStep.KEEP_FORMER: RotationStep.SWITCH,
    RotationStep.RESTORE: RotationStep.DROP_NEXT,
    RotationStep.DROP_NEXT: RotationStep.DROP_FORMER,
}
_AFTER_STATE: Final = {
    _S.PREPARING: _S.PREPARED,
    _S.SWITCHING: _S.SWITCHED,
    _S.RETIRING: _S.RETIRED,
    _S.UNDOING: _S.UNDONE,
}
# These cannot be made again by themselves: whoever comes back to one begins a step before.
_BEGUN_WITH: Final = {RotationStep.MAKE_KEY: RotationStep.CLEAR_WORKSHOP}


def move(
    before: Rotation,
    to: RotationState,
    actor: Actor,
    now: datetime,
    *,
    detail: str = "",
    learned: KnownKey | None = None,
    **fields: Any,
) -> RotationChange:
    """Return the transition to a state; `fields` are those of the rotation that change with it.

    It is due at once, unless `fields` say otherwise; one that ended never is.

    Raises RequestError where that state may not follow.
    """
    if not can_go(before.state, to):
        raise RequestError("rotation-cannot-become", before=before.state.value, after=to.value)
    step = None if before.by_hand else FIRST_STEPS.get(to)
    changed = {
        "changed_at": now,
        "due_at": None if to in FINAL else now,
        "attempts": 0,
        "reason": "",
        "step": step,
        "lease_until": None,  # what there is to do is another thing now
    }
    after = replace(before, state=to, **{**changed, **fields})
    return RotationChange(after, actor, detail, _news_of(before, to), learned)


def go_on(
    before: Rotation, now: datetime, *, learned: KnownKey | None = None, **fields: Any
) -> RotationChange:
    """Return the change after the call of `before.step`: the next one, or else the next state.

    `fields` are what was found out by it, and `learned` is the key that the mail server signs with
    since. Whoever holds the rotation goes on holding it, unless it came into another state.
    """
    step = None if before.step is None else _AFTER_STEP.get(before.step)
    if step is None:
        return move(before, _AFTER_STATE[before.state], BOT, now, learned=learned, **fields)
    after = replace(before, **{"step": step, "attempts": 0, "reason": "", **fields})
    return RotationChange(after, BOT, learned=learned)


def begin_again(before: Rotation) -> RotationChange | None:
    """Return the change by which somebody takes up a rotation that was cut short at its step.

    None: the step can be made again as it is.
    """
    step = None if before.step is None else _BEGUN_WITH.get(before.step)
    return None if step is None else RotationChange(replace(before, step=step), BOT)


def touch(before: Rotation, news: tuple[RotationNews, ...] = (), **fields: Any) -> RotationChange:
    """Return a change that leaves the rotation in its state, such as the time of its next look."""
    return RotationChange(replace(before, **fields), BOT, news=news)


def undo(before: Rotation, actor: Actor, now: datetime, **fields: Any) -> RotationChange:
    """Return the change by which everything is put back as it was before.

    Raises RequestError where it is too late, or the mail server is being called right now: a call
    that is under way there would come between.
    """
    if before.state not in UNDOABLE:
        raise RequestError("rotation-cannot-be-undone", state=before.state.value)
    if before.step is not None and before.lease_until is not None and before.lease_until > now:
        raise RequestError("rotation-at-work")
    if before.by_hand:
        return move(before, _S.UNDOING, actor, now, **fields)
    step = RotationStep.DROP_NEXT
    if _may_have_switched(before):
        step = RotationStep.RESTORE
        # Whoever was switched for a moment only has mails under way, too.
        fields.setdefault("switched_at", before.switched_at or now)
    # A call that nobody got an answer to may go on at the mail server until then.
    due_at = now if before.step is None or before.due_at is None else max(now, before.due_at)
    return move(before, _S.UNDOING, actor, now, **{"step": step, "due_at": due_at, **fields})


def is_in_workshop(rotation: Rotation) -> bool:
    """Whether a rotation has the workshop, which is one for all."""
    return rotation.step in IN_WORKSHOP


def _may_have_switched(rotation: Rotation) -> bool:
    """Whether the mail server was told to switch; only then the former key is kept for sure."""
    return rotation.state is _S.SWITCHED or rotation.step is RotationStep.SWITCH


def _news_of(before: Rotation, to: RotationState) -> tuple[RotationNews, ...]:
    match to:
        case _S.PREPARED if before.state is _S.PREPARING:
            return (_N.RECORD,)
        case _S.SWITCHED:
            return (_N.SWITCHED,)
        case _S.RETIRED:
            return (_N.REMOVE,)
        case _S.UNDONE if before.value:
            return (_N.UNDONE,)
        case _S.FAILED:
            return (_N.STUCK,)
    return ()
