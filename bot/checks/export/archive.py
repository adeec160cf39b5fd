"""Writes a report as one line of JSON for the store, and reads it back for a card.

What is kept has an end, whatever a zone holds: each text, each list, and the whole.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import dns.name

from bot.checks.dkim.server_records import RecordState
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, ServerCheck, Status
from bot.checks.report import CheckResult, OtherKeySeen, Report
from bot.names import Domain
from bot.records.key_change import KeyRole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import DataclassInstance

    from bot.errors import Fact

SCHEMA = 3  # of the kept text; one that is not known any more is not read

LONGEST = 2_048  # octets of one text in the JSON; longer ones are cut
LARGEST = 32_768  # octets of one report; a broken domain's has about 5,000
_CUT_OFF = "…"
# Octets of a text and entries of a list, tried in turn until the report is small enough.
_SIZES = ((LONGEST, 20), (512, 12), (128, 12), (64, 4))


def dump_report(report: Report) -> str:
    """Return the report as one line of JSON, of `LARGEST` octets at most.

    Texts from the zone are cut at `LONGEST` octets, and shorter where they are many. Where that
    is not enough, the last findings are left out.
    """
    for longest, most in _SIZES:
        cut = _cut_report(report, longest, most)
        text = _write(cut)
        if _size(text) <= LARGEST:
            return text
    return _write_fewer(cut)


def load_report(text: str) -> Report:
    """Return the report that `dump_report` wrote under this schema."""
    raw: dict[str, Any] = json.loads(text)
    return Report(
        domain=Domain(_name(raw["domain"]["name"])),
        zone=_name(raw["zone"]),
        checked_at=datetime.fromisoformat(raw["checked_at"]),
        results=tuple(_load_result(result) for result in raw["results"]),
        findings=tuple(_load_finding(finding) for finding in raw["findings"]),
        queries=raw["queries"],
        elapsed_ms=raw["elapsed_ms"],
        name_servers=tuple(raw["name_servers"]),
        other_key=_load_other_key(raw.get("other_key")),  # earlier ones knew of none
    )


def dump_finding(finding: Finding) -> str:
    """Return a finding as one line of JSON, its texts and lists cut as those of a report are."""
    return json.dumps(
        {**_dump_fields(_cut_finding(finding, *_SIZES[1])), "of_server": _is_of_server(finding)},
        default=_dump,
        ensure_ascii=False,
        separators=(",", ":"),
    )


def load_finding(text: str) -> Finding:
    """Return the finding that `dump_finding` wrote."""
    raw: dict[str, Any] = json.loads(text)
    return _load_finding(raw, ServerCheck if raw["of_server"] else Check)


def _is_of_server(finding: Finding) -> bool:
    return isinstance(finding.check, ServerCheck)


def _write(report: Report) -> str:
    return json.dumps(report, default=_dump, ensure_ascii=False, separators=(",", ":"))


def _write_fewer(report: Report) -> str:
    """Return the report with as many of its first findings as there is room for."""
    count = len(report.findings)
    while count and _size(_write(report)) > LARGEST:
        count //= 2
        report = replace(report, findings=report.findings[:count])
    return _write(report)


def _size(text: str) -> int:
    return len(text.encode(errors="replace"))


def _cut_report(report: Report, longest: int, most: int) -> Report:
    return replace(
        report,
        results=tuple(_cut_result(result, longest, most) for result in report.results),
        findings=tuple(_cut_finding(finding, longest, most) for finding in report.findings),
        name_servers=_cut_texts(report.name_servers, longest, most),
    )


def _cut_result(result: CheckResult, longest: int, most: int) -> CheckResult:
    note = result.note
    return replace(
        result,
        expected=_cut_texts(result.expected, LONGEST, most),
        found=_cut_texts(result.found, longest, most),
        note=note and replace(note, facts=_cut_facts(note.facts, longest, most)),
    )


def _cut_finding(finding: Finding, longest: int, most: int) -> Finding:
    # A value to type is whole, or it is not there: half of it would break the domain.
    fixes = (fix for fix in finding.fixes if _cut(fix.value, LONGEST) == fix.value)
    return replace(
        finding,
        facts=_cut_facts(finding.facts, longest, most),
        fixes=tuple(
            replace(fix, old=fix.old and _cut(fix.old, longest)) for fix in islice(fixes, most)
        ),
    )


def _cut_facts(facts: Mapping[str, Fact], longest: int, most: int) -> dict[str, Fact]:
    return {key: _cut_fact(value, longest, most) for key, value in facts.items()}


def _cut_fact(value: Fact, longest: int, most: int) -> Fact:
    if isinstance(value, tuple):
        return _cut_texts(value, longest, most)
    return _cut(value, longest) if isinstance(value, str) else value


def _cut_texts(texts: tuple[str, ...], longest: int, most: int) -> tuple[str, ...]:
    return tuple(_cut(text, longest) for text in texts[:most])


def _cut(text: str, longest: int) -> str:
    """Return a text, or its beginning and a sign, of at most so many octets as JSON."""
    if len(text) <= longest and _size_as_json(text) <= longest:
        return text
    text = text[:longest]
    while (size := _size_as_json(text + _CUT_OFF)) > longest:
        text = text[: len(text) * longest // (size + 1)]
    return text + _CUT_OFF


def _size_as_json(text: str) -> int:
    return _size(json.dumps(text, ensure_ascii=False)) - 2  # the quotes


def _dump(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return _dump_fields(value)
    if isinstance(value, MappingProxyType):
        return dict(value)
    if isinstance(value, dns.name.Name):
        return value.to_text()
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a report holds no {type(value).__name__}")


def _dump_fields(value: DataclassInstance) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def _load_result(raw: dict[str, Any]) -> CheckResult:
    note = raw["note"]
    return CheckResult(
        check=Check(raw["check"]),
        status=Status(raw["status"]),
        expected=tuple(raw["expected"]),
        found=tuple(raw["found"]),
        note=Note(note["code"], _load_facts(note["facts"])) if note else None,
        is_proven=raw.get("is_proven", False),  # what was kept before there was this proves nothing
        ttl=raw.get("ttl"),  # nor was it kept from the beginning
    )


def _load_finding(raw: dict[str, Any], kind: type[Check | ServerCheck] = Check) -> Finding:
    return Finding(
        check=kind(raw["check"]),
        code=raw["code"],
        severity=Status(raw["severity"]),
        facts=_load_facts(raw["facts"]),
        fixes=tuple(_load_fix(fix) for fix in raw["fixes"]),
        seen_after=raw["seen_after"],
        harmless=raw.get("harmless", False),
    )


def _load_other_key(raw: dict[str, Any] | None) -> OtherKeySeen | None:
    if raw is None:
        return None
    return OtherKeySeen(KeyRole(raw["role"]), raw["selector"], RecordState(raw["state"]))


def _load_facts(raw: Mapping[str, Any]) -> dict[str, Fact]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def _load_fix(raw: dict[str, Any]) -> Fix:
    old_owner, zone = raw["old_owner"], raw.get("zone")  # earlier ones have no zone
    return Fix(
        **{
            **raw,
            "action": FixAction(raw["action"]),
            "owner": _name(raw["owner"]),
            "old_owner": None if old_owner is None else _name(old_owner),
            "zone": None if zone is None else _name(zone),
        }
    )
