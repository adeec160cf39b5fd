"""What the console and Discord both use: the expected records, and checks of domains."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.checks.compile import add_not_in_mailcow, add_switched_off
from bot.checks.observe.mail_host import MOST_MEMBERS
from bot.checks.observe.questions import LONGEST
from bot.records.dkim_key import KeyUnknown
from bot.records.expected import Expected, expect
from bot.requests.backend import MailHosting
from bot.services.domain_facts import KnownFacts
from bot.services.meant_domain import suggest_meant
from bot.services.turns import OURSELVES, Turns

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.mail_server import MailServer
    from bot.services.domain_check import Checker
    from bot.services.domain_facts import DomainFacts
    from bot.services.server_faults import ServerFaults
    from bot.words import Words

_NOTHING = KnownFacts(KeyUnknown())


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check came to.

    `confidential`: something was known that only the mail server or the admin knows, so the report
    is for who asked alone. `personal` says more than `report` where that is for them to know.
    """

    report: Report
    personal: Report | None = None
    confidential: bool = False


def make_personal(report: Report, hosting: MailHosting) -> Report | None:
    """Return a report with what the mail server tells of the domain, where that is against it.

    Only the member who asked and the admin are shown it.
    """
    if hosting is MailHosting.ABSENT:
        return add_not_in_mailcow(report)
    return add_switched_off(report) if hosting is MailHosting.OFF else None


@dataclass(frozen=True, slots=True)
class Core:
    """Expected records and checks of domains, for the console and for Discord.

    A check takes its turn among the others, then `longest` seconds at most; what is not known by
    then is unknown. What is not `confidential` is made as if nobody knew more of the domain than
    the DNS says: the mail server and the store are not even asked.
    """

    server: MailServer
    words: Words
    checker: Checker
    domain_facts: DomainFacts
    faults: ServerFaults | None = None  # where somebody is told of them
    turns: Turns = field(default_factory=Turns)
    longest: float = LONGEST

    async def expect(
        self, domain: Domain, key: DkimKnowledge | None = None, *, confidential: bool = True
    ) -> Expected:
        """Return what a domain should publish; a key that is given goes before a known one."""
        known = await self._facts_of(domain, confidential=confidential)
        return expect(self.server, domain, key or known.dkim, known.dmarc_stage, known.former)

    async def check(self, domain: Domain, key: DkimKnowledge | None = None) -> Report:
        """Return the report of a domain that the bot or the console looks at by itself.

        A key that is given goes before a known one.
        """
        async with self.turns.of(OURSELVES):
            return (await self.check_in_turn(domain, key)).report

    async def check_for_operator(self, domain: Domain, key: DkimKnowledge | None = None) -> Report:
        """Return what `check` does, with the mail server's domain that was likely meant."""
        report = await self.check(domain, key)
        known = self.domain_facts.all_domains
        return await suggest_meant(report, known, self.checker.ask, self.server.host) or report

    async def check_in_turn(
        self, domain: Domain, key: DkimKnowledge | None = None, *, confidential: bool = True
    ) -> Checked:
        """Return the check of a domain whose turn it is; whoever calls holds a turn of `turns`."""
        started = time.monotonic()
        known = await self._facts_of(domain, confidential=confidential)
        report = await self.checker.check(
            domain,
            key or known.dkim,
            known.dmarc_stage,
            known.former,
            seconds=self.longest - (time.monotonic() - started),
        )
        if self.faults is not None:
            self.faults.note(report)
        personal = make_personal(report, known.hosting)
        return Checked(report, personal, confidential=known != _NOTHING)

    async def _facts_of(self, domain: Domain, *, confidential: bool) -> KnownFacts:
        return await self.domain_facts.of(domain) if confidential else _NOTHING

    async def check_server(self) -> Report:
        """Return the report of the mail server itself."""
        return await self.checker.check_server(await self.domain_facts.some_domains(MOST_MEMBERS))
