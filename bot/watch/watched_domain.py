"""What is watched, what one look came to, and which members are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.names import Domain

if TYPE_CHECKING:
    from datetime import datetime

    from bot.checks.finding import Status
    from bot.checks.report import Report

MAIL_SERVER: Final = "@server"  # the subject that is the mail server itself; no domain is called so
MOST_OF_MEMBER: Final = 10  # domains that one member may have watched
HISTORY_KEPT: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look at a domain came to.

    `green`: everything required and recommended is proven right; `next` is the part of the plan's
    next step, None where there is none. `done` are the parts whose step is done.
    """

    report: Report
    green: bool
    next: str | None
    done: frozenset[str]

    @property
    def domain(self) -> Domain:
        """The domain that was looked at."""
        return self.report.domain


@dataclass(frozen=True, slots=True)
class Watched:
    """A domain that is looked at, or the mail server itself, and what is known of it.

    It is watched as long as the mail server has it (`hosted`), the admin added it (`by_hand`), or a
    member has it watched or waits for something. `is_new`: it came after the first listing, so that
    it may still be set up. `state` is what the judgement of the watch keeps, as JSON. `version`
    grows with each change, for compare-and-set.
    """

    subject: str  # the domain in its ASCII form, or `MAIL_SERVER`
    hosted: bool
    by_hand: bool
    is_new: bool
    added_at: datetime
    due_at: datetime | None  # None: it is looked at no more
    version: int
    state: str = ""
    status: Status | None = None  # None: not looked at yet
    green: bool = False
    next: str | None = None
    since: datetime | None = None  # since when the status is so
    looked_at: datetime | None = None  # the latest look
    known_at: datetime | None = None  # the latest look that found something out
    paused_until: datetime | None = None  # by the admin: nobody is told until then
    lease_until: datetime | None = None  # whoever took it looks at it alone until then

    @property
    def domain(self) -> Domain | None:
        """The domain; None where it is the mail server itself."""
        return None if self.subject == MAIL_SERVER else Domain.from_ascii(self.subject)


@dataclass(frozen=True, slots=True)
class Watcher:
    """A member who is told when a domain breaks and when it is right again."""

    domain: Domain
    member_id: int
    added_at: datetime
    paused_until: datetime | None = None
