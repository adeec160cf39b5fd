"""The change of a DKIM key in the tour: begun, published, switched, proved by a mail, retired."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.app.shared_parts import make_authorities
from bot.app.watch_parts import WatchMessages
from bot.cards.rotation_words import state_word, title_of
from bot.checks.observe.key_servers import look_at_keys
from bot.console.terminal import bullet
from bot.demo.breakages import mend_domain
from bot.demo.demo_mails import MailFate
from bot.demo.passing_time import let_pass
from bot.demo.publishing import line_of_key, publish
from bot.dns.resolver import Resolver
from bot.mailcow.api import Mailcow
from bot.mailcow.key_rotation import MailcowRotator
from bot.mailcow.mailcow_backend import MailcowBackend
from bot.requests.model import Actor, ActorKind
from bot.requests.outbox_worker import Delivered, OutboxWorker, Undeliverable
from bot.requests.polling import WakeUp
from bot.rotations.rotation import KEY_SIZES, RotationNews
from bot.rotations.rotation_service import Rotations
from bot.rotations.rotation_worker import RotationWorker
from bot.services.domain_looks import DomainLooks
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.request_table import StoredRequests
from bot.store.repositories.rotations import StoredRotations
from bot.store.repositories.watchers import Watchers
from bot.watch.running_watch import RunningWatch
from bot.watch.watch_news import ADMINS, RotationTold
from bot.watch.watch_worker import WatchWorker
from bot.watch.watched_domain import MOST_OF_MEMBER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console

    from bot.config.settings import Settings
    from bot.demo.demo_servers import DemoServers
    from bot.demo.passing_time import DemoClock
    from bot.demo.tour_mails import MailTour
    from bot.errors import Fact
    from bot.names import Domain
    from bot.requests.model import OutboxMessage
    from bot.rotations.rotation import Rotation
    from bot.services.core import Core
    from bot.store.engine.database import Database
    from bot.store.repositories.watch_news_table import WatchNewsTable
    from bot.watch.watch_news import News

_ANN: Final = 1  # whatever her id is in Discord
_CLEO: Final = Actor(ActorKind.ADMIN, 2)
_CHANNEL: Final = 5
_SHOWN: Final = 60  # characters of a record
_DAY: Final = timedelta(days=1)


class RotationTour:
    """Plays the change of a key: Cleo begins it, Ann publishes; made by `open_rotation_tour`."""

    def __init__(
        self,
        console: Console,
        core: Core,
        servers: DemoServers,
        clock: DemoClock,
        *,
        rotations: Rotations,
        watchers: Watchers,
        watch: RunningWatch,
        worker: RotationWorker,
    ) -> None:
        self._console = console
        self._core = core
        self._servers = servers
        self._clock = clock
        self.rotations = rotations
        self._watchers = watchers
        self._watch = watch
        self._worker = worker

    async def play(self, domain: Domain, mails: MailTour) -> None:
        """Change the key of a domain, from the command to the old record that is gone."""
        await self._watchers.add(domain, _ANN, self._clock(), MOST_OF_MEMBER)
        self._say("begin", domain)
        begun = await self.rotations.begin(domain, KEY_SIZES[0], _CLEO)
        await self._let_pass(timedelta(minutes=1))
        self._say("publish", domain)
        rotation = await self._find(begun.rotation.id)
        zones = self._servers.zones
        zones.zones = publish(zones.zones, domain, [line_of_key(rotation)])
        await self._let_pass(2 * _DAY)
        await mails.play(domain, MailFate.RIGHT)
        await self._let_pass(timedelta(0))
        self._say("week", domain)
        await self._let_pass(7 * _DAY)
        self._say("remove", domain)
        mend_domain(self._servers, domain.ascii)

    async def _let_pass(self, span: timedelta) -> None:
        await let_pass(self._watch, self._clock, span, self._worker)

    async def _find(self, rotation_id: int) -> Rotation:
        rotation = await self.rotations.get(rotation_id)
        if rotation is None:
            raise ValueError("The rotation of the tour is gone.")
        return rotation

    def _say(self, step: str, domain: Domain) -> None:
        facts = {"step": step, "domain": domain.ascii}
        text = self._core.words.sentence("demo/rotation_step", facts)
        self._console.print(f"$ {text}", style="dim", markup=False, highlight=False)


class _RotationPrinter:
    """Prints what the bot would write to Discord; see `bot.requests.outbox_worker.Deliver`."""

    def __init__(self, console: Console, core: Core, news: WatchNewsTable) -> None:
        self._console = console
        self._words = core.words
        self._news = news
        self._said: dict[str, str] = {}  # by message, what it says now

    async def __call__(self, post: OutboxMessage, news: News) -> Delivered | Undeliverable:
        """Print one message, where it says something new."""
        told = await self._news.content_of(news)
        if not isinstance(told, RotationTold):
            return Undeliverable("the tour shows changes of keys here")
        said = self._say(told, for_admins=news.target == ADMINS)
        if self._said.get(news.key) != said:
            self._console.print(bullet("→", said))
            if told.news is RotationNews.RECORD and news.key not in self._said:
                line = line_of_key(told.rotation)
                self._console.print(bullet("", f"{line[: _SHOWN - 1]}…"))
        self._said[news.key] = said
        return Delivered(_CHANNEL, post.id)

    def _say(self, told: RotationTold, *, for_admins: bool) -> str:
        rotation = told.rotation
        facts: dict[str, Fact] = {
            "news": "" if for_admins else told.news.value,
            "title": title_of(rotation, self._words),
            "proved": rotation.proved_at is not None,
            "old": rotation.old.selector,
        }
        said = self._words.sentence("demo/rotation_post", facts)
        return f"{said} · {state_word(rotation, self._words)}" if for_admins else said


@asynccontextmanager
async def open_rotation_tour(
    console: Console,
    config: Settings,
    core: Core,
    servers: DemoServers,
    database: Database,
    *,
    clock: DemoClock,
) -> AsyncIterator[RotationTour]:
    """Yield the tour of a change of keys over a core and the store behind it.

    Raises:
        ValueError: the settings name no Mailcow that can be written to.

    """
    if config.mailcow_url is None or config.mailcow_api_key is None:
        raise ValueError("The tour needs a Mailcow that can be written to.")
    key = config.mailcow_api_key.get_secret_value()
    store, watch_store, wake_up = StoredRotations(database), WatchStore.of(database), WakeUp()
    async with (
        Mailcow(config.mailcow_url, read_key=None, write_key=key, settling=0.0) as mailcow,
        Resolver(config.dns_servers) as resolver,
    ):
        backend = MailcowBackend(mailcow, core.server.dkim_selector)
        rotator = MailcowRotator(mailcow)
        asked = StoredRequests(database).of_domain
        look = partial(look_at_keys, resolver.ask, make_authorities(config))
        printer = _RotationPrinter(console, core, watch_store.news)
        worker = WatchWorker(
            watch_store.domains,
            DomainLooks(core, clock).look,
            core.check_server,
            None,
            clock,
            wake_up,
        )
        outbox = OutboxWorker(WatchMessages.of(watch_store.news), printer, clock, wake_up)
        yield RotationTour(
            console,
            core,
            servers,
            clock,
            rotations=Rotations(
                store, KnownKeys(database), asked, backend, rotator, clock, wake_up
            ),
            watchers=Watchers(database),
            watch=RunningWatch(worker, outbox),
            worker=RotationWorker(store, rotator, backend, look, clock, wake_up),
        )
