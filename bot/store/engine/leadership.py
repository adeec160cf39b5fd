"""Which of several processes is at Discord: the one that holds the lock LEADER at PostgreSQL.

It is found out by `bot.store.engine.server_leadership`, which says how long that takes. On SQLite
whoever has the file leads.

A planned handover (`bot.store.engine.handover`) hooks in at four places: `wait_until_leading` tries
at once where `look_now` says so and not where `stand_back` does, `leave` takes a note for the next
one, and that finds it in `note`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from bot.store.engine.server_leadership import ServerLeadership
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Leadership(Protocol):
    """Whether this process is the one at Discord; it may gain that, lose it and gain it again."""

    @property
    def note(self) -> str:
        """What the one before left for this one when it left Discord; empty where it did not."""
        ...

    def is_sure(self) -> bool:
        """Whether it is, for certain and now; what goes to Discord is asked this first."""
        ...

    async def wait_until_leading(self) -> None:
        """Returns when it is, as long as that takes; a database that is away is waited for."""
        ...

    async def take(self) -> None:
        """Returns when it is; raises StoreError where another one is, or nobody answers."""
        ...

    def look_now(self) -> None:
        """Has `wait_until_leading` try at once: the one at Discord is about to leave."""
        ...

    def stand_back(self, seconds: float) -> None:
        """Has `wait_until_leading` not try for some seconds: another one is to go first."""
        ...

    async def wait_until_lost(self) -> None:
        """Returns when it is no more, without having left; Discord has to be left at once then."""
        ...

    async def leave(self, note: str = "") -> None:
        """Says that Discord was left and nothing more is sent, so that the next one may begin.

        `note` is kept for that one. What cannot be said costs the next one its time of waiting.
        """
        ...


@asynccontextmanager
async def open_leadership(url: str, *, waits: bool) -> AsyncIterator[Leadership]:
    """The leadership of the database at `url`; the process holds IN_USE while the block lasts.

    `waits` is whether it stands by for another one. Raises StoreError where the server cannot be
    reached, is filled by `move-database`, or has a pooler in front of it.
    """
    address = Address.parse(url)
    if address.on_sqlite:
        yield FileLeadership()
        return
    leadership = ServerLeadership(address, waits=waits)
    try:
        await leadership.connect()
        yield leadership
    finally:
        await leadership.aclose()


class FileLeadership:
    """On SQLite: whoever has the database open leads, as the lock of the file is theirs alone."""

    note = ""

    def is_sure(self) -> bool:
        """Always."""
        return True

    async def wait_until_leading(self) -> None:
        """Returns at once."""

    async def take(self) -> None:
        """Returns at once."""

    def look_now(self) -> None:
        """Does nothing."""

    def stand_back(self, seconds: float) -> None:
        """Does nothing."""

    async def wait_until_lost(self) -> None:
        """Never returns."""
        await asyncio.get_running_loop().create_future()

    async def leave(self, note: str = "") -> None:
        """Does nothing."""
