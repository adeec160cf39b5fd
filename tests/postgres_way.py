"""The way to the PostgreSQL server, over TCP, which tests can cut as networks do."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL

from bot.demo.loopback_server import LoopbackServer

if TYPE_CHECKING:
    from postgres_server import PostgresServer

_MOST = 1 << 16  # octets read at once


class PostgresWay(LoopbackServer):
    """Listens on a loopback port while the `async with` block lasts, and leads to the server.

    It may be cut in two ways. Silently: nothing comes through, nobody is told, and what was on its
    way arrives once the way is restored, as TCP sends again what was lost. Hard: every connection
    is reset, and new ones are as well.
    """

    def __init__(self, server: PostgresServer) -> None:
        super().__init__()
        self._behind = server
        self._passable = asyncio.Event()
        self._passable.set()
        self._refuses = False
        self._writers: set[asyncio.StreamWriter] = set()
        self.taken = 0  # connections so far

    def url_of(self, name: str) -> str:
        """Return the DATABASE_URL of a database by this way."""
        url = URL.create("postgresql+asyncpg", "postgres", None, "127.0.0.1", self.number, name)
        return url.render_as_string(hide_password=False)

    def cut_silently(self) -> None:
        """Let nothing through from now on, in neither direction, without a word to anybody."""
        self._passable.clear()

    def cut_hard(self) -> None:
        """Reset every connection, and each new one until the way is restored."""
        self._refuses = True
        self._reset()

    def restore(self) -> None:
        """Let everything through again."""
        self._refuses = False
        self._passable.set()

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Lead a connection to the server, as far as the way lets it."""
        self.taken += 1
        if self._refuses:
            writer.transport.abort()
            return
        self._writers.add(writer)
        try:
            await self._passable.wait()
            ahead, back = await asyncio.open_unix_connection(self._behind.socket)
        except OSError:  # the server is being restarted
            self._writers.discard(writer)
            writer.transport.abort()
            return
        self._writers.add(back)
        try:
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(ahead, writer))
        finally:
            for end in (writer, back):
                self._writers.discard(end)
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # an end is gone, which the other one hears below
            while octets := await reader.read(_MOST):
                await self._passable.wait()
                writer.write(octets)
                await writer.drain()
        await self._passable.wait()
        writer.close()
