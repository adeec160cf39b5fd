"""The watch over a real store, with looks that tests make up and a clock that they set."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.finding import Check
from bot.names import Domain
from bot.requests.polling import WakeUp
from bot.store.engine.database import Database
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.watchers import Watchers
from bot.watch.watch_worker import WatchWorker
from server_story import see_server
from watch_story import BEGIN, DAY, FAIL, HOUR, see

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from bot.checks.finding import ServerCheck, Status
    from bot.checks.server.server_report import ServerReport
    from bot.errors import CowbellError
    from bot.watch.incident import Incident
    from bot.watch.watch_news import News, Told
    from bot.watch.watched_domain import Seen, Watched

ANN = 7
MX_GONE = {Check.MX: FAIL}
SECOND = timedelta(minutes=6)  # after which a second look confirms the first
HERD = tuple(f"d{number:02}.example" for number in range(12))


@dataclass
class WatchedWorld:
    """What there is to see, as tests say; `hosted` are the mail server's domains."""

    at: datetime = BEGIN
    hosted: tuple[str, ...] | None = ("friend.example",)
    statuses: dict[str, Mapping[Check, Status]] = field(default_factory=dict)
    met: dict[str, tuple[str, ...]] = field(default_factory=dict)
    codes: dict[str, Mapping[Check, str]] = field(default_factory=dict)
    server: dict[ServerCheck, Status] = field(default_factory=dict)
    fault: CowbellError | None = None  # why a look comes to nothing
    looks: list[str] = field(default_factory=list)

    def now(self) -> datetime:
        """The time."""
        return self.at

    async def look(self, domain: Domain) -> Seen:
        """Look at a domain."""
        self.looks.append(domain.ascii)
        if self.fault is not None:
            raise self.fault
        name = domain.ascii
        statuses, met = self.statuses.get(name), self.met.get(name, ())
        return see(self.at, statuses, domain=domain, met=met, codes=self.codes.get(name))

    async def look_at_server(self) -> ServerReport:
        """Look at the mail server."""
        self.looks.append("@server")
        if self.fault is not None:
            raise self.fault
        return see_server(self.at, self.server)

    async def list_domains(self) -> tuple[Domain, ...] | None:
        """Tell the domains."""
        return None if self.hosted is None else tuple(map(Domain.from_ascii, self.hosted))


@dataclass
class WatchParts:
    """The watch, with everything that it stands on."""

    world: WatchedWorld
    database: Database
    store: WatchStore
    worker: WatchWorker
    watchers: Watchers
    goals: AwaitedGoals

    async def run_until(self, until: datetime) -> None:
        """Let the time pass, and do what is due at its time."""
        while True:
            while await self.worker.step():
                pass
            due = await self.worker.next_due()
            if due is None or due > until:
                self.world.at = until
                return
            self.world.at = max(due, self.world.at)

    async def jump(self, *passing: timedelta) -> None:
        """Let so much time pass each, and do what is due only then."""
        for each in passing:
            self.world.at += each
            while await self.worker.step():
                pass

    async def break_mx(self) -> None:
        """Have the MX record of friend.example missed by a daily look and by a second one."""
        self.world.statuses["friend.example"] = {Check.MX: FAIL}
        await self.jump(DAY, timedelta(minutes=6))

    async def mend(self) -> None:
        """Have everything found right for as long as it takes to count as mended."""
        self.world.statuses.clear()
        await self.jump(HOUR, DAY)

    async def watched(self, subject: str = "friend.example") -> Watched:
        """What is known of a subject."""
        watched = await self.store.domains.get(subject)
        assert watched is not None
        return watched

    async def incidents(self, subject: str = "friend.example") -> tuple[Incident, ...]:
        """All incidents of a subject."""
        return await self.store.incidents.of(subject, BEGIN)

    async def told(self) -> list[tuple[News, Told]]:
        """All news that are due now, in their order; nothing of them is delivered."""
        taken = await self.store.news.take_due(self.world.at, self.world.at - BEGIN, 1_000)
        told = []
        for message in taken:
            news = await self.store.news.get(message.request_id)
            assert news is not None
            content = await self.store.news.content_of(news)
            assert content is not None
            told.append((news, content))
        await self.store.news.release_leases()
        return told

    async def keys(self) -> list[str]:
        """What the news are known by that were not delivered yet."""
        return [news.key for news, _ in await self.told()]


@asynccontextmanager
async def open_watch(url: str, world: WatchedWorld | None = None) -> AsyncIterator[WatchParts]:
    """Yield the watch over the store at a URL, as a process that has just begun has it."""
    world = world or WatchedWorld()
    async with await Database.open(url) as database:
        store = WatchStore.of(database)
        await store.domains.release_leases()
        await store.news.release_leases()
        worker = WatchWorker(
            store.domains, world.look, world.look_at_server, world.list_domains, world.now, WakeUp()
        )
        yield WatchParts(world, database, store, worker, Watchers(database), AwaitedGoals(database))
