"""How long things are kept: once a day what is too old goes, a little at a time."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.requests.mail_proof import TESTS_KEPT
from bot.requests.model import make_pseudonym
from bot.requests.polling import poll
from bot.services.privacy import KEPT, LATEST, NEWS_KEPT, OTHERS
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.old_requests import OldRequests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.repositories.watch_records import WatchRecords
from bot.watch.watched_domain import HISTORY_KEPT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.store.engine.database import Database

EVERY = timedelta(days=1)
AT_ONCE = 200  # rows in one transaction; other writers get their turn between two

_log = logging.getLogger(__name__)


class Retention:
    """Purges checks, domains asked for, proofs, test mails, the watch's records, and requests.

    Of requests what is personal goes, and what was decided stays.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._checks = StoredChecks(database)
        self._recent = RecentDomains(database)
        self._requests = OldRequests(database)
        self._proofs = ControlProofs(database)
        self._tests = MailTests(database)
        self._sent = SentMails(database)
        self._awaited = AwaitedGoals(database)
        self._watch = WatchRecords(database)
        self._now = now
        self._next = now()

    async def run(self) -> None:
        """Purge once a day until cancelled, the first time at once."""
        await poll("retention", self.step, self.next_due, self._now, asyncio.Event())

    async def step(self) -> int:
        """Purge one batch of each kind where the day has come; return how many rows that were.

        After a step that finds nothing the next day is waited for.
        """
        now = self._now()
        if now < self._next:
            return 0
        before = now - KEPT
        checks = await self._checks.purge(before, AT_ONCE)
        older = await self._checks.purge_older(LATEST, now - OTHERS, AT_ONCE - checks)
        domains = await self._recent.purge(before, AT_ONCE)
        requests = await self._requests.purge(before, AT_ONCE, make_pseudonym)
        proofs = await self._proofs.purge(before, AT_ONCE)
        mails = await self._tests.purge(now - TESTS_KEPT, AT_ONCE)
        mails += await self._sent.purge(now - TESTS_KEPT, AT_ONCE)
        history = await self._watch.purge_history(now - HISTORY_KEPT, AT_ONCE)
        news = await self._watch.purge_news(now - NEWS_KEPT, AT_ONCE)
        news += await self._awaited.purge(now - NEWS_KEPT, AT_ONCE)
        gone = checks + older + domains + requests + proofs + mails + history + news
        if gone:
            _log.info(
                "older than %d days: %d checks, %d domains, %d requests, %d proofs of control; "
                "older than %d days, and not of the latest: %d checks; "
                "older than %d days: %d test mails; "
                "of the watch, older than %d days: %d; ended %d days ago: %d",
                KEPT.days,
                checks,
                domains,
                requests,
                proofs,
                OTHERS.days,
                older,
                TESTS_KEPT.days,
                mails,
                HISTORY_KEPT.days,
                history,
                NEWS_KEPT.days,
                news,
            )
        else:
            self._next = now + EVERY
        return gone

    async def next_due(self) -> datetime:
        """Return when there is something to do again."""
        return self._next
