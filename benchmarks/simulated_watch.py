"""The real watch over a store, in a simulated world; it is cut short and begun anew as scripted."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.simulated_world import SimulatedWorld, read_clock
from benchmarks.told_messages import Messenger
from bot.names import Domain
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.services.core import Core
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.store.engine.database import Database
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.watchers import Watchers
from bot.watch.awaited_goal import ALL_RIGHT, MOST_AWAITED
from bot.watch.watch_worker import WatchWorker
from bot.watch.watched_domain import MOST_OF_MEMBER
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from benchmarks.simulated_world import WorldCounts
    from benchmarks.year_script import Wait, YearScript
    from bot.requests.outbox_worker import Subjects
    from bot.requests.protocols import OutboxRepository
    from bot.store.repositories.watch_news_table import WatchNewsTable
    from bot.watch.watch_news import News
    from bot.watch.watched_domain import Seen

MESSAGES: Final = "messages.jsonl"  # in the folder of a simulation
_MOST_TURNS: Final = 600  # of the event loop, after which a step is cut short
_WORDS: Final = Words()


@dataclass(frozen=True, slots=True)
class _NewsStore:
    """The news of the watch as the messages of an outbox."""

    outbox: OutboxRepository
    requests: Subjects[News]


@dataclass
class SimulatedWatch:
    """The parts of the watch as the program has them, over the store in a folder."""

    world: SimulatedWorld
    worker: WatchWorker
    outbox: OutboxWorker[News]
    news: WatchNewsTable
    watchers: Watchers
    goals: AwaitedGoals
    waits: list[Wait]

    async def step(self) -> int:
        """Do what is due; return how much it was."""
        return await self.worker.step() + await self.outbox.step()

    async def next_due(self) -> datetime:
        """Return when there is something to do."""
        asks_at = self.waits[0].at if self.waits else self.world.script.ends
        due = (await self.worker.next_due(), await self.news.next_due(), asks_at)
        return min(self.world.next_event, *(at for at in due if at is not None))

    async def enter_watchers(self) -> None:
        """Have those watch who do by the script."""
        for name, member in self.world.script.watchers.items():
            domain = Domain.from_ascii(name)
            await self.watchers.add(domain, member, self.world.now(), MOST_OF_MEMBER)

    async def enter_waits(self) -> None:
        """Have those wait whose time has come, unless they asked before."""
        now = self.world.now()
        while self.waits and self.waits[0].at <= now:
            wait = self.waits.pop(0)
            if await self.goals.count_of(wait.member):
                continue
            domain = Domain.from_ascii(wait.domain)
            await self.goals.add(
                domain, wait.member, ALL_RIGHT, now, confidential=False, most=MOST_AWAITED
            )


@asynccontextmanager
async def open_watch(folder: Path, world: SimulatedWorld) -> AsyncIterator[SimulatedWatch]:
    """Yield the watch over the store of a folder, as a process that starts has it."""
    chance = random.Random()  # what fails need not be the same again
    async with await Database.open(f"sqlite+aiosqlite:///{folder / 'bot.db'}") as database:
        store, wake_up = WatchStore.of(database), WakeUp()
        await store.domains.release_leases()
        await store.news.release_leases()
        facts = DomainFacts(None, world.now, backend=world.mail, learns=False)
        core = Core(world.server, _WORDS, world.checker, facts)
        looks = DomainLooks(core, world.now)

        async def look(domain: Domain) -> Seen:
            world.slip(domain)
            return await looks.look(domain)

        news = _NewsStore(store.news, store.news)
        messenger = Messenger(folder / MESSAGES, store.news.content_of, world.now, chance)
        yield SimulatedWatch(
            world,
            WatchWorker(
                store.domains, look, core.check_server, world.list_domains, world.now, wake_up
            ),
            OutboxWorker(news, messenger, world.now, wake_up),
            store.news,
            Watchers(database),
            AwaitedGoals(database),
            sorted(world.script.waits, key=lambda wait: wait.at),
        )


async def simulate(
    folder: Path,
    script: YearScript,
    *,
    run: int = 0,
    counts: WorldCounts | None = None,
) -> SimulatedWorld:
    """Let the time of a script pass from where it stood in the folder; return its world.

    At each restart of the script that is to come, what the watch is at is cut short, and all is
    opened anew. With `run` above 0 a process before this one was killed.
    """
    world = SimulatedWorld(folder, script, run=run, counts=counts)
    chance = random.Random(run)
    began = read_clock(folder)
    for ends in (*(at for at in script.restarts if at > began), script.ends):
        async with open_watch(folder, world) as watch:
            await _work(watch, ends)
            if ends < script.ends:
                await _cut_short(watch, chance.randrange(_MOST_TURNS))
    world.close()
    return world


async def _work(watch: SimulatedWatch, ends: datetime) -> None:
    """Do what is due until then, and let the time pass between."""
    world = watch.world
    await watch.step()  # the first list of domains comes before anybody asks
    await watch.enter_watchers()
    while world.now() < ends:
        await watch.enter_waits()
        while await watch.step():
            pass
        world.move_to(
            min(max(await watch.next_due(), world.now() + world.script.extent.pace), ends)
        )


async def _cut_short(watch: SimulatedWatch, turns: int) -> None:
    """Begin what is due next, and cut it short after so many turns of the event loop."""
    world = watch.world
    world.move_to(max(await watch.next_due(), world.now()))
    step = asyncio.create_task(watch.step())
    for _ in range(turns):
        await asyncio.sleep(0)
    step.cancel()
    await asyncio.gather(step, return_exceptions=True)
