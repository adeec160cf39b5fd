"""What the console and Discord both use: the expected records, and checks of domains."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.checks.compile import add_not_in_mailcow, add_switched_off
from bot.checks.observe.mail_host import MOST_MEMBERS
from bot.checks.observe.questions import LONGEST
from bot.checks.report import prove
from bot.records.dkim_key import KeyUnknown
from bot.requests.backend import MailHosting
from bot.services.domain_facts import KnownFacts
from bot.services.meant_domain import suggest_meant
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import PlanFacts
from bot.services.turns import OURSELVES, Turns

if TYPE_CHECKING:
    from bot.checks.observe.unhurried import Unhurried
    from bot.checks.report import Report
    from bot.checks.server.server_report import ServerReport
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.expected import Expected
    from bot.records.mail_server import MailServer
    from bot.services.domain_check import Checker
    from bot.services.domain_facts import DomainFacts
    from bot.services.live_ports import LivePorts
    from bot.services.plan.step import Plan
    from bot.services.server_faults import ServerFaults
    from bot.words import Words

NOTHING: Final = KnownFacts(KeyUnknown())


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check came to.

    `confidential`: something was known that only the mail server or the admin knows, so the report
    is for who asked alone. `personal` says more than `report` where that is for them to know.
    `known` is what was known when it was made.
    """

    report: Report
    personal: Report | None = None
    confidential: bool = False
    known: KnownFacts = NOTHING


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
    live_ports: LivePorts | None = None  # None where nobody looks at the server's ports
    turns: Turns = field(default_factory=Turns)
    longest: float = LONGEST

    async def expect(
        self,
        domain: Domain,
        key: DkimKnowledge | None = None,
        *,
        report: Report | None = None,
        confidential: bool = True,
    ) -> Expected:
        """Return what a domain should publish; a key that is given goes before a known one.

        Without the domain's report nothing is proven, so that DMARC is handed out with `p=none`.
        """
        known = await self._facts_of(domain, confidential=confidential)
        expected = known.expect_at(self.server, domain, key)
        return expected if report is None else prove(expected, report)

    async def check(self, domain: Domain, key: DkimKnowledge | None = None) -> Report:
        """Return the report of a domain that the bot or the console looks at by itself.

        A key that is given goes before a known one.
        """
        async with self.turns.of(OURSELVES):
            return (await self.check_in_turn(domain, key)).report

    async def check_for_operator(
        self, domain: Domain, key: DkimKnowledge | None = None
    ) -> tuple[Report, Plan]:
        """Return what `check` does, with the mail server's domain that was likely meant.

        The plan is the operator's, who may know all.
        """
        async with self.turns.of(OURSELVES):
            checked = await self.check_in_turn(domain, key)
        return await self.suggest(checked.report), self.plan(checked.report, checked.known)

    async def suggest(self, report: Report) -> Report:
        """Return a report with the mail server's domain that was likely meant, for the operator."""
        all_domains = self.domain_facts.all_domains
        told = await suggest_meant(report, all_domains, self.checker.ask, self.server.host)
        return told or report

    def plan(
        self, report: Report, known: KnownFacts | None, facts: PlanFacts | None = None
    ) -> Plan:
        """Return the plan of a domain that was checked.

        `known` is what the store and the mail server know of it, None where that is not for those
        who see the plan; `facts` are what is known besides.
        """
        tells = known is not None and self.domain_facts.can_tell_domains
        known = known or NOTHING
        facts = replace(facts or PlanFacts(), hosting=known.hosting if tells else None)
        expected = known.expect_at(self.server, report.domain)
        return make_plan(prove(expected, report), report, facts)

    async def check_in_turn(
        self, domain: Domain, key: DkimKnowledge | None = None, *, confidential: bool = True
    ) -> Checked:
        """Return the check of a domain whose turn it is; whoever calls holds a turn of `turns`."""
        started = time.monotonic()
        known = await self._facts_of(domain, confidential=confidential)
        known = known if key is None else replace(known, dkim=key)
        report = await self.check_known(domain, known, seconds=self._left(started))
        personal = make_personal(report, known.hosting)
        return Checked(report, personal, confidential=known != NOTHING, known=known)

    async def check_known(
        self,
        domain: Domain,
        known: KnownFacts,
        *,
        unhurried: Unhurried | None = None,
        seconds: float | None = None,
    ) -> Report:
        """Return the report of a domain of which this is known; whoever calls holds a turn.

        It takes `seconds` at most, by default `longest`. `unhurried` as in `Checker.check`.
        """
        report = await self.checker.check(
            domain,
            known.dkim,
            known.dmarc_stage,
            known.former,
            change=known.change,
            unhurried=unhurried,
            seconds=self.longest if seconds is None else seconds,
        )
        if self.faults is not None:
            self.faults.note(report)
        return report

    def _left(self, started: float) -> float:
        return self.longest - (time.monotonic() - started)

    async def _facts_of(self, domain: Domain, *, confidential: bool) -> KnownFacts:
        return await self.domain_facts.of(domain) if confidential else NOTHING

    async def check_server(self) -> ServerReport:
        """Return the report of the mail server itself."""
        return await self.checker.check_server(await self.domain_facts.some_domains(MOST_MEMBERS))
