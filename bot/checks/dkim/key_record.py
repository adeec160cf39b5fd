"""Judges one text that was meant as a DKIM key record; keys are compared as bytes, not as text."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from bot.checks.answers import MOST_NAMES, name_text
from bot.checks.dkim.key_damage import compare_keys
from bot.checks.dkim.key_repair import find_form, other_orders, other_spellings
from bot.checks.dkim.selectors import other_key_name
from bot.checks.dkim.text import (
    DkimTextFault,
    find_fault,
    find_use_faults,
    is_only_base64,
    read_key_text,
    read_meant,
    read_pairs,
    read_tags,
    split_list,
    squeeze,
    tell_uses,
)
from bot.checks.finding import Finding, FixAction, Note, Status
from bot.checks.paste_damage import unquote
from bot.errors import InvalidKey
from bot.records.dkim_key import KeySource, NoKeyYet
from bot.records.key_change import KeyRole
from bot.records.key_forms import identify_key, measure_key
from bot.records.key_soundness import is_damaged, refuse_damaged

if TYPE_CHECKING:
    from bot.checks.dkim.case import DkimCase
    from bot.errors import Fact
    from bot.records.key_forms import KeyForm
    from bot.records.tag_list import TagList

_CUTS = (254, 255, 256)  # octets that providers' forms keep of a longer value
_MOST_LOST = 20  # characters lost in the middle by a slip; more are a piece that was cut out
# Against section 3.6.1, or for "form" its examples, but some receivers do not mind.
_OFTEN_READ = ("order", "blank-part", "form")
# What leaves the key whole, so that the record can be written anew though nobody knows the key.
_WHOLE = frozenset(
    {
        *("order", "blank-part", "form", "wrapped", "type", "type-missing", "key-type", "version"),
        *("semicolon", "tag-lost", "case", "colon", "moved", "glued", "swapped", "split"),
        *("url-safe", "plus"),
    }
)


def judge_text(case: DkimCase, text: str) -> tuple[list[Finding], Note | None]:
    """Return what is wrong with a text that was meant as key record, or a remark on a sound one."""
    tags = read_tags(text)
    fault = find_fault(text, tags)
    form = None if fault is not None else identify_key(read_key_text(text))
    if form is None:
        return [_judge_useless(case, text, fault)], None
    known = case.known
    right = (form.octets, form.key_type)
    if known is not None and (known.record.key, known.record.key_type) != right:
        return [_find_swap(case, text) or _judge_other_key(case, text, form)], None
    if known is None and is_damaged(*right):
        damaged = DkimTextFault("dkim-syntax", "damaged")
        return [_find_swap(case, text) or _broken(case, text, damaged)], None
    faults = (*_find_form_faults(form, tags), *find_use_faults(tags))
    findings = [
        *_judge_bits(case, form),
        *(_broken(case, text, fault, form) for fault in faults),
        *_judge_test_flag(case, text, tags),
    ]
    if findings:
        return sorted(findings, key=lambda f: -f.severity.rank), None
    if known is not None:
        told = read_tags(known.record.text)
        same = tags == told or tell_uses(tags) == tell_uses(told)
        return [], None if same else Note("dkim-written-differently")
    if isinstance(case.expected.dkim, NoKeyYet):
        return [case.finding("dkim-no-key", Status.INFO, published=True)], None
    return [case.finding("dkim-unverified", Status.INFO, bits=form.bits)], None


def _find_form_faults(form: KeyForm, tags: TagList) -> tuple[DkimTextFault, ...]:
    """Return how a sound key is not written as its record says, or as verifiers read it."""
    said = read_pairs(tags).get("k")
    if form.key_type != (said or "rsa"):
        what = "type-missing" if said is None else "type"
        return (DkimTextFault("dkim-syntax", what, said or ""),)
    what = {"bare": "form", "wrapped": "wrapped"}.get(form.form, "")
    return (DkimTextFault("dkim-syntax", what),) if what else ()


def _broken(
    case: DkimCase, text: str, fault: DkimTextFault, form: KeyForm | None = None
) -> Finding:
    severity = Status.WARN if fault.what in _OFTEN_READ else Status.FAIL
    fixes = case.mend(text) if fault.what in _WHOLE else case.fix(FixAction.REPLACE, text)
    if fault.code.startswith("txt-literal"):
        certain = bool(case.want) and read_key_text(unquote(text)) == case.want
        return case.finding(fault.code, severity, fixes, record="DKIM", certain=certain)
    if fault.code != "dkim-syntax":
        return case.finding(fault.code, severity, fixes)
    others, more = fault.more[:MOST_NAMES], len(fault.more)
    said: dict[str, Fact] = {"what": fault.what, "value": fault.value, "position": fault.at}
    said |= {"below": bool(fixes), "wrapped": form is not None and form.form == "wrapped"}
    said |= {"meant": "" if form is None else form.key_type}
    return case.finding(fault.code, severity, fixes, **said, others=others, more=more)


def _judge_useless(case: DkimCase, text: str, fault: DkimTextFault | None) -> Finding:
    """A text in which there is no key that anybody can read, by its tags or by itself."""
    if fault is not None and fault.code != "dkim-syntax":
        return _broken(case, text, fault)
    swapped = _find_swap(case, text)
    if swapped is not None:
        return swapped
    if fault is None:
        return _judge_unreadable(case, text)
    if fault.what in {"no-key", "tag-lost"} and _is_cut(case, text):
        return _truncated(case, text)
    if fault.what == "moved" and not _is_right_key(case, read_key_text(read_meant(text))):
        fault = fault._replace(what="key-type")
    return _broken(case, text, fault)


def _is_right_key(case: DkimCase, key: str) -> bool:
    """Whether characters are the known key, or, where none is known, a sound one."""
    return key == case.want if case.want else find_form(key) is not None


def _find_swap(case: DkimCase, text: str) -> Finding | None:
    """Return that the strings of a record are in another order than they should be."""
    orders = other_orders(case.answer, text)
    if not any(_is_right_record(case, order) for order in orders):
        return None
    return _broken(case, text, DkimTextFault("dkim-syntax", "swapped"))


def _is_right_record(case: DkimCase, text: str) -> bool:
    tags = read_tags(text)
    sound = not tags.faults and find_fault(text, tags) is None
    return sound and _is_right_key(case, read_key_text(text))


def _is_cut(case: DkimCase, text: str) -> bool:
    """Whether a text without `p=` is a part of the expected value, or of a key."""
    squeezed = squeeze(text)
    if identify_key(squeezed) is not None:
        return False  # in bare form, it is a part of itself with its wrapping
    if case.known is None:
        return is_only_base64(text)
    whole = squeeze(case.known.record.text)
    return squeezed in case.want or whole.startswith(squeezed)


def _judge_unreadable(case: DkimCase, text: str) -> Finding:
    """A `p=` that is no key: cut, another one with damage, or nonsense."""
    pairs = read_pairs(read_tags(text))
    key = read_key_text(text)
    if any(_is_right_key(case, other) for other in other_spellings(pairs["p"])):
        what = "url-safe" if re.search(r"[-_]", key) else "plus"
        return _broken(case, text, DkimTextFault("dkim-syntax", what))
    strange = re.search(r"[^A-Za-z0-9+/=]", key)
    if strange is not None:
        at = strange.start() + 1
        fault = DkimTextFault("dkim-syntax", "character", strange.group(), at=at)
        return _broken(case, text, fault)
    if _is_right_key(case, read_key_text(read_meant(text))):
        return _broken(case, text, DkimTextFault("dkim-syntax", "split", at=len(key)))
    if case.want:
        return _judge_other_key(case, text, None)
    return _judge_length(case, text, pairs.get("k", "rsa"))


def _judge_length(case: DkimCase, text: str, key_type: str) -> Finding:
    """A key to which there is none to compare: what its own beginning says of its length."""
    length = measure_key(read_key_text(text), key_type)
    if length is None:
        return _broken(case, text, DkimTextFault("dkim-syntax", "unreadable"))
    if length.lost:
        lost = "" if length.lost == "some" else length.lost
        return _report_cut(case, text, length.have, length.want, lost=lost, count=length.count)
    finding = _broken(case, text, DkimTextFault("dkim-syntax", f"longer-{length.added}"))
    numbers = {"have": length.have, "want": length.want, "count": length.count}
    return dataclasses.replace(finding, facts={**finding.facts, **numbers})


def _judge_other_key(case: DkimCase, text: str, form: KeyForm | None) -> Finding:
    """Judge a key that is not the known one; `form` is None where it is no key at all."""
    key, want = read_key_text(text), case.want
    known = case.known
    damage = compare_keys(key, want)
    slip = damage.what
    if slip in {"front", "end", "ends"} or (slip == "middle" and damage.count > _MOST_LOST):
        return _truncated(case, text)
    position = damage.at
    if slip == "other":
        slip = "damaged" if form is None else ""
    if form is not None and (known is None or form.key_type != known.record.key_type):
        slip, position = "type", 0
    elif form is not None and form.form != "usual":
        position = 0  # written in another form, all of it differs
    return case.finding(
        "dkim-key-mismatch",
        Status.FAIL,
        case.fix(FixAction.REPLACE, text),
        position=position,
        count=damage.count,
        have=len(key),
        former=key in {read_key_text(former.record.text) for former in case.expected.former},
        slip="lost" if slip == "middle" else slip,
        meant="" if known is None else known.record.key_type,
        pasted_may_be_damaged=slip == "changed" and _may_be_the_right_one(case, key),
        **_name_other_key(case, key),
    )


def _name_other_key(case: DkimCase, key: str) -> dict[str, Fact]:
    """Return at which name a key belongs that is the other one of a change; else nothing."""
    change, owner = case.expected.change, other_key_name(case.expected)
    if change is None or owner is None or key != read_key_text(change.key.record.text):
        return {}
    return {"other": name_text(owner)} if change.role is KeyRole.NEXT else {}


def _may_be_the_right_one(case: DkimCase, key: str) -> bool:
    """Whether a key beside the known one is as sound as that, which somebody only pasted.

    One of two keys that differ in some characters was damaged on its way; mostly that can be seen.
    """
    known = case.known
    if known is None or known.source == KeySource.MAIL_SERVER:
        return False
    form = identify_key(key)
    if form is None or form.key_type != known.record.key_type:
        return False
    try:
        refuse_damaged(form.octets, form.key_type)
    except InvalidKey:
        return False
    return True


def _truncated(case: DkimCase, text: str) -> Finding:
    """The key is cut; a text of no tags at all is a piece of it."""
    key = squeeze(text) if is_only_base64(text) else read_key_text(text)
    if not case.want or not key:
        want = len(case.want) or None
        return _report_cut(case, text, len(key), want, lost="piece" if key else "")
    damage = compare_keys(key, case.want)
    lost, count = damage.what, damage.count
    return _report_cut(case, text, len(key), len(case.want), lost=lost, count=count)


def _report_cut(
    case: DkimCase,
    text: str,
    have: int,
    want: int | None,
    *,
    lost: str,
    count: int = 0,
) -> Finding:
    """Report a key that is cut; `have` and `want` are characters of `p=`, None where not known.

    `lost` is where: "front", "end", "ends", "middle" (`count` characters),
    "piece" (all but a piece, which stands there alone), or empty.
    """
    others = tuple(piece for piece in case.pieces() if piece != text)
    size = len(text.encode())
    return case.finding(
        "dkim-truncated",
        Status.FAIL,
        (*case.fix(FixAction.REPLACE, text), *case.delete(others)) if case.known else (),
        have=have,
        want=want,
        lost=lost,
        count=count,
        cut_at=size if size in _CUTS and lost == "end" else None,
        pieces=bool(others),
    )


def _judge_bits(case: DkimCase, form: KeyForm) -> list[Finding]:
    if form.key_type != "rsa" or form.bits >= 2048:
        return []
    severity = Status.FAIL if form.bits < 1024 else Status.WARN  # RFC 8301 section 3.2
    change = case.expected.change
    changing = change is not None and change.role is KeyRole.NEXT
    finding = case.finding("dkim-weak-key", severity, bits=form.bits, changing=changing)
    # Receivers accept signatures from 1024 bits on, if it is the server's key that made them.
    harmless = severity is Status.WARN and case.known is not None
    return [dataclasses.replace(finding, harmless=harmless)]


def _judge_test_flag(case: DkimCase, text: str, tags: TagList) -> list[Finding]:
    if "y" not in split_list(read_pairs(tags).get("t", "")):
        return []
    has_flag = case.known is not None and "y" in case.known.record.flags
    fixes = case.rewrite(text) if case.known is None or has_flag else case.mend(text)
    return [case.finding("dkim-test-flag", Status.WARN, fixes)]
