"""The bot that connects to Discord, with all that it stands on and the jobs beside it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.app.shared_parts import (
    NO_TOKEN,
    choose_backend,
    make_authorities,
    make_live_ports,
    make_sources,
    open_mailcow,
    utc_now,
)
from bot.app.watch_parts import WatchedBy, add_watch
from bot.checks.observe.control import look_at_control
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.client import Client
from bot.dns.resolver import Resolver
from bot.dns.server_address import system_servers
from bot.doctor.mailcow_access import check_mailcow
from bot.doctor.probe_access import check_probe
from bot.errors import ConfigError
from bot.health.running_process import RunningProcess
from bot.interactions.delivery import Delivery
from bot.lifecycle import run_until_stopped
from bot.logs import start_logging
from bot.net.certificate import CertificateCheck
from bot.process_name import Duty, ProcessName
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.requests.verification import DomainVerifier
from bot.requests.waiting_looks import RequestsInWait
from bot.requests.work import Tools
from bot.requests.worker import Worker
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_control import DomainControl
from bot.services.domain_facts import DomainFacts
from bot.services.domain_history import DomainHistory
from bot.services.domain_looks import DomainLooks
from bot.services.member_service import MemberService
from bot.services.privacy import Privacy
from bot.services.request_evidence import RequestEvidence
from bot.services.retention import Retention
from bot.services.server_faults import ServerFaults
from bot.services.turns import ADMINS, AT_ONCE, REST, Turns
from bot.store.engine.database import Database
from bot.store.repositories.approved_stages import ApprovedStages
from bot.store.repositories.command_fingerprints import CommandFingerprints
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.domain_changes import DomainChanges
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.repositories.tallies import StoredTallies
from bot.telemetry import Telemetry
from bot.words import Medium, Words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    import dns.name
    import dns.rdatatype

    from bot.checks.observe.ports import ServerPorts
    from bot.config.settings import Settings
    from bot.dns.answer import Answer, Ask
    from bot.dns.owner_name import AnyName
    from bot.health.metrics import Metrics
    from bot.watch.timeline import History
    from bot.watch.watch_worker import WatchWorker


async def run(settings: Settings) -> None:
    """Connect to Discord, and return when the bot was told to stop and has come to its end.

    Raises:
        ConfigError: there is no token, or Discord does not know it.
        StoreError: the store cannot be opened, or belongs to another process.
        DiscordUnreachable: there is no answer from it at the start.
        UsageError: Discord does not let the bot stay.

    """
    if settings.discord_token is None:
        raise ConfigError(NO_TOKEN)
    start_logging(settings)
    async with open_client(settings) as client:
        await run_until_stopped(client, settings.discord_token.get_secret_value())


@asynccontextmanager
async def open_client(
    settings: Settings,
    *,
    ports: ServerPorts | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Client]:
    """Yield the Discord client, not connected yet, over a resolver and a store of its own.

    `ports` are those of the mail server in place of the ones that the settings name; `now` is the
    clock of every part.

    Raises:
        StoreError: the store cannot be opened, or belongs to another process.

    """
    words = Words(Medium.DISCORD, settings.templates_dir)
    server = settings.mail_server()
    async with AsyncExitStack() as stack:
        metrics = _make_metrics(settings)
        telemetry = metrics or Telemetry()
        database = await stack.enter_async_context(await Database.open(settings.database_url))
        resolver = await stack.enter_async_context(
            # Questions that nobody answers must not keep those of other checks from being sent.
            Resolver(settings.dns_servers or system_servers(), in_flight=AT_ONCE * MOST_QUESTIONS)
        )
        ask = resolver.ask if metrics is None else _count(resolver.ask, metrics)
        mailcow = await open_mailcow(settings, stack, telemetry=telemetry)
        backend = choose_backend(settings, mailcow)
        domain_facts = DomainFacts(
            KnownKeys(database), now, backend=backend, stage_of=ApprovedStages(database).of
        )
        faults = ServerFaults(now)
        live_ports = make_live_ports(settings, ask, ports=ports, faults=faults, now=now)
        checker = Checker(
            ask,
            server,
            now,
            allow_private=settings.dns_allow_private,
            authorities=make_authorities(settings),
            sources=make_sources(settings, resolver),
            live_ports=live_ports,
        )
        core = Core(
            server, words, checker, domain_facts, faults, live_ports, turns=Turns(rest=REST)
        )
        checks = StoredChecks(database)
        store, wake_up = RequestStore.of(database), WakeUp()
        requests = Requests(store, now, wake_up, server.dkim_selector, backend.capabilities)
        proofs = ControlProofs(database)
        look = partial(look_at_control, resolver.ask, make_authorities(settings))
        control = DomainControl(proofs, look, now)
        member_service = MemberService(
            core,
            RecentDomains(database),
            checks,
            now,
            telemetry=telemetry,
            asked=requests.kinds_asked,
            control=control,
        )
        client = Client(settings, member_service, words, CommandFingerprints(database), telemetry)
        client.now = now
        client.control = control
        client.backend = backend
        client.examine_backend = partial(check_mailcow, mailcow)
        takes_requests = settings.request_channel_id is not None
        looks = DomainLooks(core, now, asked=requests.kinds_asked if takes_requests else None)
        # Members may look into and delete former requests where none are taken any more.
        tests, sent = MailTests(database), SentMails(database)
        wanted = WatchedBy.of(database)
        client.privacy = Privacy(
            RecentDomains(database),
            checks,
            requests,
            proofs,
            tests=tests,
            sent=sent,
            watchers=wanted.watchers,
            awaited=wanted.awaited,
            watch=wanted.records,
        )
        watch = await add_watch(
            client,
            core,
            database,
            looks=looks,
            wanted=wanted,
            control=control,
            requests=requests,
        )
        if settings.request_channel_id is not None:
            client.requests = requests
            parts = RequestParts(requests, store, wake_up)
            await _add_request_jobs(client, core, ask, parts, looks=looks, watch=watch)
            await requests.move_cards(settings.request_channel_id)
        client.domain_history = DomainHistory(DomainChanges(database), now, checks)
        client.draw_timeline = _draw_timeline
        client.jobs = (*client.jobs, Retention(database, now).run)
        await _add_mail_tests(client, core, ask, database, control)
        if metrics is not None:
            await _open_health_port(settings, client, StoredTallies(database), metrics, stack)
        yield client


@dataclass(frozen=True, slots=True)
class RequestParts:
    """What requests are asked, kept and woken with."""

    requests: Requests
    store: RequestStore
    wake_up: WakeUp


async def _add_request_jobs(
    client: Client,
    core: Core,
    ask: Ask,
    parts: RequestParts,
    *,
    looks: DomainLooks,
    watch: WatchWorker,
) -> None:
    """Give the client the jobs that bring requests to their end.

    Raises:
        StoreError: the store cannot be written.

    """
    server, backend, store, wake_up = core.server, client.backend, parts.store, parts.wake_up
    await store.requests.release_leases()  # of the process before; no job has begun yet
    verify = partial(
        DomainVerifier,
        backend=backend,
        certificate=CertificateCheck(ask, allow_private=client.settings.dns_allow_private),
        webmail_label=server.webmail_label,
        describe=RequestEvidence(core, parts.requests.kinds_asked),
    )
    client.verifier = verify(partial(looks.check, asker=ADMINS))  # who wait for it
    tools = Tools(server, backend, verify(looks.check))
    worker = Worker(store, tools, client.now, wake_up, watch=watch)
    outbox = OutboxWorker(store, Delivery(client), client.now, wake_up)
    looks.listen(RequestsInWait(store, client.now, wake_up).take)
    client.jobs = (worker.run, outbox.run, *client.jobs)


async def _add_mail_tests(
    client: Client, core: Core, ask: Ask, database: Database, control: DomainControl
) -> None:
    """Give the client test mails, where a mailbox for them is configured."""
    if client.settings.probe_address is None:
        client.examine_probe = partial(check_probe, None, None)
        return
    # What reads and judges mails loads slowly, and few need it.
    from bot.app.mail_test_parts import add_mail_tests  # noqa: PLC0415 - as above

    await add_mail_tests(client, core, ask, database, control)


def _draw_timeline(history: History, words: Words) -> bytes:
    """Return the picture of a domain's history."""
    from bot.cards.timeline_picture import draw_timeline  # noqa: PLC0415 - its library, as above

    return draw_timeline(history, words)


def _make_metrics(settings: Settings) -> Metrics | None:
    """Return what counts, where somebody may read it."""
    if settings.health_port is None:
        return None
    from bot.health.metrics import Metrics  # noqa: PLC0415 - it and its library are rarely wanted

    return Metrics()


def _count(ask: Ask, telemetry: Telemetry) -> Ask:
    """Return an `ask` that has each answer counted."""

    def ask_and_count(
        name: AnyName, rdtype: str | dns.rdatatype.RdataType
    ) -> asyncio.Future[Answer]:
        answer = asyncio.ensure_future(ask(name, rdtype))
        answer.add_done_callback(count)
        return answer

    def count(answer: asyncio.Future[Answer]) -> None:
        if not answer.cancelled():
            telemetry.count_answer(answer.result())

    return ask_and_count


async def _open_health_port(
    settings: Settings,
    client: Client,
    tallies: StoredTallies,
    metrics: Metrics,
    stack: AsyncExitStack,
) -> None:
    """Answer at HEALTH_PORT until the stack is closed."""
    from bot.health.port import serving_health  # noqa: PLC0415 - rarely wanted, as above

    if settings.health_port is not None:
        process = RunningProcess(ProcessName.own(Duty.RUN), client.now)
        process.begin(Duty.RUN, client.find_faults)
        await stack.enter_async_context(
            serving_health(settings.health_port, process, tallies, metrics)
        )
