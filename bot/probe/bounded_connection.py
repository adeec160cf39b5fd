"""A connection of a thread that somebody outside can end, with bounds on what comes in.

A server that sends one octet now and then keeps each single read short, and a thread busy for ever.
So the whole conversation has an end, at which the socket below it is shut down from the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

import dns.name

from bot.dns.address_guard import NAME_DIFFERS, AddressFault, find_addresses
from bot.errors import ProbeError
from bot.net.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader

    from bot.config.mail_urls import MailUrl
    from bot.dns.answer import Ask

T = TypeVar("T")

LONGEST_READ: Final = 15.0  # seconds for one answer
_LONGEST_CONNECT: Final = 6.0  # seconds for an address to take the connection
_LOCAL: Final = ("127.0.0.1", "::1")


async def find_server(ask: Ask, url: MailUrl) -> tuple[str, ...]:
    """Return the addresses to connect to; private ones too, as the operator wrote the host.

    Raises:
        ProbeError: it has none, or the DNS does not answer.

    """
    if url.is_local:
        return _LOCAL if url.host == "localhost" else (url.host,)
    found = await find_addresses(ask, dns.name.from_text(url.host), allow_private=True)
    if found is AddressFault.NO_ANSWER:
        raise ProbeError("probe-no-dns", host=url.host)
    if isinstance(found, AddressFault):
        raise ProbeError("probe-no-address", host=url.host)
    return found


class BoundedConnection:
    """A connection to one of some addresses; of what comes in, `most` octets are read.

    Made and used in a thread, and cut from outside by `cut`.
    """

    def __init__(
        self,
        url: MailUrl,
        addresses: tuple[str, ...],
        *,
        most: int,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url
        self._addresses = addresses
        self._left = most
        self._context = context
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None  # of the same connection, for `cut`
        self._is_cut = False

    def open(self) -> socket.socket:
        """Return the connected socket, with TLS where the address says so.

        Raises:
            ProbeError: nobody answers there, or TLS is not as it has to be.

        """
        for address in self._addresses:
            if self._is_cut:  # nobody waits for the next address any more
                raise ProbeError("probe-too-slow", host=self.url.host)
            try:
                plain = socket.create_connection((address, self.url.port), _LONGEST_CONNECT)
            except OSError:
                continue
            plain.settimeout(LONGEST_READ)
            self._hold(plain)
            return self.secure(plain) if self.url.tls else plain
        raise ProbeError("probe-unreachable", host=self.url.host, port=self.url.port)

    def secure(self, plain: socket.socket) -> socket.socket:
        """Return the socket with TLS around it; the certificate has to be valid for the host.

        Raises:
            ProbeError: it is not, or there is no TLS.

        """
        context = self._context or client_context()
        try:
            return context.wrap_socket(plain, server_hostname=self.url.host)
        except ssl.SSLCertVerificationError as error:
            plain.close()
            differs = error.verify_code == NAME_DIFFERS
            raise ProbeError("probe-certificate", host=self.url.host, differs=differs) from None
        except (OSError, ssl.SSLError):
            plain.close()
            raise ProbeError("probe-no-tls", host=self.url.host, port=self.url.port) from None

    def count(self, reader: BufferedReader) -> CountedReader:
        """Return a reader that ends where too much has come in."""
        return CountedReader(self, reader)

    def take(self, octets: int) -> None:
        """Note that so many octets are read; raises OSError where it is more than there may be."""
        self._left -= octets
        if self._left < 0:
            raise OSError("the server sends more than anybody needs")

    def cut(self) -> None:
        """End the connection, whatever a thread does with it; safe to call from anywhere."""
        with self._lock:
            self._is_cut = True
            handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):  # the server may have ended it already
                handle.shutdown(socket.SHUT_RDWR)
            handle.close()

    def _hold(self, plain: socket.socket) -> None:
        # TLS takes the descriptor out of its socket, so this one is a second for the same.
        with self._lock:
            if not self._is_cut:
                self._handle = plain.dup()
                return
        plain.close()
        raise ProbeError("probe-too-slow", host=self.url.host)


class CountedReader:
    """What the libraries read from; each octet counts."""

    def __init__(self, connection: BoundedConnection, reader: BufferedReader) -> None:
        self._connection = connection
        self._reader = reader

    def read(self, size: int) -> bytes:
        """Return the next octets, `size` of them unless the connection ends before."""
        self._connection.take(size)  # before memory is set aside for them
        return self._reader.read(size)

    def readline(self, size: int) -> bytes:
        """Return the next line, of `size` octets at most."""
        line = self._reader.readline(size)
        self._connection.take(len(line))
        return line

    def close(self) -> None:
        """Close it."""
        self._reader.close()


async def talk(connection: BoundedConnection, work: Callable[[], T], *, seconds: float) -> T:
    """Return what `work` does in a thread, which ends with the connection at the latest.

    Raises:
        ProbeError: it takes longer, or what `work` raises.

    """
    task: asyncio.Task[Any] = asyncio.ensure_future(asyncio.to_thread(work))
    # A caller that is cancelled does not look at what comes of it.
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            connection.cut()
            await asyncio.wait({task})  # the next conversation begins when this one has ended
            if task.exception() is not None:
                raise ProbeError("probe-too-slow", host=connection.url.host) from None
        result: T = task.result()
        return result
    finally:
        connection.cut()
