"""The watch as it runs: the worker that looks, and the one that delivers what it has to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.requests.outbox_worker import OutboxWorker
    from bot.watch.watch_news import News
    from bot.watch.watch_worker import WatchWorker


@dataclass(frozen=True, slots=True)
class RunningWatch:
    """The worker that looks, and the one that delivers the news."""

    worker: WatchWorker
    outbox: OutboxWorker[News]

    async def step(self) -> int:
        """Do what is due now; return how many looks and messages that were.

        Raises:
            StoreError: the store cannot be used.

        """
        return await self.worker.step() + await self.outbox.step()

    async def next_look(self) -> datetime | None:
        """Return when there is something to look at next; None: at once, or nothing is watched."""
        return await self.worker.next_due()
