"""Judges TLS-RPT: where other servers report encryption that failed (RFC 8460 section 3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import (
    MOST_CHARACTERS,
    MOST_NAMES,
    answer_to,
    decode_texts,
    report_unused,
    some_lines,
    unanswered,
    without_alias,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.text_bounds import find_long_text
from bot.records.tag_list import parse_tags

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.expected import Expected

_VERSION = re.compile(r"v=TLSRPTv1[ \t]*;")
_NEARLY = re.compile(r"[\s\"'\\]*v\s*=\s*tlsrpt", re.IGNORECASE)
# A comma or exclamation mark inside would have to be written as %2C or %21.
_MAILTO = re.compile(r"mailto:[^\s@,!;<>]+@([^\s@,!;<>]+)", re.IGNORECASE)
_HTTPS = re.compile(r"https://[^\s,!;<>/]+(?:/[^\s,!;<>]*)?", re.IGNORECASE)


def record_name(domain: Domain) -> dns.name.Name | None:
    """Return the name of the record; None where it would be too long."""
    return domain.below("_smtp._tls")


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return the verdict on the record that says where TLS reports go."""
    owner = record_name(expected.domain)
    if owner is None:
        return Verdict(Check.TLS_RPT, (report_unused(Check.TLS_RPT),))
    answer = answer_to(observed, owner, dns.rdatatype.TXT)
    if answer.failed:
        return Verdict(Check.TLS_RPT, (unanswered(Check.TLS_RPT, answer),))
    if long := find_long_text(Check.TLS_RPT, observed, [owner]):
        too_long = long.finding(Check.TLS_RPT, None, None)
        return Verdict(Check.TLS_RPT, (too_long,), found=long.found)
    texts = sorted(text for text in decode_texts(answer) if _NEARLY.match(text))
    records = [text for text in texts if _VERSION.match(text)]
    if not texts:
        return Verdict(Check.TLS_RPT, (report_unused(Check.TLS_RPT),))
    finding = None
    if len(records) > 1:
        kept = next((text for text in records if _is_sound(text)), records[0])
        others = [text for text in records if text != kept]
        fixes = tuple(Fix(FixAction.DELETE, owner, "TXT", text) for text in others[:MOST_NAMES])
        finding = _warn("tls-rpt-multiple", {"count": len(records)}, fixes)
    elif not records or not _is_sound(records[0]):
        finding = _report_syntax(owner, (records or texts)[0])
    findings = () if finding is None else (without_alias(observed, finding, answer),)
    return Verdict(Check.TLS_RPT, findings, found=some_lines(texts))


def _report_syntax(owner: dns.name.Name, text: str) -> Finding:
    addresses = _addresses(text)
    good = [address for address in addresses if _is_address(address)]
    bad = next((address for address in addresses if not _is_address(address)), "")
    what = "rua" if bad else "no-rua" if not addresses else "version"
    facts: dict[str, Fact] = {
        "what": what,
        "given": bad[:MOST_CHARACTERS],
        "text": text[:MOST_CHARACTERS],
    }
    if not good:
        return _warn("tls-rpt-syntax", facts, (Fix(FixAction.DELETE, owner, "TXT", text),))
    value = f"v=TLSRPTv1; rua={','.join(good)}"
    return _warn("tls-rpt-syntax", facts, (Fix(FixAction.REPLACE, owner, "TXT", value, old=text),))


def _is_sound(text: str) -> bool:
    addresses = _addresses(text)
    return bool(_VERSION.match(text) and addresses) and all(map(_is_address, addresses))


def _addresses(text: str) -> list[str]:
    given = parse_tags(text.strip(" \t\"'\\")).get("rua", any_case=True) or ""
    return [part.strip() for part in given.split(",") if part.strip()]


def _is_address(text: str) -> bool:
    mailto = _MAILTO.fullmatch(text)
    if mailto:
        return "." in mailto[1][1:-1]
    return _HTTPS.fullmatch(text) is not None


def _warn(code: str, facts: dict[str, Fact], fixes: tuple[Fix, ...]) -> Finding:
    return Finding(Check.TLS_RPT, code, Status.WARN, facts, fixes)
