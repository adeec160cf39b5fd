"""The servers that the demo's bot asks, all in this process, and the settings that lead to them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.demo import world
from bot.demo.demo_host import open_host
from bot.demo.demo_mailcow import access_to, make_mailcow
from bot.demo.mail_relay import MailRelay
from bot.demo.mailbox_double import MailboxDouble
from bot.demo.zone_server import ZoneServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.demo.demo_host import DemoHost
    from bot.demo.mailcow_double.double_server import MailcowDouble

PROBE: Final = "probe@else.example"  # where test mails are sent to


@dataclass(frozen=True, slots=True)
class DemoServers:
    """DNS, Mailcow, the ports of its mail host, and another provider's mailbox and relay."""

    zones: ZoneServer
    mailcow: MailcowDouble
    host: DemoHost
    mailbox: MailboxDouble
    relay: MailRelay

    def settings(self, folder: Path) -> dict[str, str]:
        """Return the settings that lead the bot to them, with its store in a folder."""
        address, port = self.zones.address
        return {
            **world.DEMO_ENVIRONMENT,
            **access_to(self.mailcow),
            **self.host.settings,
            "DNS_SERVERS": f"{address}:{port}",
            "DATABASE_URL": f"sqlite+aiosqlite:///{(folder / 'bot.db').as_posix()}",
            "PROBE_ADDRESS": PROBE,
            "PROBE_IMAP_URL": self.mailbox.url,
            "PROBE_IMAP_PASSWORD": self.mailbox.password,
            "PROBE_SMTP_URL": self.relay.url,
        }


@asynccontextmanager
async def open_servers(folder: Path) -> AsyncIterator[DemoServers]:
    """Yield the servers while they run; what they need of files is written into the folder."""
    async with (
        ZoneServer(world.zones()) as zones,
        make_mailcow() as mailcow,
        open_host(folder) as host,
        MailboxDouble() as mailbox,
        MailRelay() as relay,
    ):
        yield DemoServers(zones, mailcow, host, mailbox, relay)
