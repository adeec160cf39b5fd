"""The parts of the watch: what looks, what it keeps, and what brings its news to people."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from bot.errors import StoreError
from bot.interactions.watch_delivery import WatchDelivery
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.services.watching import Watching
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.watch.running_watch import RunningWatch
from bot.watch.watch_worker import WatchWorker

if TYPE_CHECKING:
    from bot.client import Client
    from bot.requests.service import Requests
    from bot.services.core import Core
    from bot.services.domain_control import DomainControl
    from bot.services.domain_looks import DomainLooks
    from bot.services.server_faults import ServerFaults
    from bot.store.engine.database import Database
    from bot.store.repositories.watch_news_table import WatchNewsTable

_log = logging.getLogger(__name__)


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
    core: Core,
    database: Database,
    *,
    looks: DomainLooks,
    wanted: WatchedBy,
    control: DomainControl,
    requests: Requests,
) -> WatchWorker:
    """Give the client the watch, what people can ask of it, and its jobs; return what looks."""
    wake_up = WakeUp()
    client.watching = Watching(
        wanted.watchers,
        wanted.awaited,
        wanted.records,
        control=control,
        requests_of=requests.of_domain,
        now=client.now,
        wake_up=wake_up,
    )
    store = WatchStore.of(database)
    client.takeover = (*client.takeover, store.news.release_leases)
    if database.has_one_process:
        client.takeover = (*client.takeover, store.domains.release_leases)
    worker = WatchWorker(
        store.domains,
        looks.look,
        core.check_server,
        core.domain_facts.list_hosted,
        client.now,
        wake_up,
    )
    looks.listen(worker.settle)
    delivery = WatchDelivery(client, store.news.content_of)
    outbox = OutboxWorker(WatchMessages.of(store.news), delivery, client.now, wake_up)
    client.watch = RunningWatch(worker, outbox)
    client.jobs = (*client.jobs, worker.run, outbox.run)
    if core.faults is not None:
        client.jobs = (*client.jobs, partial(hand_on_faults, core.faults, worker))
    return worker


async def hand_on_faults(faults: ServerFaults, worker: WatchWorker) -> None:
    """Give the watch the mail server's faults that checks meet, for ever."""
    while True:
        fault = await faults.next()
        try:
            await worker.note_faults((fault.what,), fault.domain)
        except StoreError as error:
            faults.take_back(fault)
            _log.warning("a fault of the mail server was not noted: %s", error)
