"""A list of the mail server's domains, as it told them just now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.watch.look_decision import LookDecision
from bot.watch.look_schedule import daily_look
from bot.watch.watch_state import dump_state, load_state

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.names import Domain
    from bot.watch.look_decision import Decide, SubjectStanding

LISTED_EVERY: Final = timedelta(hours=1)
LISTED_AGAIN: Final = timedelta(minutes=10)  # after the mail server did not tell
GONE_AFTER: Final = timedelta(minutes=30)  # between two lists that a domain is missing in
ALL_GONE_AFTER: Final = timedelta(days=1)  # where all are missing, as after a fault of the server


@dataclass(frozen=True, slots=True)
class Listing:
    """The mail server's domains in ASCII, as it told them `at` that moment.

    Where this is the first list, their first looks are spread over a day (`first_look`). A domain
    that is missing here and was in a list of `gone_before` or earlier is hosted no more;
    `note` says on the mail server's own row that it told.
    """

    domains: frozenset[str]
    at: datetime
    is_first: bool
    gone_before: datetime
    note: Decide

    def first_look(self, subject: str) -> datetime:
        """Return when a domain of the first list is looked at first."""
        return daily_look(subject, self.at)


def make_listing(domains: Iterable[Domain], *, is_first: bool, at: datetime) -> Listing:
    """Return the list that the mail server gave at that moment."""

    def note(standing: SubjectStanding) -> LookDecision:
        state = replace(load_state(standing.watched.state), listed_at=at)
        return LookDecision(replace(standing.watched, state=dump_state(state)))

    told = frozenset(domain.ascii for domain in domains)
    gone_after = GONE_AFTER if told else ALL_GONE_AFTER
    return Listing(told, at, is_first, at - gone_after, note)
