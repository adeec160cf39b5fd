"""A web server on this machine, with TLS or without, that gives one canned answer to everybody."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator


@dataclass
class WebPage:
    """What it answers, and the requests that came: their lines in lower case, and what they bring.

    After the answer it says `then` again and again, after `pause` seconds each, as long as anybody
    listens; with `silent` it says nothing at all.
    """

    answer: bytes
    then: bytes = b""
    silent: bool = False
    pause: float = 0.0
    requests: list[list[str]] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    port: int = 0

    @classmethod
    def of(
        cls, body: bytes, *, status: str = "200 OK", media: str = "text/plain", more: str = ""
    ) -> WebPage:
        """Return a page that is answered with this status, these headers and this body."""
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n{more}"
        )
        return cls(head.encode() + b"\r\n" + body)

    @asynccontextmanager
    async def serving(self, context: ssl.SSLContext | None) -> AsyncIterator[WebPage]:
        """Listen until the block ends."""
        writers = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                asked = await reader.readuntil(b"\r\n\r\n")
                lines = asked.decode().lower().split("\r\n")
                self.requests.append(lines)
                sizes = [
                    int(line.split()[1]) for line in lines if line.startswith("content-length")
                ]
                if sizes:
                    self.posted.append((await reader.readexactly(*sizes)).decode())
                if self.silent:
                    return
                writer.write(self.answer)
                while self.then:
                    writer.write(self.then)
                    await writer.drain()
                    await asyncio.sleep(self.pause)
                await writer.drain()
            except (OSError, EOFError):
                writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            for writer in writers:
                writer.transport.abort()
            server.close()
            await server.wait_closed()
            await asyncio.sleep(0)
