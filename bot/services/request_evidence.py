"""What a request's evidence says: the check of its domain, by the plan made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.records.expected import Purpose, expect
from bot.records.presentation import relative_name
from bot.requests.backend import MailHosting
from bot.requests.evidence import LightSeen, take_evidence
from bot.requests.kinds import KINDS
from bot.services.plan.step import PlanFacts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.checks.report import Report
    from bot.names import Domain
    from bot.records.mail_server import MailServer
    from bot.requests.evidence import Evidence
    from bot.requests.model import RequestKind
    from bot.services.core import Core
    from bot.services.domain_facts import KnownFacts
    from bot.services.plan.step import Plan


class RequestEvidence:
    """Puts reports into evidence for the worker; see `bot.requests.protocols.Describe`.

    `asked` says which requests are open for a domain.
    """

    def __init__(
        self, core: Core, asked: Callable[[Domain], Awaitable[frozenset[RequestKind]]]
    ) -> None:
        self._core = core
        self._asked = asked

    async def __call__(self, kind: RequestKind, report: Report, hosting: MailHosting) -> Evidence:
        """Return what a report shows of a request's domain, with what is known of it now."""
        core, domain = self._core, report.domain
        known = await core.domain_facts.of(domain)
        if hosting is not MailHosting.UNKNOWN:  # heard with this very look
            known = replace(known, hosting=hosting)
        facts = PlanFacts(asked=await self._asked(domain), can_ask=True)
        return gather_evidence(kind, report, core.plan(report, known, facts), known, core.server)


def gather_evidence(
    kind: RequestKind, report: Report, plan: Plan, known: KnownFacts, server: MailServer
) -> Evidence:
    """Return what is kept with a request of a report, of the plan, and of the mail server."""
    return take_evidence(
        kind,
        report,
        known.hosting,
        lights=[LightSeen(light.part.value, light.status, light.wanted) for light in plan.lights],
        asks=None if plan.next is None else plan.next.asks,
        name=_name_of(kind, report.domain, known, server),
    )


def _name_of(kind: RequestKind, domain: Domain, known: KnownFacts, server: MailServer) -> str:
    """Return where the record is looked for that a request is about, relative to the domain."""
    expected, purpose = expect(server, domain, known.dkim), Purpose(KINDS[kind].check.value)
    if purpose is Purpose.DKIM:
        return f"{expected.selector}._domainkey"
    record = expected.record(purpose)
    return "" if record is None else relative_name(record.owner, domain.name)
