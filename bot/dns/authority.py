"""The name servers of a zone, each asked directly for what it holds itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.dns.address_guard import is_public
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.dns.tcp import try_connection

if TYPE_CHECKING:
    from types import TracebackType

    from bot.dns.answer import DirectAnswer, Question

TCP_TIMEOUT = 1.5  # seconds for a connection: its first packet is sent twice in them
TIMEOUT = 2.0  # seconds for a question: it is sent three times in them, so a lost packet is none


@dataclass(frozen=True, slots=True)
class Authorities:
    """Says which name servers found in a zone may be asked, and on which port.

    Only those at public addresses may, unless `allow_private`.
    """

    allow_private: bool = False
    port: int = 53

    def may_reach(self, address: str) -> bool:
        """Whether a server at this address may be asked."""
        return self.allow_private or is_public(address)

    def open(self, *, signed: bool = False) -> Connections:
        """Return connections for the questions of one check, to be closed after it.

        `signed` asks for the signatures of the records as well.
        """
        return Connections(self.port, signed=signed)


class Connections:
    """The sockets over which one check asks name servers; each server has sockets of its own."""

    def __init__(self, port: int, *, signed: bool = False) -> None:
        self._port = port
        self._signed = signed
        self._resolvers: dict[str, Resolver] = {}

    def ask(self, address: str, question: Question) -> asyncio.Future[DirectAnswer]:
        """Return what the server at an address says, over UDP, or TCP where it is too long.

        It is not asked to find out what it does not hold (the RD flag is off), and no alias is
        followed. Whoever calls has made sure that the address may be reached.
        """
        resolver = self._resolvers.get(address)
        if resolver is None:
            server = Server(address, self._port)
            resolver = Resolver([server], timeout=TIMEOUT, recurse=False, signed=self._signed)
            self._resolvers[address] = resolver
        return resolver.read(*question)

    async def try_tcp(self, address: str) -> bool:
        """Return whether the server takes a connection over TCP, as each has to (RFC 7766)."""
        return await try_connection(Server(address, self._port), TCP_TIMEOUT)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for resolver in self._resolvers.values():
            resolver.close()  # at once, as this very task may be cancelled while it waits
        await asyncio.gather(*(resolver.aclose() for resolver in self._resolvers.values()))
