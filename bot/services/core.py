"""What the console and Discord both use: the expected records, and checks of domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.compile import add_not_in_mailcow, add_switched_off
from bot.checks.observe.mail_host import MOST_MEMBERS
from bot.records.expected import Expected, expect
from bot.requests.backend import Hosting

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.mail_server import MailServer
    from bot.services.domain_check import Checker
    from bot.services.domain_facts import DomainFacts
    from bot.services.server_faults import ServerFaults
    from bot.words import Words


def make_personal(report: Report, hosting: Hosting) -> Report | None:
    """Return a report with what the mail server tells of the domain, where that is against it.

    Only the member who asked and the admin are shown it.
    """
    if hosting is Hosting.ABSENT:
        return add_not_in_mailcow(report)
    return add_switched_off(report) if hosting is Hosting.OFF else None


@dataclass(frozen=True, slots=True)
class Core:
    """Expected records and checks of domains, for the console and for Discord."""

    server: MailServer
    words: Words
    checker: Checker
    domain_facts: DomainFacts
    faults: ServerFaults | None = None  # where somebody is told of them

    async def expect(self, domain: Domain, key: DkimKnowledge | None = None) -> Expected:
        """Return what a domain should publish; a key that is given goes before a known one."""
        known = await self.domain_facts.of(domain)
        return expect(self.server, domain, key or known.dkim, known.dmarc_stage, known.former)

    async def check(self, domain: Domain, key: DkimKnowledge | None = None) -> Report:
        """Return the report of a domain; a key that is given goes before a known one."""
        return (await self.check_both(domain, key))[0]

    async def check_both(
        self, domain: Domain, key: DkimKnowledge | None = None
    ) -> tuple[Report, Report | None]:
        """Return the report for everybody, and the fuller one for who asked, if there is one."""
        known = await self.domain_facts.of(domain)
        dkim = key or known.dkim
        report = await self.checker.check(domain, dkim, known.dmarc_stage, known.former)
        if self.faults is not None:
            self.faults.note(report)
        return report, make_personal(report, known.hosting)

    async def check_server(self) -> Report:
        """Return the report of the mail server itself."""
        return await self.checker.check_server(await self.domain_facts.some_domains(MOST_MEMBERS))
