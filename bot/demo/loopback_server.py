"""A server on the loopback address of this process, as the demo's mail servers are."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from types import TracebackType


class LoopbackServer(ABC):
    """It listens until the block of its `async with` ends; `serve` talks to each client.

    `longest` are the octets that a line, or what is read in one piece, may have.
    """

    def __init__(self, *, longest: int = 64 * 1024) -> None:
        self._longest = longest
        self._server: asyncio.Server | None = None
        self._number: int | None = None
        self._turns: set[asyncio.Task[None]] = set()

    @property
    def number(self) -> int:
        """The port that was given to it. Raises RuntimeError before it has listened."""
        if self._number is None:
            raise RuntimeError("the port is not open")
        return self._number

    @property
    def tls_at_once(self) -> ssl.SSLContext | None:
        """What a server needs whose TLS begins with the first octet; None for any other."""
        return None

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client until it or the protocol ends that."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._take, "127.0.0.1", 0, ssl=self.tls_at_once, limit=self._longest
        )
        self._number = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        for turn in self._turns:
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)
        await server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = asyncio.create_task(self.serve(reader, writer))
        self._turns.add(turn)
        # Clients break off, say what is no TLS or send lines without end: their turn is over.
        broken = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
        try:
            with suppress(*broken, asyncio.CancelledError):
                await turn
                await writer.drain()
        finally:
            writer.transport.abort() if turn.cancelled() else writer.close()
            self._turns.discard(turn)
