"""Puts together what works on requests beside the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.interactions.delivery import Delivery
from bot.interactions.fault_posts import FaultPosts
from bot.net.certificate import CertificateLook
from bot.requests.backend import choose_mail
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.requests.service import Requests
from bot.requests.verification import DomainVerifier
from bot.requests.worker import Tools, Worker
from bot.store.repositories.for_requests import RequestStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.client import Client
    from bot.dns.answer import Ask
    from bot.services.member_service import Core
    from bot.store.engine.database import Database


async def take_requests(
    client: Client, database: Database, core: Core, ask: Ask, now: Callable[[], datetime]
) -> None:
    """Let the client take requests, and give it the jobs that bring them to their end.

    Raises:
        StoreError: the store cannot be written.

    """
    settings, mailcow, server = client.settings, client.mailcow, core.server
    store, wake_up = RequestStore.of(database), WakeUp()
    await store.requests.release_leases()  # of the process before; no job has begun yet
    mail = choose_mail(mailcow, server.dkim_selector)
    certificate = CertificateLook(ask, allow_private=settings.dns_allow_private)
    look = DomainVerifier(
        core.check, ask, mail, certificate=certificate, webmail_label=server.webmail_label
    )
    worker = Worker(store, Tools(server, mail, look), now, wake_up)
    outbox = OutboxWorker(store, Delivery(client), now, wake_up)
    client.requests = Requests(
        store,
        now,
        wake_up,
        selector=server.dkim_selector,
        by_hand=mailcow is None or not mailcow.can_write,
    )
    posts = FaultPosts(client, core.faults) if core.faults is not None else None
    client.jobs = (worker.run, outbox.run, *([posts.run] if posts else []))
