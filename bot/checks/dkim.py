"""Judges the DKIM key record at the selector that the mail server signs with (RFC 6376)."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from dns.rdatatype import TXT

from bot.checks.dkim_selectors import find_elsewhere, selector_name
from bot.checks.dkim_text import (
    Fault,
    begins_like_key,
    drop_test_flag,
    find_fault,
    find_use_faults,
    is_meant_as_key,
    read_key_text,
    read_pairs,
    split_list,
    squeeze,
    tell_uses,
)
from bot.checks.dmarc_record import decode_texts, discover
from bot.checks.finding import Action, Check, Finding, Fix, Note, Status, Verdict
from bot.checks.outcomes import (
    MOST_STEPS,
    alias_at,
    answer_to,
    name_text,
    some_lines,
    unanswered,
    without_alias,
    without_repeats,
)
from bot.dns.answer import Answer, Outcome, Question
from bot.errors import InvalidKey
from bot.mail.dkim import KnownKey, NoKeyYet, read_key
from bot.mail.records import Purpose
from bot.mail.tags import parse_tags

if TYPE_CHECKING:
    import dns.name

    from bot.checks.finding import Fact
    from bot.checks.observation import Observation
    from bot.mail.records import Expected
    from bot.mail.tags import TagList

_TAIL = 12  # characters that tell one key from another; the last six are the same in most
_SHORTEST_PIECE = 16  # characters of base64 that are no coincidence
_OFTEN_READ = ("order", "blank-part")  # against section 3.6.1, but most receivers do not mind


def key_names(expected: Expected) -> tuple[dns.name.Name, ...]:
    """Return the names whose TXT is the key record; none where the name would be too long."""
    name = selector_name(expected.domain, expected.selector)
    return () if name is None else (name,)


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return what is to be said of the DKIM record: by key bytes, never by text."""
    wanted = (expected.dkim.record.text,) if isinstance(expected.dkim, KnownKey) else ()
    if not key_names(expected):  # nobody can publish it, so it is the server's selector to change
        facts = {"what": "selector-too-long"}
        too_long = Finding(Check.DKIM, "server-side", Status.INFO, facts)
        return Verdict(Check.DKIM, (too_long,), wanted)
    answer = find_answer(expected, observed)
    if answer.failed and not answer.alias_loop:
        return Verdict(Check.DKIM, (unanswered(Check.DKIM, answer),), wanted)
    findings, note = _Judge(expected, observed, answer).findings()
    found = some_lines(decode_texts(answer))
    typed = [without_alias(observed, finding, answer) for finding in findings]
    return Verdict(Check.DKIM, without_repeats(typed), wanted, found, note)


def works(expected: Expected, observed: Observation) -> bool:
    """Whether a sound key is published that is the server's, or that nothing speaks against."""
    if isinstance(expected.dkim, NoKeyYet) or not key_names(expected):
        return False
    if is_absent(expected, observed):
        return False
    return judge(expected, observed).status not in {Status.FAIL, Status.UNKNOWN}


def is_absent(expected: Expected, observed: Observation) -> bool:
    """Whether an answer proves that no key record is there, sound or broken, nor an alias."""
    answer = find_answer(expected, observed)
    if answer.failed or alias_at(observed, answer) is not None:
        return False
    return not (_find_candidates(expected, answer) or find_elsewhere(expected, observed))


def find_answer(expected: Expected, observed: Observation) -> Answer:
    """Return the answer for the key record; one that failed where it was not asked."""
    names = key_names(expected)
    if not names:
        return Answer(Question(expected.domain.name, TXT), Outcome.TIMEOUT)
    return answer_to(observed, names[0], TXT)


def _find_candidates(expected: Expected, answer: Answer) -> tuple[str, ...]:
    """Return the texts that were meant as key record; all others count as not there."""
    # A text that is there twice, cut into strings differently, is one to receivers.
    texts = dict.fromkeys(decode_texts(answer))
    meant = tuple(text for text in texts if is_meant_as_key(text))
    return meant or _find_pieces(expected, answer)[:1]


def _find_pieces(expected: Expected, answer: Answer) -> tuple[str, ...]:
    """Return the texts that are a piece of the expected key and nothing else."""
    if not isinstance(expected.dkim, KnownKey):
        return ()
    whole = read_key_text(expected.dkim.record.text)
    squeezed = ((text, squeeze(text)) for text in decode_texts(answer))
    return tuple(t for t, piece in squeezed if len(piece) >= _SHORTEST_PIECE and piece in whole)


class _Judge:
    """The judging of one answer; what its steps share."""

    def __init__(self, expected: Expected, observed: Observation, answer: Answer) -> None:
        self._expected = expected
        self._known = expected.dkim if isinstance(expected.dkim, KnownKey) else None
        self._observed = observed
        self._answer = answer
        self._owner = answer.question.name
        self._policy = discover(observed).in_force
        self._want = "" if self._known is None else read_key_text(self._known.record.text)

    def findings(self) -> tuple[list[Finding], Note | None]:
        candidates = _find_candidates(self._expected, self._answer)
        if not candidates:
            return [self._judge_absence()], None
        if len(candidates) > 1:
            return [self._judge_several(candidates)], None
        return self._judge_one(candidates[0])

    def _finding(
        self, code: str, severity: Status, fixes: tuple[Fix, ...] = (), **facts: Fact
    ) -> Finding:
        shared: dict[str, Fact] = {
            "name": name_text(self._owner),
            "policy": self._policy,
            "known": self._known is not None,
            "repeat": False,
        }
        return Finding(Check.DKIM, code, severity, {**shared, **facts}, fixes)

    def _fix(self, action: Action, old: str | None = None) -> tuple[Fix, ...]:
        """Return the fix that brings the expected record; none where it is not known."""
        record = self._expected.record(Purpose.DKIM)
        if self._known is None or record is None:
            return ()
        return (Fix(action, record.owner, "TXT", record.value, ttl=record.ttl, old=old),)

    def _delete(self, texts: tuple[str, ...]) -> tuple[Fix, ...]:
        return tuple(Fix(Action.DELETE, self._owner, "TXT", text) for text in texts[:MOST_STEPS])

    def _judge_absence(self) -> Finding:
        if isinstance(self._expected.dkim, NoKeyYet):
            return self._finding("dkim-no-key", Status.INFO, published=False)
        target = alias_at(self._observed, self._answer)
        if target is not None:
            alias = Fix(Action.DELETE, self._owner, "CNAME", target.to_text())
            fixes = (alias, *self._fix(Action.ADD)) if self._known else ()
            return self._finding("dkim-cname-broken", Status.FAIL, fixes, target=name_text(target))
        if self._known is not None:
            return self._judge_elsewhere() or self._finding(
                "dkim-missing", Status.FAIL, self._fix(Action.ADD)
            )
        return self._finding("dkim-unknown", Status.INFO)

    def _judge_elsewhere(self) -> Finding | None:
        """The record is at a selector that the server does not sign with (any more)."""
        elsewhere = find_elsewhere(self._expected, self._observed)
        if elsewhere is None:
            return None
        fixes = self._fix(Action.ADD)
        if elsewhere.is_current and not elsewhere.is_alias:
            fixes = tuple(
                dataclasses.replace(fix, action=Action.RENAME, old_owner=elsewhere.owner)
                for fix in fixes
            )
        return self._finding(
            "selector-differs",
            Status.FAIL,
            fixes,
            other=name_text(elsewhere.owner),
            moved=elsewhere.is_current,
        )

    def _judge_several(self, texts: tuple[str, ...]) -> Finding:
        """Several records at one selector: receivers take any (RFC 6376 section 3.6.2.2)."""
        kept = next((text for text in texts if self._is_right(text)), None)
        if self._answer.chain:
            kept = None  # it is not the member's to keep
        wrong = tuple(text for text in texts if text != kept)
        fixes = self._delete(wrong)
        if self._known is None:
            fixes = ()
        elif kept is None:
            fixes = (*self._fix(Action.REPLACE, texts[0]), *self._delete(texts[1:]))
        tails = tuple((read_key_text(text) or text)[-_TAIL:] for text in wrong)
        return self._finding(
            "dkim-multiple",
            Status.FAIL,
            fixes,
            count=len(texts),
            tail=tails[0],
            tails=tails,
            right=kept is not None,
        )

    def _is_right(self, text: str) -> bool:
        """Whether a text holds the known key and nothing that keeps it from being used."""
        findings, _ = self._judge_one(text)
        return self._known is not None and all(f.severity is not Status.FAIL for f in findings)

    def _judge_one(self, text: str) -> tuple[list[Finding], Note | None]:
        tags = parse_tags(text)
        fault = find_fault(text, tags)
        if fault is not None:
            cut = fault.what == "no-key" and self._is_cut(text)
            return [self._truncated(text) if cut else self._broken(text, fault)], None
        pairs = read_pairs(tags)
        key_type = pairs.get("k", "rsa")
        try:
            key, bits = read_key(squeeze(pairs["p"]), key_type)
        except InvalidKey:
            return [self._judge_unreadable(text)], None
        known = self._known
        if known is not None and (known.record.key, known.record.key_type) != (key, key_type):
            return [self._judge_other_key(text)], None
        findings = [
            *self._judge_bits(bits, key_type),
            *(self._broken(text, fault) for fault in find_use_faults(tags)),
            *self._judge_test_flag(text, tags),
        ]
        if findings:
            return sorted(findings, key=lambda f: -f.severity.rank), None
        if known is not None:
            same = tell_uses(tags) == tell_uses(parse_tags(known.record.text))
            return [], None if same else Note("dkim-written-differently")
        if isinstance(self._expected.dkim, NoKeyYet):
            return [self._finding("dkim-no-key", Status.INFO, published=True)], None
        return [self._finding("dkim-unverified", Status.INFO, bits=bits)], None

    def _broken(self, text: str, fault: Fault) -> Finding:
        severity = Status.WARN if fault.what in _OFTEN_READ else Status.FAIL
        fixes = self._fix(Action.REPLACE, text)
        if fault.code != "dkim-syntax":
            return self._finding(fault.code, severity, fixes)
        return self._finding(fault.code, severity, fixes, what=fault.what, value=fault.value)

    def _is_cut(self, text: str) -> bool:
        """Whether a text without `p=` is a part of the expected value."""
        if self._known is None:
            return False
        squeezed = squeeze(text)
        whole = squeeze(self._known.record.text)
        return squeezed != self._want and (squeezed in self._want or whole.startswith(squeezed))

    def _judge_unreadable(self, text: str) -> Finding:
        """A `p=` that is no key: cut, another one with damage, or nonsense."""
        key = read_key_text(text)
        strange = re.search(r"[^A-Za-z0-9+/=]", key)
        if strange is not None:
            return self._broken(text, Fault("dkim-syntax", "character", strange.group()))
        if self._want:
            return self._judge_other_key(text)
        if begins_like_key(key):
            return self._truncated(text)
        return self._broken(text, Fault("dkim-syntax", "unreadable"))

    def _judge_other_key(self, text: str) -> Finding:
        key, want = read_key_text(text), self._want
        if len(key) < len(want) and key in want:
            return self._truncated(text)
        pairs = enumerate(zip(key, want, strict=False))
        same = next((i for i, (a, b) in pairs if a != b), min(len(key), len(want)))
        fixes = self._fix(Action.REPLACE, text)
        return self._finding("dkim-key-mismatch", Status.FAIL, fixes, position=same + 1)

    def _truncated(self, text: str) -> Finding:
        """The key is cut; `have` and `want` are characters of `p=`, want None where not known."""
        pieces = _find_pieces(self._expected, self._answer)
        others = tuple(piece for piece in pieces if piece != text)
        key = squeeze(text) if text in pieces else read_key_text(text)
        return self._finding(
            "dkim-truncated",
            Status.FAIL,
            (*self._fix(Action.REPLACE, text), *self._delete(others)),
            have=len(key),
            want=len(self._want) or None,
            at255=len(text.encode()) == 255,
            pieces=bool(others),
        )

    def _judge_bits(self, bits: int, key_type: str) -> list[Finding]:
        if key_type != "rsa" or bits >= 2048:
            return []
        severity = Status.FAIL if bits < 1024 else Status.WARN  # RFC 8301 section 3.2
        return [self._finding("dkim-weak-key", severity, bits=bits)]

    def _judge_test_flag(self, text: str, tags: TagList) -> list[Finding]:
        if "y" not in split_list(read_pairs(tags).get("t", "")):
            return []
        fixes = self._fix(Action.REPLACE, text)
        if self._known is None or "y" in self._known.record.flags:
            mended = drop_test_flag(tags)
            fixes = (Fix(Action.REPLACE, self._owner, "TXT", mended, old=text),)
        return [self._finding("dkim-test-flag", Status.WARN, fixes)]
