"""Looks at all ports of the mail server that programs and other mail servers connect to."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from bot.dns.address_guard import AddressFault
from bot.net.port_look import CLIENT_PORTS, MX_PORT
from bot.net.port_visit import look_at_port

if TYPE_CHECKING:
    import dns.name

    from bot.dns.answer import Ask
    from bot.net.connector import Connector, FoundHost
    from bot.net.port_look import PortLook

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
        ends = time.monotonic() + self._seconds
        host: FoundHost | AddressFault
        try:
            async with asyncio.timeout(self._seconds - _LEAST):
                host = await self._connector.find_host(ask, self._host)
        except TimeoutError:
            host = AddressFault.NO_ANSWER
        looks = (
            look_at_port(
                self._connector,
                host,
                port,
                seconds=ends - time.monotonic(),
                authorities=self._authorities,
            )
            for port in (*CLIENT_PORTS, MX_PORT)
        )
        return tuple(await asyncio.gather(*looks))
