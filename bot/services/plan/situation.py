"""How each part of a plan stands by itself, whatever has to come before it."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from bot.checks.dmarc.record import parse_record
from bot.checks.finding import EXTRAS, Check, Finding, Fix, FixAction, Status
from bot.checks.report import (
    SERVER_SIDE,
    CheckResult,
    find_propagation,
    is_of_other_key,
    status_without,
)
from bot.records.control_token import CONTROL_LABEL
from bot.records.dkim_key import KnownKey
from bot.records.dmarc_policy import DmarcPolicy, policy_to_hand_out
from bot.records.expected import Purpose, staged_dmarc
from bot.requests.backend import MailHosting
from bot.requests.model import RequestKind
from bot.services.plan.standing import (
    Standing,
    stand_former_key,
    stand_next_key,
    to_do,
    wait_for_caches,
)
from bot.services.plan.step import Part, StepState, Who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.checks.report import Report
    from bot.records.expected import Expected, ExpectedRecord
    from bot.services.plan.step import PlanFacts

_ELSEWHERE: Final = frozenset({"mx-not-ours", "mx-foreign-preferred"})
_STAGES: Final = {Part.QUARANTINE: DmarcPolicy.QUARANTINE, Part.REJECT: DmarcPolicy.REJECT}
_RECORD_OF: Final = {
    Part.MX: Check.MX,
    Part.SPF: Check.SPF,
    Part.DKIM: Check.DKIM,
    Part.DMARC: Check.DMARC,
}
_OPTIONAL: Final = frozenset({Check.WEBMAIL, Check.AUTOCONFIG, Check.AUTODISCOVER}) | EXTRAS
_ON_SERVER_CODES: Final = frozenset({"not-in-mailcow", "off-in-mailcow"})
_NOTHING_THERE: Final = "no-records-yet"
UNVERIFIED: Final = "dkim-unverified"  # the code of a key that nothing can be compared with
_TO_DO: Final = frozenset({Status.WARN, Status.FAIL})


def is_unverified(findings: Iterable[Finding]) -> bool:
    """Whether a sound DKIM key is there that nothing known can be compared with."""
    return any(finding.code == UNVERIFIED for finding in findings)


class Situation:
    """What is expected, seen and known of one domain, read part by part."""

    def __init__(self, expected: Expected, report: Report, facts: PlanFacts) -> None:
        self.expected = expected
        self.report = report
        self.facts = facts
        self._results: dict[Check, CheckResult] = {
            result.check: result for result in report.results if isinstance(result.check, Check)
        }

    @cached_property
    def moves(self) -> bool:
        """Whether the domain's mail arrives at another server now."""
        codes = {finding.code for finding in self.report.findings if finding.check is Check.MX}
        return bool(codes & _ELSEWHERE)

    def stand(self, part: Part) -> Standing | None:
        """Return how a part stands; None where it does not belong to this domain's plan."""
        if part in _RECORD_OF and part is not Part.DKIM:
            return self._record(part)
        if part in _STAGES:
            return self._stage(part)
        looks: dict[Part, Callable[[], Standing | None]] = {
            Part.DELEGATION: self._delegation,
            Part.CONTROL: self._control,
            Part.MAILBOXES: self._mailboxes,
            Part.SERVER: self._server,
            Part.DKIM_KEY: self._key,
            Part.DKIM: self._dkim,
            Part.DKIM_NEXT: partial(stand_next_key, self.expected, self.report),
            Part.DKIM_FORMER: partial(stand_former_key, self.expected, self.report),
            Part.ZONE: self._zone,
            Part.EXTRAS: self._extras,
            Part.FORMER_MAIL: self._former_mail,
            Part.OPTIONAL: self._optional,
        }
        return looks[part]()

    def _result(self, check: Check) -> CheckResult:
        # A report kept by an earlier version knows fewer checks.
        return self._results.get(check) or CheckResult(check, Status.UNKNOWN)

    def _findings(self, *checks: Check) -> tuple[Finding, ...]:
        """Return what is to be done about checks, but for what belongs to another part."""
        return tuple(
            finding
            for finding in self.report.findings
            if finding.check in checks
            and finding.severity in _TO_DO
            and not is_of_other_key(finding)
            and finding.code not in {*_ON_SERVER_CODES, _NOTHING_THERE, "dmarc-policy-none"}
        )

    @cached_property
    def _absence(self) -> Finding | None:
        """The finding that the name has no records at all yet, with all that it needs."""
        found = (f for f in self.report.findings if f.code == _NOTHING_THERE)
        return next(found, None)

    def _delegation(self) -> Standing:
        result = self._result(Check.DELEGATION)
        failed = tuple(f for f in self._findings(Check.DELEGATION) if f.severity is Status.FAIL)
        if failed:
            return to_do(Part.DELEGATION, failed)
        if result.status is Status.UNKNOWN and self._absence is None:
            return self._unknown(Part.DELEGATION, Check.DELEGATION)
        return Standing(Part.DELEGATION, StepState.DONE)

    def _control(self) -> Standing | None:
        facts, owner = self.facts, self.expected.domain.below(CONTROL_LABEL)
        if facts.control is None or owner is None:
            return None
        if facts.control or facts.hosting is MailHosting.ON:
            return Standing(Part.CONTROL, StepState.DONE)
        ttl = self.expected.server.record_ttl
        fix = Fix(FixAction.ADD, owner, "TXT", facts.token, ttl=ttl)
        return Standing(Part.CONTROL, StepState.NEXT, fixes=(fix,) if facts.token else ())

    def _mailboxes(self) -> Standing | None:
        server = self._server()
        if server is None:
            return None
        return Standing(Part.MAILBOXES, server.state, server.who, asks=server.asks)

    def _server(self) -> Standing | None:
        found = tuple(f for f in self.report.findings if f.code in _ON_SERVER_CODES)
        match self.facts.hosting:
            case None:
                return None
            case MailHosting.ON:
                return Standing(Part.SERVER, StepState.DONE)
            case MailHosting.UNKNOWN:
                return Standing(Part.SERVER, StepState.UNKNOWN)
            case MailHosting.OFF:  # nothing to ask for: an admin switched it off
                return Standing(Part.SERVER, StepState.WAITING_ADMIN, Who.ADMIN, found)
        return self._ask(Part.SERVER, RequestKind.MAILDOMAIN, found)

    def _ask(self, part: Part, kind: RequestKind, findings: tuple[Finding, ...] = ()) -> Standing:
        if kind in self.facts.asked:
            return Standing(part, StepState.WAITING_ADMIN, Who.ADMIN, findings, asks=kind)
        return Standing(part, StepState.NEXT, Who.MEMBER, findings, asks=kind)

    def _record(self, part: Part) -> Standing:
        check = _RECORD_OF[part]
        if self._absence is not None and not self._findings(check):
            said = (self._absence,) if part is Part.MX else ()
            return to_do(part, said)
        if found := self._findings(check):
            return to_do(part, found)
        result = self._result(check)
        status = status_without(result, self.report, is_of_other_key)
        if (waits := find_propagation(self.report, check)) is not None:
            return wait_for_caches(part, waits)
        if status is Status.UNKNOWN:
            return self._unknown(part, check)
        if result.note is not None and result.note.facts.get("code") == SERVER_SIDE:
            found = tuple(f for f in self.report.findings if f.code == SERVER_SIDE)
            return Standing(part, StepState.UNKNOWN, findings=found)  # nothing was proven
        return Standing(part, StepState.DONE)

    def _unknown(self, part: Part, check: Check) -> Standing:
        unanswered = (f for f in self.report.findings if f.severity is Status.UNKNOWN)
        found = tuple(finding for finding in unanswered if finding.check is check)
        return Standing(part, StepState.UNKNOWN, findings=found)

    def _key(self) -> Standing | None:
        if isinstance(self.expected.dkim, KnownKey):
            return Standing(Part.DKIM_KEY, StepState.DONE)
        codes = {finding.code for finding in self.report.findings}
        faulty = self._findings(Check.DKIM)
        if UNVERIFIED in codes or any(finding.fixes for finding in faulty):
            return None  # a key is published; the bot knows none to compare it with
        if self._result(Check.DKIM).status is Status.UNKNOWN and self._absence is None:
            return None
        return self._ask(Part.DKIM_KEY, RequestKind.DKIM, faulty)

    def _dkim(self) -> Standing:
        standing = self._record(Part.DKIM)
        if standing.state is not StepState.DONE or self._result(Check.DKIM).is_proven:
            return standing
        if isinstance(self.expected.dkim, KnownKey):
            return standing
        found = tuple(f for f in self.report.findings if f.code == UNVERIFIED)
        return Standing(Part.DKIM, StepState.UNKNOWN if found else StepState.NEXT, findings=found)

    def _zone(self) -> Standing | None:
        found = tuple(f for f in self._findings(Check.DELEGATION) if f.severity is not Status.FAIL)
        return to_do(Part.ZONE, found) if found else None

    def _extras(self) -> Standing | None:
        found = self._findings(*_OPTIONAL)
        return to_do(Part.EXTRAS, found) if found else None

    def _former_mail(self) -> Standing:
        return Standing(Part.FORMER_MAIL, StepState.NEXT)

    def _optional(self) -> Standing | None:
        found = tuple(
            f
            for f in self.report.findings
            if f.check in _OPTIONAL and f.severity is Status.INFO and f.fixes
        )
        if not found:
            return None
        fixes = tuple(fix for finding in found for fix in finding.fixes)
        return Standing(Part.OPTIONAL, StepState.OPTIONAL, findings=found, fixes=fixes)

    def _stage(self, part: Part) -> Standing | None:
        """Return how a strict policy stands, where the operator's own record asks for it."""
        wanted, record = _STAGES[part], self.expected.record(Purpose.DMARC)
        strict = parse_record(self.expected.server.dmarc)
        most = strict.policy("p") if strict is not None else None
        if record is None or most is None or most.weaker_than(wanted):
            return None
        policy = self._policy()
        if policy is not None and not policy.weaker_than(wanted):
            return Standing(part, StepState.DONE)
        approved = self.expected.dmarc_stage
        stage = None if approved is None else DmarcPolicy(approved)
        if stage is not None and wanted.weaker_than(stage):
            return None  # the admin approved to pass over it
        if stage is wanted:
            found = tuple(f for f in self.report.findings if f.code == "dmarc-policy-none")
            standing = to_do(part, tuple(f for f in found if f.fixes))
            return standing if standing.fixes else self._write_stage(part, wanted, record)
        if stage is DmarcPolicy.NONE and RequestKind.DMARC not in self.facts.asked:
            return Standing(part, StepState.OPTIONAL, asks=RequestKind.DMARC)
        return self._ask(part, RequestKind.DMARC)

    def _write_stage(self, part: Part, wanted: DmarcPolicy, record: ExpectedRecord) -> Standing:
        """Return the step to the approved policy; the rest of the member's record stays.

        What is typed is not known before SPF and DKIM are proven (`bot.records.dmarc_policy`).
        """
        proven = [self._result(check).is_proven for check in (Check.SPF, Check.DKIM)]
        may = policy_to_hand_out(spf_proven=proven[0], dkim_proven=proven[1], approved=wanted)
        if may is not wanted:
            return Standing(part, StepState.NEXT)
        found = self._result(Check.DMARC).found
        if len(found) == 1:
            value = staged_dmarc(found[0], wanted)
            fix = Fix(FixAction.REPLACE, record.owner, "TXT", value, ttl=record.ttl, old=found[0])
        else:
            value = staged_dmarc(self.expected.server.dmarc, wanted)
            fix = Fix(FixAction.ADD, record.owner, "TXT", value, ttl=record.ttl)
        return Standing(part, StepState.NEXT, fixes=(fix,))

    def _policy(self) -> DmarcPolicy | None:
        """Return the policy that receivers apply; None where there is none, or it does harm."""
        if any(finding.code == "dmarc-before-dkim" for finding in self.report.findings):
            return None
        result = self._result(Check.DMARC)
        records = [record for text in result.found if (record := parse_record(text)) is not None]
        if len(records) == 1:
            return records[0].policy("p")
        if result.note is not None and result.note.code == "dmarc-inherited":
            return DmarcPolicy(str(result.note.facts["policy"]))
        return None
