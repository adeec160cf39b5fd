"""The real watch over a store, in a simulated world; it is cut short and begun anew as scripted."""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.simulated_world import SimulatedWorld
from benchmarks.told_messages import Messenger
from bot.names import Domain
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.services.core import Core
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.store.engine.database import Database
from bot.watch.awaited_goal import ALL_RIGHT, MOST_AWAITED
from bot.watch.watch_worker import WatchWorker
from bot.watch.watched_domain import MOST_OF_MEMBER
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from benchmarks.year_script import YearScript
    from bot.watch.watched_domain import Seen

MESSAGES: Final = "messages.jsonl"
_MOST_TURNS: Final = 400  # of the event loop, after which a step is cut short


@dataclass
class SimulatedWatch:
    """The parts of the watch as the program has them, over the store in a folder."""

    world: SimulatedWorld
    worker: WatchWorker
    outbox: OutboxWorker
    watchers: Watchers
    goals: AwaitedGoals

    async def step(self) -> int:
        """Do what is due; return how much it was."""
        return await self.worker.step() + await self.outbox.step()

    async def next_due(self) -> datetime:
        """Return when there is something to do."""
        due = (await self.worker.next_due(), await self.outbox.next_due(), self.world.next_event)
        return min(at for at in due if at is not None)

    async def enter_members(self) -> None:
        """Have those watch and wait who do by the script, and do not yet."""
        script, now = self.world.script, self.world.now()
        for name, member in script.watchers.items():
            await self.watchers.add(Domain.from_ascii(name), member, now, MOST_OF_MEMBER)
        for wait in script.waits:
            if wait.at <= now and not await self.goals.count_of(wait.member):
                await self.goals.add(
                    Domain.from_ascii(wait.domain),
                    wait.member,
                    ALL_RIGHT,
                    now,
                    confidential=False,
                    most=MOST_AWAITED,
                )
