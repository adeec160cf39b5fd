"""The faults of a DMARC record, each with what it was meant to say (RFC 9989 sections 4.7, 4.8)."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from bot.checks.dmarc.slips import COLON, GLUE, QUOTES, find_misnamed, read_meant
from bot.records.dmarc_policy import POLICIES, POLICY_TAGS, DmarcPolicy
from bot.records.tag_list import FWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.checks.dmarc.record import DmarcRecord

# Values of the tags beside the policies (RFC 9989 section 4.7); others count as not given.
VALUES = {
    "adkim": frozenset({"r", "s"}),
    "aspf": frozenset({"r", "s"}),
    "t": frozenset({"y", "n"}),
    "psd": frozenset({"y", "n", "u"}),
    "fo": frozenset({"0", "1", "d", "s"}),
}
# What people write out, by the tag that has a letter for it.
_WORDS = {
    "adkim": {"strict": "s", "relaxed": "r"},
    "aspf": {"strict": "s", "relaxed": "r"},
    "t": {"yes": "y", "no": "n", "true": "y", "false": "n"},
    "psd": {"yes": "y", "no": "n", "true": "y", "false": "n"},
}
# Faults that a record can have any number of; of the others there are as many as tags are known.
_SAID_TOGETHER = frozenset({"semicolon", "repeated", "part", "odd", "blank"})


class DmarcFault(NamedTuple):
    """A part of a record that does not say what it was meant to.

    `what` is "policy", "no-policy", "misnamed" (`suggestion` is the tag that was meant), "colon"
    (in place of the equals sign), "semicolon" (missing after this value), "quoted", "empty" (a tag
    without a value), "repeated" (`value` is what stands there the other times), "part" (no tag at
    all), "odd" (characters that may not be there), "blank" (an empty part), "word" (`suggestion` is
    the letter for it) or "tag". `grave` where receivers then disregard the policy, otherwise they
    go by the default. `more` are the parts with the same fault, beside the one that is named.
    """

    what: str
    tag: str
    value: str
    grave: bool
    more: tuple[str, ...] = ()
    suggestion: str = ""


class ReportFault(NamedTuple):
    """What is wrong with entries of `rua` or `ruf`; see `ReportAddress` for `what`.

    `more` are entries with the same fault beside the one that is named, `left_out` says that no
    address can be read in one of them.
    """

    tag: str
    what: str
    value: str
    more: tuple[str, ...]
    left_out: tuple[str, ...]


def find_tag_faults(record: DmarcRecord) -> tuple[DmarcFault, ...]:
    """Return the faults of a record's tags, one of a kind, grave ones first.

    `rua` and `ruf` are not looked at.
    """
    meant = read_meant(record.text)
    hidden = record.get("p") is None and meant.get("p") is not None
    glued = {tag: GLUE.split(value)[0] for tag, value in record.tags if GLUE.search(value)}
    faults = [
        DmarcFault("semicolon", tag, value, grave=hidden or tag in POLICY_TAGS)
        for tag, value in glued.items()
    ]
    faults += _find_colons(record)
    faults += (
        DmarcFault("misnamed", tag.name, tag.value, tag.meant in POLICY_TAGS, suggestion=tag.meant)
        for tag in find_misnamed(record)
    )
    quoted = list(_find_quoted(record))
    faults += quoted
    said = {*glued, *(fault.tag for fault in quoted)}
    for tag, value in record.invalid_policies:
        if tag not in said and not (hidden and tag == "p"):
            faults.append(_name_policy(record, tag, value))
    faults += (_name_repeated(record, tag) for tag in record.repeated)
    faults += (
        DmarcFault("part", "", part, grave=False)
        for part in record.broken
        if "@" not in part and not COLON.fullmatch(part)
    )
    if record.odd:
        faults += _find_odd(record, said)
    faults += _find_invalid(record, said)
    if hidden and not any(fault.grave for fault in faults):
        faults.append(DmarcFault("no-policy", "p", "", grave=True))
    return tuple(sorted(_merge(faults), key=lambda fault: not fault.grave))


def _find_odd(record: DmarcRecord, said: set[str]) -> list[DmarcFault]:
    """Return the parts that no tag may have, and add their tags to those of which more is said."""
    odd = {part: part.partition("=")[0].strip(FWS).lower() for part in record.odd}
    # Of these it is said by the faults of their addresses.
    reports = {fault.tag for fault in find_report_faults(record)}
    faults = [
        DmarcFault("odd" if part else "blank", "", part, grave=False)
        for part, tag in odd.items()
        if tag not in {*said, *reports}
    ]
    said.update(odd.values())
    return faults


def _find_colons(record: DmarcRecord) -> Iterator[DmarcFault]:
    for part in record.broken:
        if named := COLON.fullmatch(part):
            tag = named[1].lower()
            yield DmarcFault("colon", tag, named[2], grave=tag in POLICY_TAGS)


def _find_quoted(record: DmarcRecord) -> Iterator[DmarcFault]:
    for tag in (*POLICY_TAGS, *VALUES):
        value = record.get(tag) or ""
        bare = value.strip(QUOTES + FWS)
        if bare != value and is_valid(tag, bare):
            yield DmarcFault("quoted", tag, value, tag in POLICY_TAGS, suggestion=bare)


def _name_policy(record: DmarcRecord, tag: str, value: str) -> DmarcFault:
    if value:
        return DmarcFault("policy", tag, value, grave=True)
    what = "no-policy" if record.get(tag) is None else "empty"
    return DmarcFault(what, tag, "", grave=True)


def _name_repeated(record: DmarcRecord, tag: str) -> DmarcFault:
    first, *others = (value for name, value in record.tags if name == tag)
    different = ", ".join(dict.fromkeys(value for value in others if value != first))
    return DmarcFault("repeated", tag, different, tag in POLICY_TAGS, suggestion=first)


def _find_invalid(record: DmarcRecord, said: Iterable[str]) -> Iterator[DmarcFault]:
    for tag in (tag for tag in VALUES if tag not in said):
        value = record.get(tag)
        if value is None or is_valid(tag, value):
            continue
        meant = mend_value(tag, value)
        what = "empty" if not value else "word" if meant else "tag"
        yield DmarcFault(what, tag, value, grave=False, suggestion=meant)
    if record.share is None and "pct" not in said:
        value = record.get("pct") or ""
        yield DmarcFault("tag" if value else "empty", "pct", value, grave=False)


def _merge(faults: Iterable[DmarcFault]) -> Iterator[DmarcFault]:
    """Give the first fault of each kind, which names the others of that kind."""
    kinds: dict[tuple[str, bool], list[DmarcFault]] = {}
    for fault in faults:
        kinds.setdefault((fault.what, fault.grave), []).append(fault)
    for first, *rest in kinds.values():
        if rest and first.what in _SAID_TOGETHER:
            yield first._replace(more=tuple(fault.tag or fault.value for fault in rest))
        else:
            yield from (first, *rest)


def find_weaker_tag(record: DmarcRecord) -> tuple[str, DmarcPolicy, DmarcPolicy] | None:
    """Return the tag that asks for less below the domain, what it asks for, and what `p` does."""
    strict = record.policy("p")
    for tag in ("sp", "np"):
        value = record.policy(tag)
        if strict is not None and value is not None and value.weaker_than(strict):
            return tag, value, strict
    return None


def find_report_faults(record: DmarcRecord) -> tuple[ReportFault, ...]:
    """Return the faulty entries of `rua` and `ruf`, one of each kind, with the others of its kind.

    They are looked for in the record as it was meant; an address behind a semicolon is "spilled".
    """
    kinds: dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]] = {}
    spilled = [part for part in record.broken if "@" in part and not COLON.fullmatch(part)]
    for part in spilled:
        kinds.setdefault(("rua", "spilled"), []).append((part, ()))
    meant = read_meant(record.text)
    for tag in ("rua", "ruf"):
        for entry in meant.addresses(tag):
            text = entry.text.strip()
            if entry.fault and text not in spilled:
                kinds.setdefault((tag, entry.fault), []).append((text, entry.meant))
    return tuple(
        ReportFault(
            tag,
            what,
            first,
            tuple(text for text, _ in rest if text),
            tuple(text for text, meant in ((first, addresses), *rest) if text and not meant)
            if what != "spilled"
            else (),
        )
        for (tag, what), ((first, addresses), *rest) in kinds.items()
    )


def is_valid(tag: str, value: str) -> bool:
    """Whether a tag may have this value."""
    if tag in POLICY_TAGS:
        return value.lower() in POLICIES
    parts = value.lower().split(":") if tag == "fo" else [value.lower()]
    return all(part.strip(FWS) in VALUES[tag] for part in parts)


def mend_value(tag: str, value: str) -> str:
    """Return what the value of a tag beside the policies was meant to be, empty if nobody knows."""
    bare = value.strip(QUOTES + FWS).lower()
    if tag == "fo":
        options = dict.fromkeys(filter(None, re.split(r"[\s:,;/|+]+", bare)))
        if "1" in options:
            options.pop("0", None)  # only one of the two may be there, and 1 asks for more
        return ":".join(options) if VALUES["fo"].issuperset(options) else ""
    if bare in VALUES[tag]:
        return bare
    close = difflib.get_close_matches(bare[:20], _WORDS[tag], n=1, cutoff=0.75)
    return _WORDS[tag][close[0]] if close else ""
