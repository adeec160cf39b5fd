"""The parts of test mails, where a mailbox for them is configured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self

from bot.app.shared_parts import make_mailbox, make_sender
from bot.doctor.probe_access import check_probe
from bot.interactions.mail_test_delivery import MailTestDelivery
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.services.key_proofs import note_proven_key
from bot.services.mail_testing import MailTesting
from bot.services.mail_verdicts import MailVerdicts
from bot.services.member_mails import MemberMails
from bot.store.repositories.mail_test_news import MailTestNews
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.sent_mails import SentMails

if TYPE_CHECKING:
    from bot.client import Client
    from bot.dns.answer import Ask
    from bot.rotations.rotation_service import Rotations
    from bot.services.core import Core
    from bot.services.domain_control import DomainControl
    from bot.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class MailNews:
    """What an outbox worker delivers of test mails, and what it is about."""

    outbox: MailTestNews
    requests: MailTests

    @classmethod
    def of(cls, database: Database) -> Self:
        """Return the news in this database."""
        return cls(MailTestNews(database), MailTests(database))


def add_mail_tests(
    client: Client,
    core: Core,
    ask: Ask,
    database: Database,
    *,
    control: DomainControl,
    rotations: Rotations,
) -> None:
    """Give the client test mails, as far as they are configured, and their jobs."""
    server, facts = core.server, core.domain_facts
    mailbox = make_mailbox(client.settings, ask)
    sender = make_sender(client.settings, ask)
    client.examine_probe = partial(check_probe, mailbox, sender)
    if mailbox is not None:
        wake_up = WakeUp()
        read_at = mailbox.url.host
        verdicts = MailVerdicts(ask, server, mailbox.address, read_at, facts)
        testing = MailTesting(
            MailTests(database),
            mailbox,
            verdicts,
            client.now,
            wake_up,
            note_proven=partial(note_proven_key, rotations),
        )
        news = MailNews.of(database)
        client.takeover = (*client.takeover, news.outbox.release_leases)
        worker = OutboxWorker(news, MailTestDelivery(client), client.now, wake_up)
        client.mail_testing = testing
        client.jobs = (*client.jobs, testing.run, worker.run)
    if sender is not None:
        sent = SentMails(database)
        client.takeover = (*client.takeover, sent.note_cut_short)
        client.member_mails = MemberMails(
            sent,
            sender,
            facts=facts,
            control=control,
            server=server,
            words=core.words,
            now=client.now,
        )
