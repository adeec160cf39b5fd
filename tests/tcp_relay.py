"""A relay before a server, whose connections a test can cut, or leave without a word."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class TcpRelay:
    """Listens at a loopback port and carries octets to a Unix socket, while the block lasts.

    While `is_silent`, nothing is carried either way, and the connections stay; `cut` ends all of
    them, and new ones are refused until `mend`.
    """

    def __init__(self, socket: Path | str) -> None:
        self._socket = socket
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._flows = asyncio.Event()
        self._flows.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def fall_silent(self) -> None:
        """Carry nothing any more, as where a cable was pulled."""
        self._flows.clear()

    def mend(self) -> None:
        """Carry everything again."""
        self._is_cut = False
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_unix_connection(self._socket)
        pair = {writer, there_writer}
        self._writers |= pair
        for source, target in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._carry(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while octets := await source.read(65536):
                await self._flows.wait()
                target.write(octets)
                await target.drain()
        target.close()
        self._writers.discard(target)
