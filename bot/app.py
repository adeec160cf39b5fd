"""Puts the parts together: the only place that knows every concrete one of them."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.checks.observe.optional_records import OptionalSources
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from bot.dns.server_address import system_servers
from bot.errors import ConfigError
from bot.net.https import Fetch
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.member_service import Core, MemberService
from bot.services.server_faults import ServerFaults
from bot.telemetry import Telemetry
from bot.words import Medium, Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import dns.name
    import dns.rdatatype

    from bot.client import Client
    from bot.config.settings import Settings
    from bot.dns.answer import Answer, Ask
    from bot.dns.server_address import Server
    from bot.doctor.invitation import Invitation
    from bot.doctor.line import Line
    from bot.health.metrics import Metrics
    from bot.mailcow.api import Mailcow
    from bot.store.repositories.tallies import StoredTallies

_DOCTORS_PATIENCE = 4.0  # seconds for a call to Mailcow

_NO_TOKEN = (
    "DISCORD_TOKEN: It is not set, and the bot connects to Discord with it.",
    "Make a bot at https://discord.com/developers/applications, and write its token into .env.",
    "To try the bot without a token, call: make demo",
)


@asynccontextmanager
async def open_core(
    settings: Settings, nameservers: tuple[Server, ...] = ()
) -> AsyncIterator[Core]:
    """Yield the core with a resolver and, where there is one, the store opened for reading.

    `nameservers` replace the configured resolvers; everything is then asked of them alone.

    Raises:
        StoreError: there is a store, and it cannot be read.

    """
    servers = nameservers or settings.dns_servers or system_servers()
    server = settings.mail_server()
    async with AsyncExitStack() as stack:
        resolver = await stack.enter_async_context(Resolver(servers))
        keys, stages = None, None
        if _may_have_store(settings.database_url):
            # Imported late: it takes half a second, and most calls of the console need none.
            from bot.store.engine.database import Database  # noqa: PLC0415
            from bot.store.repositories.approved_stages import ApprovedStages  # noqa: PLC0415
            from bot.store.repositories.known_keys import KnownKeys  # noqa: PLC0415

            database = await Database.open_reading(settings.database_url)
            if database is not None:
                await stack.enter_async_context(database)
                keys, stages = KnownKeys(database), ApprovedStages(database)
        mailcow = await _open_mailcow(settings, stack)
        yield Core(
            server=server,
            words=Words(own=settings.templates_dir),
            checker=Checker(
                resolver.ask,
                server,
                _now,
                single_server=bool(nameservers),
                allow_private=settings.dns_allow_private,
                authorities=None if nameservers else _authorities(settings),
                sources=_sources(settings, resolver, trusted=not nameservers),
            ),
            domain_facts=DomainFacts(
                keys, _now, mailcow=mailcow, stage_of=stages.of if stages else None, learns=False
            ),
        )


@asynccontextmanager
async def open_client(settings: Settings) -> AsyncIterator[Client]:
    """Yield the Discord client, not connected yet, over a resolver and a store of its own.

    Raises:
        StoreError: the store cannot be opened, or belongs to another process.

    """
    # Imported late: they take a second, and the console needs none of them.
    from bot.client import Client  # noqa: PLC0415
    from bot.errands import take_requests  # noqa: PLC0415
    from bot.requests.bell import Bell  # noqa: PLC0415
    from bot.requests.service import Requests  # noqa: PLC0415
    from bot.services.privacy import Privacy  # noqa: PLC0415
    from bot.services.retention import Retention  # noqa: PLC0415
    from bot.store.engine.database import Database  # noqa: PLC0415
    from bot.store.repositories.approved_stages import ApprovedStages  # noqa: PLC0415
    from bot.store.repositories.command_fingerprints import CommandFingerprints  # noqa: PLC0415
    from bot.store.repositories.for_requests import RequestStore  # noqa: PLC0415
    from bot.store.repositories.known_keys import KnownKeys  # noqa: PLC0415
    from bot.store.repositories.recent_domains import RecentDomains  # noqa: PLC0415
    from bot.store.repositories.stored_checks import StoredChecks  # noqa: PLC0415
    from bot.store.repositories.tallies import StoredTallies  # noqa: PLC0415

    words = Words(Medium.DISCORD, settings.templates_dir)
    server = settings.mail_server()
    async with AsyncExitStack() as stack:
        metrics = _make_metrics(settings)
        telemetry = metrics or Telemetry()
        database = await stack.enter_async_context(await Database.open(settings.database_url))
        resolver = await stack.enter_async_context(
            Resolver(settings.dns_servers or system_servers())
        )
        ask = resolver.ask if metrics is None else _count(resolver.ask, metrics)
        mailcow = await _open_mailcow(settings, stack, telemetry=telemetry)
        domain_facts = DomainFacts(
            KnownKeys(database), _now, mailcow=mailcow, stage_of=ApprovedStages(database).of
        )
        checker = Checker(
            ask,
            server,
            _now,
            allow_private=settings.dns_allow_private,
            authorities=_authorities(settings),
            sources=_sources(settings, resolver),
        )
        core = Core(server, words, checker, domain_facts, ServerFaults(_now))
        checks = StoredChecks(database)
        member_service = MemberService(
            core, RecentDomains(database), checks, _now, telemetry=telemetry
        )
        client = Client(settings, member_service, words, CommandFingerprints(database), telemetry)
        client.mailcow = mailcow
        if settings.request_channel_id is not None:
            await take_requests(client, database, core, ask, _now)
        # Members may look into and delete former requests where none are taken any more.
        requests = client.requests or Requests(
            RequestStore.of(database), _now, Bell(), selector=server.dkim_selector, by_hand=True
        )
        client.privacy = Privacy(RecentDomains(database), checks, requests)
        client.jobs = (*client.jobs, Retention(database, _now).run)
        if metrics is not None:
            await _let_watch(settings, client, StoredTallies(database), metrics, stack)
        yield client


def _make_metrics(settings: Settings) -> Metrics | None:
    """Return what counts, where somebody may read it."""
    if settings.health_port is None:
        return None
    from bot.health.metrics import Metrics  # noqa: PLC0415 - it and its library are rarely wanted

    return Metrics()


def _count(ask: Ask, telemetry: Telemetry) -> Ask:
    """Return an `ask` that has each answer counted."""

    async def ask_and_count(
        name: str | dns.name.Name, rdtype: str | dns.rdatatype.RdataType
    ) -> Answer:
        answer = await ask(name, rdtype)
        telemetry.count_answer(answer)
        return answer

    return ask_and_count


async def _let_watch(
    settings: Settings,
    client: Client,
    tallies: StoredTallies,
    metrics: Metrics,
    stack: AsyncExitStack,
) -> None:
    """Answer at HEALTH_PORT until the stack is closed."""
    from bot.health.port import watched  # noqa: PLC0415 - as above

    if settings.health_port is not None:
        await stack.enter_async_context(watched(settings.health_port, client, tallies, metrics))


async def run(settings: Settings) -> None:
    """Connect to Discord, and return when the bot was told to stop and has come to its end.

    Raises:
        ConfigError: there is no token, or Discord does not know it.
        StoreError: the store cannot be opened, or belongs to another process.
        DiscordUnreachable: there is no answer from it at the start.
        UsageError: Discord does not let the bot stay.

    """
    if settings.discord_token is None:
        raise ConfigError(_NO_TOKEN)
    from bot.lifecycle import run_until_stopped  # noqa: PLC0415
    from bot.logs import start_logging  # noqa: PLC0415 - as in open_client

    start_logging(settings)
    async with open_client(settings) as client:
        await run_until_stopped(client, settings.discord_token.get_secret_value())


def _authorities(settings: Settings) -> Authorities:
    return Authorities(settings.dns_allow_private, settings.dns_port)


def _sources(settings: Settings, resolver: Resolver, *, trusted: bool = True) -> OptionalSources:
    """Return what a check may use beside the resolver; DNS_TRUST_AD is about DNS_SERVERS alone."""
    return OptionalSources(
        unchecked=resolver.ask_unchecked,
        fetch=Fetch(allow_private=settings.dns_allow_private),
        trust_ad=settings.dns_trust_ad and trusted,
    )


async def examine_all(settings: Settings) -> tuple[Line, ...]:
    """Return how every part is that the bot stands on; a bot that runs is not disturbed."""
    from bot.doctor.examination import examine  # noqa: PLC0415 - as in open_client
    from bot.logs import keep_quiet  # noqa: PLC0415 - as in open_client

    keep_quiet()
    async with AsyncExitStack() as stack:
        mailcow = await _open_mailcow(settings, stack, seconds=_DOCTORS_PATIENCE)
        return await examine(settings, mailcow, _now)


async def invite(settings: Settings) -> Invitation:
    """Return the link that lets the bot into a server.

    Raises:
        ConfigError: there is no token, or Discord does not know it.
        UsageError: nobody says which application it is.

    """
    if settings.discord_token is None:
        raise ConfigError(_NO_TOKEN)
    from bot.doctor.invitation import make_invitation  # noqa: PLC0415 - as in open_client
    from bot.logs import keep_quiet  # noqa: PLC0415 - as in open_client

    keep_quiet()
    token = settings.discord_token.get_secret_value()
    return await make_invitation(token, settings.discord_guild_id)


async def _open_mailcow(
    settings: Settings,
    stack: AsyncExitStack,
    *,
    seconds: float = 10.0,
    telemetry: Telemetry | None = None,
) -> Mailcow | None:
    """Return Mailcow's API, closed with the stack; None where it is not configured."""
    if settings.mailcow_url is None:
        return None
    # Imported late: its HTTP client takes a while to load.
    from bot.mailcow.api import Mailcow  # noqa: PLC0415

    read, write = settings.mailcow_read_key, settings.mailcow_api_key
    mailcow = Mailcow(
        settings.mailcow_url,
        read_key=read.get_secret_value() if read else None,
        write_key=write.get_secret_value() if write else None,
        timeout=seconds,
        telemetry=telemetry,
    )
    return await stack.enter_async_context(mailcow)


def _may_have_store(url: str) -> bool:
    """Whether a store could be there: not where a SQLite file is named that does not exist."""
    scheme, _, path = url.partition(":///")
    return not scheme.startswith("sqlite") or Path(path).exists()


def _now() -> datetime:
    return datetime.now(UTC)
