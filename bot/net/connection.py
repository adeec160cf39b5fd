"""One connection to another host, of which no more is read than its protocol needs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import ssl

LONGEST_LINE: Final = 8 * 1024  # octets (RFC 9051 section 4.3.1; others want less)
LONGEST_DIALOG: Final = 64 * 1024  # octets of all lines that are read over one connection
_AT_ONCE: Final = 16 * 1024  # octets that are read before others have their turn
_HANDSHAKE: Final = 60.0  # seconds; whoever calls gives up before


class TooLongError(Exception):
    """More came in than anybody needs to say."""


class OpenConnection:
    """An open connection to `address`; whoever opened it bounds its time, and closes it."""

    def __init__(self, address: str, transport: asyncio.Transport, inbox: _Inbox) -> None:
        self.address = address
        self._transport = transport
        self._inbox = inbox
        self._left = LONGEST_DIALOG

    @classmethod
    async def open(cls, address: str, real_address: str, real_port: int) -> Self:
        """Return a connection to the real address and port, which is told as that to `address`.

        Raises:
            OSError: there is none.

        """
        loop = asyncio.get_running_loop()
        transport, inbox = await loop.create_connection(_Inbox, real_address, real_port)
        return cls(address, transport, inbox)

    @property
    def own_address(self) -> str:
        """The address of this machine that the connection comes from."""
        return str(self._transport.get_extra_info("sockname")[0])

    @property
    def tls(self) -> ssl.SSLObject | None:
        """What is known of TLS; None before it."""
        tls: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        return tls

    @property
    def has_more(self) -> bool:
        """Whether something has come in that was not read."""
        return bool(self._inbox.data)

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Begin TLS as the client; what came in before and was not read is thrown away.

        Raises:
            ssl.SSLCertVerificationError: the certificate is refused.
            OSError: the handshake failed otherwise.

        """
        loop, inbox = asyncio.get_running_loop(), _Inbox()
        # A new inbox, so that nothing of what came before can pass for something protected.
        transport = await loop.start_tls(
            self._transport,
            inbox,
            context,
            server_hostname=name,
            ssl_handshake_timeout=_HANDSHAKE,
        )
        if transport is None:
            raise ConnectionResetError("the connection ended within the handshake")
        inbox.connection_made(transport)
        self._transport, self._inbox = transport, inbox

    def write(self, data: bytes) -> None:
        """Send octets; a question is small, so that nobody has to wait for it to leave."""
        self._transport.write(data)

    async def read(self) -> bytes:
        """Return what has come in, 16 KiB at most; b"" at the end of the connection.

        Raises:
            OSError: the connection is broken.

        """
        return await self._inbox.take(_AT_ONCE)

    async def read_line(self) -> bytes:
        """Return the next line, without its end.

        Raises:
            TooLongError: it is longer than 8 KiB, or 64 KiB were read in all.
            EOFError: the connection ended before.
            OSError: the connection is broken.

        """
        line = await self._inbox.take_line(min(LONGEST_LINE, self._left))
        self._left -= len(line)
        return line.rstrip(b"\r\n")

    def close(self) -> None:
        """Close at once: nobody waits for a server to say goodbye."""
        self._transport.abort()


class _Inbox(asyncio.Protocol):
    """What has come in over a connection, and was not read yet."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._searched = 0  # octets in which no end of a line is
        self._ended = False
        self._error: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._change = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where it comes in."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep it, and let no more come in where there is a lot."""
        self.data += data
        self._change.set()
        if len(self.data) > _AT_ONCE and self._transport is not None:
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """Nothing more comes in; the transport closes itself."""
        self._ended = True
        self._change.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes in, and why."""
        self._ended = True
        self._error = exc
        self._change.set()

    async def take(self, most: int) -> bytes:
        while not self.data and not self._ended:
            await self._wait()
        if not self.data and self._error is not None:
            raise self._error
        return self._cut(most)

    async def take_line(self, most: int) -> bytes:
        while True:
            end = self.data.find(b"\n", self._searched, most)
            if end >= 0:
                return self._cut(end + 1)
            if len(self.data) >= most:
                raise TooLongError
            self._searched = len(self.data)
            if self._ended:
                raise self._error or EOFError("the connection ended within a line")
            await self._wait()

    async def _wait(self) -> None:
        self._change.clear()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        await self._change.wait()

    def _cut(self, most: int) -> bytes:
        taken = bytes(self.data[:most])
        del self.data[:most]
        self._searched = 0
        return taken
