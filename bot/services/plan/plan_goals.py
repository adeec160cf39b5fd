"""What of a plan a member can wait for: its next step, or any part that is not right yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.services.plan.step import Part, StepState
from bot.watch.awaited_goal import ALL_RIGHT, make_goal, split_goal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.services.plan.step import Plan

# A look cannot prove these: they are of one member, of what is agreed on, or free to leave out.
_UNPROVABLE: Final = frozenset({Part.CONTROL, Part.MAILBOXES, Part.FORMER_MAIL, Part.OPTIONAL})
# The key comes with the answer to its request: what is waited for is its record.
_INSTEAD: Final = {Part.DKIM_KEY: Part.DKIM}
# What only the mail server knows, and whoever changes its keys.
_OF_SERVER: Final = frozenset({Part.SERVER, Part.DKIM_NEXT, Part.DKIM_FORMER})
_SETTLED: Final = frozenset({StepState.DONE, StepState.OPTIONAL})


def next_goal(plan: Plan) -> str | None:
    """Return what to wait for on a plan's card: its next step, or all of it where none is next.

    None where all is right and no step is left.
    """
    step = plan.next
    if plan.is_green and step is None:
        return None
    return make_goal(_provable(step.parts if step is not None else ()))


def open_goals(plan: Plan) -> tuple[Part, ...]:
    """Return the parts of a plan that are not right yet, each to be waited for by itself."""
    return _provable(
        part for step in plan.steps if step.state not in _SETTLED for part in step.parts
    )


def can_be_awaited(goal: str, *, confidential: bool) -> bool:
    """Whether a text that came back from Discord is a goal that a card may have offered.

    `confidential`: on a card that tells what only the mail server knows.
    """
    if goal == ALL_RIGHT:
        return True
    parts = split_goal(goal)
    offered = {part.value for part in _provable(Part) if confidential or part not in _OF_SERVER}
    return offered.issuperset(parts) and make_goal(parts) == goal


def _provable(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts that a look can prove right, each once."""
    return tuple(dict.fromkeys(_INSTEAD.get(p, p) for p in parts if p not in _UNPROVABLE))
