"""Writes a report as one line of JSON for the store, and reads it back for a card."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import dns.name

from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status
from bot.checks.report import CheckResult, Report
from bot.names import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.errors import Fact

SCHEMA = 3  # of the kept text; one that is not known any more is not read


def dump_report(report: Report) -> str:
    """Return the report as one line of JSON."""
    return json.dumps(report, default=_dump, ensure_ascii=False, separators=(",", ":"))


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
    )


def _dump(value: object) -> object:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, MappingProxyType):
        return dict(value)
    if isinstance(value, dns.name.Name):
        return value.to_text()
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a report holds no {type(value).__name__}")


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
    )


def _load_finding(raw: dict[str, Any]) -> Finding:
    return Finding(
        check=Check(raw["check"]),
        code=raw["code"],
        severity=Status(raw["severity"]),
        facts=_load_facts(raw["facts"]),
        fixes=tuple(_load_fix(fix) for fix in raw["fixes"]),
        seen_after=raw["seen_after"],
        harmless=raw.get("harmless", False),
    )


def _load_facts(raw: Mapping[str, Any]) -> dict[str, Fact]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def _load_fix(raw: dict[str, Any]) -> Fix:
    old_owner = raw["old_owner"]
    return Fix(
        **{
            **raw,
            "action": FixAction(raw["action"]),
            "owner": _name(raw["owner"]),
            "old_owner": None if old_owner is None else _name(old_owner),
        }
    )
