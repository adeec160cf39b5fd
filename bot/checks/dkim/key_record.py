"""Judges one text that was meant as a DKIM key record; keys are compared as bytes, not as text."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from bot.checks.answers import MOST_NAMES
from bot.checks.dkim.text import (
    DkimTextFault,
    begins_like_key,
    drop_test_flag,
    find_fault,
    find_use_faults,
    read_key_text,
    read_pairs,
    split_list,
    squeeze,
    tell_uses,
)
from bot.checks.finding import Finding, Fix, FixAction, Note, Status
from bot.checks.paste_damage import unquote
from bot.errors import InvalidKey
from bot.records.dkim_key import KeySource, NoKeyYet, is_usual_form, read_key
from bot.records.key_soundness import refuse_damaged
from bot.records.tag_list import parse_tags

if TYPE_CHECKING:
    from bot.checks.dkim.case import DkimCase
    from bot.errors import Fact
    from bot.records.tag_list import TagList

_CUTS = (254, 255, 256)  # octets that providers' forms keep of a longer value
_MOST_SLIPPED = 20  # characters lost, added or changed by a slip; more are another key
_LEAST_SAME = 8  # characters at each end that two keys of a length do not share by chance
# Against section 3.6.1, or for "form" its examples, but some receivers do not mind.
_OFTEN_READ = ("order", "blank-part", "form")


def judge_text(case: DkimCase, text: str) -> tuple[list[Finding], Note | None]:
    """Return what is wrong with a text that was meant as key record, or a remark on a sound one."""
    tags = parse_tags(text)
    fault = find_fault(text, tags)
    if fault is not None:
        cut = fault.what == "no-key" and _is_cut(case, text)
        return [_truncated(case, text) if cut else _broken(case, text, fault)], None
    pairs = read_pairs(tags)
    key_type = pairs.get("k", "rsa")
    try:
        key, bits = read_key(squeeze(pairs["p"]), key_type)
    except InvalidKey:
        return [_judge_unreadable(case, text)], None
    known = case.known
    if known is not None and (known.record.key, known.record.key_type) != (key, key_type):
        return [_judge_other_key(case, text)], None
    faults = find_use_faults(tags)
    if not is_usual_form(squeeze(pairs["p"]), key_type):
        faults = (DkimTextFault("dkim-syntax", "form"), *faults)
    findings = [
        *_judge_bits(case, bits, key_type),
        *(_broken(case, text, fault) for fault in faults),
        *_judge_test_flag(case, text, tags),
    ]
    if findings:
        return sorted(findings, key=lambda f: -f.severity.rank), None
    if known is not None:
        same = tell_uses(tags) == tell_uses(parse_tags(known.record.text))
        return [], None if same else Note("dkim-written-differently")
    if isinstance(case.expected.dkim, NoKeyYet):
        return [case.finding("dkim-no-key", Status.INFO, published=True)], None
    return [case.finding("dkim-unverified", Status.INFO, bits=bits)], None


def _broken(case: DkimCase, text: str, fault: DkimTextFault) -> Finding:
    severity = Status.WARN if fault.what in _OFTEN_READ else Status.FAIL
    fixes = case.fix(FixAction.REPLACE, text)
    if fault.code.startswith("txt-literal"):
        certain = bool(case.want) and read_key_text(unquote(text)) == case.want
        return case.finding(fault.code, severity, fixes, record="DKIM", certain=certain)
    if fault.code != "dkim-syntax":
        return case.finding(fault.code, severity, fixes)
    others, more = fault.more[:MOST_NAMES], len(fault.more)
    said: dict[str, Fact] = {"what": fault.what, "value": fault.value}
    return case.finding(fault.code, severity, fixes, **said, others=others, more=more)


def _is_cut(case: DkimCase, text: str) -> bool:
    """Whether a text without `p=` is a part of the expected value."""
    if case.known is None:
        return False
    squeezed = squeeze(text)
    whole = squeeze(case.known.record.text)
    return squeezed != case.want and (squeezed in case.want or whole.startswith(squeezed))


def _judge_unreadable(case: DkimCase, text: str) -> Finding:
    """A `p=` that is no key: cut, another one with damage, or nonsense."""
    key = read_key_text(text)
    strange = re.search(r"[^A-Za-z0-9+/=]", key)
    if strange is not None:
        return _broken(case, text, DkimTextFault("dkim-syntax", "character", strange.group()))
    if case.want:
        return _judge_other_key(case, text)
    if begins_like_key(key):
        return _truncated(case, text)
    return _broken(case, text, DkimTextFault("dkim-syntax", "unreadable"))


def _judge_other_key(case: DkimCase, text: str) -> Finding:
    key, want = read_key_text(text), case.want
    if len(key) < len(want) and key in want:
        return _truncated(case, text)
    same = _count_same(key, want)
    slip = _find_slip(key, want, same)
    return case.finding(
        "dkim-key-mismatch",
        Status.FAIL,
        case.fix(FixAction.REPLACE, text),
        position=same + 1,
        former=key in {read_key_text(former.record.text) for former in case.expected.former},
        slip=slip,
        pasted_may_be_damaged=slip == "changed" and _may_be_the_right_one(case, key),
    )


def _may_be_the_right_one(case: DkimCase, key: str) -> bool:
    """Whether a key beside the known one is as sound as that, which somebody only pasted.

    One of two keys that differ in some characters was damaged on its way; mostly that can be seen.
    """
    known = case.known
    if known is None or known.source == KeySource.MAIL_SERVER:
        return False
    try:
        refuse_damaged(read_key(key, known.record.key_type)[0], known.record.key_type)
    except InvalidKey:
        return False
    return True


def _count_same(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _find_slip(key: str, want: str, same: int) -> str:
    """Return how a few characters differ from the right key: "lost", "added", "changed" or "".

    `same` is how many characters the two have in common at their beginning.
    """
    rest = _count_same(key[::-1], want[::-1])
    shorter, longer = sorted((len(key), len(want)))
    if longer - shorter > _MOST_SLIPPED or min(same, rest) < _LEAST_SAME:
        return ""
    if same + rest >= shorter and longer > shorter:
        return "lost" if len(key) < len(want) else "added"
    return "changed" if longer == shorter and shorter - same - rest <= _MOST_SLIPPED else ""


def _truncated(case: DkimCase, text: str) -> Finding:
    """The key is cut; `have` and `want` are characters of `p=`, want None where not known."""
    pieces = case.pieces()
    others = tuple(piece for piece in pieces if piece != text)
    key = squeeze(text) if text in pieces else read_key_text(text)
    return case.finding(
        "dkim-truncated",
        Status.FAIL,
        (*case.fix(FixAction.REPLACE, text), *case.delete(others)),
        have=len(key),
        want=len(case.want) or None,
        cut_at=size if (size := len(text.encode())) in _CUTS else None,
        pieces=bool(others),
    )


def _judge_bits(case: DkimCase, bits: int, key_type: str) -> list[Finding]:
    if key_type != "rsa" or bits >= 2048:
        return []
    severity = Status.FAIL if bits < 1024 else Status.WARN  # RFC 8301 section 3.2
    finding = case.finding("dkim-weak-key", severity, bits=bits)
    # Receivers accept signatures from 1024 bits on, if it is the server's key that made them.
    harmless = severity is Status.WARN and case.known is not None
    return [dataclasses.replace(finding, harmless=harmless)]


def _judge_test_flag(case: DkimCase, text: str, tags: TagList) -> list[Finding]:
    if "y" not in split_list(read_pairs(tags).get("t", "")):
        return []
    fixes = case.fix(FixAction.REPLACE, text)
    if case.known is None or "y" in case.known.record.flags:
        mended = drop_test_flag(tags)
        fixes = (Fix(FixAction.REPLACE, case.owner, "TXT", mended, old=text),)
    return [case.finding("dkim-test-flag", Status.WARN, fixes)]
