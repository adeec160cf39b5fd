"""Records as JSON and as CSV, each name and value in both spellings."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from bot.records.presentation import full_name, joined_value, relative_name

if TYPE_CHECKING:
    from collections.abc import Callable

    import dns.name

    from bot.records.expected import Expected, ExpectedRecord

    Why = Callable[[ExpectedRecord], str]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One record with everything that a provider's form may ask for."""

    purpose: str
    name: str  # below the zone's apex, `@` for itself
    full_name: str  # without a final dot
    type: str
    priority: int | None  # of MX
    value: str  # without the priority
    joined_value: str  # with it, for forms without a field of its own
    ttl: int  # seconds
    need: str  # "required", "recommended" or "optional"
    why: str  # one sentence


def rows(expected: Expected, why: Why, zone: dns.name.Name | None = None) -> tuple[Row, ...]:
    """Return the records as rows; short names are below `zone`, by default the domain."""
    apex = expected.domain.name if zone is None else zone
    return tuple(
        Row(
            purpose=record.purpose.value,
            name=relative_name(record.owner, apex),
            full_name=full_name(record.owner),
            type=record.type,
            priority=record.priority,
            value=record.value,
            joined_value=joined_value(record.value, record.priority),
            ttl=record.ttl,
            need=record.need.value,
            why=why(record),
        )
        for record in expected.records
    )


def to_json(expected: Expected, why: Why, zone: dns.name.Name | None = None) -> str:
    """Return the records as a JSON list of objects, `priority` null where there is none."""
    listed = [asdict(row) for row in rows(expected, why, zone)]
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"


def to_csv(expected: Expected, why: Why, zone: dns.name.Name | None = None) -> str:
    """Return the records as CSV (RFC 4180) below a header row, `priority` empty where none is.

    A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or
    a carriage return) gets an apostrophe before it. The name `@` alone is no formula and stays as
    it has to be typed.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(field.name for field in fields(Row))
    for row in rows(expected, why, zone):
        writer.writerow(_cell(value) for value in asdict(row).values())
    return out.getvalue()


def _cell(value: str | int | None) -> str:
    text = "" if value is None else str(value)
    is_formula = text != "@" and text.startswith(_FORMULA_STARTS)
    return f"'{text}" if is_formula else text
