"""What days of the watch leave in the database: rows and octets, with and without faults.

The real worker, outbox and retention run on a clock that is put forward. What a look finds is made
up at once, from real looks; every message is delivered.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, select

from benchmarks.many_rows import PAST
from bot.names import Domain
from bot.requests.outbox_worker import Delivered, OutboxWorker
from bot.requests.polling import WakeUp
from bot.services.retention import Retention
from bot.store.repositories.for_watch import WatchStore
from bot.store.watch_tables import DomainChangeRow, IncidentRow, WatchNewsRow
from bot.watch.watch_worker import WatchWorker

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from benchmarks.sample_looks import SampleLooks
    from bot.checks.server.server_report import ServerReport
    from bot.requests.model import OutboxMessage
    from bot.requests.outbox_worker import Subjects
    from bot.requests.protocols import OutboxRepository
    from bot.store.engine.database import Database
    from bot.watch.watch_news import News
    from bot.watch.watched_domain import Seen

EVERY: Final = 50  # days from the beginning of a fault to that of the next
LASTS: Final = timedelta(days=3)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredDays:
    """What was done over some domains and days, and the rows that were there at its end."""

    domains: int
    days: int
    looks: int
    messages: int
    changes: int
    incidents: int
    news: int


@dataclass(frozen=True, slots=True)
class _NewsStore:
    outbox: OutboxRepository
    requests: Subjects[News]


class WatchedDays:
    """A watch over made-up domains, `faulty` of which break every 50 days for three."""

    def __init__(
        self, database: Database, looks: SampleLooks, begin: datetime, domains: int, faulty: int
    ) -> None:
        self._database = database
        self._samples = looks
        self._begin = self._at = begin
        self._domains = [Domain.from_ascii(f"d{number:04}.example") for number in range(domains)]
        self._faulty = frozenset(self._domains[:faulty])
        self._store, wake_up = WatchStore.of(database), WakeUp()
        self._worker = WatchWorker(
            self._store.domains, self._look, self._look_at_server, self._list, self._now, wake_up
        )
        news = _NewsStore(self._store.news, self._store.news)
        self._outbox = OutboxWorker(news, self._deliver, self._now, wake_up)
        self._retention = Retention(database, self._now)
        self._looks = self._messages = 0

    async def pass_days(self, days: int = PAST, *, keep_all: bool = False) -> StoredDays:
        """Let so many days pass; with `keep_all` nothing is removed for its age."""
        ends = self._at + days * _DAY
        while self._at < ends:
            while await self._worker.step() + await self._outbox.step():
                pass
            while not keep_all and await self._retention.step():
                pass
            # What is due within three hours is done together, which changes nothing that is kept.
            self._at += timedelta(hours=3)
        changes, incidents, news = await self._database.read(_count)
        counts = self._looks, self._messages, changes, incidents, news
        return StoredDays(len(self._domains), days, *counts)

    def _now(self) -> datetime:
        return self._at

    async def _look(self, domain: Domain) -> Seen:
        self._looks += 1
        seen = self._samples.at(domain, self._at, broken=self._is_broken(domain))
        await self._worker.settle(seen)
        return seen

    def _is_broken(self, domain: Domain) -> bool:
        if domain not in self._faulty:
            return False
        digest = hashlib.blake2b(domain.ascii.encode(), digest_size=4).digest()
        first = int.from_bytes(digest, "big") % EVERY
        passed = self._at - self._begin - (2 + first) * _DAY
        return passed >= timedelta(0) and passed % (EVERY * _DAY) < LASTS

    async def _look_at_server(self) -> ServerReport:
        return self._samples.server_at(self._at)

    async def _list(self) -> tuple[Domain, ...]:
        return tuple(self._domains)

    async def _deliver(self, message: OutboxMessage, news: News) -> Delivered:
        del news
        self._messages += 1
        return Delivered(1, message.id)


def _count(session: Session) -> tuple[int, ...]:
    tables = DomainChangeRow, IncidentRow, WatchNewsRow
    return tuple(session.scalars(select(func.count()).select_from(table)).one() for table in tables)
