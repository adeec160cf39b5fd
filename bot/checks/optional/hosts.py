"""Judges the optional names: the webmail alias, autoconfig and autodiscover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.IN.SRV import SRV

from bot.checks.answers import (
    ADDRESS_TYPES,
    MOST_NAMES,
    alias_at,
    answer_to,
    is_lent,
    leads_to,
    name_text,
    report_unused,
    some_lines,
    unanswered,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status, Verdict
from bot.checks.misplaced import wildcard_facts
from bot.checks.proxies import is_proxy
from bot.dns.answer import Answer, Outcome
from bot.records.expected import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected, ExpectedRecord

_SRV_LABEL = "_autodiscover._tcp"
_FOREIGN = {
    Check.WEBMAIL: "webmail-wrong-target",
    Check.AUTOCONFIG: "autoconfig-foreign",
    Check.AUTODISCOVER: "autodiscover-foreign",
}
_PURPOSES = {
    Check.WEBMAIL: Purpose.WEBMAIL,
    Check.AUTOCONFIG: Purpose.AUTOCONFIG,
    Check.AUTODISCOVER: Purpose.AUTODISCOVER,
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """Where one name leads: to us (True), to us for certain not (False), or nowhere found out."""

    owner: dns.name.Name
    record: ExpectedRecord | None
    right: bool = False
    absent: bool = False
    failure: Answer | None = None  # what stood in the way of finding out
    lent: str = ""  # the code of the wildcard that answers for it, which has no record of its own
    leads: str = "elsewhere"  # or "proxy", "nowhere", "circle"; of a name that does not lead to us
    target: str = ""  # where it leads instead, as a fact
    found: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()


def host_names(expected: Expected) -> tuple[dns.name.Name, ...]:
    """Return the names whose addresses the judges need, each once."""
    owners = (_owner(expected, check) for check in _PURPOSES)
    return tuple(dict.fromkeys(owner for owner in owners if owner is not None))


def questions(
    expected: Expected,
) -> tuple[tuple[dns.name.Name, dns.rdatatype.RdataType], ...]:
    """Return the questions that the judges here need answered, each once."""
    asked = [(name, rdtype) for name in host_names(expected) for rdtype in ADDRESS_TYPES]
    if (service := expected.domain.below(_SRV_LABEL)) is not None:
        asked.append((service, dns.rdatatype.SRV))
    return tuple(asked)


def judge_webmail(expected: Expected, observed: Observation) -> Verdict:
    """Return whether the webmail alias leads to our host."""
    return _judge_one(Check.WEBMAIL, expected, observed)


def judge_autoconfig(expected: Expected, observed: Observation) -> Verdict:
    """Return whether autoconfig, which Thunderbird asks, leads to our host."""
    return _judge_one(Check.AUTOCONFIG, expected, observed)


def judge_autodiscover(expected: Expected, observed: Observation) -> Verdict:
    """Return whether autodiscover, which Outlook asks by name and by SRV, leads to our host.

    One of the two is enough; one that leads elsewhere is a fault, whatever the other says, as
    programs differ in which they ask first.
    """
    readings = [
        reading
        for reading in (
            _read_host(Check.AUTODISCOVER, expected, observed),
            _read_service(expected, observed),
        )
        if reading is not None
    ]
    return _conclude(Check.AUTODISCOVER, readings)


def _judge_one(check: Check, expected: Expected, observed: Observation) -> Verdict:
    reading = _read_host(check, expected, observed)
    return _conclude(check, [] if reading is None else [reading])


def _conclude(check: Check, readings: list[_Reading]) -> Verdict:
    """Return the verdict on the names of one check; the worst of them decides."""
    wanted = [reading for reading in readings if reading.record is not None]
    findings: list[Finding] = []
    note = None
    if not wanted:
        # Such a record cannot be, as another one has to stand there: nothing to ask for.
        if not any(reading.right for reading in readings):
            names = tuple(name_text(reading.owner) for reading in readings)
            facts: dict[str, Fact] = {"what": check.value, "names": names}
            findings = [Finding(check, "not-needed", Status.INFO, facts)]
        wanted = readings
    else:
        lent = [reading for reading in wanted if reading.lent]
        wrong = [r for r in wanted if not (r.right or r.absent or r.lent) and r.failure is None]
        if wrong:
            findings.append(_report_wrong(check, wrong))
        findings += [unanswered(check, r.failure) for r in wanted if r.failure is not None][:1]
        absent = [reading for reading in wanted if reading.absent]
        if lent and len(absent) + len(lent) == len(wanted):
            findings.append(_report_lent(check, lent))
        elif len(absent) == len(wanted):
            findings.append(_report_absent(check, absent))
        elif absent and not findings:
            note = Note("autodiscover-half", {"name": name_text(absent[0].owner)})
    return Verdict(
        check,
        tuple(findings),
        expected=tuple(r.record.value for r in wanted if r.record is not None),
        found=some_lines([line for reading in wanted for line in reading.found]),
        note=note,
    )


def _report_wrong(check: Check, readings: list[_Reading]) -> Finding:
    facts: dict[str, Fact] = {
        "names": tuple(name_text(reading.owner) for reading in readings),
        "targets": tuple(dict.fromkeys(r.target for r in readings))[:MOST_NAMES],
        # What leads to somebody else does harm, what leads nowhere only does nothing.
        "leads": next((r.leads for r in readings if r.leads == "elsewhere"), readings[0].leads),
    }
    fixes = tuple(fix for reading in readings for fix in reading.fixes)
    proxied = check is Check.WEBMAIL and readings[0].leads == "proxy"
    if proxied:
        facts |= {"what": "webmail", "target": readings[0].target}
    return Finding(check, "proxied-mail" if proxied else _FOREIGN[check], Status.WARN, facts, fixes)


def _report_lent(check: Check, readings: list[_Reading]) -> Finding:
    """Report names that only a wildcard answers for: the optional record is missing."""
    owners = [reading.owner for reading in readings]
    facts = {**wildcard_facts(owners[0].parent(), owners, optional=True), "repeat": False}
    fixes = tuple(fix for reading in readings for fix in reading.fixes)
    return Finding(check, readings[0].lent, Status.INFO, facts, fixes)


def _report_absent(check: Check, readings: list[_Reading]) -> Finding:
    names = tuple(name_text(reading.owner) for reading in readings)
    fixes = tuple(fix for reading in readings for fix in reading.fixes)
    return report_unused(check, names, fixes)


def _owner(expected: Expected, check: Check) -> dns.name.Name | None:
    """Return the name of a check, also where no record is expected at it."""
    record = expected.record(_PURPOSES[check])
    if record is not None:
        return record.owner
    label = expected.server.webmail_label if check is Check.WEBMAIL else check.value
    return expected.domain.below(label)  # None: too long, so there is nothing to ask


def _read_host(check: Check, expected: Expected, observed: Observation) -> _Reading | None:
    """Return where a name leads by its aliases and addresses; None where it cannot be a name."""
    owner, host = _owner(expected, check), expected.server.host
    if owner is None:
        return None
    record = expected.record(_PURPOSES[check])
    answers = [answer_to(observed, owner, rdtype) for rdtype in ADDRESS_TYPES]
    chain = next((answer.chain for answer in answers if answer.chain), ())
    addresses = [r for answer in answers for r in answer.rdatas if hasattr(r, "address")]
    others = [str(r.address) for r in addresses if r.address not in observed.addresses(host)]
    found = (chain[0].to_text(),) if chain else tuple(str(r.address) for r in addresses)
    ours = True if host in chain else leads_to(observed, owner, host)
    if ours:
        return _Reading(owner, record, right=True, found=found)

    missing = any(answer.outcome is Outcome.NXDOMAIN for answer in answers) or all(
        answer.absent for answer in answers
    )
    if not chain and not addresses and missing:
        return _Reading(owner, record, absent=True, fixes=_add(record))
    circle = any(answer.alias_loop for answer in answers)
    dead = not addresses and missing
    if ours is None and not circle and not dead:
        asked = (*answers, *(answer_to(observed, host, rdtype) for rdtype in ADDRESS_TYPES))
        failure = next(answer for answer in asked if answer.failed)
        return _Reading(owner, record, failure=failure, found=found)
    alias = next((a for answer in answers if (a := alias_at(observed, answer))), None)
    if chain and alias is None and not circle:
        return _Reading(owner, record, lent="wildcard-cname", found=found, fixes=_add(record))
    if not chain and is_lent(observed, found):
        return _Reading(owner, record, lent="wildcard-address", found=found, fixes=_add(record))
    old: list[Fix] = []
    if not chain:
        # An alias cannot stand beside addresses, so these have to go first.
        old = [
            Fix(FixAction.DELETE, owner, dns.rdatatype.to_text(r.rdtype), str(r.address))
            for r in addresses[:MOST_NAMES]
        ]
    return _Reading(
        owner,
        record,
        leads="circle" if circle else "nowhere" if dead else _tell_proxy((owner, *chain), others),
        target=name_text(alias or chain[0]) if alias or chain else next(iter(others), ""),
        found=found,
        fixes=_replace(record, old=alias.to_text()) if alias else (*old, *_add(record)),
    )


def _tell_proxy(names: Iterable[dns.name.Name], addresses: Iterable[str]) -> str:
    return "proxy" if is_proxy(names, addresses) else "elsewhere"


def _read_service(expected: Expected, observed: Observation) -> _Reading | None:
    """Return where the SRV record leads (RFC 2782); None where it cannot be a name."""
    host = expected.server.host
    record = expected.record(Purpose.AUTODISCOVER_SRV)
    owner = record.owner if record else expected.domain.below(_SRV_LABEL)
    if owner is None:
        return None
    answer = answer_to(observed, owner, dns.rdatatype.SRV)
    services = sorted(r for r in answer.rdatas if isinstance(r, SRV))
    found = tuple(service.to_text() for service in services)
    # An alias cannot stand beside other records, so it has to go first (RFC 1034 section 3.6.2).
    alias = alias_at(observed, answer)
    fixes = _add(record)
    if alias is not None:
        fixes = (Fix(FixAction.DELETE, owner, "CNAME", alias.to_text()), *fixes)
    if alias is not None and (answer.absent or answer.alias_loop):
        leads = "circle" if answer.alias_loop else "nowhere"
        text = (alias.to_text(),)
        return _Reading(
            owner, record, leads=leads, target=name_text(alias), found=text, fixes=fixes
        )
    if answer.absent:
        return _Reading(owner, record, absent=True, fixes=fixes)
    if not services:
        return _Reading(owner, record, failure=answer)

    # By name, and by address where that happens to be known. Another name is a fault in any case:
    # if it is our server, its certificate does not fit that name.
    wrong = [s for s in services if not _serves(observed, s, record, host)]
    if not wrong:
        return _Reading(owner, record, right=True, found=found)
    if alias is None and len(wrong) < len(services):
        fixes = tuple(_delete(owner, s) for s in wrong[:MOST_NAMES])
    elif alias is None:
        first, *rest = wrong
        fixes = (
            *_replace(record, old=first.to_text()),
            *(_delete(owner, s) for s in rest[:MOST_NAMES]),
        )
    if all(service.target == dns.name.root for service in services):
        # "There is no such service here" (RFC 2782): as good as no record, but one to replace.
        return _Reading(owner, record, absent=True, found=found, fixes=fixes)
    shown = wrong[0].target
    target = f"{name_text(shown)}:{wrong[0].port}" if shown == host else name_text(shown)
    return _Reading(owner, record, target=target, found=found, fixes=fixes)


def _serves(
    observed: Observation, service: SRV, record: ExpectedRecord | None, host: dns.name.Name
) -> bool:
    port = record.value.split()[2] if record else str(service.port)
    return str(service.port) == port and leads_to(observed, service.target, host) is True


def _add(record: ExpectedRecord | None) -> tuple[Fix, ...]:
    if record is None:
        return ()
    return (Fix(FixAction.ADD, record.owner, record.type, record.value, ttl=record.ttl),)


def _replace(record: ExpectedRecord | None, *, old: str) -> tuple[Fix, ...]:
    if record is None:
        return ()
    return (
        Fix(FixAction.REPLACE, record.owner, record.type, record.value, ttl=record.ttl, old=old),
    )


def _delete(owner: dns.name.Name, service: SRV) -> Fix:
    return Fix(FixAction.DELETE, owner, "SRV", service.to_text())
