"""The report of one check of a domain, and what can be asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from bot.checks.finding import EXTRAS, Check, Finding, Note, Status, Subject
from bot.records.key_change import KeyRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    import dns.name

    from bot.checks.dkim.server_records import RecordState
    from bot.names import Domain
    from bot.records.expected import Expected
    from bot.records.key_change import KeyChange

PROPAGATING = ("propagating", "propagating-negative")
RESOLVER_SILENT = "dns-resolver-silent"  # the code of what nobody but our resolver is to blame for
RESOLVER_REWRITES = "dns-resolver-rewrites"  # the code of one that invents answers
RESOLVER_FAULTS = (RESOLVER_SILENT, RESOLVER_REWRITES)
DID_YOU_MEAN = "did-you-mean"  # the code of another domain that was likely meant
OPTIONAL_MISSING = "optional-missing"  # the code of an optional record that is not there
SERVER_SIDE = "server-side"  # the code of what is the mail server's own fault
# The fact of what is said of the domain's other DKIM key while that is changed: its role.
OTHER_KEY = "other_key"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the report: a check's status, what was expected beside what was found.

    `is_proven` is the judge's own word that mail of ours passes by that; a status that is no worse
    than info does not say so. `ttl` are the seconds for which what the check rests on stays in
    caches, counted from the report; None where that is not known.
    """

    check: Subject
    status: Status
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    note: Note | None = None
    is_proven: bool = False
    ttl: int | None = None


@dataclass(frozen=True, slots=True)
class OtherKeySeen:
    """What a check saw of the record of the domain's other DKIM key, at the name servers if asked.

    Of a key that is `DONE`, `RIGHT` says that it is still there.
    """

    role: KeyRole
    selector: str
    state: RecordState

    @classmethod
    def of(cls, change: KeyChange, state: RecordState) -> Self:
        """Return what was seen of the other key of a change."""
        return cls(change.role, change.key.selector, state)

    def is_about(self, change: KeyChange) -> bool:
        """Whether it is about this very change, and not about what was known before it."""
        return (self.role, self.selector) == (change.role, change.key.selector)


@dataclass(frozen=True, slots=True)
class Report:
    """What one check of a domain came to.

    `findings` come root cause first, in an order that depends on the zone alone. `zone` is the
    apex that the fixes' names are relative to, `name_servers` are its own, none where they are not
    known; `elapsed_ms` is in milliseconds. `other_key` is None where the domain's DKIM key is not
    being changed, or where nobody may know.
    """

    domain: Domain
    zone: dns.name.Name
    checked_at: datetime
    results: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    queries: int
    elapsed_ms: int
    name_servers: tuple[str, ...] = ()
    other_key: OtherKeySeen | None = None

    def ttl_of(self, check: Subject) -> int | None:
        """Return for how many seconds what a check rests on stays in caches, as far as known."""
        return next((result.ttl for result in self.results if result.check is check), None)

    def passes(self, check: Subject) -> bool:
        """Whether a check is proven right."""
        return any(r.status is Status.PASS for r in self.results if r.check is check)

    def proves(self, check: Check) -> bool:
        """Whether mail of ours is proven to pass by a check, in the word of its judge."""
        return any(result.is_proven for result in self.results if result.check is check)

    @property
    def status(self) -> Status:
        """The worst status of all checks."""
        return max((r.status for r in self.results), key=lambda s: s.rank)

    @property
    def steps(self) -> tuple[Finding, ...]:
        """The findings that leave something to do or to find out, as they are numbered."""
        return tuple(f for f in self.findings if is_step(f))

    @property
    def remarks(self) -> tuple[Finding, ...]:
        """The findings that are only worth knowing, absent records that are offered among them."""
        return tuple(f for f in self.findings if not is_step(f) and not is_unoffered(f))

    @property
    def shown_results(self) -> tuple[CheckResult, ...]:
        """The results without those of records that are neither there nor offered."""
        unoffered = {finding.check for finding in self.findings if is_unoffered(finding)}
        return tuple(result for result in self.results if result.check not in unoffered)

    @property
    def has_fixes(self) -> bool:
        """Whether there is a record to type, optional ones that are not there left aside."""
        return any(f.fixes for f in self.findings if not is_extra_gap(f))


def is_step(finding: Finding) -> bool:
    """Whether a finding leaves something to do or to find out.

    What is no fault is only worth knowing, but for a record that the change of a key waits for.
    """
    return finding.severity is not Status.INFO or (is_of_other_key(finding) and bool(finding.fixes))


def summary_of(report: Report) -> str:
    """Return which of the `summaries` in `labels.j2` says how a domain stands."""
    if is_all_right(report):
        return "all_right"
    is_works = report.status is Status.INFO and bool(report.steps)
    return "to_do" if is_works else report.status.value


def is_unoffered(finding: Finding) -> bool:
    """Whether a finding only says that a record is not there that is not offered either."""
    return finding.code == OPTIONAL_MISSING and finding.facts.get("offered") is False


def prove(expected: Expected, report: Report) -> Expected:
    """Return what is expected, with the DMARC record that is handed out by what a report proves."""
    return expected.with_proof(
        spf_proven=report.proves(Check.SPF), dkim_proven=report.proves(Check.DKIM)
    )


def is_extra_gap(finding: Finding) -> bool:
    """Whether a finding only says that an optional record beside the usual ones is not there."""
    return finding.check in EXTRAS and finding.code == OPTIONAL_MISSING


def gaps(findings: Iterable[Finding]) -> tuple[Check, ...]:
    """Return the checks whose records are offered and not there, in the order of the report."""
    missing = {f.check for f in findings if is_extra_gap(f) and not is_unoffered(f)}
    return tuple(check for check in Check if check in missing)


def is_all_right(report: Report) -> bool:
    """Whether mail lacks nothing: only some of these records are not there, or worth a remark."""
    usual = (result.status for result in report.shown_results if result.check not in EXTRAS)
    return report.status is Status.INFO and all(status is Status.PASS for status in usual)


def find_meant(report: Report) -> Finding | None:
    """Return the finding that another domain was likely meant; None where none is named."""
    return next((finding for finding in report.findings if finding.code == DID_YOU_MEAN), None)


def find_propagation(report: Report, check: Check) -> Finding | None:
    """Return the finding that a check only waits for caches; None where it does not.

    What is said of the domain's other DKIM key is no matter of the check's own record.
    """
    own = (f for f in report.findings if f.check is check and not is_of_other_key(f))
    return next((finding for finding in own if finding.code in PROPAGATING), None)


def status_without(
    result: CheckResult, report: Report, leave_out: Callable[[Finding], bool]
) -> Status:
    """Return how a check stands without some of its findings."""
    own = [finding for finding in report.findings if finding.check is result.check]
    kept = [finding for finding in own if not leave_out(finding)]
    if len(kept) == len(own):
        return result.status
    return max((f.severity for f in kept), key=lambda s: s.rank, default=Status.PASS)


def is_of_other_key(finding: Finding) -> bool:
    """Whether a finding is about the DKIM key that the mail server does not sign with."""
    return OTHER_KEY in finding.facts


def is_of_next_key(finding: Finding) -> bool:
    """Whether a finding is about a DKIM key that no mail was ever signed with."""
    return finding.facts.get(OTHER_KEY) == KeyRole.NEXT


def seconds_left(report: Report, finding: Finding) -> int | None:
    """Return in how many seconds the old answer is gone; None where nobody knows."""
    until = finding.facts["until"]
    if not isinstance(until, int):
        return None
    return max(0, until - int(report.checked_at.timestamp()))


def faults_of(report: Report) -> tuple[str, ...]:
    """Return the server's own faults that a member's check met, by what the judges call them.

    A resolver that is silent or invents answers is one of them, by its code.
    """
    codes = {finding.code for finding in report.findings}
    resolver = tuple(code for code in RESOLVER_FAULTS if code in codes)
    told = (f.facts["what"] for f in report.findings if f.code == SERVER_SIDE)
    return (*resolver, *(what for whats in told if isinstance(whats, tuple) for what in whats))
