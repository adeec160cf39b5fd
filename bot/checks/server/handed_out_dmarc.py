"""Judges the DMARC value that is handed out, and whether its reports would be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dns.name import root
from dns.rdatatype import MX, TXT

from bot.checks.answers import (
    ADDRESS_TYPES,
    answer_to,
    first_names,
    name_text,
    prefix_name,
    unanswered,
)
from bot.checks.dmarc.faults import find_report_faults, find_tag_faults
from bot.checks.dmarc.record import ALL_MAIL, find_records, parse_record
from bot.checks.dmarc.report_addresses import (
    CONSENT,
    consent_name,
    consent_wildcard,
    handed_out_hosts,
)
from bot.checks.finding import Finding, Fix, FixAction, ServerCheck, Status, Verdict
from bot.checks.server.server_observation import probes_of
from bot.records.dmarc_policy import DmarcPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from bot.checks.server.server_observation import ServerObservation
    from bot.dns.answer import Answer
    from bot.errors import Fact


def judge_dmarc(o: ServerObservation) -> Verdict:
    """Return whether the DMARC value that is handed out is sound (RFC 9989); asks nobody."""
    check = ServerCheck.DMARC
    value = o.server.dmarc
    record = parse_record(value)
    facts: dict[str, Fact] = {"value": value, "tag": "", "broken": True}
    if record is None:
        finding = Finding(check, "server-dmarc-faulty", Status.FAIL, facts)
        return Verdict(check, (finding,), found=(value,))
    fault = next(iter(find_tag_faults(record)), None)
    address = next(iter(find_report_faults(record)), None)
    if fault is not None or address is not None:
        grave = fault is not None and fault.grave
        tag = fault.tag if fault is not None else address.tag if address else ""
        facts |= {"tag": tag, "broken": grave}
        severity = Status.FAIL if grave else Status.WARN
        finding = Finding(check, "server-dmarc-faulty", severity, facts)
        return Verdict(check, (finding,), found=(value,))
    findings: tuple[Finding, ...] = ()
    watches = record.requested() in {None, DmarcPolicy.NONE} or record.testing
    if watches or record.share != ALL_MAIL:
        facts = {"value": value, "share": None if watches else record.share}
        findings = (Finding(check, "server-dmarc-weak", Status.INFO, facts),)
    return Verdict(check, findings, found=(value,))


def judge_reports(o: ServerObservation) -> Verdict:
    """Return whether members' reports are taken (RFC 9990 section 4) and can be delivered."""
    check = ServerCheck.REPORTS
    hosts = handed_out_hosts(o.server)
    if not hosts:
        return Verdict(check, (Finding(check, "server-reports-none", Status.INFO),))
    findings = [f for host in hosts for f in (*_judge_consent(o, host), *_judge_mail(o, host))]
    findings.sort(key=lambda f: -f.severity.rank)
    expected = tuple(f"*._report._dmarc.{name_text(host)}. {CONSENT}" for host in hosts)
    found = tuple(
        f"{name_text(host)}. {text.text}"
        for host in hosts
        if (name := consent_name(o.member.name, host)) is not None
        for text in find_records(answer_to(o.seen, name, TXT))
    )
    return Verdict(check, tuple(findings), expected, found)


def _judge_consent(o: ServerObservation, host: dns.name.Name) -> Iterator[Finding]:
    check = ServerCheck.REPORTS
    probes = probes_of(o.member, o.members)
    asked = {probe: name for probe in probes if (name := consent_name(probe, host)) is not None}
    answers = {probe: answer_to(o.seen, name, TXT) for probe, name in asked.items()}
    failed = [answer for answer in answers.values() if answer.failed]
    refused = [p for p, answer in answers.items() if not answer.failed and not find_records(answer)]
    facts: dict[str, Fact] = {"host": name_text(host)}
    if o.member.name in refused:
        owner = consent_wildcard(host)
        fix = () if owner is None else (_consent(o, owner),)
        yield Finding(check, "server-reports-refused", Status.WARN, facts, fix)
    elif refused:
        facts |= {"names": first_names(_real(o, refused)), "count": len(refused)}
        fixes = dict.fromkeys(_consent(o, _place_of(o, probe, asked[probe])) for probe in refused)
        yield Finding(check, "server-reports-gap", Status.WARN, facts, tuple(fixes))
    elif failed:
        yield unanswered(check, failed[0])


def _real(o: ServerObservation, probes: list[dns.name.Name]) -> list[dns.name.Name]:
    """Return the refused domains as somebody knows them: a made-up one is whatever is beside it."""
    members = {member.name for member in o.members}
    return [p if p in members else p.parent() for p in probes]


def _place_of(o: ServerObservation, probe: dns.name.Name, name: dns.name.Name) -> dns.name.Name:
    """Return where the record goes: a member's own name, or the wildcard beside it."""
    if probe in {member.name for member in o.members}:
        return name
    return prefix_name((b"*",), name.labels[1:]) or name


def _consent(o: ServerObservation, owner: dns.name.Name) -> Fix:
    return Fix(FixAction.ADD, owner, "TXT", CONSENT, ttl=o.server.record_ttl)


def _judge_mail(o: ServerObservation, host: dns.name.Name) -> Iterator[Finding]:
    """Judge whether mail to the domain of the report address goes anywhere."""
    check = ServerCheck.REPORTS
    answer = answer_to(o.seen, host, MX)
    if answer.failed:
        yield unanswered(check, answer)
        return
    if answer.found and not _is_null(answer):
        return
    addresses = [answer_to(o.seen, host, rdtype) for rdtype in ADDRESS_TYPES]
    if answer.absent and not all(a.absent for a in addresses):
        return  # the address of the name itself takes the mail (RFC 5321 section 5.1)
    facts: dict[str, Fact] = {"host": name_text(host), "null": answer.found}
    mx = o.server.host.to_text()
    fix = Fix(FixAction.ADD, host, "MX", mx, o.server.mx_priority, o.server.record_ttl)
    fixes: tuple[Fix, ...] = (fix,)
    if answer.found:
        fixes = (Fix(FixAction.DELETE, host, "MX", ".", 0), fix)
    yield Finding(check, "server-reports-no-mx", Status.WARN, facts, fixes)


def _is_null(answer: Answer) -> bool:
    """Whether a domain says that it takes no mail (RFC 7505)."""
    return all(getattr(rdata, "exchange", None) == root for rdata in answer.rdatas)
