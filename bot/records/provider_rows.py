"""Checks the rows of `providers.toml`, so that no wrong word of it ever reaches a member."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEY = re.compile(r"[a-z][a-z0-9-]{1,31}")
_LABEL = r"[a-z0-9_](?:[a-z0-9-]*[a-z0-9])?"
_END = re.compile(rf"[a-z0-9-]*\*?(?<=[a-z0-9*])(?:\.{_LABEL})+")
# What a form says stands in Discord messages and on terminals as it is here: no Markdown in it.
_WORDS = re.compile(r"(?:[^\W_]|[ ,.()/:-]){1,60}")
_ADDRESS = re.compile(r"https?://[!-~]+")
_FIELDS = ("name", "type", "priority", "ttl")
_TYPES = ("A", "AAAA", "CNAME", "MX", "SRV", "TXT")
_CHOICES = {
    "apex": ("@", "empty", "full"),
    "names": ("short", "full"),
    "final_dot": ("needed", "accepted", "refused"),
    "quotes": ("needed", "none"),
    "long_text": ("whole", "parts", "limit"),
    "priority": ("own", "joined"),
    "date_is": ("stated", "read"),
}
_TEXTS = {"name": _WORDS, "proxy": _WORDS, "ttl_auto": _WORDS, "long_way": _WORDS, "link": _ADDRESS}
_TABLES = {"words": (*_FIELDS, *_TYPES), "types": _TYPES}
_REQUIRED = ("key", "name", "link", "sources", "date", "date_is")
_ALL = {*_REQUIRED, *_CHOICES, *_TEXTS, *_TABLES, "name_servers", "beside", "ttl_least"}


def check_rows(raw: Mapping[str, object]) -> list[str]:
    """Return what is wrong with the file, one sentence a fault; nothing where it is right."""
    rows = raw.get("provider")
    if set(raw) != {"provider"} or not isinstance(rows, list) or not rows:
        return ["The file holds rows of [[provider]] and nothing else."]
    faults = []
    for number, row in enumerate(rows, start=1):
        key = row.get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key) or key == "other":
            faults.append(f'Row {number} has no key of small letters, e.g. key = "domeneshop".')
            continue
        faults += [f"{key}: {fault}" for fault in _check_row(row)]
    return faults or list(_check_together(rows))


def _check_row(row: Mapping[str, object]) -> Iterator[str]:
    for key in _REQUIRED:
        if key not in row:
            yield f"{key} is missing."
    for key in sorted(set(row) - _ALL):
        yield f"{key} is no field of a row."
    for key, choices in _CHOICES.items():
        if key in row and row[key] not in choices:
            yield f"{key} is one of {', '.join(choices)}, not {row[key]!r}."
    for key, pattern in _TEXTS.items():
        if key in row and not _fits(row[key], pattern):
            yield f"{key} cannot be {row[key]!r}."
    for key, names in _TABLES.items():
        yield from _check_table(key, row.get(key, {}), names)
    if "date" in row and type(row["date"]) is not date:
        yield "date is a day, e.g. 2026-11-27."
    least = row.get("ttl_least", 1)
    if type(least) is not int or least < 1:
        yield "ttl_least is a number of seconds."
    sources = row.get("sources", [""])
    if not isinstance(sources, list) or not sources:
        yield "sources are a list of addresses."
    elif "sources" in row:
        yield from (f"{s!r} is no address." for s in sources if not _fits(s, _ADDRESS))
    yield from _check_name_servers(row)
    if (row.get("long_text") == "limit") != ("long_way" in row):
        yield 'long_way goes with long_text = "limit", and with nothing else.'


def _check_table(key: str, table: object, names: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(table, dict):
        yield f"{key} is a table of names and words."
        return
    for name, word in table.items():
        if name not in names:
            yield f"{key} has no {name}; there are {', '.join(names)}."
        elif not _fits(word, _WORDS):
            yield f"{key}.{name} cannot be {word!r}."


def _check_name_servers(row: Mapping[str, object]) -> Iterator[str]:
    ends = row.get("name_servers", [])
    if not isinstance(ends, list):
        yield "name_servers are a list of ends of names."
        return
    if bool(ends) == ("beside" in row):
        yield "A row has either name_servers or beside."
    for end in ends:
        if not _fits(end, _END):
            yield f'{end!r} is no end of names, e.g. "ns.cloudflare.com".'


def _check_together(rows: list[Mapping[str, object]]) -> Iterator[str]:
    """Find what is wrong between rows: keys, names or name servers that two of them have."""
    for field in ("key", "name"):
        values = [row[field] for row in rows]
        for value in sorted({str(v) for v in values if values.count(v) > 1}):
            yield f"Two rows have the {field} {value}."
    owners = {row["key"] for row in rows if row.get("name_servers")}
    ends = [(row["key"], end) for row in rows for end in _ends(row)]
    for row in rows:
        if "beside" in row and row["beside"] not in owners:
            yield f"{row['key']}: beside names no row with name servers."
    for key, end in ends:
        for other, longer in ends:
            if longer != end and longer.endswith(f".{end}"):
                yield f"{other}: {longer} lies below {end} of {key}."
    every = [end for _, end in ends]
    for end in sorted({end for end in every if every.count(end) > 1}):
        yield f"Two rows have the name servers {end}."


def _ends(row: Mapping[str, object]) -> list[str]:
    ends = row.get("name_servers", [])
    return ends if isinstance(ends, list) else []


def _fits(value: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
