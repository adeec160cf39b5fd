"""What members can ask for, whether over Discord or over something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.checks.export.archive import SCHEMA, dump_report, load_report
from bot.checks.observe.zone import find_place
from bot.names import Domain
from bot.records.client_settings import ClientSettings, client_settings
from bot.requests.model import RequestKind
from bot.services.core import make_personal
from bot.services.meant_domain import suggest_meant
from bot.services.plan.step import PlanFacts
from bot.services.shared_checks import SharedChecks
from bot.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    import dns.name
    import dns.rdatatype

    from bot.checks.report import Report
    from bot.checks.server.server_report import ServerReport
    from bot.checks.zone_place import ZonePlace
    from bot.dns.answer import Answer
    from bot.names import MailAddress
    from bot.records.expected import Expected
    from bot.requests.backend import MailHosting
    from bot.services.core import Checked, Core
    from bot.services.domain_control import DomainControl
    from bot.services.domain_facts import KnownFacts
    from bot.services.plan.step import Plan
    from bot.store.repositories.recent_domains import RecentDomains
    from bot.store.repositories.stored_checks import StoredChecks

RECENT = 50  # domains of a member that a name is compared with, the latest
_NOBODY = 0  # no member has this id, so that what is written under it is offered to nobody


@dataclass(frozen=True, slots=True)
class KeptCheck:
    """A report with the number that a card's buttons carry.

    `report` is what is kept; where it is not `confidential`, everybody may see it. `personal` is
    what is shown to the one who asked (`member_id`, None where nobody knows), where that is more;
    it is not kept. `shared`: a card that others see carries the number; None where the check is
    from before that was noted. `known` is what was known when it was made; it is not kept either.
    """

    id: int
    report: Report
    personal: Report | None = None
    member_id: int | None = None
    confidential: bool = False
    shared: bool | None = False
    known: KnownFacts | None = None

    def shown(self, *, shared: bool) -> Report:
        """Return the report for a card that others see, or for the one who asked."""
        return self.report if shared or self.personal is None else self.personal


class Wait(StrEnum):
    """Why a check does not begin at once."""

    OWN = "own"  # as many checks of the same member run as may
    OTHERS = "others"  # as many run as may in all


class MemberService:
    """Answers members: settings, records and checks, each remembered for who asked."""

    def __init__(
        self,
        core: Core,
        recent: RecentDomains,
        checks: StoredChecks,
        now: Callable[[], datetime],
        *,
        telemetry: Telemetry | None = None,
        asked: Callable[[Domain], Awaitable[frozenset[RequestKind]]] | None = None,
        control: DomainControl | None = None,
    ) -> None:
        self.server = core.server
        self.faults = core.faults
        self.live_ports = core.live_ports
        self._core = core
        self._recent = recent
        self._checks = checks
        self._now = now
        self._telemetry = telemetry or Telemetry()
        self._asked = asked
        self._control = control
        self._turns = core.turns
        self._running: SharedChecks[tuple[Domain, bool], Checked] = SharedChecks()

    def settings(self, who: MailAddress | Domain | None) -> ClientSettings:
        """Return the settings for a mail client."""
        return client_settings(self.server, who)

    async def expect(
        self, domain: Domain, *, report: Report | None = None, confidential: bool = False
    ) -> Expected:
        """Return what a domain should publish; `confidential` as in `check`."""
        return await self._core.expect(domain, report=report, confidential=confidential)

    async def remember(self, member_id: int, domain: Domain) -> None:
        """Note that a member asked about a domain, to offer it to them again."""
        await self._recent.remember(member_id, domain, self._now())

    async def try_store(self) -> None:
        """Return if the store can be written; raise StoreError if it cannot."""
        await self.remember(_NOBODY, Domain(self.server.host))

    async def recent(self, member_id: int, prefix: str) -> tuple[Domain, ...]:
        """Return the domains that this member asked about, the latest first; nobody else's."""
        return await self._recent.of(member_id, prefix)

    async def place(self, domain: Domain) -> ZonePlace:
        """Return a domain's zone and its name servers, as far as they are known in two seconds."""
        return await find_place(self._core.checker.ask, domain)

    async def provider(self, member_id: int, domain: Domain) -> str | None:
        """Return the key of the DNS provider that a member chose for a domain, or None."""
        return await self._recent.provider(member_id, domain)

    async def choose_provider(self, member_id: int, domain: Domain, key: str) -> None:
        """Remember the DNS provider that a member chose for a domain."""
        await self._recent.choose_provider(member_id, domain, key, self._now())

    def wait_for(self, domain: Domain, member_id: int, *, confidential: bool) -> Wait | None:
        """Return why a check that a member asks for now has to wait; None where it begins."""
        if (domain, confidential) in self._running or not self._turns.must_wait(member_id):
            return None
        return Wait.OWN if self._turns.has_many(member_id) else Wait.OTHERS

    async def check(
        self, domain: Domain, member_id: int, *, confidential: bool = False, shared: bool = False
    ) -> KeptCheck:
        """Return a new check of a domain; members who ask at the same time share one.

        It takes its turn among the checks of this member and of others. What only the mail server
        and the admin know of the domain is left out, and not even asked for, unless
        `confidential`: then it is for who asked, where they may be told. It is `shared` where its
        card is one that others see.
        """
        if (domain, confidential) in self._running:
            checked = await self._join(domain, confidential)
        else:
            async with self._turns.of(member_id):
                checked = await self._join(domain, confidential)
        report = checked.report
        number = await self._checks.keep(
            domain,
            member_id,
            dump_report(report),
            SCHEMA,
            report.checked_at,
            confidential=checked.confidential,
            shared=shared,
        )
        return KeptCheck(
            number,
            report,
            checked.personal,
            member_id,
            checked.confidential,
            shared,
            checked.known if confidential else None,
        )

    async def share(self, kept: KeptCheck, member_id: int) -> KeptCheck:
        """Return the check for a card that others see, from now on.

        Where the given one says more than everybody may know, the domain is checked anew without.
        """
        if kept.confidential:
            return await self.check(kept.report.domain, member_id, shared=True)
        await self._checks.share(kept.id)
        return replace(kept, shared=True)

    async def check_server(self, member_id: int) -> ServerReport:
        """Return a new check of the mail server itself, for the admin."""
        async with self._turns.of(member_id):
            return await self._core.check_server()

    async def kept(self, check_id: int) -> KeptCheck | None:
        """Return a check that was kept; None where it is gone or from another version."""
        stored = await self._checks.get(check_id)
        if stored is None or stored.schema != SCHEMA:
            return None
        report = load_report(stored.report)
        return KeptCheck(
            stored.id, report, None, stored.member_id, stored.confidential, stored.shared
        )

    async def make_personal(self, kept: KeptCheck) -> KeptCheck:
        """Return a kept check with the parts that only the member who asked may read."""
        if not kept.confidential:
            return kept
        hosting = await self.hosting(kept.report.domain)
        return replace(kept, personal=make_personal(kept.report, hosting))

    async def plan(self, kept: KeptCheck, *, confidential: bool, can_ask: bool = False) -> Plan:
        """Return the plan of a check's domain, with what has become known since.

        Where it is not `confidential`, it is made of what everybody may know. `can_ask` says
        whether the member whose check it is can ask the admin for something there.
        """
        domain, known, member_id = kept.report.domain, kept.known, kept.member_id
        if not confidential:
            return self._core.plan(kept.report, None)
        if known is None:
            known = await self._core.domain_facts.of(domain)
        asked = await self._asked(domain) if self._asked is not None else frozenset[RequestKind]()
        facts, report = PlanFacts(asked=asked, can_ask=can_ask), kept.shown(shared=False)
        plan = self._core.plan(report, known, facts)
        if self._control is None or member_id is None or not (plan.moves and can_ask):
            return plan
        # Only a domain that moves has to be shown to be the member's before it is added.
        proven = await self._control.is_shown(member_id, domain)
        token = await self._control.token(member_id, domain)
        return self._core.plan(report, known, replace(facts, control=proven, token=token))

    async def suggest(
        self, kept: KeptCheck, member_id: int, *, sees_server: bool = False
    ) -> KeptCheck:
        """Return the check with the domain that was likely meant instead, for this member alone.

        It is one that they asked about before, or where they may see those (`sees_server`), one
        that is on the mail server.
        """

        async def find_known() -> tuple[Domain, ...]:
            own = await self._recent.of(member_id, limit=RECENT)
            others = await self._core.domain_facts.all_domains() if sees_server else ()
            return (*own, *others)

        report = kept.shown(shared=False)
        told = await suggest_meant(report, find_known, self.ask, self.server.host)
        return kept if told is None else replace(kept, personal=told)

    async def hosting(self, domain: Domain) -> MailHosting:
        """Return whether the mail server takes mail for a domain, as far as it says.

        For the admin and the one who asked alone.
        """
        return await self._core.domain_facts.hosting(domain)

    async def ask(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> Answer:
        """Return the answer to one question to the DNS."""
        return await self._core.checker.ask(name, rdtype)

    async def _join(self, domain: Domain, confidential: bool) -> Checked:
        return await self._running.join(
            (domain, confidential), lambda: self._run_check(domain, confidential)
        )

    async def _run_check(self, domain: Domain, confidential: bool) -> Checked:
        checked = await self._core.check_in_turn(domain, confidential=confidential)
        self._telemetry.count_check(checked.report)
        return checked
