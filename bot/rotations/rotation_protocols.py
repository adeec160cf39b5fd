"""What the work on rotations uses: where they are kept, and who looks at name servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta

    from bot.checks.dkim.server_records import ServerRecords
    from bot.names import Domain
    from bot.records.dkim_key import KeySource, KnownKey
    from bot.rotations.due_keys import AgedKey
    from bot.rotations.rotation import (
        NewRotation,
        Rotation,
        RotationChange,
        RotationEntry,
    )

# What a repository's methods promise is said where they are written: `bot.store.repositories`.


class RotationRepository(Protocol):
    """Keeps rotations; each method is one transaction and raises StoreError where it fails."""

    async def open(
        self, asked: NewRotation, found: frozenset[str], now: datetime, /
    ) -> tuple[Rotation, bool]:
        """Return the open rotation of the domain, and whether it is new.

        The new one has a selector that was never used for the domain: `found` are those that were
        met elsewhere, the store adds those that it knows.
        """
        ...

    async def change(
        self,
        rotation_id: int,
        decide: Callable[[Rotation], RotationChange | None],
        now: datetime,
        /,
    ) -> tuple[Rotation, bool]:
        """Return the rotation as it is now, and whether `decide` changed it."""
        ...

    async def change_among(
        self,
        rotation_id: int,
        decide: Callable[[Rotation, tuple[Rotation, ...]], RotationChange | None],
        now: datetime,
        /,
    ) -> tuple[Rotation, bool]:
        """Return what `change` does, where `decide` rests on all other open rotations, too."""
        ...

    async def get(self, rotation_id: int, /) -> Rotation | None:
        """Return the rotation with this id; None where there never was one."""
        ...

    async def of_domain(self, domain: Domain, /) -> tuple[Rotation, ...]:
        """Return all rotations of a domain, latest first."""
        ...

    async def open_ones(self) -> tuple[Rotation, ...]:
        """Return the rotations that have not ended, oldest first."""
        ...

    async def entries(self, rotation_id: int, /) -> tuple[RotationEntry, ...]:
        """Return what was done to one rotation, in its order."""
        ...

    async def domains_in_doubt(self) -> tuple[Domain, ...]:
        """Return the domains whose latest rotation failed when the new key may have signed."""
        ...

    async def domains(self, since: datetime | None = None, /) -> tuple[Domain, ...]:
        """Return every domain that had a rotation opened since then, or ever."""
        ...

    async def count_opened(self, since: datetime, /) -> int:
        """Return how many were opened since then."""
        ...

    async def take_due(self, now: datetime, lease: timedelta, most: int, /) -> tuple[Rotation, ...]:
        """Return up to `most` rotations whose time has come, leased to the caller."""
        ...

    async def next_due(self) -> datetime | None:
        """Return when the next one is due, or a lease runs out; None where nothing will be."""
        ...

    async def give_back(
        self, taken: Iterable[Rotation], free_at: datetime | None = None, /
    ) -> None:
        """Let others take rotations that were not brought further, as far as the leases last."""
        ...

    async def count_of_admin(self, admin_id: int, /) -> int:
        """Return how many steps this person took as an admin."""
        ...

    async def forget_member(self, member_id: int, pseudonym: int, now: datetime, /) -> None:
        """Put a pseudonym in a member's place everywhere."""
        ...


class LearnedKey(Protocol):
    """The key that a domain is known to sign with."""

    @property
    def selector(self) -> str:
        """Where its record is."""
        ...

    @property
    def value(self) -> str:
        """The text of its record."""
        ...

    @property
    def source(self) -> KeySource:
        """Who told of it."""
        ...


class KeyRepository(Protocol):
    """Keeps the keys that domains are known to sign with."""

    async def current(self, domain: Domain, /) -> LearnedKey | None:
        """Return the key of a domain; None where none is known."""
        ...

    async def current_keys(self, after: Domain | None, most: int, /) -> tuple[AgedKey, ...]:
        """Return up to `most` keys of the domains after this one, in the order of their names."""
        ...

    async def learn(
        self, domain: Domain, selector: str, value: str, source: KeySource, now: datetime, /
    ) -> LearnedKey:
        """Make this the domain's key, unless it is that already."""
        ...


class LookAtKeys(Protocol):
    """Asks every name server of a domain's zone for two key records."""

    async def __call__(
        self, domain: Domain, old: KnownKey, selector: str, value: str, /
    ) -> ServerRecords:
        """Return what each of them has; nothing that a resolver keeps counts."""
        ...
