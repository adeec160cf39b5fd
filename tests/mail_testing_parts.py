"""What test mails stand on: a store, the mailbox on a loopback address, and a judge over a zone."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.demo.mailbox_double import MailboxDouble
from bot.names import Domain
from bot.requests.polling import WakeUp
from bot.services.domain_facts import DomainFacts
from bot.services.mail_testing import MailTesting, NewMailTest
from bot.services.mail_verdicts import MailVerdicts
from bot.store.engine.database import Database
from bot.store.repositories.mail_tests import MailTests
from observed_domain import SERVER
from probe_mails import PROBE, mailbox_of
from request_guild import Clock
from signed_mails import good_mail, txt, zone
from zone_reports import LinesAsk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from bot.checks.mail.proven_keys import ProvenKey
    from bot.requests.mail_proof import MailTest
    from bot.services.mail_testing import NoteProven

FRIEND = Domain.from_ascii("friend.example")
ANN, BEN = 300000000000000007, 300000000000000008


@dataclass
class MailTestParts:
    """The service, and what is around it."""

    double: MailboxDouble
    database: Database
    clock: Clock
    service: MailTesting
    tests: MailTests
    proven: list[tuple[ProvenKey, datetime]]  # what it told of keys that mails were signed with

    def restart(self) -> None:
        """Have a service that remembers nothing, as another process would."""
        self.service = make_service(self.double, self.tests, self.clock, self.note)

    async def note(self, key: ProvenKey, at: datetime) -> None:
        """Take a key that a mail was signed with."""
        self.proven.append((key, at))

    async def begin(self, domain: Domain | None = FRIEND, member_id: int = ANN) -> NewMailTest:
        """Begin a test; it has to be possible."""
        new = await self.service.begin(member_id, domain)
        assert isinstance(new, NewMailTest)
        return new

    async def now(self, new: NewMailTest) -> MailTest:
        """Return a test as it is now."""
        test = await self.service.get(new.test.id)
        assert test is not None
        return test


@asynccontextmanager
async def open_mail_testing(url: str) -> AsyncIterator[MailTestParts]:
    """Yield the parts over the database at a URL."""
    async with (
        MailboxDouble() as double,
        await Database.open(url) as database,
    ):
        tests, clock = MailTests(database), Clock()
        parts = MailTestParts(
            double, database, clock, make_service(double, tests, clock), tests, proven=[]
        )
        parts.restart()
        yield parts


def make_service(
    double: MailboxDouble, tests: MailTests, clock: Clock, note: NoteProven | None = None
) -> MailTesting:
    """Return the service, which judges in a world where all is right."""
    probe = "else.example. MX 10 mail.else.example.\nmail.else.example. A 203.0.113.9\n"
    ask = LinesAsk(zone(probe, txt("else.example", "v=spf1 -all")))
    facts = DomainFacts(None, clock)
    verdicts = MailVerdicts(ask, SERVER, PROBE, "mail.else.example", facts)
    return MailTesting(tests, mailbox_of(double), verdicts, clock, WakeUp(), note_proven=note)


def mail_for(new: NewMailTest, raw: bytes | None = None) -> bytes:
    """Return a mail that passes, or another, as it was delivered for a token's address."""
    return f"X-Original-To: {new.address}\r\n".encode() + (raw or good_mail())
