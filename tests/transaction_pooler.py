"""A pooler as PgBouncer is in transaction mode: all clients share the sessions, here one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL

from bot.demo.loopback_server import LoopbackServer

if TYPE_CHECKING:
    from postgres_server import PostgresServer

_TLS_WANTED = 80_877_103  # https://www.postgresql.org/docs/current/protocol-message-formats.html
_ENDS_A_TURN = (b"S", b"Q")  # Sync, Query
_READY, _TERMINATE = b"Z", b"X"


class TransactionPooler(LoopbackServer):
    """Listens on a loopback port while the `async with` block lasts."""

    def __init__(self, server: PostgresServer) -> None:
        super().__init__()
        self._behind = server
        self._turn = asyncio.Lock()
        self._greeting = b""

    async def __aexit__(self, *_: object) -> None:
        await super().__aexit__(None, None, None)
        self._back.transport.abort()

    def url_of(self, name: str) -> str:
        """Return the DATABASE_URL of a database behind it."""
        url = URL.create("postgresql+asyncpg", "postgres", None, "127.0.0.1", self.number, name)
        return url.render_as_string(hide_password=False)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what a client says, turn by turn."""
        startup = await _read_startup(reader, writer)
        async with self._turn:
            if not self._greeting:
                self._ahead, self._back = await asyncio.open_unix_connection(self._behind.socket)
                self._back.write(startup)
                self._greeting = await self._answer()
        writer.write(self._greeting)
        while (begun := await _begin_turn(reader)) is not None:
            async with self._turn:
                await asyncio.gather(self._ask(begun, reader), self._answer(writer))

    async def _ask(self, begun: tuple[bytes, bytes], reader: asyncio.StreamReader) -> None:
        """Pass on what a client says until its turn ends."""
        kind, message = begun
        self._back.write(message)
        while kind not in _ENDS_A_TURN:
            kind, message = await _read_message(reader)
            self._back.write(message)

    async def _answer(self, writer: asyncio.StreamWriter | None = None) -> bytes:
        """Return what the server says until it is ready for the next one, and pass it on."""
        said, kind = b"", b""
        while kind != _READY:
            kind, message = await _read_message(self._ahead)
            said += message
            if writer is not None:
                writer.write(message)
        return said


async def _read_startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    while True:
        length = await reader.readexactly(4)
        rest = await reader.readexactly(int.from_bytes(length, "big") - 4)
        if int.from_bytes(rest[:4], "big") != _TLS_WANTED:
            return length + rest
        writer.write(b"N")


async def _begin_turn(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """Return the next thing that a client says; None where it has gone."""
    try:
        begun = await _read_message(reader)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return None if begun[0] == _TERMINATE else begun


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
