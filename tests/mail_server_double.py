"""Ports of mail servers with a fault each: what they say wrong, or do not say at all."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from bot.demo.host_ports import HostPort
from bot.demo.port_dialogs import PortReply
from bot.net.port_look import Speaks

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from bot.demo.port_dialogs import PortState
    from bot.net.port_look import ServicePort

WHOLE_DAY = 86_400.0  # seconds; whoever waits as long is given up before


class AfterGoAhead(Enum):
    """What follows the words by which a server agrees to STARTTLS."""

    HANDSHAKE = auto()
    SILENCE = auto()
    END = auto()  # it closes the connection
    NO_TLS = auto()  # it goes on in plain text


@dataclass(frozen=True, slots=True)
class Fault:
    """What a port does otherwise than a server that is set up well; by default nothing.

    `pace` is the pause in seconds before each octet of the greeting.
    """

    greeting: bytes | None = None  # in the place of its own
    endless: bytes = b""  # said after the greeting, again and again
    pace: float = 0.0
    silent: bool = False  # it takes the connection, and says nothing ever
    hangs_up: bool = False  # it closes each connection, after its greeting where it has another
    no_tls: bool = False  # plain text where TLS should begin with the first octet
    no_starttls: bool = False
    stripped: bool = False  # a box on the way writes over the word STARTTLS
    refusal: bytes = b""  # said to STARTTLS in the place of the go-ahead
    injected: bytes = b""  # plain text in one piece with the go-ahead
    after_go_ahead: AfterGoAhead = AfterGoAhead.HANDSHAKE
    clear_logins: bool = False  # passwords are taken without TLS


NO_FAULT: Final = Fault()


class FaultyPort(HostPort):
    """A port with a fault."""

    def __init__(self, port: ServicePort, host: str, context: ssl.SSLContext, fault: Fault) -> None:
        super().__init__(port, host, context)
        self._fault = fault
        self.heard: list[bytes] = []  # what clients have said, line by line
        self.begins_with_tls = self.begins_with_tls and not fault.no_tls

    def state(self, *, secured: bool) -> PortState:
        right = super().state(secured=secured)
        starttls = right.starttls and not self._fault.no_starttls
        logins = right.logins or self._fault.clear_logins
        return dataclasses.replace(right, starttls=starttls, logins=logins)

    def greeting(self, *, secured: bool) -> bytes:
        own = self._fault.greeting
        text = super().greeting(secured=secured) if own is None else own
        return self._strip(text)

    def reply(self, line: bytes, *, secured: bool) -> PortReply:
        self.heard.append(line)
        reply = super().reply(self._strip(line), secured=secured)
        if reply.tls and self._fault.refusal:
            tag = line.split()[0] if self.port.speaks is Speaks.IMAP else b""
            return PortReply(self._fault.refusal.replace(b"TAG", tag))
        if reply.tls:
            return dataclasses.replace(reply, text=reply.text + self._fault.injected)
        return dataclasses.replace(reply, text=self._strip(reply.text))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fault = self._fault
        if fault.hangs_up:
            writer.write(fault.greeting or b"")
            return
        if fault.silent:
            await asyncio.sleep(WHOLE_DAY)
        for octet in self.greeting(secured=False) if fault.pace else b"":
            writer.write(bytes([octet]))
            await asyncio.sleep(fault.pace)
        while fault.endless and not writer.is_closing():
            writer.write(fault.endless)
            await writer.drain()
        await super().serve(reader, writer)

    async def begin_tls(self, writer: asyncio.StreamWriter) -> None:
        after = self._fault.after_go_ahead
        if after is AfterGoAhead.SILENCE:
            await writer.drain()
            await asyncio.sleep(WHOLE_DAY)
        if after is AfterGoAhead.END:
            raise ConnectionAbortedError
        if after is AfterGoAhead.HANDSHAKE:
            await super().begin_tls(writer)

    def _strip(self, text: bytes) -> bytes:
        return text.replace(b"STARTTLS", b"XXXXXXXX") if self._fault.stripped else text


@asynccontextmanager
async def closed_port() -> AsyncIterator[int]:
    """Yield a port on which this machine refuses connections."""
    with socket.socket() as bound:  # nobody else gets it, and nobody listens
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
