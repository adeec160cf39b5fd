"""The keys that rotations left behind on the mail server: found, and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.names import Domain
    from bot.requests.backend import MailBackend
    from bot.rotations.key_rotator import KeyRotator, Leftover
    from bot.rotations.rotation_protocols import RotationRepository


class LeftoverKeys:
    """Finds copies of keys that no rotation needs, and takes them away.

    A key that signs mail is never one of them. Each method raises BackendError where the mail
    server does not tell, and StoreError.
    """

    def __init__(
        self, repository: RotationRepository, backend: MailBackend, rotator: KeyRotator
    ) -> None:
        self._store = repository
        self._backend = backend
        self._rotator = rotator

    async def find(self) -> tuple[Leftover, ...]:
        """Return those of all domains that ever had a rotation or are on the mail server."""
        return await self._find(await self._under_way())

    async def remove_all(self) -> AsyncIterator[Leftover]:
        """Take away what is found, and yield each once it is gone."""
        under_way = await self._under_way()
        found = left = await self._find(under_way)
        for leftover in found:
            now = await self._under_way()
            if now != under_way:  # a rotation that began meanwhile may need it
                under_way, left = now, await self._find(now)
            if leftover in left:
                await self._rotator.remove(leftover)
                yield leftover

    async def _find(self, under_way: frozenset[Domain]) -> tuple[Leftover, ...]:
        domains = {*await self._store.domains(), *await self._backend.domains()}
        return await self._rotator.find_leftovers(sorted(domains, key=str), under_way)

    async def _under_way(self) -> frozenset[Domain]:
        """Return the domains whose copies may be needed: the one way back, where it failed."""
        open_ones = (rotation.domain for rotation in await self._store.open_ones())
        return frozenset((*open_ones, *await self._store.domains_in_doubt()))
