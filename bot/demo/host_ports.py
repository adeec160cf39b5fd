"""A mail host inside this process, for the demo and tests: the ports that clients connect to."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

from bot.demo.loopback_server import LoopbackServer
from bot.demo.port_dialogs import PortState, answer, greet
from bot.net.port_look import ALL_PORTS, MX_PORT, Speaks

if TYPE_CHECKING:
    import asyncio
    import ssl
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from bot.demo.port_dialogs import PortReply
    from bot.net.port_look import ServicePort

_LONGEST = 8 * 1024  # octets of a line


class HostPort(LoopbackServer):
    """One port on the loopback address, as a server that is set up well has it.

    Login methods are offered under TLS alone, and none on the port between servers.
    """

    def __init__(self, port: ServicePort, host: str, context: ssl.SSLContext) -> None:
        super().__init__(longest=_LONGEST)
        self.port = port
        self.host = host
        self.context = context
        self.begins_with_tls = not port.starttls

    @property
    def tls_at_once(self) -> ssl.SSLContext | None:
        """What it needs where TLS begins with the first octet."""
        return self.context if self.begins_with_tls else None

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
