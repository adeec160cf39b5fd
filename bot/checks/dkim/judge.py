"""Judges the DKIM key record at the selector that the mail server signs with (RFC 6376)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from dns.rdatatype import TXT

from bot.checks.answers import (
    MOST_NAMES,
    alias_at,
    alias_beside,
    answer_to,
    decode_texts,
    name_text,
    some_lines,
    unanswered,
    wildcard_facts,
    without_alias,
    without_repeats,
)
from bot.checks.dkim.case import DkimCase
from bot.checks.dkim.host_text import holds_key, host_in
from bot.checks.dkim.key_record import judge_text
from bot.checks.dkim.misplaced import dkim_places, find_dkim
from bot.checks.dkim.selectors import (
    find_elsewhere,
    other_key_name,
    other_names,
    selector_name,
)
from bot.checks.dkim.text import is_meant_as_key, read_key_text
from bot.checks.finding import Check, Finding, Fix, FixAction, Note, Status, Verdict
from bot.checks.lent_record import find_wildcard, wildcard_over
from bot.checks.text_bounds import find_long_text
from bot.dns.answer import Answer, Outcome, Question
from bot.records.dkim_key import KnownKey, NoKeyYet

if TYPE_CHECKING:
    from collections.abc import Container

    import dns.name

    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected

_TAIL = 12  # characters that tell one key from another; the last six are the same in most


def key_names(expected: Expected) -> tuple[dns.name.Name, ...]:
    """Return the names whose TXT is the key record; none where the name would be too long."""
    name = selector_name(expected.domain, expected.selector)
    return () if name is None else (name,)


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return the verdict on the DKIM record; keys are compared as bytes, never as text."""
    wanted = (expected.dkim.record.text,) if isinstance(expected.dkim, KnownKey) else ()
    if not key_names(expected):  # nobody can publish it, so it is the server's selector to change
        facts = {"what": "selector-too-long"}
        too_long = Finding(Check.DKIM, "server-side", Status.INFO, facts)
        return Verdict(Check.DKIM, (too_long,), wanted)
    answer = find_answer(expected, observed)
    if answer.failed and not answer.alias_loop:
        return Verdict(Check.DKIM, (unanswered(Check.DKIM, answer),), wanted)
    case = DkimCase(expected, observed, answer)
    if long := find_long_text(Check.DKIM, observed, key_names(expected)):
        value = wanted[0] if wanted else None
        finding = long.finding(Check.DKIM, value, expected.server.record_ttl)
        fitting = without_alias(observed, finding, answer)
        return Verdict(Check.DKIM, (fitting,), wanted, long.found)
    findings, note = _judge(case)
    found = some_lines(decode_texts(answer))
    typed = [without_alias(observed, finding, answer) for finding in findings]
    return Verdict(Check.DKIM, without_repeats(typed), wanted, found, note)


def is_absent(expected: Expected, observed: Observation) -> bool:
    """Whether an answer proves that no key record is there, sound or broken, nor an alias."""
    answer = find_answer(expected, observed)
    if answer.failed or alias_at(observed, answer) is not None:
        return False
    case = DkimCase(expected, observed, answer)
    if _find_candidates(case) or find_elsewhere(expected, observed):
        return False
    other = other_key_name(expected)
    if other is not None and any(map(is_meant_as_key, decode_texts(observed.answer(other, TXT)))):
        return False
    if find_long_text(Check.DKIM, observed, (case.owner, *_other_places(case))):
        return False
    return find_dkim(expected, observed) is None


def find_answer(expected: Expected, observed: Observation) -> Answer:
    """Return the answer for the key record; one that failed where it was not asked."""
    names = key_names(expected)
    if not names:
        return Answer(Question.of(expected.domain.name, TXT), Outcome.TIMEOUT)
    return answer_to(observed, names[0], TXT)


def _find_candidates(case: DkimCase) -> tuple[str, ...]:
    """Return the texts that were meant as key record; all others count as not there."""
    # A text that is there twice, cut into strings differently, is one to receivers.
    texts = dict.fromkeys(decode_texts(case.answer))
    meant = tuple(text for text in texts if is_meant_as_key(text))
    named = tuple(text for text in texts if case.known and host_in(text) is not None)
    return meant or case.pieces()[:1] or named[:1]


def _judge(case: DkimCase) -> tuple[list[Finding], Note | None]:
    candidates = _find_candidates(case)
    if not candidates:
        return [_judge_absence(case)], None
    if len(candidates) > 1:
        return [_judge_several(case, candidates)], None
    findings, note = _judge_host(case, candidates[0]) or judge_text(case, candidates[0])
    pieces = case.pieces() if any(f.code == "dkim-truncated" for f in findings) else ()
    beside = [*_judge_others(case, {candidates[0], *pieces}), *_judge_alias(case)]
    # Sorting is stable: the key's own faults stay first among those of the same severity.
    together = sorted([*findings, *beside], key=lambda finding: -finding.severity.rank)
    return together, None if beside else note


def _judge_host(case: DkimCase, text: str) -> tuple[list[Finding], Note | None] | None:
    """Judge a host name in place of the key; None for any other text."""
    host = host_in(text)
    if host is None:
        return None
    fixes = case.fix(FixAction.REPLACE, text)
    facts: dict[str, Fact] = {"what": "host", "value": name_text(host), "below": bool(fixes)}
    facts["holds"] = holds_key(case.expected, case.observed, host)
    return [case.finding("dkim-syntax", Status.FAIL, fixes, **facts)], None


def _judge_others(case: DkimCase, said: Container[str]) -> list[Finding]:
    """Other texts beside the key: what comes of several is undefined (RFC 6376 3.6.2.2)."""
    others = tuple(t for t in dict.fromkeys(decode_texts(case.answer)) if t not in said)
    if not others:
        return []
    return [
        case.finding(
            "dkim-multiple",
            Status.WARN,
            case.delete(others),
            count=len(others) + 1,
            beside=others[:MOST_NAMES],
            tails=(),
            right=False,
        )
    ]


def _judge_alias(case: DkimCase) -> list[Finding]:
    """A CNAME beside the TXT: only one of them can be (RFC 1034 section 3.6.2)."""
    target = alias_beside(case.observed, case.owner)
    if target is None or case.answer.chain:
        return []
    fix = Fix(FixAction.DELETE, case.owner, "CNAME", target.to_text())
    return [case.finding("dkim-cname-and-txt", Status.WARN, (fix,), target=name_text(target))]


def _judge_absence(case: DkimCase) -> Finding:
    if isinstance(case.expected.dkim, NoKeyYet):
        return case.finding("dkim-no-key", Status.INFO, published=False)
    target = alias_at(case.observed, case.answer)
    if target is not None:
        alias = Fix(FixAction.DELETE, case.owner, "CNAME", target.to_text())
        fixes = (alias, *case.fix(FixAction.ADD)) if case.known else ()
        return case.finding("dkim-cname-broken", Status.FAIL, fixes, target=name_text(target))
    if case.known is not None:
        missing = case.finding("dkim-missing", Status.FAIL, case.fix(FixAction.ADD))
        elsewhere = _judge_elsewhere(case) or _judge_misplaced(case) or _judge_long_text(case)
        return elsewhere or _judge_wildcard(case) or missing
    return case.finding("dkim-unknown", Status.INFO)


def _judge_elsewhere(case: DkimCase) -> Finding | None:
    """The record is at a selector that the server does not sign with (any more)."""
    elsewhere = find_elsewhere(case.expected, case.observed)
    if elsewhere is None:
        return None
    fixes = case.fix(FixAction.ADD)
    if elsewhere.is_current and not elsewhere.is_alias:
        fixes = tuple(
            dataclasses.replace(fix, action=FixAction.RENAME, old_owner=elsewhere.owner)
            for fix in fixes
        )
    other, moved = name_text(elsewhere.owner), elsewhere.is_current
    return case.finding("selector-differs", Status.FAIL, fixes, other=other, moved=moved)


def _judge_misplaced(case: DkimCase) -> Finding | None:
    """The record is at a name that is no selector's, or one that nobody told us of."""
    misplaced = find_dkim(case.expected, case.observed)
    if misplaced is None:
        return None
    fixes = case.fix(FixAction.ADD)
    if misplaced.is_right:
        fixes = tuple(misplaced.move(fix.owner, fix.type, fix.value, fix.ttl) for fix in fixes)
    elif not misplaced.stays:
        fixes = (*fixes, Fix(FixAction.DELETE, misplaced.owner, "TXT", misplaced.text))
    finding = misplaced.finding(Check.DKIM, fixes, case.observed.zone)
    return case.finding(finding.code, finding.severity, fixes, **finding.facts)


def _judge_long_text(case: DkimCase) -> Finding | None:
    """A text at a wrong name that may be the record, and is too long to be read."""
    long = find_long_text(Check.DKIM, case.observed, _other_places(case))
    if long is None:
        return None
    return long.report(Check.DKIM, case.fix(FixAction.ADD), place=name_text(case.owner))


def _other_places(case: DkimCase) -> tuple[dns.name.Name, ...]:
    """Return the wrong names that the record may have come to."""
    expected, observed = case.expected, case.observed
    places = (name for name, _ in dkim_places(expected, observed))
    return (*other_names(expected), *places, expected.domain.name)


def _judge_wildcard(case: DkimCase) -> Finding | None:
    """A wildcard answers where the record is missing; the real one takes its place."""
    code = find_wildcard(case.observed, case.answer)
    if not code:
        return None
    facts = wildcard_facts(wildcard_over(case.observed, case.owner), [case.owner])
    return case.finding(code, Status.FAIL, case.fix(FixAction.ADD), **facts)


def _judge_several(case: DkimCase, texts: tuple[str, ...]) -> Finding:
    """Several records at one selector: receivers take any (RFC 6376 section 3.6.2.2)."""
    kept = next((text for text in texts if _is_right(case, text)), None)
    if case.answer.chain:
        kept = None  # it is not the member's to keep
    wrong = tuple(text for text in texts if text != kept)
    fixes = case.delete(wrong)
    if case.known is None:
        fixes = ()
    elif kept is None:
        fixes = (*case.fix(FixAction.REPLACE, texts[0]), *case.delete(texts[1:]))
    tails = tuple((read_key_text(text) or text)[-_TAIL:] for text in wrong)
    return case.finding(
        "dkim-multiple",
        Status.FAIL,
        fixes,
        count=len(texts),
        tail=tails[0],
        tails=tails,
        right=kept is not None,
        beside=(),
    )


def _is_right(case: DkimCase, text: str) -> bool:
    """Whether a text holds the known key and nothing that keeps it from being used."""
    findings, _ = judge_text(case, text)
    return case.known is not None and all(f.severity is not Status.FAIL for f in findings)
