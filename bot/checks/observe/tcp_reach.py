"""Tries whether name servers take a connection over TCP, as each has to (RFC 7766 section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.authority_view import NameServerState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

    import dns.name

    from bot.checks.authority_view import NameServer
    from bot.checks.observe.direct_questions import DirectQuestions


class TcpReach:
    """Which name servers take a connection; each is tried once, and again where it took none."""

    def __init__(self, direct: DirectQuestions) -> None:
        self._direct = direct
        self._taken: dict[dns.name.Name, bool | None] = {}  # None: nobody could try
        self._trying: list[tuple[NameServer, asyncio.Future[bool | None]]] = []

    def start(self, servers: Iterable[NameServer]) -> None:
        """Connect to the servers, where nobody did yet."""
        for server in servers:
            if self._taken.get(server.name) is None:
                self._trying.append((server, self._direct.try_tcp(server.address)))

    async def wait(self) -> None:
        """Wait for what was started."""
        for server, connecting in self._trying:
            self._taken[server.name] = await connecting
        self._trying.clear()

    async def find_without(
        self, servers: Sequence[NameServer], above: str
    ) -> tuple[dns.name.Name, ...]:
        """Return the servers that take no connection, of those that answer.

        Each is tried a second time before that is said. Where none takes any it may be our own way
        that is closed: a server of the zone above, at the address `above`, has to take one then.
        """
        again = [
            server
            for server in servers
            if server.condition is NameServerState.ANSWERS
            and not server.ipv6
            and self._taken.get(server.name) is False
        ]
        connecting = [(server, self._direct.try_tcp(server.address)) for server in again]
        came = {server.name: await trying for server, trying in connecting}
        failing = tuple(name for name, taken in came.items() if taken is False)
        open_way = any(self._taken.values()) or any(came.values())
        if failing and not open_way and not await self._direct.try_tcp(above):
            return ()
        return failing
