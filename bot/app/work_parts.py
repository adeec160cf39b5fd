"""What looks and works, for `run` and for `work`: the core over a store, and the workers on it.

Nothing here knows Discord.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.app.shared_parts import (
    choose_backend,
    count_answers,
    make_authorities,
    make_live_ports,
    make_metrics,
    make_sources,
    open_mailcow,
    utc_now,
)
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.dns.resolver import Resolver
from bot.dns.server_address import system_servers
from bot.errors import StoreError
from bot.net.certificate import CertificateCheck
from bot.requests import worker as request_worker
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.requests.verification import DomainVerifier
from bot.requests.waiting_looks import RequestsInWait
from bot.requests.work import Tools
from bot.requests.worker import Worker
from bot.rotations import rotation_worker
from bot.rotations.key_changes import KeyChanges
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.services.request_evidence import RequestEvidence
from bot.services.server_faults import ServerFaults
from bot.services.turns import AT_ONCE, REST, Turns
from bot.store.repositories.approved_stages import ApprovedStages
from bot.store.repositories.for_requests import RequestStore
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.rotations import StoredRotations
from bot.telemetry import Telemetry
from bot.watch import watch_worker
from bot.watch.watch_worker import WatchWorker
from bot.words import Medium, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AsyncExitStack
    from datetime import datetime, timedelta

    from bot.checks.observe.ports import ServerPorts
    from bot.config.settings import Settings
    from bot.dns.answer import Ask
    from bot.health.metrics import Metrics
    from bot.jobs import Job
    from bot.mailcow.api import Mailcow
    from bot.requests.backend import MailBackend
    from bot.requests.protocols import Look
    from bot.store.engine.database import Database
    from bot.store.engine.notices import Notices

# What processes tell each other.
_REQUESTS: Final = "requests"  # one is due, or messages about one are to be delivered
_WATCH: Final = "watch"  # a look is due, or news are to be delivered
_UNLOCKED: Final = "mailcow-unlocked"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much one process does at once, and for how long what it took is its alone.

    `looks` are those that may be under way; of these `by_itself` ask, and as many again wait for
    servers that do not answer. Between the beginnings of looks are `rest` seconds, so that members
    of the same process do not wait.
    """

    looks: int
    by_itself: int
    rest: float
    look_lease: timedelta = watch_worker.LEASE
    request_lease: timedelta = request_worker.LEASE
    rotation_lease: timedelta = rotation_worker.LEASE


BESIDE_MEMBERS: Final = Pace(looks=watch_worker.AT_ONCE, by_itself=4, rest=REST)
ALONE: Final = Pace(looks=48, by_itself=24, rest=0.0)


@dataclass(frozen=True, slots=True)
class Foundation:
    """What all other parts of a process stand on."""

    settings: Settings
    closing: AsyncExitStack  # what is called when the process ends, or its turn at Discord
    now: Callable[[], datetime]
    pace: Pace
    database: Database
    notices: Notices | None  # where nobody else has the database
    metrics: Metrics | None  # where nobody reads them
    resolver: Resolver
    ask: Ask  # the resolver's, with each answer counted
    mailcow: Mailcow | None  # where it is not configured
    backend: MailBackend
    core: Core

    @property
    def telemetry(self) -> Telemetry:
        """Whatever counts, or nothing."""
        return self.metrics or Telemetry()

    @property
    def takes_requests(self) -> bool:
        """Whether members can ask the admin for something."""
        return self.settings.request_channel_id is not None

    def make_wake_up(self, topic: str, *others: WakeUp) -> WakeUp:
        """Return what wakes the jobs that work on one thing, in all processes.

        Each time `others` wake theirs, too.
        """
        notices = self.notices
        tells = [other.wake for other in others]
        if notices is not None:
            tells.append(partial(notices.tell, topic))
        wake_up = WakeUp(partial(_call_all, tells) if tells else None)
        if notices is not None:
            ear = notices.listen(topic, lambda _: wake_up.wake_here(), wake_up.wake_here)
            self.closing.callback(notices.forget, ear)
        return wake_up


async def open_foundation(
    database: Database,
    notices: Notices | None,
    settings: Settings,
    stack: AsyncExitStack,
    *,
    pace: Pace,
    ports: ServerPorts | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Foundation:
    """Return the foundation over a store, with connections that are closed with the stack.

    `ports` are those of the mail server in place of the ones that the settings name; `now` is the
    clock of every part.
    """
    server = settings.mail_server()
    metrics = make_metrics(settings)
    turns = Turns(max(AT_ONCE, pace.by_itself), by_itself=pace.by_itself, rest=pace.rest)
    resolver = await stack.enter_async_context(
        # Questions that nobody answers must not keep those of other checks from being sent.
        Resolver(
            settings.dns_servers or system_servers(),
            in_flight=max(AT_ONCE, turns.most_by_itself) * MOST_QUESTIONS,
        )
    )
    ask = resolver.ask if metrics is None else count_answers(resolver.ask, metrics)
    mailcow = await open_mailcow(settings, stack, telemetry=metrics or Telemetry())
    unlock_others = None
    if notices is not None and mailcow is not None:
        # An admin says in one process that a key works again, which all of them were refused.
        ear = notices.listen(_UNLOCKED, lambda _: mailcow.unlock(), mailcow.unlock)
        stack.callback(notices.forget, ear)
        unlock_others = partial(notices.tell, _UNLOCKED)
    backend = choose_backend(settings, mailcow, unlock_others)
    domain_facts = DomainFacts(
        KnownKeys(database),
        now,
        backend=backend,
        stage_of=ApprovedStages(database).of,
        change_of=KeyChanges(StoredRotations(database), now).of,
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
    words = Words(Medium.DISCORD, settings.templates_dir)
    core = Core(server, words, checker, domain_facts, faults, live_ports, turns=turns)
    return Foundation(
        *(settings, stack, now, pace, database, notices, metrics),
        *(resolver, ask, mailcow, backend, core),
    )


@dataclass(frozen=True, slots=True)
class RequestParts:
    """What requests are asked, kept and woken with."""

    requests: Requests
    store: RequestStore
    wake_up: WakeUp


def make_requests(base: Foundation) -> RequestParts:
    """Return requests over the store of the foundation."""
    store, wake_up = RequestStore.of(base.database), base.make_wake_up(_REQUESTS)
    selector, capabilities = base.core.server.dkim_selector, base.backend.capabilities
    requests = Requests(store, base.now, wake_up, selector, capabilities)
    return RequestParts(requests, store, wake_up)


def make_looks(base: Foundation, parts: RequestParts) -> DomainLooks:
    """Return what makes the looks that nobody sits and waits for."""
    asked = parts.requests.kinds_asked if base.takes_requests else None
    return DomainLooks(base.core, base.now, asked=asked)


@dataclass(frozen=True, slots=True)
class WatchParts:
    """What the watch keeps, who looks for it, and what wakes both that and who tells its news."""

    store: WatchStore
    worker: WatchWorker
    wake_up: WakeUp
    jobs: tuple[Job, ...]


def make_watch(base: Foundation, looks: DomainLooks, *, leads: bool) -> WatchParts:
    """Return the watch of a process; the one that leads lists the domains and tells digests."""
    core, wake_up = base.core, base.make_wake_up(_WATCH)
    store = WatchStore.of(base.database)
    worker = WatchWorker(
        store.domains,
        looks.look,
        core.check_server,
        core.domain_facts.list_hosted if leads else None,
        base.now,
        wake_up,
        at_once=base.pace.looks,
        lease=base.pace.look_lease,
    )
    looks.listen(worker.settle)
    jobs: tuple[Job, ...] = (worker.run,)
    if core.faults is not None:
        jobs = (*jobs, partial(hand_on_faults, core.faults, worker))
    return WatchParts(store, worker, wake_up, jobs)


def make_verifier(base: Foundation, parts: RequestParts, look: Look) -> DomainVerifier:
    """Return what finds out whether what was asked for is live, by looks of this kind."""
    return DomainVerifier(
        look,
        base.backend,
        certificate=CertificateCheck(base.ask, allow_private=base.settings.dns_allow_private),
        webmail_label=base.core.server.webmail_label,
        describe=RequestEvidence(base.core, parts.requests.kinds_asked),
    )


def make_request_worker(
    base: Foundation, parts: RequestParts, looks: DomainLooks, watch: WatchWorker
) -> Worker:
    """Return what brings requests to their end."""
    looks.listen(RequestsInWait(parts.store, base.now, parts.wake_up).take)
    tools = Tools(base.core.server, base.backend, make_verifier(base, parts, looks.check))
    return Worker(
        *(parts.store, tools, base.now, parts.wake_up),
        watch=watch,
        lease=base.pace.request_lease,
    )


async def hand_on_faults(faults: ServerFaults, worker: WatchWorker) -> None:
    """Give the watch the mail server's faults that checks meet, for ever."""
    while True:
        fault = await faults.next()
        try:
            await worker.note_faults((fault.what,), fault.domain)
        except StoreError as error:
            faults.take_back(fault)
            _log.warning("a fault of the mail server was not noted: %s", error)


def _call_all(calls: Iterable[Callable[[], None]]) -> None:
    for call in calls:
        call()
