"""The mail server's own faults that checks met: logged, remembered, and handed to the watch."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.report import faults_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.checks.report import Report
    from bot.names import Domain

LOGGED_EVERY = timedelta(hours=1)
HANDED_ON_EVERY = timedelta(minutes=10)  # the watch knows it then, and looks at it by itself
_REMEMBERED = timedelta(days=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerFault:
    """A fault of the mail server in a few words of the judges, and the latest check that met it."""

    what: str
    domain: Domain
    at: datetime


class ServerFaults:
    """Remembers faults while the process lasts; `now` gives the time.

    Each is logged once an hour, and given to the watch, which tells the admin, every ten minutes.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.reports = 0  # that were looked through
        self._now = now
        self._met: dict[str, ServerFault] = {}  # the judges have a handful of words for them
        self._logged: dict[str, datetime] = {}
        self._handed_on: dict[str, datetime] = {}
        self._waiting: asyncio.Queue[ServerFault] = asyncio.Queue()

    def note(self, report: Report) -> None:
        """Note the server's faults that a check of a domain found."""
        self.reports += 1
        self.note_all(faults_of(report), report.domain)

    def note_all(self, whats: Iterable[str], domain: Domain) -> None:
        """Note faults by what the judges call them, met for a domain or for the host itself."""
        for what in whats:
            now = self._now()
            fault = self._met[what] = ServerFault(what, domain, now)
            if _is_due(self._logged.get(what), now, LOGGED_EVERY):
                self._logged[what] = now
                _log.warning(
                    "the mail server itself has a fault, met at %s: %s; /mailadmin server or "
                    "`python -m bot server` says more",
                    domain.ascii,
                    what,
                )
            if _is_due(self._handed_on.get(what), now, HANDED_ON_EVERY):
                self._handed_on[what] = now
                self._waiting.put_nowait(fault)

    def recent(self) -> tuple[ServerFault, ...]:
        """Return the faults that were met within a day, in the order of their first meeting."""
        since = self._now() - _REMEMBERED
        return tuple(fault for fault in self._met.values() if fault.at > since)

    async def next(self) -> ServerFault:
        """Wait for the next fault that the watch is to be given, and return it."""
        return await self._waiting.get()

    def take_back(self, fault: ServerFault) -> None:
        """Let the next check that finds the fault give it to the watch, as this time it failed."""
        self._handed_on.pop(fault.what, None)


def _is_due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    return last is None or now - last >= every
