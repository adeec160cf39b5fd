"""Protocols that the watch uses: what it keeps, and what looks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from bot.checks.server.server_report import ServerReport
    from bot.names import Domain
    from bot.watch.digest import Week
    from bot.watch.domain_list import Listing
    from bot.watch.look_decision import Decide, LookDecision
    from bot.watch.watched_domain import Seen, Watched

# What a repository's methods promise is said where they are written: `bot.store.repositories`.


class WatchedRepository(Protocol):
    """Keeps what is watched; each method is one transaction, or raises StoreError."""

    async def take_due(self, now: datetime, lease: timedelta, most: int, /) -> tuple[Watched, ...]:
        """Return up to `most` subjects whose time has come, leased to the caller."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next look is due, or a lease runs out; None where nothing is watched."""
        ...

    async def put_off(self, taken: Watched, due_at: datetime, /) -> None:
        """Note that a look came to nothing, and when to look again, unless one was settled."""
        ...

    async def give_back(self, taken: Iterable[Watched], /) -> None:
        """Let others take subjects that were not looked at, as far as the leases last."""
        ...

    async def have_looked_at(self, domain: Domain, now: datetime, /) -> bool:
        """Return whether a domain is watched; where it is, a look at it is due at once."""
        ...

    async def get(self, subject: str, /) -> Watched | None:
        """Return what is known of a subject; None where it was never watched."""
        ...

    async def settle(
        self, decides: Mapping[str, Decide], now: datetime, taken: Watched | None = None, /
    ) -> Mapping[str, LookDecision]:
        """Return the subjects that were changed, with what was decided of each as it is now.

        Where `taken` is given, its subject is left as it is if it is somebody else's by now.
        """
        ...

    async def note_listing(self, listing: Listing, now: datetime, /) -> None:
        """Note which domains the mail server has."""
        ...

    async def watch_mail_server(self, now: datetime, /) -> None:
        """Have the mail server itself watched from now on, where it is not yet."""
        ...

    async def tell_digests(self, week: Week, now: datetime, /) -> None:
        """Write down the digests of a week for all who get one, once."""
        ...


class LookAtDomain(Protocol):
    """Looks at a domain."""

    async def __call__(self, domain: Domain, /) -> Seen:
        """Return what is seen now; raises CowbellError where nothing could be found out."""
        ...


class LookAtServer(Protocol):
    """Looks at the mail server itself."""

    async def __call__(self) -> ServerReport:
        """Return its report; raises CowbellError where nothing could be found out."""
        ...


class ListDomains(Protocol):
    """Asks the mail server which domains it has."""

    async def __call__(self) -> tuple[Domain, ...] | None:
        """Return its domains; None where it did not tell."""
        ...
