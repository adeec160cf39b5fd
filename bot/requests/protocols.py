"""Protocols that the work on requests uses: its repositories, and the check of what is live."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.requests.backend import MailHosting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from bot.checks.report import Report
    from bot.errors import BackendError
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey
    from bot.requests.evidence import Evidence
    from bot.requests.model import (
        AuditEntry,
        Change,
        NewRequest,
        OutboxMessage,
        Request,
        RequestKind,
        State,
        Undelivered,
    )

# What a repository's methods promise is said where they are written: `bot.store.repositories`.


class RequestRepository(Protocol):
    """Keeps requests; each method is one transaction and raises StoreError where it fails."""

    async def open(self, asked: NewRequest, now: datetime, /) -> tuple[Request, bool]:
        """Return the open request of this kind for the domain, and whether it is new."""
        ...

    async def take_over(
        self, asked: NewRequest, decide: Callable[[Request, bool], Change | None], now: datetime, /
    ) -> tuple[Request, bool]:
        """Return the request that is open after `decide` has ended the one before, if it did."""
        ...

    async def change(
        self, request_id: int, decide: Callable[[Request], Change | None], now: datetime, /
    ) -> tuple[Request, bool]:
        """Return the request as it is now, and whether `decide` changed it."""
        ...

    async def change_among(
        self,
        request_id: int,
        decide: Callable[[Request, tuple[Request, ...]], Change | None],
        now: datetime,
        /,
    ) -> tuple[Request, bool]:
        """Return what `change` does, where `decide` rests on the domain's other requests, too."""
        ...

    async def get(self, request_id: int, /) -> Request | None:
        """Return the request with this id; None where there never was one."""
        ...

    async def of_member(self, member_id: int, /) -> tuple[Request, ...]:
        """Return a member's requests, latest first."""
        ...

    async def of_domain(self, domain: Domain, /) -> tuple[Request, ...]:
        """Return all requests for a domain, latest first."""
        ...

    async def in_states(self, states: frozenset[State], /) -> tuple[Request, ...]:
        """Return the requests in any of these states, oldest first."""
        ...

    async def take_due(self, now: datetime, lease: timedelta, most: int, /) -> tuple[Request, ...]:
        """Return up to `most` requests whose time has come, leased to the caller."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next one is due, or a lease runs out; None where nothing will be."""
        ...

    async def give_back(self, taken: Iterable[Request], free_at: datetime | None = None, /) -> None:
        """Let others take requests that were not brought further, as far as the leases last."""
        ...

    async def rename_member(
        self,
        member_id: int,
        pseudonym: int,
        withdraw: Callable[[Request], Change | None],
        now: datetime,
        /,
    ) -> None:
        """Put a pseudonym in a member's place everywhere, after `withdraw` for open requests."""
        ...


class OutboxRepository(Protocol):
    """Keeps messages until they were delivered or given up."""

    async def take_due(
        self, now: datetime, lease: timedelta, most: int, /
    ) -> tuple[OutboxMessage, ...]:
        """Return up to `most` messages whose time has come, leased, with their try counted."""
        ...

    async def end(
        self,
        message: OutboxMessage,
        now: datetime,
        arrived: tuple[int, int] | None,
        detail: str = "",
        undelivered: Undelivered | None = None,
        /,
    ) -> None:
        """Note where a message arrived (channel and message id), or that it was given up."""
        ...

    async def put_off(self, message: OutboxMessage, due_at: datetime, detail: str, /) -> None:
        """Note that it could not be delivered, why, and when to try again."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next one is due, or a lease runs out; None where nothing is left."""
        ...


class AuditRepository(Protocol):
    """Reads what was done to requests; it is written with each change."""

    async def of(self, request_id: int, /) -> tuple[AuditEntry, ...]:
        """Return what was done to one request, in its order."""
        ...

    async def latest(self, limit: int, /) -> tuple[AuditEntry, ...]:
        """Return what was done last to any request, latest first."""
        ...

    async def count_of_admin(self, admin_id: int, /) -> int:
        """Return how many steps this person took as an admin."""
        ...


class StageRepository(Protocol):
    """Reads the DMARC stages that were approved; they are written with the approval."""

    async def of(self, domain: Domain, /) -> str | None:
        """Return none, quarantine or reject; None where nothing was approved yet."""
        ...


class Repositories(Protocol):
    """The repositories that the service, the worker and the outbox worker share."""

    @property
    def requests(self) -> RequestRepository:
        """The requests."""
        ...

    @property
    def outbox(self) -> OutboxRepository:
        """The messages to be delivered."""
        ...

    @property
    def audit(self) -> AuditRepository:
        """What was done, by whom and when."""
        ...

    @property
    def stages(self) -> StageRepository:
        """The approved DMARC stages."""
        ...


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of checking whether a request's record, domain or certificate is live."""

    live: bool
    seen: str = ""  # the code of the finding in the way, or one of `bot.requests.server_view`
    ttl: int | None = None  # seconds for which the answer stays in caches
    hosting: MailHosting = MailHosting.UNKNOWN  # what the mail server said of the domain
    key: KnownKey | None = None  # the mail server's, where it is not the one handed out
    fault: BackendError | None = None  # what an admin has to mend on the mail server
    evidence: Evidence | None = None  # what the domain looked like, where that was looked at


class LookSeen(Protocol):
    """What a look at a domain came to."""

    @property
    def report(self) -> Report:
        """The report of it."""
        ...

    @property
    def done(self) -> frozenset[str]:
        """The parts of the domain's plan that are done."""
        ...


class Look(Protocol):
    """Looks at a domain for a request; a look that others made may be that one."""

    async def __call__(
        self, domain: Domain, key: KnownKey | None = None, since: datetime | None = None, /
    ) -> Report:
        """Return the report of a look that began after `since`.

        A key that is given goes before the one that is known. Without `since` it is a look of now.
        """
        ...


class Watch(Protocol):
    """Looks at domains by itself, day by day."""

    async def have_looked_at(self, domain: Domain, /) -> None:
        """Look at a domain at once, where it is watched; raises StoreError where that fails."""
        ...


class Describe(Protocol):
    """Puts what a report shows into evidence, by the plan of its domain."""

    async def __call__(
        self, kind: RequestKind, report: Report, hosting: MailHosting, /
    ) -> Evidence:
        """Return what a report shows of the domain of a request of this kind."""
        ...


class Verifier(Protocol):
    """Checks whether a request's record, domain or certificate is live."""

    async def __call__(self, request: Request, /) -> Verification:
        """Check once; raises CowbellError where nothing could be found out."""
        ...
