"""Judges the MX records: whether mail for the domain is brought to our server, and only there."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import (
    ADDRESS_TYPES,
    MOST_STEPS,
    answer_to,
    first_names,
    name_text,
    some_lines,
    unanswered,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.mx.misplaced import find_mx
from bot.checks.mx.own_address import Reach, follow_address
from bot.checks.mx.targets import AliasEnd, Target, TargetKind, read_targets
from bot.names import absolute_text_of
from bot.public_suffix import is_public_suffix
from bot.records.expected import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bot.checks.misplaced_record import MisplacedRecord
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected

_CLOSE = 0.9  # of difflib's ratio: one slip of the hand in a name of usual length
_ALIAS_LEADS = (
    AliasEnd.OURS,
    AliasEnd.CIRCLE,
    AliasEnd.NOWHERE,
    AliasEnd.ELSEWHERE,
    AliasEnd.UNKNOWN,
)


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return whether the domain's mail reaches our server: by name first, then by address."""
    answer = answer_to(observed, expected.domain.name, dns.rdatatype.MX)
    repair = _Repair(expected, borrowed=bool(answer.chain))
    targets = read_targets(expected, observed, answer)
    if targets:
        findings = _judge_targets(expected, observed, targets, repair)
    elif answer.absent:
        findings = [_report_missing(expected, observed, repair)]
    else:
        findings = [unanswered(Check.MX, answer)]
    findings += _judge_host(expected, observed)
    return Verdict(
        Check.MX,
        tuple(findings),
        expected=(f"{repair.priority} {absolute_text_of(expected.server.host)}",),
        found=some_lines([f"{t.priority} {absolute_text_of(t.name)}" for t in targets]),
    )


class _Repair:
    """Makes the fixes: our record in place of the first wrong one, the other wrong ones deleted.

    `borrowed`: the records are those of the name that an alias at the domain leads to, so there is
    nothing to replace or delete at the domain.
    """

    def __init__(self, expected: Expected, *, borrowed: bool) -> None:
        record = expected.record(Purpose.MX)
        server = expected.server
        self._owner = expected.domain.name
        self._host = absolute_text_of(server.host)
        self._ttl = record.ttl if record else server.record_ttl
        self._left = MOST_STEPS
        self._borrowed = borrowed
        self.priority = server.mx_priority
        if record and record.priority is not None:
            self.priority = record.priority
        self.ours_there = False  # or on its way, by a fix handed out

    def add(self) -> tuple[Fix, ...]:
        """Return the step that adds our record."""
        return (Fix(FixAction.ADD, self._owner, "MX", self._host, self.priority, self._ttl),)

    def move(self, misplaced: MisplacedRecord) -> tuple[Fix, ...]:
        """Return the step that takes our record from a wrong name to the domain."""
        return (misplaced.move(self._owner, "MX", self._host, self._ttl),)

    def mend(self, targets: Iterable[Target]) -> tuple[Fix, ...]:
        """Return the steps that remove wrong records."""
        if self._borrowed:
            fixes = [] if self.ours_there else [*self.add()]
            self.ours_there = True
            return tuple(fixes)
        fixes = []
        for target in targets:
            if self._left == 0:
                break
            self._left -= 1
            fixes.append(self._mend(target))
        return tuple(fixes)

    def _mend(self, target: Target) -> Fix:
        wrong = target.name.to_text()
        if self.ours_there:
            return Fix(FixAction.DELETE, self._owner, "MX", wrong, target.priority)
        self.ours_there = True
        return Fix(
            FixAction.REPLACE, self._owner, "MX", self._host, self.priority, self._ttl, old=wrong
        )


def _judge_targets(
    expected: Expected, observed: Observation, targets: Sequence[Target], repair: _Repair
) -> list[Finding]:
    repair.ours_there = any(target.kind is TargetKind.OURS for target in targets)
    best = min((target.priority for target in targets if target.arrives), default=None)
    # Where mail arrives, a record that does not lead to us is one too many, whatever it leads to.
    foreign: list[Target] = []
    wrong: list[Target] = []
    for target in targets:
        (foreign if _is_foreign(target, arrives=best is not None) else wrong).append(target)
    unproven = [t for t in targets if t.kind in {TargetKind.FAILED, TargetKind.UNCHECKED}]

    findings = _report_unusable(expected, wrong, len(targets), repair)
    if best is not None:
        preferred = [target for target in foreign if target.priority <= best]
        behind = [target for target in foreign if target.priority > best]
        findings += _report_foreign("mx-foreign-preferred", preferred, best, repair)
        findings += _report_other_names(wrong, repair)
        findings += _report_foreign("mx-foreign-backup", behind, best, repair)
    elif foreign and not unproven:
        findings.append(_report_not_ours(expected, observed, foreign, repair))
    return findings + _report_unproven(unproven)


def _is_foreign(target: Target, *, arrives: bool) -> bool:
    if not arrives:
        return target.kind is TargetKind.FOREIGN
    return target.kind is TargetKind.FOREIGN or target.dead or target.leads is AliasEnd.ELSEWHERE


def _report_unusable(
    expected: Expected, targets: Sequence[Target], count: int, repair: _Repair
) -> list[Finding]:
    """Report the records that no sending server can use, the most obvious fault first."""
    findings = []
    nulls = _of_kind(targets, TargetKind.NULL)
    if nulls:
        code = "mx-null" if len(nulls) == count else "mx-null-mixed"  # RFC 7505 section 3
        findings.append(_fail(code, nulls, repair))
    if addresses := _of_kind(targets, TargetKind.IP):
        findings.append(_fail("mx-is-ip", addresses, repair))
    if prioritised := _of_kind(targets, TargetKind.PRIORITY):
        shown = name_text(prioritised[0].name).replace("\\032", " ").replace("\\009", " ")
        findings.append(_fail("mx-priority-in-target", prioritised, repair, typed=shown))
    if invalid := _of_kind(targets, TargetKind.INVALID):
        findings.append(_fail("mx-target-invalid", invalid, repair))
    if appended := _of_kind(targets, TargetKind.APPENDED):
        findings.append(_fail("mx-domain-appended", appended, repair))
    if proxied := _of_kind(targets, TargetKind.PROXY):
        proxy = name_text(proxied[0].end or proxied[0].name)
        findings.append(_fail("proxied-mail", proxied, repair, what="mx", target=proxy))
    aliases = _of_kind(targets, TargetKind.ALIAS)
    for leads in _ALIAS_LEADS:  # RFC 2181 section 10.3
        if some := [target for target in aliases if target.leads is leads]:
            end = some[0].end
            shown = name_text(end) if end is not None else ""
            findings.append(_fail("mx-to-cname", some, repair, leads=leads.value, target=shown))
    if unknown := _of_kind(targets, TargetKind.NXDOMAIN):
        close = [target for target in unknown if _is_like(target.name, expected.server.host)]
        rest = [target for target in unknown if target not in close]
        for group, like_ours in ((close, True), (rest, False)):
            if group:
                findings.append(_fail("mx-target-nxdomain", group, repair, like_ours=like_ours))
    if empty := _of_kind(targets, TargetKind.NO_ADDRESS):
        findings.append(_fail("mx-target-no-address", empty, repair))
    return findings


def _report_foreign(
    code: str, targets: Sequence[Target], best: int, repair: _Repair
) -> list[Finding]:
    severity = Status.FAIL if code == "mx-foreign-preferred" else Status.WARN
    findings = []
    for dead in (False, True):
        some = [target for target in targets if target.dead is dead]
        if some:
            equal = all(target.priority == best for target in some)
            facts: dict[str, Fact] = {"ours": best, "equal": equal, "dead": dead}
            findings.append(_mend(code, severity, some, repair, facts))
    return findings


def _report_other_names(targets: Sequence[Target], repair: _Repair) -> list[Finding]:
    others = _of_kind(targets, TargetKind.OTHER_NAME)
    return [_mend("mx-other-name", Status.WARN, others, repair, {})] if others else []


def _report_not_ours(
    expected: Expected, observed: Observation, targets: Sequence[Target], repair: _Repair
) -> Finding:
    addresses = observed.addresses(targets[0].name) - observed.addresses(expected.server.host)
    website = observed.addresses(expected.domain.name)
    return _fail(
        "mx-not-ours",
        targets,
        repair,
        addresses=tuple(sorted(addresses - {""}))[:2],
        website=bool((addresses & website) - {""}),
    )


def _report_missing(expected: Expected, observed: Observation, repair: _Repair) -> Finding:
    """Report that there is no MX record.

    Mail then goes to the domain's own address, which is most often a web server's, but may be our
    own (RFC 5321 section 5.1).
    """
    misplaced = find_mx(expected, observed)
    if misplaced is not None:
        return misplaced.finding(Check.MX, repair.move(misplaced), observed.zone)
    reach, address = follow_address(expected, observed)
    facts: dict[str, Fact] = {
        "address": None if reach is Reach.OURS else address,
        "reach": reach.value,
        "ours_at": address if reach is Reach.OURS else None,
    }
    return Finding(Check.MX, "mx-missing", Status.FAIL, facts, repair.add())


def _report_unproven(targets: Sequence[Target]) -> list[Finding]:
    """Report the targets that may or may not be our server by another name, one a cause."""
    failures: dict[str, Finding] = {}
    for target in targets:
        if target.failure is not None:
            finding = unanswered(Check.MX, target.failure)
            failures.setdefault(finding.code, finding)
    findings = list(failures.values())
    if unchecked := _of_kind(targets, TargetKind.UNCHECKED):
        findings.append(Finding(Check.MX, "mx-unchecked", Status.UNKNOWN, _facts(unchecked)))
    return findings


def _judge_host(expected: Expected, observed: Observation) -> list[Finding]:
    """Report that our own mail host has no address; only the admin can mend that."""
    host = expected.server.host
    if not all(answer_to(observed, host, rdtype).absent for rdtype in ADDRESS_TYPES):
        return []
    facts = {"what": "host-without-address", "name": name_text(host)}
    return [Finding(Check.MX, "server-side", Status.INFO, facts)]


def _fail(code: str, targets: Sequence[Target], repair: _Repair, **more: Fact) -> Finding:
    return _mend(code, Status.FAIL, targets, repair, more)


def _mend(
    code: str,
    severity: Status,
    targets: Sequence[Target],
    repair: _Repair,
    more: Mapping[str, Fact],
) -> Finding:
    """Return a finding with its steps; `ours_there` where only deleting is left to do."""
    fixes = repair.mend(targets)
    deletions = bool(fixes) and all(fix.action is FixAction.DELETE for fix in fixes)
    facts = {**_facts(targets), "ours_there": deletions, **more}
    return Finding(Check.MX, code, severity, facts, fixes)


def _facts(targets: Sequence[Target]) -> dict[str, Fact]:
    """Return what every finding about records says: the first names, how many, first priority."""
    return {
        "names": first_names(target.name for target in targets),
        "count": len(targets),
        "priority": targets[0].priority,
    }


def _of_kind(targets: Iterable[Target], kind: TargetKind) -> list[Target]:
    return [target for target in targets if target.kind is kind]


def _is_like(name: dns.name.Name, host: dns.name.Name) -> bool:
    """Whether a name was probably meant to be our host: a sibling of it, or a typing error."""
    if name.parent() == host.parent() and not is_public_suffix(host.parent()):
        return True
    return SequenceMatcher(None, name_text(name), name_text(host)).ratio() >= _CLOSE
