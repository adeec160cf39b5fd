"""Judges the optional names: the webmail alias, autoconfig and autodiscover."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from bot.checks.answers import (
    MOST_NAMES,
    name_text,
    report_unused,
    some_lines,
    unanswered,
    wildcard_facts,
)
from bot.checks.finding import Check, Finding, Note, Status, Verdict
from bot.checks.lent_record import wildcard_over
from bot.checks.optional.host_reading import HostReading, read_host, read_service
from bot.checks.optional.told_settings import is_proven, judge_answers, name_told

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected

_FOREIGN = {
    Check.WEBMAIL: "webmail-wrong-target",
    Check.AUTOCONFIG: "autoconfig-foreign",
    Check.AUTODISCOVER: "autodiscover-foreign",
}


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
            read_host(Check.AUTODISCOVER, expected, observed),
            read_service(expected, observed),
        )
        if reading is not None
    ]
    return _conclude(Check.AUTODISCOVER, expected, observed, readings)


def _judge_one(check: Check, expected: Expected, observed: Observation) -> Verdict:
    reading = read_host(check, expected, observed)
    return _conclude(check, expected, observed, [] if reading is None else [reading])


def _conclude(
    check: Check, expected: Expected, observed: Observation, readings: list[HostReading]
) -> Verdict:
    """Return the verdict on the names of one check; the worst of them decides.

    A name that leads elsewhere is right where what answers there is just what we hand out.
    """
    readings = [_with_proof(reading, check, expected, observed) for reading in readings]
    wanted = [reading for reading in readings if reading.record is not None]
    answered = judge_answers(check, expected, observed, readings)
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
        for switch in (False, True, None):
            if some := [reading for reading in wrong if reading.switch is switch]:
                told = (name_told(check, r.owner, expected, observed) for r in some)
                findings.append(_report_wrong(check, some, next(filter(None, told), "")))
        findings += [unanswered(check, r.failure) for r in wanted if r.failure is not None][:1]
        absent = [reading for reading in wanted if reading.absent]
        if any(finding.fixes for finding in answered):
            pass  # what is not there yet is among its steps
        elif lent and len(absent) + len(lent) == len(wanted):
            findings.append(_report_lent(check, observed, lent))
        elif len(absent) == len(wanted):
            findings.append(_report_absent(check, absent))
        elif absent and not findings:
            note = Note("autodiscover-half", {"name": name_text(absent[0].owner)})
    if note is None and not answered and not findings:
        note = _note_certificate(check, observed, wanted)
    return Verdict(
        check,
        (*answered, *findings),
        expected=tuple(r.record.value for r in wanted if r.record is not None),
        found=some_lines([line for reading in wanted for line in reading.found]),
        note=note,
    )


def _note_certificate(
    check: Check, observed: Observation, readings: list[HostReading]
) -> Note | None:
    """Return the note that programs cannot read what our server says by a name of the domain.

    The record is right, and the certificate is the mail server's: there is nothing to type.
    """
    if not observed.discovery:
        return None
    owners = {reading.owner for reading in readings if reading.right}
    for told in observed.discovery:
        place = told.place
        if place.check is check and place.owner in owners and told.ours and told.refused:
            return Note("discovery-certificate", {"name": name_text(place.host)})
    return None


def _with_proof(
    reading: HostReading, check: Check, expected: Expected, observed: Observation
) -> HostReading:
    """Return a reading as right where programs are proven to get our settings by its name."""
    known = reading.right or reading.absent or reading.failure is not None or bool(reading.lent)
    if known or not is_proven(check, reading.owner, expected, observed):
        return reading
    return dataclasses.replace(reading, right=True)


def _report_wrong(check: Check, readings: list[HostReading], told: str) -> Finding:
    """Report names that lead elsewhere; `told` is what programs are told there to use."""
    facts: dict[str, Fact] = {
        "names": tuple(name_text(reading.owner) for reading in readings),
        "targets": tuple(dict.fromkeys(r.target for r in readings))[:MOST_NAMES],
        # What leads to somebody else does harm, what leads nowhere only does nothing.
        "leads": next((r.leads for r in readings if r.leads == "elsewhere"), readings[0].leads),
        "switch": readings[0].switch is not False,
        "sure": readings[0].switch is True,
    }
    if told:
        facts["told"] = told
    fixes = tuple(fix for reading in readings for fix in reading.fixes)
    proxied = check is Check.WEBMAIL and readings[0].leads == "proxy"
    if proxied:
        facts |= {"what": "webmail", "target": readings[0].target}
    return Finding(check, "proxied-mail" if proxied else _FOREIGN[check], Status.WARN, facts, fixes)


def _report_lent(check: Check, observed: Observation, readings: list[HostReading]) -> Finding:
    """Report names that only a wildcard answers for: the optional record is missing."""
    owners = [reading.owner for reading in readings]
    above = wildcard_over(observed, owners[0])
    facts = {**wildcard_facts(above, owners, optional=True), "repeat": False}
    fixes = tuple(fix for reading in readings for fix in reading.fixes)
    return Finding(check, readings[0].lent, Status.INFO, facts, fixes)


def _report_absent(check: Check, readings: list[HostReading]) -> Finding:
    names = tuple(name_text(reading.owner) for reading in readings)
    fixes = tuple(fix for reading in readings for fix in reading.fixes)
    return report_unused(check, names, fixes)
