"""What a DMARC text was meant to say: slips of the hand taken back, whether it is a record or not.

Everything that can be read of it stays: policies, alignment, addresses (RFC 9989 section 4.7).
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from bot.checks.dmarc.record import DmarcRecord, parse_record
from bot.checks.paste_damage import unquote
from bot.records.dmarc_policy import POLICIES
from bot.records.text_cache import TextCache

QUOTES = "\"'“”„‟«»‘’`"
_TAGS = "adkim|aspf|fo|np|pct|psd|p|rf|ri|rua|ruf|sp|t"
_KNOWN = frozenset(("v", *_TAGS.split("|")))
_BEGINNINGS = rf"(?:policy|{_TAGS})\s*[=:]"
# "p=reject rua=mailto:…", "p=rejectrua=…": a tag that begins inside the value of another.
GLUE = re.compile(
    rf"(?<![;\s,])[\s,]+(?={_BEGINNINGS})"
    rf"|(?<=(?<![a-z])none)(?={_BEGINNINGS})"
    rf"|(?<=(?<![a-z])reject)(?={_BEGINNINGS})"
    rf"|(?<=(?<![a-z])quarantine)(?={_BEGINNINGS})",
    re.IGNORECASE,
)
_BEHIND_VERSION = re.compile(
    rf"^(\W*v\s*(?:[=:]\s*)?DMARC\s?1)[\s,.:]*(?={_BEGINNINGS})", re.IGNORECASE
)
_VERSION = re.compile(r"\W*(?:v\s*[=:].*|(?:v\s*)?DMARC\s?\d*\W*)", re.IGNORECASE)
_BEGINS = re.compile(r"\W*(?:v\s*[=:]|DMARC)", re.IGNORECASE)
# A quote mark that is not between two letters, as in the address of an O'Neil.
_QUOTE = re.compile(rf"(?<![^\W_])[{QUOTES}]|[{QUOTES}](?![^\W_])")
# "p:reject", "rua:mailto:…": a colon in place of the equals sign.
COLON = re.compile(rf"\s*({_TAGS})\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_]*\s*=")
_REPORTS = re.compile(r"(ru[af])\s*=", re.IGNORECASE)
_MAIL = re.compile(r"mailto\s*:[^@]+@", re.IGNORECASE)


class Misnamed(NamedTuple):
    """A tag that DMARC does not have, and the one that its value shows to be meant."""

    name: str
    value: str
    meant: str


@TextCache
def read_meant(text: str) -> DmarcRecord:
    """Return the record that a text was meant to be; of other tags than `rua` the first counts.

    Quote marks and backslashes go, a semicolon or an equals sign that is missing comes in, an
    address behind a semicolon goes back to its list, and so does a list that is there twice.
    """
    others = list[str]()
    lists: dict[str, str] = {}
    last = "rua"
    for each in _split(text):
        part = each.strip()
        if not part or _VERSION.fullmatch(part):
            continue
        if named := COLON.fullmatch(part):
            part = f"{named[1]}={named[2]}"
        reports = _REPORTS.match(part)
        if reports is None and ("@" not in part or _NAMED.match(part)):
            others.append(part)
            continue
        value = part if reports is None else part[reports.end() :]
        last = last if reports is None else reports[1].lower()
        together = (lists.get(last, ""), value)
        lists[last] = ",".join(text for text in together if text.strip())
    parts = ["v=DMARC1", *others, *(f"{tag}={value}" for tag, value in lists.items())]
    record = parse_record("; ".join(parts)) or DmarcRecord(text, ())
    renamed = {tag.name: tag.meant for tag in find_misnamed(record)}
    tags = tuple((renamed.get(name, name), value) for name, value in record.tags)
    return DmarcRecord(record.text, tags, record.broken, record.odd)


def find_misnamed(record: DmarcRecord) -> tuple[Misnamed, ...]:
    """Return the tags of another name that hold a policy where no `p` is, or addresses for `rua`.

    One for each at most.
    """
    strangers = [tag for tag in record.tags if tag[0] not in _KNOWN]
    found = []
    if record.get("p") is None:
        found += [Misnamed(*tag, "p") for tag in strangers if tag[1].lower() in POLICIES][:1]
    if record.get("rua") is None:
        found += [Misnamed(*tag, "rua") for tag in strangers if _MAIL.match(tag[1])][:1]
    return tuple(found)


def _split(text: str) -> list[str]:
    plain = "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)
    plain = "".join(c for c in plain if unicodedata.category(c) not in {"Cf", "Cc"} or c in "\t\n")
    bare = _QUOTE.sub("", unquote(plain))
    return GLUE.sub("; ", _BEHIND_VERSION.sub(r"\1; ", bare)).split(";")


def find_malformation(text: str) -> str:
    """Return what keeps a text from being a DMARC record.

    That is "quotes", "backslash", "blank" (before the version), "glued" (no semicolon after the
    version), "order" (the version does not come first), "unversioned" (it is not there) or
    "version" (it is not written `v=DMARC1`).
    """
    stripped = text.strip()
    parts = [part.strip() for part in stripped.split(";")]
    if stripped[:1] in QUOTES or stripped[-1:] in QUOTES:
        return "quotes"
    if "\\" in text:
        return "backslash"
    if parse_record(stripped) is not None:
        return "blank"
    if re.match(r"v\s*=\s*DMARC1[\s,:.]+\w", stripped) or _BEHIND_VERSION.match(stripped):
        return "glued" if re.match(r"v\s*=\s*DMARC1", stripped) else "version"
    if any(parse_record(part) is not None for part in parts[1:]):
        return "order"
    return "version" if _BEGINS.match(stripped) else "unversioned"
