"""Looks at everything that is watched when it is due, and settles what each look came to."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.checks.report import faults_of
from bot.errors import CowbellError, StoreError
from bot.names import Domain
from bot.requests.leased_work import LeasedWork
from bot.requests.polling import poll
from bot.watch.digest import A_WEEK, week_of
from bot.watch.domain_list import LISTED_AGAIN, LISTED_EVERY, make_listing
from bot.watch.judgement import judge_domain
from bot.watch.look_schedule import AFTER_FAULT
from bot.watch.server_judgement import ServerLook, judge_met_faults, judge_server
from bot.watch.watch_state import load_state
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.checks.report import Report
    from bot.requests.polling import WakeUp
    from bot.watch.look_decision import Decide
    from bot.watch.watch_protocols import (
        ListDomains,
        LookAtDomain,
        LookAtServer,
        WatchedRepository,
    )
    from bot.watch.watched_domain import Seen, Watched

LEASE: Final = timedelta(minutes=5)  # after it somebody else may take a subject
LONGEST_LOOK: Final = 120.0  # seconds; well within the lease
AT_ONCE: Final = 8  # subjects
TOO_EARLY: Final = timedelta(seconds=15)  # to look again, as the look was one from before

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _RunningLook:
    """A subject that is looked at now, and the time of the look that was settled of it."""

    taken: Watched
    settled_at: datetime | None = None


class WatchWorker:
    """Takes subjects whose time has come, looks at each, and settles the look in one transaction.

    A look that somebody else needed is settled too: hand it to `settle`. Several workers, in one
    process or in many, share what is due; one of them asks for the mail server's domains and tells
    digests: the others have no `list_domains`. `at_once` looks are under way at most. What is cut
    short is given back, and after a crash taken by somebody else when the `lease` has run out.
    """

    def __init__(  # noqa: PLR0917 - each of another kind, so that none can be mistaken for another
        self,
        store: WatchedRepository,
        look: LookAtDomain,
        look_at_server: LookAtServer,
        list_domains: ListDomains | None,
        now: Callable[[], datetime],
        wake_up: WakeUp,
        *,
        at_once: int = AT_ONCE,
        lease: timedelta = LEASE,
    ) -> None:
        self._store = store
        self._look = look
        self._look_at_server = look_at_server
        self._list_domains = list_domains
        self._now = now
        self._wake_up = wake_up
        self._listener = wake_up.listen()
        self._stepping = asyncio.Lock()
        self._looks = LeasedWork(store, self._look_at, _describe, now, lease=lease, most=at_once)
        self._running: dict[str, _RunningLook] = {}
        self._list_at: datetime | None = None  # None: at once, as when the process has just begun
        self._digest_at: datetime | None = None

    async def run(self) -> None:
        """Watch until cancelled; what is looked at then is given back for others to take."""
        try:
            await poll(
                *("watch", self._go_on, self.next_due, self._now, self._listener),
                longest_rest=self._wake_up.longest_rest,
            )
        finally:
            await self._looks.cut_short()

    async def finish(self) -> None:
        """Take nothing more, and return when what is looked at now is settled."""
        await self._looks.finish()

    async def next_due(self) -> datetime | None:
        """Return when there is something to do next; None: at once."""
        due = await self._store.next_due()
        # Digests wait for the looks that are under way, the end of each of which wakes the job.
        digest_at = None if self._looks.is_busy else self._digest_at
        times = [time for time in (due, self._list_at, digest_at) if time is not None]
        return min(times, default=None)

    async def step(self) -> int:
        """Do what is due, of looks a few, one step at a time; return how many there were."""
        async with self._stepping:
            await self._list()
            begun = await self._looks.begin()
            await self._looks.wait_for_end()
            # Not before what was due is looked at, such as after days without the bot.
            if not begun:
                await self._tell_digests()
            return begun

    async def _go_on(self) -> int:
        """Begin what is due, as far as there is room; return how many looks those are."""
        async with self._stepping:
            await self._list()
            begun = await self._looks.begin()
            if not begun and not self._looks.is_busy:
                await self._tell_digests()
        await self._looks.wait_for_room()
        return begun

    async def settle(self, seen: Seen) -> None:
        """Take note of a look at a domain, whoever needed it.

        What it met of the mail server's own faults is noted even where nobody watches the domain.
        Raises StoreError where it could not be written.
        """
        now, report, subject = self._now(), seen.report, seen.domain.ascii
        running = self._running.get(subject)
        if running is not None and running.settled_at == report.checked_at:
            return  # as this look was handed on to everybody who wants to know of it
        taken = None if running is None else running.taken
        decides: dict[str, Decide] = {
            subject: lambda standing: judge_domain(standing, seen, now, taken)
        }
        if whats := faults_of(report):
            at = report.checked_at
            decides[MAIL_SERVER] = partial(judge_met_faults, whats=whats, domain=subject, at=at)
        settled = await self._store.settle(decides, now, taken)
        if running is not None and subject in settled:
            running.settled_at = report.checked_at
        if MAIL_SERVER in settled or any(decision.is_news for decision in settled.values()):
            self._wake_up.wake()

    async def note_faults(self, whats: Iterable[str], domain: Domain) -> None:
        """Take note of the mail server's own faults that a member's check of a domain met.

        Raises StoreError where they could not be written.
        """
        now = self._now()
        note = partial(judge_met_faults, whats=tuple(whats), domain=domain.ascii, at=now)
        if await self._store.settle({MAIL_SERVER: note}, now):
            self._wake_up.wake()

    async def have_looked_at(self, domain: Domain) -> None:
        """Look at a domain at once, if it is watched: something about it was just changed.

        Raises StoreError where that could not be written.
        """
        if await self._store.have_looked_at(domain, self._now()):
            self._wake_up.wake()

    async def _list(self) -> None:
        """Ask the mail server for its domains, where that is due and nobody else does."""
        now = self._now()
        if self._list_domains is None or _is_ahead(self._list_at, now, LISTED_EVERY):
            return
        await self._store.watch_mail_server(now)
        domains = await self._list_domains()
        self._list_at = self._now() + (LISTED_AGAIN if domains is None else LISTED_EVERY)
        if domains is None:
            return
        server = await self._store.get(MAIL_SERVER)
        if server is not None:
            state = load_state(server.state)
            listing = make_listing(domains, is_first=state.listed_at is None, at=self._now())
            await self._store.note_listing(listing, self._now())
            self._wake_up.wake()

    async def _tell_digests(self) -> None:
        """Write down the digests of this week, where that is due and nobody else does."""
        now = self._now()
        if self._list_domains is None or _is_ahead(self._digest_at, now, A_WEEK):
            return
        week = week_of(now)
        await self._store.tell_digests(week, now)
        self._digest_at = week.next.begins_at
        self._wake_up.wake()

    async def _look_at(self, watched: Watched) -> None:
        subject = watched.subject
        running = self._running[subject] = _RunningLook(watched)
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                await self._look_and_settle(watched, running)
        except StoreError:
            raise
        except (CowbellError, TimeoutError) as error:
            _log.info("watch: nothing was found out of %s: %s", subject, error)
            await self._store.put_off(watched, self._now() + AFTER_FAULT)
        else:
            if running.settled_at is None:  # that look was one from before
                await self._store.put_off(watched, self._now() + TOO_EARLY)
        finally:
            # Somebody else may have had it for long, and this process taken it again.
            if self._running.get(subject) is running:
                del self._running[subject]
            self._listener.set()  # it may be due again before anything else is

    async def _look_and_settle(self, watched: Watched, running: _RunningLook) -> None:
        if watched.domain is not None:
            await self.settle(await self._look(watched.domain))
            return
        look = await self._look_at_mail_server(watched)
        now = self._now()
        decide = partial(judge_server, look=look, now=now)
        settled = await self._store.settle({MAIL_SERVER: decide}, now, watched)
        if settled:
            running.settled_at = look.at
        if any(decision.is_news for decision in settled.values()):
            self._wake_up.wake()

    async def _look_at_mail_server(self, watched: Watched) -> ServerLook:
        """Look at the mail server, and again at the domains at which its faults were met."""
        report = await self._look_at_server()
        domains: dict[str, Report] = {}
        for name in set(load_state(watched.state).met.values()) - {report.domain.ascii}:
            try:
                domains[name] = (await self._look(Domain.from_ascii(name))).report
            except StoreError:
                raise
            except CowbellError as error:
                _log.info("watch: nothing was found out of %s: %s", name, error)
        return ServerLook(self._now(), report, MappingProxyType(domains))


def _describe(watched: Watched) -> str:
    """Return how the log calls a subject that was taken."""
    return f"watch: {watched.subject}"


def _is_ahead(at: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether a time is still to come, and not left over from a clock that was ahead."""
    return at is not None and now < at <= now + longest
