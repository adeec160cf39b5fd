"""What of a member's SPF records is not in the record that takes their place, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

from bot.checks.answers import MOST_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.errors import Fact


_MOST_NAMED = 12  # terms in a message, as long as they are short
_MOST_CHARACTERS = 400  # of all the terms beyond the first few


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
    """Return what templates say of the terms that are left out, nearly always all by name.

    `left_out` are these, `left_out_count` is how many there are in all, `left_out_every` are all of
    them, and for each reason there is a list of those to name, `left_out_<reason>`.
    """
    every = tuple(dict.fromkeys(left_out))
    ends = tuple(accumulate(len(each.term) for each in every[:_MOST_NAMED]))
    short = sum(end <= _MOST_CHARACTERS for end in ends)
    shown = every[: max(short, MOST_NAMES)]
    facts: dict[str, Fact] = {
        "left_out": tuple(each.term for each in shown),
        "left_out_count": len(every),
        "left_out_every": tuple(each.term for each in every),
    }
    for reason in LeftOutReason:
        facts[f"left_out_{reason}"] = tuple(e.term for e in shown if e.reason is reason)
    return facts
