"""The ports of the demo's mail host on this machine, and what looks at them over real sockets."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.checks.observe.ports import ServerPorts
from bot.demo.host_ports import MailHost
from bot.demo.world import HOST_ADDRESSES
from bot.net.connector import Connector
from bot.net.port_look import ALL_PORTS
from bot.services.live_ports import LivePorts
from mail_server_double import closed_port
from server_certificates import HOST, ServerCertificates, Shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from discord_simulation import Simulation


@asynccontextmanager
async def looking_at_ports(
    sim: Simulation, *, shown: Shown = Shown.RIGHT, closed: Collection[int] = (), up: bool = True
) -> AsyncIterator[LivePorts]:
    """Have the bot look at a mail host here: with this certificate, and these ports closed.

    Where it is not `up`, the bot gets no answer from its address.
    """
    certificates = ServerCertificates()
    ports = [port for port in ALL_PORTS if port.number not in closed]
    async with AsyncExitStack() as stack:
        host = await stack.enter_async_context(MailHost(HOST, certificates.context(shown), ports))
        numbers = dict(host.numbers)
        for number in closed:
            numbers[number] = await stack.enter_async_context(closed_port())
        wired = sim.client.member_service.live_ports
        assert wired is not None
        server = sim.client.member_service.server
        connector = Connector(
            configured=(server.host,) if up else (),  # the address is none that others reach
            ports=numbers,
            stand_ins=dict.fromkeys(HOST_ADDRESSES, "127.0.0.1") if up else {},
        )
        watched = ServerPorts(connector, server.host, authorities=certificates.authority)
        live = LivePorts(
            watched,
            wired._ask,
            server,
            lambda: datetime.now(UTC),
            faults=sim.client.member_service.faults,
        )
        sim.client.member_service.live_ports = live
        yield live
