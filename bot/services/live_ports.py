"""How the ports of the mail server are now: one look for all who ask, used for ten minutes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.checks.server.client_ports import port_faults
from bot.names import Domain

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.checks.observe.ports import ServerPorts
    from bot.dns.answer import Ask
    from bot.net.port_look import PortLook
    from bot.records.mail_server import MailServer
    from bot.services.server_faults import ServerFaults

FRESH: Final = timedelta(minutes=10)
FRESH_IF_UNKNOWN: Final = timedelta(minutes=1)  # where nothing was found out


@dataclass(frozen=True, slots=True)
class PortsSeen:
    """What one look at all ports came to, and when it was."""

    looks: tuple[PortLook, ...]
    at: datetime

    @property
    def lasts(self) -> timedelta:
        """How long it is used."""
        return FRESH if any(look.is_known for look in self.looks) else FRESH_IF_UNKNOWN


class LivePorts:
    """Looks at the ports of the mail server where nobody did lately; `now` gives the time.

    Faults that members' looks meet are noted in `faults`, for the admin.
    """

    def __init__(
        self,
        ports: ServerPorts,
        ask: Ask,
        server: MailServer,
        now: Callable[[], datetime],
        *,
        faults: ServerFaults | None = None,
    ) -> None:
        self._ports = ports
        self._ask = ask
        self._host = Domain(server.host)
        self._now = now
        self._faults = faults
        self._seen: PortsSeen | None = None
        self._running: asyncio.Task[tuple[PortLook, ...]] | None = None

    def known(self) -> PortsSeen | None:
        """Return the last look where it is fresh, else None; asks nobody."""
        seen = self._seen
        if seen is None or self._now() - seen.at >= seen.lasts:
            return None
        self._note_faults(seen)
        return seen

    async def look(self) -> PortsSeen:
        """Return a fresh look; all who wait for one at the same time share it. Never raises."""
        if (known := self.known()) is not None:
            return known
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self.look_anew(self._ask))
        # Shielded: who gives up does not take it from the others.
        await asyncio.shield(self._running)
        seen = self._seen or PortsSeen((), self._now())
        self._note_faults(seen)
        return seen

    async def look_anew(self, ask: Ask) -> tuple[PortLook, ...]:
        """Look now, with the answers of `ask`, and let everybody else have it too."""
        looks = await self._ports.look(ask)
        self._seen = PortsSeen(looks, self._now())
        return looks

    def _note_faults(self, seen: PortsSeen) -> None:
        """Note what those who see a look meet, for the admin."""
        if self._faults is not None:
            self._faults.note_all(port_faults(seen.looks, seen.at), self._host)
