"""The parts of test mails, where a mailbox for them is configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.app.shared_parts import utc_now
from bot.interactions.mail_test_delivery import MailTestDelivery
from bot.probe.mail_sender import MailSender
from bot.probe.mailbox import ProbeMailbox
from bot.requests.outbox_worker import OutboxWorker
from bot.requests.polling import WakeUp
from bot.services.mail_testing import MailTesting
from bot.services.mail_verdicts import MailVerdicts
from bot.services.member_mails import MemberMails
from bot.store.repositories.mail_test_news import MailTestNews
from bot.store.repositories.mail_tests import MailTests
from bot.store.repositories.sent_mails import SentMails

if TYPE_CHECKING:
    from bot.client import Client
    from bot.config.settings import Settings
    from bot.dns.answer import Ask
    from bot.services.core import Core
    from bot.services.domain_control import DomainControl
    from bot.store.engine.database import Database


@dataclass(frozen=True, slots=True)
class _News:
    """What an outbox worker delivers of test mails, and what it is about: one row each."""

    outbox: MailTestNews
    requests: MailTestNews


def make_mailbox(settings: Settings, ask: Ask) -> ProbeMailbox | None:
    """Return the mailbox for test mails; None where none is configured."""
    address, url = settings.probe_address, settings.probe_imap_url
    password = settings.probe_imap_password
    if address is None or url is None or password is None:
        return None
    return ProbeMailbox(address, url, password.get_secret_value(), ask)


def make_sender(settings: Settings, ask: Ask) -> MailSender | None:
    """Return what sends mails to members; None where that is not configured."""
    address, url = settings.probe_address, settings.probe_smtp_url
    if address is None or url is None:
        return None
    password = settings.probe_smtp_password
    return MailSender(address, url, password.get_secret_value() if password else None, ask)


def add_mail_tests(
    client: Client, core: Core, ask: Ask, database: Database, control: DomainControl
) -> None:
    """Give the client test mails, as far as they are configured, and their jobs."""
    settings, server, facts = client.settings, core.server, core.domain_facts
    mailbox = make_mailbox(settings, ask)
    if mailbox is not None:
        wake_up = WakeUp()
        read_at = mailbox.url.host
        verdicts = MailVerdicts(ask, server, mailbox.address, read_at, facts)
        testing = MailTesting(MailTests(database), mailbox, verdicts, utc_now, wake_up)
        news = MailTestNews(database)
        worker = OutboxWorker(_News(news, news), MailTestDelivery(client), utc_now, wake_up)
        client.mail_testing = testing
        client.jobs = (*client.jobs, testing.run, worker.run)
    sender = make_sender(settings, ask)
    if sender is not None:
        client.member_mails = MemberMails(
            SentMails(database),
            sender,
            facts=facts,
            control=control,
            server=server,
            words=core.words,
            now=utc_now,
        )
