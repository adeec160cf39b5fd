"""The mail host of the demo: its ports on this machine, and the way that leads to them alone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import dns.name

from bot.checks.observe.ports import ServerPorts
from bot.demo import world
from bot.demo.host_certificate import make_certificate
from bot.demo.host_ports import MailHost
from bot.net.connector import Connector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from bot.demo.host_certificate import HostCertificate

_HOST: Final = world.DEMO_ENVIRONMENT["MAIL_HOST"]


@dataclass(frozen=True, slots=True)
class DemoHost:
    """The mail host while it runs: the ports that are looked at, and its certificate."""

    ports: ServerPorts  # over a connector that leads to this host and to nobody else
    certificate: HostCertificate

    @property
    def settings(self) -> Mapping[str, str]:
        """Return the settings by which its certificate signs Apple profiles, as Mailcow's does."""
        return {
            "PROFILE_CERT": str(self.certificate.chain),
            "PROFILE_KEY": str(self.certificate.key),
        }


@asynccontextmanager
async def open_host(folder: Path) -> AsyncIterator[DemoHost]:
    """Yield the mail host while it runs; its certificate is written into the folder."""
    certificate = make_certificate(_HOST, folder)
    async with MailHost(_HOST, certificate.context()) as host:
        # Its addresses are nobody's, and no other address of the demo's world is connected to.
        here = dict.fromkeys(world.HOST_ADDRESSES, "127.0.0.1")
        connector = Connector(ports=host.numbers, stand_ins=here)
        ports = ServerPorts(connector, dns.name.from_text(_HOST), authorities=certificate.authority)
        yield DemoHost(ports, certificate)
