"""The client for Discord, with all that it stands on and the jobs beside it."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from bot.app.rotation_parts import make_leftover_search, make_rotation_worker, make_rotations
from bot.app.shared_parts import (
    make_authorities,
    utc_now,
)
from bot.app.watch_parts import WatchedBy, add_watch
from bot.app.work_parts import (
    BESIDE_MEMBERS,
    make_looks,
    make_request_worker,
    make_requests,
    make_verifier,
    make_watch,
    open_foundation,
)
from bot.checks.observe.control import look_at_control
from bot.client import Client
from bot.doctor.mailcow_access import check_mailcow
from bot.doctor.probe_access import check_probe
from bot.health.running_process import RunningProcess
from bot.interactions.delivery import Delivery
from bot.process_name import Duty, ProcessName
from bot.requests.outbox_worker import OutboxWorker
from bot.services.domain_control import DomainControl
from bot.services.domain_history import DomainHistory
from bot.services.member_service import MemberService
from bot.services.privacy import Privacy
from bot.services.retention import Retention
from bot.services.turns import ADMINS
from bot.store.engine.database import Database
from bot.store.repositories.command_fingerprints import CommandFingerprints
from bot.store.repositories.control_proofs import ControlProofs
from bot.store.repositories.domain_changes import DomainChanges
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.sent_mails import SentMails
from bot.store.repositories.stored_checks import StoredChecks
from bot.store.repositories.tallies import StoredTallies

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from bot.app.work_parts import Foundation, RequestParts
    from bot.checks.observe.ports import ServerPorts
    from bot.config.settings import Settings
    from bot.dns.answer import Ask
    from bot.health.metrics import Metrics
    from bot.rotations.rotation_service import Rotations
    from bot.services.core import Core
    from bot.services.domain_looks import DomainLooks
    from bot.store.engine.notices import Notices
    from bot.watch.timeline import History
    from bot.watch.watch_worker import WatchWorker
    from bot.words import Words


@asynccontextmanager
async def open_client(
    settings: Settings,
    *,
    ports: ServerPorts | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Client]:
    """Yield the Discord client over a resolver and a store of its own; it is about to connect.

    `ports` are those of the mail server in place of the ones that the settings name; `now` is the
    clock of every part.

    Raises:
        StoreError: the store cannot be opened, or belongs to another process.

    """
    async with (
        await Database.open(settings.database_url) as database,
        open_client_over(database, settings, ports=ports, now=now) as client,
    ):
        await client.take_over()
        yield client


@asynccontextmanager
async def open_client_over(
    database: Database,
    settings: Settings,
    notices: Notices | None = None,
    *,
    ports: ServerPorts | None = None,
    now: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Client]:
    """Yield the client of `open_client` over this store, which it has not taken over yet.

    So it may wait while another process is at Discord: nothing was sent, written or begun.
    `notices` are what the processes on this store tell each other; None where there is one.
    """
    async with AsyncExitStack() as stack:
        base = await open_foundation(
            database, notices, settings, stack, pace=BESIDE_MEMBERS, ports=ports, now=now
        )
        core = base.core
        checks = StoredChecks(database)
        parts = make_requests(base)
        requests = parts.requests
        proofs = ControlProofs(database)
        look = partial(look_at_control, base.resolver.ask, make_authorities(settings))
        control = DomainControl(proofs, look, now)
        member_service = MemberService(
            core,
            RecentDomains(database),
            checks,
            now,
            telemetry=base.telemetry,
            asked=requests.kinds_asked,
            control=control,
        )
        fingerprints = CommandFingerprints(database)
        client = Client(settings, member_service, core.words, fingerprints, base.telemetry)
        client.now = now
        client.control = control
        client.backend = base.backend
        looks = make_looks(base, parts)
        watch = make_watch(base, looks, leads=True)
        changes = make_rotations(base, requests, watch)
        find_leftovers = make_leftover_search(base, changes)
        client.examine_backend = partial(check_mailcow, base.mailcow, find_leftovers)
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
            rotations=changes.rotations,
        )
        add_watch(client, watch, wanted=wanted, control=control, requests=requests)
        rotation_worker = make_rotation_worker(base, changes, watch.worker)
        client.rotations, client.rotation_worker = changes.rotations, rotation_worker
        client.jobs = (*client.jobs, rotation_worker.run)
        if database.has_one_process:
            # Whoever had taken something is gone; others on a server still have what is theirs.
            of_requests, of_looks = parts.store.requests, watch.store.domains
            releases = (of_requests.release_leases, of_looks.release_leases)
            client.takeover = (*client.takeover, *releases, rotation_worker.take_over)
        if settings.request_channel_id is not None:
            client.requests = requests
            _add_request_jobs(client, base, parts, looks=looks, watch=watch.worker)
            move_cards = partial(requests.move_cards, settings.request_channel_id)
            release_messages = parts.store.requests.release_messages
            client.takeover = (*client.takeover, release_messages, move_cards)
        client.domain_history = DomainHistory(DomainChanges(database), now, checks)
        client.draw_timeline = _draw_timeline
        client.jobs = (*client.jobs, Retention(database, now).run)
        _add_mail_tests(
            client, core, base.ask, database, control=control, rotations=changes.rotations
        )
        if base.metrics is not None:
            await _open_health_port(settings, client, StoredTallies(database), base.metrics, stack)
        yield client


def _add_request_jobs(
    client: Client,
    base: Foundation,
    parts: RequestParts,
    *,
    looks: DomainLooks,
    watch: WatchWorker,
) -> None:
    """Give the client the jobs that bring requests to their end."""
    # Admins wait for it.
    client.verifier = make_verifier(base, parts, partial(looks.check, asker=ADMINS))
    worker = make_request_worker(base, parts, looks, watch)
    outbox = OutboxWorker(parts.store, Delivery(client), client.now, parts.wake_up)
    client.jobs = (worker.run, outbox.run, *client.jobs)


def _add_mail_tests(
    client: Client,
    core: Core,
    ask: Ask,
    database: Database,
    *,
    control: DomainControl,
    rotations: Rotations,
) -> None:
    """Give the client test mails, where a mailbox for them is configured."""
    if client.settings.probe_address is None:
        client.examine_probe = partial(check_probe, None, None)
        return
    # What reads and judges mails loads slowly, and few need it.
    from bot.app.mail_test_parts import add_mail_tests  # noqa: PLC0415 - as above

    add_mail_tests(client, core, ask, database, control=control, rotations=rotations)


def _draw_timeline(history: History, words: Words) -> bytes:
    """Return the picture of a domain's history."""
    from bot.cards.timeline_picture import draw_timeline  # noqa: PLC0415 - its library, as above

    return draw_timeline(history, words)


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
