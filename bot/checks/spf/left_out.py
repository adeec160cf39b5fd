"""What of a member's SPF records is not in the record that takes their place, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.checks.answers import MOST_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.errors import Fact


class LeftOutReason(StrEnum):
    """Why a term is left out; a template has a sentence for each."""

    BARE = "bare"  # a name alone: is it include: or a:?
    UNCLEAR = "unclear"  # nothing valid can be made of it
    IGNORED = "ignored"  # nobody would look at it, as before
    NOWHERE = "nowhere"  # it leads to nothing, or back
    OPEN = "open"  # it lets everybody pass
    NEUTRAL = "neutral"  # it leaves nearly everybody neutral
    BESIDE = "beside"  # no part of SPF, but joined to it
    ELSEWHERE = "elsewhere"  # a record of another kind, which belongs at another name
    UNREAD = "unread"  # it stands in more text than we read


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One term that is left out, as it stands in the zone, and why."""

    term: str
    reason: LeftOutReason


def left_out_facts(left_out: Iterable[LeftOut]) -> dict[str, Fact]:
    """Return what templates say of the terms that are left out: the first of them by name.

    `left_out` are these, `left_out_count` is how many there are in all, and for each reason there
    is a list of its own, `left_out_<reason>`.
    """
    every = tuple(dict.fromkeys(left_out))
    shown = every[:MOST_NAMES]
    facts: dict[str, Fact] = {
        "left_out": tuple(each.term for each in shown),
        "left_out_count": len(every),
    }
    for reason in LeftOutReason:
        facts[f"left_out_{reason}"] = tuple(e.term for e in shown if e.reason is reason)
    return facts
