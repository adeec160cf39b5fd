"""A Discord server whose bot takes requests; its worker and its outbox run step by step."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from simcord import Env

from bot.app.shared_parts import make_authorities
from bot.by_hand import ByHandBackend
from bot.checks.observe.control import look_at_control
from bot.client import Client
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT
from bot.demo.world import zones as demo_zones
from bot.demo.zone_server import ZoneServer
from bot.dns.resolver import Resolver
from bot.interactions.delivery import Delivery
from bot.net.certificate import Certificate
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.requests.verification import DomainVerifier
from bot.requests.work import Tools
from bot.requests.worker import Worker
from bot.rotations.rotation_service import Rotations
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_control import DomainControl
from bot.services.domain_facts import DomainFacts
from bot.services.domain_history import DomainHistory
from bot.services.domain_looks import DomainLooks
from bot.services.member_service import MemberService
from bot.services.privacy import Privacy
from bot.services.request_evidence import RequestEvidence
from bot.services.watching import Watching
from bot.store.engine.database import Database
from bot.store.repositories.awaited_goals import AwaitedGoals
from bot.store.repositories.command_fingerprints import CommandFingerprints
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.domain_changes import DomainChanges
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.rotations import StoredRotations
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.words import Medium, Words
from discord_simulation import url_of
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    import discord
    import dns.name
    from simcord import ChannelHandle, GuildHandle, MemberActor, UserHandle

    from bot.config.settings import Settings
    from bot.names import Domain
    from bot.requests.backend import MailBackend
    from bot.requests.model import Request

BACKEND = ByHandBackend("Mailcow")
ADMIN = 4711  # who decides; rights are tested elsewhere


@dataclass
class Clock:
    """The time, which a test can let pass."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Aliases:
    """The certificate that the web server of every webmail alias shows."""

    certificate: Certificate = Certificate.OTHER_NAME

    async def __call__(self, _: dns.name.Name) -> Certificate:
        return self.certificate


@dataclass
class RequestGuild:
    """A Discord server with a channel for requests, two members, and another server."""

    env: Env
    client: Client
    database: Database
    dns: ZoneServer
    clock: Clock
    requests: Requests
    store: RequestStore
    worker: Worker
    outbox: OutboxWorker[Request]
    delivery: Delivery
    guild: GuildHandle
    request_channel: ChannelHandle
    channel: ChannelHandle
    elsewhere: ChannelHandle
    ann: MemberActor
    ben: MemberActor
    ann_user: UserHandle
    aliases: Aliases

    async def work(self) -> None:
        """Let the worker and the outbox do what is due."""
        while await self.worker.step() + await self.outbox.step():
            pass

    async def later(self, **span: float) -> None:
        """Let time pass, and do what is due then."""
        self.clock.ahead += timedelta(**span)
        await self.work()

    def direct(self) -> list[discord.Message]:
        """Return the direct messages to Ann."""
        return self.ann_user.dm_channel.history()


@asynccontextmanager
async def open_request_guild(
    place: Path | str,
    environ: Mapping[str, str] | None = None,
    *,
    takes: bool = True,
    backend: MailBackend = BACKEND,
) -> AsyncIterator[RequestGuild]:
    """Yield the server, over the demo's DNS, with its database in a file or at a URL.

    Without `takes` no requests are taken.
    """
    async with ZoneServer(demo_zones()) as zones, AsyncExitStack() as stack:
        basis = {
            **DEMO_ENVIRONMENT,
            "DNS_SERVERS": "{}:{}".format(*zones.address),
            "DATABASE_URL": url_of(place),
            **(environ or {}),
        }
        # The simulation gives out ids when it runs; the bot that asked for them is not used.
        first = await _first_client(stack, load_settings(basis))
        env = Env(first, check_errors=False, settle_timeout=MAX_WAIT)
        await env.start()
        guild = env.create_guild("Farm")
        request_channel = guild.create_text_channel("requests")
        if takes:
            basis["REQUEST_CHANNEL_ID"] = str(request_channel.id)
        await stack.aclose()
        settings = load_settings(basis)
        clock = Clock()
        database = await stack.enter_async_context(await Database.open(settings.database_url))
        resolver = await stack.enter_async_context(Resolver(settings.dns_servers))
        store, wake_up = RequestStore.of(database), WakeUp()
        requests = Requests(store, clock, wake_up, settings.dkim_selector, backend.capabilities)
        client, core = _make_client(settings, database, resolver, requests, backend)
        client.requests = requests if takes else None
        client.backend = backend
        recent, checks = RecentDomains(database), StoredChecks(database)
        client.privacy = Privacy(
            recent,
            checks,
            requests,
            ControlProofs(database),
            tests=MailTests(database),
            sent=SentMails(database),
            watchers=Watchers(database),
            awaited=AwaitedGoals(database),
            watch=WatchRecords(database),
            rotations=Rotations(
                StoredRotations(database),
                KnownKeys(database),
                requests.of_domain,
                backend,
                None,
                clock,
                WakeUp(),
            ),
        )

        aliases = Aliases()
        looker = DomainVerifier(
            DomainLooks(core, clock).check,
            backend,
            certificate=aliases,
            webmail_label="mail",
            describe=RequestEvidence(core, requests.kinds_asked),
        )
        client.verifier = looker
        delivery = Delivery(client)
        ann_user = env.create_user("ann")
        try:
            await env.restart_bot(client)
            yield RequestGuild(
                env=env,
                client=client,
                database=database,
                dns=zones,
                clock=clock,
                requests=requests,
                store=store,
                worker=Worker(store, Tools(core.server, backend, looker), clock, wake_up),
                outbox=OutboxWorker(store, delivery, clock, wake_up),
                delivery=delivery,
                guild=guild,
                request_channel=request_channel,
                channel=guild.create_text_channel("mail"),
                elsewhere=env.create_guild("Village").create_text_channel("mail"),
                ann=guild.add_member(ann_user),
                ben=guild.add_member(env.create_user("ben")),
                ann_user=ann_user,
                aliases=aliases,
            )
        finally:
            await env.shutdown()
            await client.close()  # the simulation leaves that to us


async def _first_client(stack: AsyncExitStack, settings: Settings) -> Client:
    database = await stack.enter_async_context(await Database.open(settings.database_url))
    resolver = await stack.enter_async_context(Resolver(settings.dns_servers))
    client, _ = _make_client(settings, database, resolver, None)
    stack.push_async_callback(client.close)
    return client


def _make_client(
    settings: Settings,
    database: Database,
    resolver: Resolver,
    requests: Requests | None,
    backend: MailBackend = BACKEND,
) -> tuple[Client, Core]:
    def now() -> datetime:
        return datetime.now(UTC)

    server, words = settings.mail_server(), Words(Medium.DISCORD)
    stage_of = requests.approved_stage if requests else None
    domain_facts = DomainFacts(KnownKeys(database), now, backend=backend, stage_of=stage_of)
    core = Core(server, words, Checker(resolver.ask, server, now), domain_facts)
    member_service = MemberService(
        core,
        RecentDomains(database),
        StoredChecks(database),
        now,
        asked=requests.kinds_asked if requests else None,
    )
    client = Client(settings, member_service, words, CommandFingerprints(database))
    client.now = now
    client.watching = Watching(
        Watchers(database),
        AwaitedGoals(database),
        WatchRecords(database),
        control=DomainControl(
            ControlProofs(database),
            partial(look_at_control, resolver.ask, make_authorities(settings)),
            now,
        ),
        requests_of=requests.of_domain if requests else _no_requests,
        now=now,
        wake_up=WakeUp(),
    )
    changes = DomainChanges(database)
    client.domain_history = DomainHistory(changes, now, StoredChecks(database))
    return client, core


async def _no_requests(_: Domain) -> tuple[Request, ...]:
    return ()
