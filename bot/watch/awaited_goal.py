"""What a member waits for: that a step of a domain is right, or all of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from bot.names import Domain

MOST_AWAITED: Final = 10  # things that one member may wait for at once
ALL_RIGHT: Final = "all"  # the goal of whoever waits for a whole domain, and not for one step


class AwaitedEnd(StrEnum):
    """How waiting for something ended."""

    RIGHT = "right"
    GIVEN_UP = "given-up"  # not right after `bot.requests.schedule.GIVE_UP_AFTER`
    CANCELLED = "cancelled"  # by the member


@dataclass(frozen=True, slots=True)
class Awaited:
    """What a member waits for: that a step of a domain's plan is done, or all of it.

    `confidential`: what only the mail server knows may count and be told, as in the check that it
    was asked on. `seen` is the code of what was in the way at the latest look.
    """

    id: int
    domain: Domain
    member_id: int
    goal: str  # a part of the plan, or `ALL_RIGHT`
    confidential: bool
    made_at: datetime
    due_at: datetime
    attempts: int = 0
    seen: str = ""
    end: AwaitedEnd | None = None
    ended_at: datetime | None = None
