"""The watch in the tour: a domain breaks and is put right, while days pass."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from bot.app.watch_parts import WatchMessages
from bot.cards.digest_card import say_digest_line
from bot.cards.incident_card import IncidentState, say_fault, state_of
from bot.cards.watch_summary_card import show_line
from bot.console.history_page import show_history
from bot.console.terminal import bullet
from bot.demo.breakages import Breakage, break_domain, mend_domain
from bot.demo.passing_time import let_pass
from bot.requests.outbox_worker import Delivered, OutboxWorker, Undeliverable
from bot.requests.polling import WakeUp
from bot.services.domain_history import DomainHistory
from bot.services.domain_looks import DomainLooks
from bot.store.repositories.for_watch import WatchStore
from bot.watch.running_watch import RunningWatch
from bot.watch.watch_news import DigestTold, IncidentsTold
from bot.watch.watch_worker import WatchWorker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from bot.demo.demo_servers import DemoServers
    from bot.demo.passing_time import DemoClock
    from bot.errors import Fact
    from bot.names import Domain
    from bot.requests.model import OutboxMessage
    from bot.services.core import Core
    from bot.store.engine.database import Database
    from bot.store.repositories.watch_news_table import WatchNewsTable
    from bot.watch.watch_news import News, Told

_CHANNEL: Final = 5  # whatever its id is in Discord
# Days. Two hold a daily look and the one that confirms what it saw, at whatever time of day.
_STEPS: Final = {"watched": 1, "broken": 2, "mended": 2, "week": 7}


class WatchTour:
    """Lets days pass over one domain, and prints what the bot tells the admins."""

    def __init__(
        self,
        console: Console,
        core: Core,
        servers: DemoServers,
        database: Database,
        clock: DemoClock,
    ) -> None:
        self._console = console
        self._core = core
        self._servers = servers
        self._database = database
        self._clock = clock

    async def play(self, domain: Domain) -> None:
        """Have a domain watched that is right, break it, put it right, and show its history."""
        store, wake_up, now = WatchStore.of(self._database), WakeUp(), self._clock
        looks = DomainLooks(self._core, now)

        async def list_domains() -> tuple[Domain, ...]:
            return (domain,)

        worker = WatchWorker(
            store.domains, looks.look, self._core.check_server, list_domains, now, wake_up
        )
        looks.listen(worker.settle)
        printer = _NewsPrinter(self._console, self._core, store.news)
        outbox = OutboxWorker(WatchMessages.of(store.news), printer, now, wake_up)
        watch = RunningWatch(worker, outbox)
        for step, days in _STEPS.items():
            facts = {"step": step, "domain": domain.ascii}
            text = self._core.words.sentence("demo/watch_step", facts)
            self._console.print(f"$ {text}", style="dim", markup=False, highlight=False)
            if step == "broken":
                break_domain(self._servers, domain.ascii, Breakage.MX_GONE)
            elif step == "mended":
                mend_domain(self._servers, domain.ascii)
            await let_pass(watch, self._clock, timedelta(days=days))
        self._console.print(f"$ python -m bot history {domain.ascii}\n", style="dim")
        history = await DomainHistory(store.changes, now).of(domain)
        if history is not None:
            show_history(self._console, history, self._core.words)


class _NewsPrinter:
    """Prints what the bot would write to Discord; see `bot.requests.outbox_worker.Deliver`."""

    def __init__(self, console: Console, core: Core, news: WatchNewsTable) -> None:
        self._console = console
        self._core = core
        self._news = news

    async def __call__(self, post: OutboxMessage, news: News) -> Delivered | Undeliverable:
        """Print one message."""
        told = await self._news.content_of(news)
        if told is None:
            return Undeliverable("nothing is left of it")
        facts = {"again": news.message_id is not None}
        first, *rest = self._say(told)
        said = self._core.words.sentence("demo/watch_post", facts)
        self._console.print(bullet("→", f"{said} {first}"))
        for line in rest:
            self._console.print(bullet("", line))
        return Delivered(_CHANNEL, post.id)

    def _say(self, told: Told) -> Iterator[str]:
        words, server = self._core.words, self._core.server
        if isinstance(told, IncidentsTold):
            for incident in (*told.opened, *told.closed):
                yield show_line(incident, server, words)
                if state_of(incident) is IncidentState.BROKEN:
                    yield say_fault(incident, server, words)
        elif isinstance(told, DigestTold):
            facts: dict[str, Fact] = {
                "count": len(told.lines),
                "total": told.total,
                "mine": False,
            }
            yield words.sentence("watch/digest_head", facts)
            for line in told.lines:
                yield say_digest_line(line, told, server, words)
        else:
            yield type(told).__name__
