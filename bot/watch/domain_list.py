"""A list of the mail server's domains, as it told them just now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.watch.look_decision import Decide

LISTED_EVERY: Final = timedelta(hours=1)
LISTED_AGAIN: Final = timedelta(minutes=10)  # after the mail server did not tell
GONE_AFTER: Final = timedelta(minutes=30)  # between two lists that a domain is missing in


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
