"""The other key of a domain, by the rotations that are kept, for whoever says what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bot.rotations.key_change_of import find_change

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.key_change import KeyChange
    from bot.rotations.rotation import Rotation


class RotationsOfDomains(Protocol):
    """What is read of rotations; a `RotationRepository` is such a thing."""

    async def of_domain(self, domain: Domain, /) -> tuple[Rotation, ...]:
        """Return all rotations of a domain, latest first; raises StoreError."""
        ...


class KeyChanges:
    """Reads which other key a domain has; nothing is changed by it."""

    def __init__(self, store: RotationsOfDomains, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def of(self, domain: Domain, signing: DkimKnowledge) -> KeyChange | None:
        """Return the other key whose record the domain needs beside that of the one that signs.

        That is by the latest rotation that says something of the key that signs. Raises StoreError.
        """
        now = self._now()
        rotations = await self._store.of_domain(domain)
        found = (find_change(rotation, signing, now) for rotation in rotations)
        return next((change for change in found if change is not None), None)
