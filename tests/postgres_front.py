"""A way to the tests' PostgreSQL server over TCP, with the TLS that it is built without."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

_SSL_REQUEST = struct.pack("!ll", 8, 80877103)  # PostgreSQL's protocol, section 54.7

_KEY_DATA = b"K\0\0\0\x0c"  # BackendKeyData (version 3.0 of the protocol): then number and secret


class PostgresFront:
    """Forwards connections to a socket, as a server does that has TLS, or has none.

    `secured` counts those that came over TLS, `plain` those that began without it. Where it
    `renames_sessions` they get numbers that the server does not have for them, as of a pooler.
    """

    def __init__(self, socket: str, tls: ssl.SSLContext | None, *, renames_sessions: bool) -> None:
        self._socket = socket
        self._tls = tls
        self._change = _rename_session if renames_sessions else _leave
        self.port = 0
        self.secured = self.plain = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            head = await reader.readexactly(8)
            is_secure = False
            if head == _SSL_REQUEST:
                writer.write(b"N" if self._tls is None else b"S")
                await writer.drain()
                if self._tls is not None:
                    await writer.start_tls(self._tls)
                    is_secure = True
                head = await reader.readexactly(8)
            self.secured += is_secure
            self.plain += not is_secure
            their_reader, their_writer = await asyncio.open_unix_connection(self._socket)
            their_writer.write(head)
            await asyncio.gather(
                _pump(reader, their_writer, _leave), _pump(their_reader, writer, self._change)
            )
        writer.close()


def _leave(octets: bytes) -> bytes:
    return octets


def _rename_session(octets: bytes) -> bytes:
    """Change the number in BackendKeyData, which comes with the end of the login."""
    head = octets.find(_KEY_DATA)
    if head < 0:
        return octets
    at = head + len(_KEY_DATA)
    return octets[:at] + struct.pack("!l", 2_000_000_000) + octets[at + 4 :]


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    change: Callable[[bytes], bytes],
) -> None:
    with suppress(OSError):
        while octets := await reader.read(65536):
            writer.write(change(octets))
            await writer.drain()
    writer.close()


@asynccontextmanager
async def open_front(
    socket: str, tls: ssl.SSLContext | None, *, renames_sessions: bool = False
) -> AsyncIterator[PostgresFront]:
    """Yield a front of the server behind `socket`, at 127.0.0.1."""
    front = PostgresFront(socket, tls, renames_sessions=renames_sessions)
    server = await asyncio.start_server(front._serve, "127.0.0.1", 0)
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        server.close()
