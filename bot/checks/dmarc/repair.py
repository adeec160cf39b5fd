"""Repairs a faulty DMARC record: finds its faults, and writes one value that has none of them."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from bot.checks.dmarc.record import POLICY_TAGS, mean_the_same, parse_record
from bot.checks.dmarc.report_addresses import handed_out_addresses, own_addresses, rescue_addresses
from bot.public_suffix import is_public_suffix
from bot.records.dmarc_policy import POLICIES, DmarcPolicy
from bot.records.tag_list import FWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.checks.dmarc.record import DmarcRecord
    from bot.records.expected import Expected

# Values of the tags beside the policies (RFC 9989 section 4.7); others count as not given.
_VALUES = {
    "adkim": frozenset({"r", "s"}),
    "aspf": frozenset({"r", "s"}),
    "t": frozenset({"y", "n"}),
    "psd": frozenset({"y", "n", "u"}),
    "fo": frozenset({"0", "1", "d", "s"}),
}
# "p=reject rua=mailto:…": a tag that begins inside the value of another.
_GLUE = re.compile(
    r"(?<![;\s,])[\s,]+(?=(?:[sn]?p|rua|ruf|adkim|aspf|fo|t|psd|pct|rf|ri)\s*=)", re.IGNORECASE
)
_QUOTES = "\"'“”„"
# Faults that a record can have any number of; of the others there are as many as tags are known.
_SAID_TOGETHER = frozenset({"semicolon", "repeated", "part", "odd", "blank"})


class DmarcFault(NamedTuple):
    """A part of a record that does not say what it was meant to.

    `what` is "policy", "no-policy", "semicolon" (missing after this value), "repeated", "part" (no
    tag at all), "odd" (characters that may not be there), "blank" (an empty part) or "tag"; `grave`
    where receivers then disregard the policy, otherwise they go by the default. `more` are the
    parts with the same fault, beside the one that is named.
    """

    what: str
    tag: str
    value: str
    grave: bool
    more: tuple[str, ...] = ()


def find_tag_faults(record: DmarcRecord) -> tuple[DmarcFault, ...]:
    """Return the faults of a record's tags, one of a kind, grave ones first.

    `rua` and `ruf` are not looked at.
    """
    glued = {tag: _GLUE.split(value)[0] for tag, value in record.tags if _GLUE.search(value)}
    hidden = record.get("p") is None and split_glued(record).get("p") is not None
    faults = [
        DmarcFault("semicolon", tag, value, grave=hidden or tag in POLICY_TAGS)
        for tag, value in glued.items()
    ]
    for tag, value in record.invalid_policies:
        if tag not in glued and not (hidden and tag == "p"):
            what = "policy" if value else "no-policy"
            faults.append(DmarcFault(what, tag, value, grave=True))
    faults += [DmarcFault("repeated", tag, "", tag in POLICY_TAGS) for tag in record.repeated]
    faults += [
        DmarcFault("part", "", part, grave=False) for part in record.broken if "@" not in part
    ]
    faults += [DmarcFault("odd" if part else "blank", "", part, grave=False) for part in record.odd]
    odd = {part.partition("=")[0].strip(FWS).lower() for part in record.odd}
    for tag in (tag for tag in _VALUES if tag not in odd):
        value_given = record.get(tag)
        if value_given is not None and tag not in glued and not _is_valid(tag, value_given):
            faults.append(DmarcFault("tag", tag, value_given, grave=False))
    if record.share is None and "pct" not in glued and "pct" not in odd:
        faults.append(DmarcFault("tag", "pct", record.get("pct") or "", grave=False))
    return tuple(sorted(_merge(faults), key=lambda fault: not fault.grave))


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


def split_glued(record: DmarcRecord) -> DmarcRecord:
    """Return the record with the semicolons that are missing between its tags."""
    return parse_record(_GLUE.sub("; ", record.text)) or record


def find_weaker_tag(record: DmarcRecord) -> tuple[str, DmarcPolicy, DmarcPolicy] | None:
    """Return the tag that asks for less below the domain, what it asks for, and what `p` does."""
    strict = record.policy("p")
    for tag in ("sp", "np"):
        value = record.policy(tag)
        if strict is not None and value is not None and value.weaker_than(strict):
            return tag, value, strict
    return None


def find_report_fault(record: DmarcRecord) -> tuple[str, str, str] | None:
    """Return the first faulty entry of `rua` or `ruf`: the tag, what is wrong, and the text."""
    record = split_glued(record)
    faults = [
        (tag, entry.fault if entry.text.strip() else "empty", entry.text.strip())
        for tag in ("rua", "ruf")
        for entry in record.addresses(tag)
        if entry.fault
    ]
    faults += [("rua", "glued", part) for part in record.broken if "@" in part]
    return faults[0] if faults else None


def _is_valid(tag: str, value: str) -> bool:
    parts = value.lower().split(":") if tag == "fo" else [value.lower()]
    return all(part.strip(FWS) in _VALUES[tag] for part in parts)


class DmarcRepair:
    """Writes the value to publish for one domain.

    `ready`: SPF and DKIM work, so a strict policy may be handed out; `early`: one is in force
    though DKIM has no key, so the policy has to go to none until it has.
    """

    def __init__(self, expected: Expected, *, ready: bool, early: bool) -> None:
        self._expected = expected
        self._ready = ready
        self._early = early
        wanted = parse_record(expected.dmarc)
        self._wanted = (wanted.policy("p") if wanted else None) or DmarcPolicy.NONE

    @property
    def replacement(self) -> str:
        """The report addresses (`rua`) that the operator configured; empty where there are none."""
        addresses = handed_out_addresses(self._expected) or own_addresses(self._expected)
        return _join(addresses)

    def lacks_suffix(self, record: DmarcRecord) -> bool:
        """Whether the record says that the domain is a public suffix, which it is not."""
        return record.claims_suffix and not is_public_suffix(self._expected.domain.name)

    def fresh(self) -> str:
        """Return the value for a domain with several records, or with one that cannot be read."""
        return self._expected.dmarc if self._ready else self.relaxed(None)

    def relaxed(self, record: DmarcRecord | None, unwanted: tuple[str, ...] = ()) -> str:
        """Return a value with `p=none` that sends reports where the given record sent them."""
        reports = self._reports(split_glued(record), "rua", unwanted) if record else ""
        reports = reports or self.replacement
        return "v=DMARC1; p=none" + (f"; rua={reports}" if reports else "")

    def suggest(self, value: str) -> str:
        """Return the policy to write instead of an invalid one."""
        if not self._ready or self._early:
            return str(DmarcPolicy.NONE)
        word = re.split(r"[^a-z]", value.lower().strip(_QUOTES), maxsplit=1)[0]
        close = difflib.get_close_matches(word, POLICIES, n=1)
        return close[0] if close else str(self._wanted)

    def mend(self, record: DmarcRecord, unwanted: tuple[str, ...] = ()) -> str:
        """Return the record without its faults; the rest of what it says stays.

        `unwanted` are the report addresses whose domain does not accept the reports.
        """
        if self._early:
            return self.relaxed(record, unwanted)
        parts = ["v=DMARC1", *self._policies(record)]
        record = split_glued(record)
        for tag in _VALUES:
            value = record.get(tag)
            testing_over = tag == "t" and self._ready and self._wanted is not DmarcPolicy.NONE
            left_out = testing_over or (tag == "psd" and self.lacks_suffix(record))
            if value is not None and _is_valid(tag, value) and not left_out:
                parts.append(f"{tag}={value}")
        for tag in ("rua", "ruf"):
            reports = self._reports(record, tag, unwanted)
            if tag == "rua" and record.get(tag) is not None:
                reports = reports or self.replacement
            if reports:
                parts.append(f"{tag}={reports}")
        text = "; ".join(parts)
        mended, handed_out = parse_record(text), parse_record(self._expected.dmarc)
        if mended is not None and handed_out is not None and mean_the_same(mended, handed_out):
            return self._expected.dmarc
        return text

    def _policies(self, record: DmarcRecord) -> list[str]:
        if record.invalid_policies and not self._ready:
            return [
                f"p={DmarcPolicy.NONE}"
            ]  # nothing is in force today, and it is too early for that
        policies: dict[str, DmarcPolicy] = {}
        for tag in POLICY_TAGS:
            value = split_glued(record).get(tag)
            if tag == "p" or value is not None:
                policies[tag] = record.policy(tag) or DmarcPolicy(self.suggest(value or ""))
        if policies["p"] is DmarcPolicy.NONE and self._ready and not record.invalid_policies:
            policies["p"] = self._wanted
        strict = policies["p"]
        return [
            f"{tag}={value}" for tag, value in policies.items() if not value.weaker_than(strict)
        ]

    def _reports(self, record: DmarcRecord, tag: str, unwanted: tuple[str, ...]) -> str:
        spilled = [part for part in record.broken if "@" in part] if tag == "rua" else []
        text = ",".join([record.get(tag) or "", *spilled])
        return _join(tuple(a for a in rescue_addresses(text) if a not in unwanted))


def _join(addresses: tuple[str, ...]) -> str:
    return ",".join(f"mailto:{address}" for address in addresses)


def find_malformation(text: str) -> DmarcFault:
    """Return what keeps a text from being a DMARC record.

    Its `what` is "quotes", "backslash", "blank" (before the version), "glued" (no semicolon after
    the version), "order" (the version does not come first) or "version" (not written `v=DMARC1`).
    """
    stripped = text.strip()
    parts = [part.strip() for part in stripped.split(";")]
    if stripped[:1] in _QUOTES or stripped[-1:] in _QUOTES:
        what = "quotes"
    elif "\\" in text:
        what = "backslash"
    elif parse_record(stripped) is not None:
        what = "blank"
    elif re.match(r"v\s*=\s*DMARC1[\s,:.]+\w", stripped):
        what = "glued"
    elif any(parse_record(part) is not None for part in parts[1:]):
        what = "order"
    else:
        what = "version"
    return DmarcFault(what, "", parts[0], grave=True)
