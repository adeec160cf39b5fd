"""The parts of the watch at Discord: what people want of it, and what brings its news to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.interactions.watch_delivery import WatchDelivery
from bot.requests.outbox_worker import OutboxWorker
from bot.services.watching import Watching
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.watch.running_watch import RunningWatch

if TYPE_CHECKING:
    from bot.app.work_parts import WatchParts
    from bot.client import Client
    from bot.requests.service import Requests
    from bot.services.domain_control import DomainControl
    from bot.store.engine.database import Database
    from bot.store.repositories.watch_news_table import WatchNewsTable


@dataclass(frozen=True, slots=True)
class WatchMessages:
    """What an outbox worker delivers of the watch, and what it is about."""

    outbox: WatchNewsTable
    requests: WatchNewsTable

    @classmethod
    def of(cls, news: WatchNewsTable) -> Self:
        """Return the news of this table."""
        return cls(news, news)


@dataclass(frozen=True, slots=True)
class WatchedBy:
    """What people want of the watch, as it is kept."""

    watchers: Watchers
    awaited: AwaitedGoals
    records: WatchRecords

    @classmethod
    def of(cls, database: Database) -> Self:
        """Return the repositories of this database."""
        return cls(Watchers(database), AwaitedGoals(database), WatchRecords(database))


def add_watch(
    client: Client,
    watch: WatchParts,
    *,
    wanted: WatchedBy,
    control: DomainControl,
    requests: Requests,
) -> None:
    """Give the client the watch, what people can ask of it, and its jobs."""
    client.watching = Watching(
        wanted.watchers,
        wanted.awaited,
        wanted.records,
        control=control,
        requests_of=requests.of_domain,
        now=client.now,
        wake_up=watch.wake_up,
    )
    news = watch.store.news
    client.takeover = (*client.takeover, news.release_leases)
    delivery = WatchDelivery(client, news.content_of)
    outbox = OutboxWorker(WatchMessages.of(news), delivery, client.now, watch.wake_up)
    client.watch = RunningWatch(watch.worker, outbox)
    client.jobs = (*client.jobs, *watch.jobs, outbox.run)
