"""A mail host inside this process, for the demo and tests: the ports that clients connect to."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Self

from bot.demo.port_dialogs import PortState, answer, greet
from bot.net.port_look import ALL_PORTS, MX_PORT, Speaks

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from bot.demo.port_dialogs import PortReply
    from bot.net.port_look import ServicePort

_LONGEST = 8 * 1024  # octets of a line


class HostPort:
    """One port on the loopback address, as a server that is set up well has it.

    `async with HostPort(...)` listens until the block ends; `number` is then the port that was
    given to it. Login methods are offered under TLS alone, and none on the port between servers.
    """

    def __init__(self, port: ServicePort, host: str, context: ssl.SSLContext) -> None:
        self.port = port
        self.host = host
        self.context = context
        self.begins_with_tls = not port.starttls
        self._server: asyncio.Server | None = None
        self._turns: set[asyncio.Task[None]] = set()

    @property
    def number(self) -> int:
        """Where it listens. Raises RuntimeError while it does not."""
        if self._server is None:
            raise RuntimeError("the port is not open")
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    async def __aenter__(self) -> Self:
        at_once = self.context if self.begins_with_tls else None
        self._server = await asyncio.start_server(
            self._take, "127.0.0.1", 0, ssl=at_once, limit=_LONGEST
        )
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

    def state(self, *, secured: bool) -> PortState:
        """Return how a connection is without or with TLS."""
        return PortState(
            self.host,
            secured=secured,
            starttls=self.port.starttls and not secured,
            logins=secured and self.port != MX_PORT,
        )

    def greeting(self, *, secured: bool) -> bytes:
        """Return what is said to a client that has asked nothing yet."""
        return greet(self.port.speaks, self.state(secured=secured))

    def reply(self, line: bytes, *, secured: bool) -> PortReply:
        """Return what is said to a line."""
        return answer(self.port.speaks, line, self.state(secured=secured))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one client until it or the protocol ends that."""
        secured = self.begins_with_tls
        writer.write(self.greeting(secured=secured))
        while line := await reader.readline():
            reply = self.reply(line.rstrip(b"\r\n"), secured=secured)
            writer.write(reply.text)
            if reply.tls:
                await self.begin_tls(writer)
                secured = True
                if self.port.speaks is Speaks.SIEVE:  # says it again by itself (RFC 5804 2.2)
                    writer.write(self.greeting(secured=True))
            if reply.ends:
                return
            await writer.drain()

    async def begin_tls(self, writer: asyncio.StreamWriter) -> None:
        """Shake hands as the server; what comes after that is encrypted."""
        await writer.start_tls(self.context)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = asyncio.create_task(self.serve(reader, writer))
        self._turns.add(turn)
        # Clients break off, say what is no TLS or send lines without end: their turn is over.
        with suppress(OSError, EOFError, ValueError, asyncio.CancelledError):
            await turn
            await writer.drain()
        writer.transport.abort() if turn.cancelled() else writer.close()
        self._turns.discard(turn)


class MailHost:
    """All ports of a mail host; `async with MailHost(...)` listens until the block ends."""

    def __init__(
        self, host: str, context: ssl.SSLContext, ports: Iterable[ServicePort] = ALL_PORTS
    ) -> None:
        self._ports = [HostPort(port, host, context) for port in ports]
        self._running = AsyncExitStack()

    @property
    def numbers(self) -> Mapping[int, int]:
        """By the port that a client asks for, the one that listens."""
        return {each.port.number: each.number for each in self._ports}

    async def __aenter__(self) -> Self:
        for each in self._ports:
            await self._running.enter_async_context(each)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._running.aclose()
