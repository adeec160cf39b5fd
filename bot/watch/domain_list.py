"""A list of the mail server's domains, as it told them just now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.watch.look_decision import LookDecision
from bot.watch.look_schedule import daily_look
from bot.watch.watch_state import dump_state, load_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.names import Domain
    from bot.watch.look_decision import Decide, SubjectStanding

LISTED_EVERY: Final = timedelta(hours=1)
LISTED_AGAIN: Final = timedelta(minutes=10)  # after the mail server did not tell
GONE_AFTER: Final = timedelta(minutes=30)  # between two lists that a domain is missing in
ALL_GONE_AFTER: Final = timedelta(days=1)  # where all are missing, as after a fault of the server


@dataclass(frozen=True, slots=True)
class Listing:
    """The mail server's domains, each with the time of its first look where this is the first list.

    A domain that is missing here and was in a list of `gone_before` or earlier is hosted no more;
    `note` says on the mail server's own row that it told.
    """

    domains: Mapping[str, datetime]
    is_first: bool
    gone_before: datetime
    note: Decide


def make_listing(domains: Iterable[Domain], *, is_first: bool, at: datetime) -> Listing:
    """Return the list that the mail server gave at that moment."""

    def note(standing: SubjectStanding) -> LookDecision:
        state = replace(load_state(standing.watched.state), listed_at=at)
        return LookDecision(replace(standing.watched, state=dump_state(state)))

    due = {domain.ascii: daily_look(domain.ascii, at) for domain in domains}
    gone_after = GONE_AFTER if due else ALL_GONE_AFTER
    return Listing(MappingProxyType(due), is_first, at - gone_after, note)
