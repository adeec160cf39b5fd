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
        event.listen(engine.sync_engine, "connect", self._note)

    def end(self) -> None:
        """Ends all of them at once; what runs on them fails."""
        for connection in tuple(self._connections):
            connection.terminate()

    def _note(self, adapted: Any, _: object) -> None:
        self._connections.add(adapted.driver_connection)
