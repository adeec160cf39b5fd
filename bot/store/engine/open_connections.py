"""The connections of an engine to a server, to be ended where nobody answers any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import event

if TYPE_CHECKING:
    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncEngine


class OpenConnections:
    """Those that the pool of an engine has made."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._connections: WeakSet[asyncpg.Connection] = WeakSet()
        self._is_over = False
        # Before the dialect talks over a new one, in which it may be cut off already.
        event.listen(engine.sync_engine, "connect", self._note, insert=True)

    def end(self) -> None:
        """Ends all of them at once, and those still being made; what runs on them fails."""
        self._is_over = True
        for connection in tuple(self._connections):
            connection.terminate()

    def _note(self, adapted: Any, _: object) -> None:
        if self._is_over:
            adapted.driver_connection.terminate()
        self._connections.add(adapted.driver_connection)
