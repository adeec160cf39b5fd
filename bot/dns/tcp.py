"""Asks a question over TCP, for replies that do not fit into a UDP datagram."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.dns.server_address import Server

T = TypeVar("T")

_MAX_MESSAGES = 8  # read from one connection before the server is given up


async def try_connection(server: Server, seconds: float) -> bool:
    """Return whether the server takes a connection within so many seconds; nothing is sent."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(server.address, server.port)
    except OSError:  # a TimeoutError is one
        return False
    await _hang_up(writer)
    return True


async def ask_stream(
    server: Server, message: bytes, read: Callable[[bytes], T | None], seconds: float
) -> T | None:
    """Send one message over TCP and return what `read` makes of the first reply that it takes.

    Messages that it does not take (None) are passed over, a few of them. None where the server is
    not reached, closes the connection, or has not answered after so many seconds. Framing is
    that of RFC 1035 section 4.2.2: no message is longer than 65,535 octets.
    """
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(server.address, server.port)
            writer.write(len(message).to_bytes(2, "big") + message)
            for _ in range(_MAX_MESSAGES):
                size = int.from_bytes(await reader.readexactly(2), "big")
                reply = read(await reader.readexactly(size))
                if reply is not None:
                    return reply
    except (OSError, EOFError):  # a TimeoutError is an OSError
        return None
    finally:
        if writer is not None:
            await _hang_up(writer)
    return None


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()
