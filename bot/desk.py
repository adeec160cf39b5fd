"""The front desk: what members can ask for, whoever carries the question."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.archive import SCHEMA, dump_report, load_report
from bot.mail.dkim import DkimKnowledge, DkimRecord, KeyUnknown, KnownKey
from bot.mail.records import Expected, expect
from bot.mail.settings import ClientSettings, client_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.checks.checker import Checker
    from bot.checks.report import Report
    from bot.mail.server import MailServer
    from bot.names import Domain, MailAddress
    from bot.store.known_keys import KnownKeys
    from bot.store.recent_domains import RecentDomains
    from bot.store.stored_checks import StoredChecks
    from bot.text import Words


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """A report with the number that a card's buttons carry."""

    id: int
    report: Report


class Cooldown:
    """Lets each member do a thing `most` times in `seconds`, and forgets who has been quiet."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._times: OrderedDict[int, deque[float]] = OrderedDict()

    def take(self, member_id: int) -> float:
        """Count one use and return 0, or return the seconds to wait and count nothing."""
        now = self._now()
        self._forget_before(now - self._seconds)
        times = self._times.setdefault(member_id, deque())
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._most:
            return times[0] + self._seconds - now
        times.append(now)
        self._times.move_to_end(member_id)
        return 0.0

    def _forget_before(self, time: float) -> None:
        while self._times:
            member_id, times = next(iter(self._times.items()))
            if times and times[-1] > time:
                return
            del self._times[member_id]


@dataclass(frozen=True, slots=True)
class Core:
    """What the console and Discord both stand on; `keys` is None while there is no store."""

    server: MailServer
    words: Words
    checker: Checker
    keys: KnownKeys | None

    async def expect(self, domain: Domain, key: DkimKnowledge | None = None) -> Expected:
        """Return what a domain should publish; without a key given, the store is asked."""
        return expect(self.server, domain, key or await self._known_key(domain))

    async def check(self, domain: Domain, key: DkimKnowledge | None = None) -> Report:
        """Return the report of a domain; without a key given, the store is asked."""
        return await self.checker.check(domain, key or await self._known_key(domain))

    async def _known_key(self, domain: Domain) -> DkimKnowledge:
        stored = await self.keys.current(domain) if self.keys else None
        if stored is None:
            return KeyUnknown()
        return KnownKey(stored.selector, DkimRecord.parse(stored.value), stored.source.value)


class Desk:
    """Answers members: settings, records and checks, each remembered for who asked."""

    def __init__(
        self,
        core: Core,
        recent: RecentDomains,
        checks: StoredChecks,
        now: Callable[[], datetime],
        *,
        at_once: int = 20,
    ) -> None:
        self.server = core.server
        self._core = core
        self._recent = recent
        self._checks = checks
        self._now = now
        self._slots = asyncio.Semaphore(at_once)
        self._running: dict[Domain, asyncio.Task[Report]] = {}

    def settings(self, who: MailAddress | Domain | None) -> ClientSettings:
        """Return the settings of a mail client."""
        return client_settings(self.server, who)

    async def expect(self, domain: Domain) -> Expected:
        """Return what a domain should publish."""
        return await self._core.expect(domain)

    async def remember(self, member_id: int, domain: Domain) -> None:
        """Note that a member asked about a domain, to offer it to them again."""
        await self._recent.remember(member_id, domain, self._now())

    async def recent(self, member_id: int, prefix: str) -> tuple[Domain, ...]:
        """Return the domains that this member asked about, the latest first; nobody else's."""
        return await self._recent.of(member_id, prefix)

    async def check(self, domain: Domain, member_id: int) -> KeptCheck:
        """Return a new check of a domain; who asks while one is under way shares it."""
        task = self._running.get(domain)
        if task is None:
            task = asyncio.create_task(self._run_check(domain))
            self._running[domain] = task
            task.add_done_callback(lambda _: self._running.pop(domain, None))
        # Shielded: somebody who gives up does not take the check from the others.
        report = await asyncio.shield(task)
        text = dump_report(report)
        return KeptCheck(
            await self._checks.keep(domain, member_id, text, SCHEMA, report.checked_at), report
        )

    async def kept(self, check_id: int) -> KeptCheck | None:
        """Return a check that was kept; None where it is gone or from another version."""
        stored = await self._checks.get(check_id)
        if stored is None or stored.schema != SCHEMA:
            return None
        return KeptCheck(stored.id, load_report(stored.report))

    async def _run_check(self, domain: Domain) -> Report:
        async with self._slots:
            return await self._core.check(domain)
