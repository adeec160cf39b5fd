"""Makes a domain's report of the judges' verdicts, root causes first, without any I/O."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import dns.rdatatype

from bot.checks.answers import report_own_zones, report_silent_resolver
from bot.checks.dkim import judge as dkim
from bot.checks.dmarc import judge as dmarc
from bot.checks.finding import Check, Finding, Note, Status, Verdict, is_proof
from bot.checks.fix_place import place_fixes
from bot.checks.key_change_verdict import add_other_key, view_other_key
from bot.checks.mx import judge as mx
from bot.checks.optional import group as extras
from bot.checks.optional import hosts
from bot.checks.optional.unoffered_records import leave_out_unoffered
from bot.checks.propagation import choose_verdicts, say_when_seen
from bot.checks.record_ttls import find_ttls
from bot.checks.report import CheckResult, Report
from bot.checks.server_blame import judge_server, merge_server_faults
from bot.checks.spf import judge as spf
from bot.checks.spf.terms import names_own_mx
from bot.checks.zone import delegation, empty_name
from bot.checks.zone.meant_name import make_finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bot.checks.finding import Subject
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import Expected

# Which of two findings of the same severity explains the other. A strict DMARC policy without
# DKIM has mail refused today, so it goes before the missing key that it hangs on.
_CAUSES_FIRST = ("dmarc-before-dkim",)

# Said once, of all records that it befell: who typed one name in full typed them all so.
_SHARED = frozenset(
    {"name-doubled", "wildcard-txt", "wildcard-cname", "wildcard-record", "dname-above"}
)

_GATHERED = ("names", "others", "shorts", "there")

# What is said of names that nobody answered for.
_UNANSWERED = ("dns-timeout", "dns-refused", "servfail")

# What has to work before a strict DMARC policy is handed out.
_PROVED_BY = frozenset({Check.SPF, Check.DKIM})

# What an alias at the domain itself can hide.
_HIDDEN: dict[Subject, dns.rdatatype.RdataType] = {
    Check.MX: dns.rdatatype.MX,
    Check.SPF: dns.rdatatype.TXT,
}


def compile_report(
    expected: Expected, observed: Observation, checked_at: datetime, elapsed_ms: int
) -> Report:
    """Return the report of all judges' verdicts on one observation."""
    observed = dataclasses.replace(observed, at=int(checked_at.timestamp()))
    typed = observed.at_source()
    judgement = _judge_all(expected, observed, typed)
    other_key = view_other_key(expected, observed, typed) if len(judgement) > 1 else None
    if other_key is not None:
        judgement = [add_other_key(verdict, other_key) for verdict in judgement]
    verdicts, taken = empty_name.gather(typed, judgement)
    judged = {verdict.check for verdict in verdicts}
    blocked = set(Check) - judged if len(judged) == 1 else set[Check]()
    ttls = find_ttls(expected, observed)
    results, findings = _leave_out_consequences(verdicts, typed, taken, ttls)
    if Check.SERVER not in blocked:
        said = (finding for verdict in verdicts for finding in verdict.findings)
        server = judge_server(expected, observed, said)
        status, found, ttl = server.status, server.found, ttls[Check.SERVER]
        proven = server.is_proven
        results.append(CheckResult(Check.SERVER, status, found=found, is_proven=proven, ttl=ttl))
        results, findings = merge_server_faults(server, results, findings)
    if observed.resolver_silent or observed.own_zones_only:
        results, findings = _blame_resolver(observed, results, findings)
    results += [
        CheckResult(check, Status.UNKNOWN, note=Note("blocked"), ttl=ttls[check])
        for check in Check
        if check in blocked
    ]
    return Report(
        domain=expected.domain,
        zone=observed.zone,
        checked_at=checked_at,
        results=tuple(results),
        findings=tuple(
            say_when_seen(finding, observed) for finding in _say_once(sorted(findings, key=_order))
        ),
        queries=observed.queries,
        elapsed_ms=elapsed_ms,
        name_servers=observed.name_servers,
        other_key=None if other_key is None else other_key.seen,
    )


def add_not_in_mailcow(report: Report) -> Report:
    """Return the report with the finding that the mail server takes no mail for the domain.

    Only the member who asked and the admin are shown it, never a card that others see.
    """
    return _add_first(report, Finding(Check.MX, "not-in-mailcow", Status.FAIL))


def add_switched_off(report: Report) -> Report:
    """Return the report with the finding that the domain is switched off on the mail server.

    It is shown to the same as `add_not_in_mailcow`.
    """
    return _add_first(report, Finding(Check.MX, "off-in-mailcow", Status.FAIL))


def add_meant(report: Report, meant: Domain) -> Report:
    """Return the report with the finding that another domain was likely meant, by a slip.

    Only who asked is shown it, as it tells what they asked before or what is on the mail server.
    """
    finding = make_finding(meant.ascii, "slip")
    results = tuple(
        dataclasses.replace(result, status=Status.INFO)
        if result.check is finding.check and result.status is Status.PASS
        else result
        for result in report.results
    )
    findings = tuple(sorted((*report.findings, finding), key=_order))
    return dataclasses.replace(report, results=results, findings=findings)


def _add_first(report: Report, finding: Finding) -> Report:
    """Return the report with a finding about MX that comes before what is wrong with its record."""
    results = tuple(
        dataclasses.replace(result, status=Status.FAIL) if result.check is Check.MX else result
        for result in report.results
    )
    # Sorting is stable, and the record can wait for it.
    findings = tuple(sorted((finding, *report.findings), key=_order))
    return dataclasses.replace(report, results=results, findings=findings)


def _judge_all(expected: Expected, observed: Observation, typed: Observation) -> list[Verdict]:
    """Return one verdict of each check, of what the world sees and of what was typed (`typed`).

    There is that of the delegation alone where it leaves no other. DMARC is judged last: which
    policy is handed out depends on what SPF and DKIM came to.
    """
    views = [typed] if typed is observed else [observed, typed]
    seen = [_judge_all_but_dmarc(expected, view) for view in views]
    verdicts = _choose(expected, observed, seen)
    if len(verdicts) == 1:
        return verdicts
    alias = _find_alias(verdicts)
    proven = {
        verdict.check: verdict.is_proven and (alias is None or not _is_hidden(verdict, typed))
        for verdict in verdicts
        if verdict.check in _PROVED_BY
    }
    policies = [
        [] if len(others) == 1 else _judge_dmarc(expected, view, proven)
        for view, others in zip(views, seen, strict=True)
    ]
    verdicts += _choose(expected, observed, policies)
    return sorted(verdicts, key=lambda verdict: verdict.check.place)


def _choose(expected: Expected, observed: Observation, views: list[list[Verdict]]) -> list[Verdict]:
    *seen, typed = views
    return choose_verdicts(expected, observed, seen[0], typed) if seen else typed


def _judge_all_but_dmarc(expected: Expected, observed: Observation) -> list[Verdict]:
    first = delegation.judge(expected, observed)
    if delegation.blocks_everything(first):
        return [first]
    verdicts = [
        first,
        mx.judge(expected, observed),
        spf.judge(expected, observed),
        dkim.judge(expected, observed),
        hosts.judge_webmail(expected, observed),
        hosts.judge_autoconfig(expected, observed),
        hosts.judge_autodiscover(expected, observed),
        *extras.judge(expected, observed),
    ]
    offered = [leave_out_unoffered(verdict, expected.server) for verdict in verdicts]
    return place_fixes(offered, expected, observed)


def _judge_dmarc(
    expected: Expected, observed: Observation, proven: Mapping[Subject, bool]
) -> list[Verdict]:
    verdict = dmarc.judge(
        expected, observed, spf_proven=proven[Check.SPF], dkim_proven=proven[Check.DKIM]
    )
    return place_fixes([verdict], expected, observed)


def _order(finding: Finding) -> tuple[int, int, int]:
    """Return where a finding goes among the others: root causes first."""
    # Sorting is stable: within a check the judge's own order, root cause first, stays.
    if finding.code in _CAUSES_FIRST:
        return (-finding.severity.rank, Check.DKIM.place, 0)
    return (-finding.severity.rank, finding.check.place, 1)


def _leave_out_consequences(
    verdicts: list[Verdict],
    observed: Observation,
    taken: frozenset[Subject],
    ttls: Mapping[Subject, int | None],
) -> tuple[list[CheckResult], list[Finding]]:
    """Return the results and findings of the verdicts, without what only follows from others.

    What was missing of the checks in `taken` is told by the name that has no records yet. `ttls`
    are in seconds, see `CheckResult`.
    """
    alias = _find_alias(verdicts)
    mx_broken = next(
        (
            f.code
            for verdict in verdicts
            for f in verdict.findings
            if f.check is Check.MX and f.severity is Status.FAIL
        ),
        None,
    )
    results, findings = [], []
    for verdict in verdicts:
        check, status, note = verdict.check, verdict.status, verdict.note
        kept = list(verdict.findings)
        if alias is not None and _is_hidden(verdict, observed):
            # What was found are the records of another name; nobody knows those of this one.
            kept, status, note = [], Status.UNKNOWN, Note("follows-from", {"code": alias})
        elif check in taken:
            status = Status.UNKNOWN
        elif mx_broken is not None:
            kept = [_rest_on_mx(finding, mx_broken) for finding in kept]
            status = max((f.severity for f in kept), key=lambda s: s.rank, default=status)
        is_proven = status is not Status.UNKNOWN and is_proof(kept)
        told, found, ttl = verdict.expected, verdict.found, ttls.get(check)
        results.append(CheckResult(check, status, told, found, note, is_proven=is_proven, ttl=ttl))
        findings.extend(kept)
    return results, findings


def _find_alias(verdicts: Iterable[Verdict]) -> str | None:
    """Return the code of the finding that the domain itself is an alias; None where it is none."""
    findings = (finding for verdict in verdicts for finding in verdict.findings)
    return next((finding.code for finding in findings if _is_alias(finding)), None)


def _is_hidden(verdict: Verdict, observed: Observation) -> bool:
    """Whether what a check found wrong are the records of another name, to which an alias leads."""
    rdtype = _HIDDEN.get(verdict.check)
    return rdtype is not None and bool(verdict.findings) and delegation.hides(observed, rdtype)


def _is_alias(finding: Finding) -> bool:
    """Whether a finding says that the domain itself is an alias, a wildcard's or a DNAME's too."""
    others = finding.check is Check.DELEGATION and finding.code in {"wildcard-cname", "dname-above"}
    return finding.code == "apex-cname" or others


def _blame_resolver(
    observed: Observation, results: list[CheckResult], findings: list[Finding]
) -> tuple[list[CheckResult], list[Finding]]:
    """Return both with the resolver blamed, once, for what nobody answered.

    A server that holds its own zones alone is blamed for what it did not answer about others.
    """
    ours = ("unasked", "late")  # what we had no question or no time left for
    codes = _UNANSWERED if observed.resolver_silent else _UNANSWERED[1:]
    silent = [f for f in findings if f.code in codes and not any(f.facts.get(key) for key in ours)]
    if not silent:
        return results, findings
    kept = [f for f in findings if f not in silent]
    first, *others = dict.fromkeys(finding.check for finding in silent)
    if observed.resolver_silent:
        blame = report_silent_resolver(first, named=observed.single_server)
    else:
        blame = report_own_zones(first, observed, silent)
    note = Note("follows-from", {"code": blame.code})
    noted = [dataclasses.replace(r, note=note) if r.check in others else r for r in results]
    return noted, [blame, *kept]


def _say_once(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings with each shared cause said of all its records by the first of its kind.

    The others stay, so that every check has its own, but only refer to it and give no steps.
    """
    shared: dict[tuple[Fact, ...], list[Finding]] = {}
    for finding in findings:
        if finding.code in _SHARED and finding.severity is not Status.INFO:
            shared.setdefault(_cause(finding), []).append(finding)
    said: list[Finding] = []
    for finding in findings:
        same = shared.get(_cause(finding), []) if finding.code in _SHARED else []
        if len(same) > 1 and finding.severity is not Status.INFO:
            first = finding is same[0]
            fixes = tuple(dict.fromkeys(fix for f in same for fix in f.fixes)) if first else ()
            facts = {**finding.facts, "repeat": not first}
            if first:
                facts |= {key: _gather(same, key) for key in _GATHERED}
            finding = dataclasses.replace(finding, facts=facts, fixes=fixes)  # noqa: PLW2901 - the same one
        said.append(finding)
    return tuple(said)


def _cause(finding: Finding) -> tuple[Fact, ...]:
    """Return what findings of one cause have in common: the code, and which record it is."""
    at = finding.facts.get("wildcard", finding.facts.get("dname"))
    return (finding.code, at, finding.facts["type"] if finding.code == "wildcard-record" else None)


def _gather(findings: list[Finding], fact: str) -> tuple[str, ...]:
    """Return a list of names that several findings hold, each name once."""
    lists = [value for f in findings if isinstance(value := f.facts.get(fact), tuple)]
    return tuple(dict.fromkeys(name for each in lists for name in each))


def _rest_on_mx(finding: Finding, mx_broken: str) -> Finding:
    """Return `spf-follows-mx`, without steps, for a record that allows the domain's MX (`mx`).

    Such a record is right again as soon as the MX record is, so it needs no change of its own.
    """
    if finding.code != "spf-not-authorised":
        return finding
    if not any(fix.old is not None and names_own_mx(fix.old) for fix in finding.fixes):
        return finding
    return Finding(finding.check, "spf-follows-mx", Status.INFO, {"code": mx_broken})
