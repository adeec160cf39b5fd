"""Looks at all ports of the mail server that programs and other mail servers connect to."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.dns.address_guard import AddressFault
from bot.net.connector import ConnectFault
from bot.net.port_look import ALL_PORTS, CLIENT_PORTS
from bot.net.port_visit import look_at_port

if TYPE_CHECKING:
    import dns.name

    from bot.dns.answer import Ask
    from bot.net.connector import Connector, FoundHost
    from bot.net.port_look import PortLook, ServicePort

# Phones of today try IPv6 first, so that these have to be open at each address of the host.
_EVERYWHERE: Final = CLIENT_PORTS[:4]
LONGEST: Final = 9.5  # seconds of all looks and the questions before them
_LEAST: Final = 0.2  # seconds of them that are kept for the looks


class ServerPorts:
    """The ports of one mail server, at `host`; trusted are `authorities` (PEM), or the system's."""

    def __init__(
        self,
        connector: Connector,
        host: dns.name.Name,
        *,
        authorities: str | None = None,
        seconds: float = LONGEST,
    ) -> None:
        self._connector = connector
        self._host = host
        self._authorities = authorities
        self._seconds = seconds

    async def look(self, ask: Ask) -> tuple[PortLook, ...]:
        """Return what each port came to, in a fixed order, the MX port last; never raises."""
        ends = asyncio.get_running_loop().time() + self._seconds
        host: FoundHost | AddressFault
        try:
            async with asyncio.timeout(self._seconds - _LEAST):
                host = await self._connector.find_host(ask, self._host)
        except TimeoutError:
            host = AddressFault.NO_ANSWER
        looks = (self._look_at(host, port, ends) for port in ALL_PORTS)
        return tuple(await asyncio.gather(*looks))

    async def _look_at(
        self, host: FoundHost | AddressFault, port: ServicePort, ends: float
    ) -> PortLook:
        look, refusing = await asyncio.gather(
            look_at_port(
                self._connector,
                host,
                port,
                seconds=ends - asyncio.get_running_loop().time(),
                authorities=self._authorities,
            ),
            self._find_refusing(host, port, ends),
        )
        return replace(look, refused_at=tuple(a for a in refusing if a != look.address))

    async def _find_refusing(
        self, host: FoundHost | AddressFault, port: ServicePort, ends: float
    ) -> tuple[str, ...]:
        """Return the addresses of a host with several that refuse a port which phones use."""
        if isinstance(host, AddressFault) or len(host.addresses) < 2 or port not in _EVERYWHERE:
            return ()

        async def refuses(address: str) -> bool:
            one = replace(host, addresses=(address,))
            try:
                async with asyncio.timeout_at(ends):
                    connection = await self._connector.connect(one, port.number)
            except TimeoutError:
                return False
            if isinstance(connection, ConnectFault):
                return connection is ConnectFault.REFUSED
            connection.close()
            return False

        refused = await asyncio.gather(*map(refuses, host.addresses))
        return tuple(itertools.compress(host.addresses, refused))
