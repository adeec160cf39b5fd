"""What a member waits for: that a step of a domain is right, or all of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.checks.dkim.server_records import RecordState
from bot.checks.finding import EXTRAS, Check, Status
from bot.checks.report import is_of_other_key
from bot.records.key_change import KeyRole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.checks.report import Report
    from bot.names import Domain
    from bot.watch.watched_domain import Seen

MOST_AWAITED: Final = 10  # things that one member may wait for at once
ALL_RIGHT: Final = "all"  # the goal of whoever waits for a whole domain, and not for one step
LONGEST_GOAL: Final = 24  # characters, which the store keeps
_DKIM: Final = "dkim"  # the part of a plan that is the record of the key that signs
_BETWEEN: Final = "+"  # the parts of a step that is typed in one sitting
# A plan has these parts only while something is wrong with what they are about.
_OF_FAULTS: Final = {
    "zone": frozenset({Check.DELEGATION}),
    "extras": EXTRAS | {Check.WEBMAIL, Check.AUTOCONFIG, Check.AUTODISCOVER},
}
# Parts of a plan that are there only while a domain's DKIM key is being changed: how the record of
# the other key has to be seen.
OF_OTHER_KEY: Final = {
    "dkim-next": (KeyRole.NEXT, RecordState.RIGHT),
    "dkim-former": (KeyRole.DONE, RecordState.MISSING),
}
_RIGHT: Final = frozenset({Status.PASS, Status.INFO})


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
    goal: str  # parts of the plan as `make_goal` joins them, or `ALL_RIGHT`
    confidential: bool
    made_at: datetime
    due_at: datetime
    attempts: int = 0
    seen: str = ""
    end: AwaitedEnd | None = None
    ended_at: datetime | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the plan that are waited for; none where it is all of the domain."""
        return split_goal(self.goal)


def make_goal(parts: Iterable[str]) -> str:
    """Return the goal that is reached as soon as each of these parts of a plan is done.

    Of more parts than the store keeps the first ones are waited for; of none it is all.
    """
    goal = ""
    for part in parts:
        longer = f"{goal}{_BETWEEN}{part}" if goal else part
        if len(longer) > LONGEST_GOAL:
            break
        goal = longer
    return goal or ALL_RIGHT


def split_goal(goal: str) -> tuple[str, ...]:
    """Return the parts that `make_goal` joined; none of `ALL_RIGHT`."""
    return () if goal == ALL_RIGHT else tuple(goal.split(_BETWEEN))


def is_reached(goal: str, seen: Seen) -> bool:
    """Whether a look showed that what is waited for is right, by proof."""
    if goal == ALL_RIGHT:
        return seen.green
    return all(
        part in seen.done
        or (part in _OF_FAULTS and _are_right(_OF_FAULTS[part], seen.report))
        or (part in OF_OTHER_KEY and _is_so(part, seen))
        for part in split_goal(goal)
    )


def _is_so(part: str, seen: Seen) -> bool:
    """Whether the record of the other key is as it has to be, or nobody waits for it any more.

    That is so where the change has gone on, or ended: the key that signs counts then.
    """
    role, state = OF_OTHER_KEY[part]
    other = seen.report.other_key
    if other is None or (other.role is KeyRole.NEXT) is not (role is KeyRole.NEXT):
        return _DKIM in seen.done
    return (other.role, other.state) == (role, state) and not any(
        map(is_of_other_key, seen.report.findings)
    )


def _are_right(checks: frozenset[Check], report: Report) -> bool:
    found = [result.status for result in report.results if result.check in checks]
    return bool(found) and _RIGHT.issuperset(found)
