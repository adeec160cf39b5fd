"""Judges SPF: whether the domain's record lets the mail server send, and nobody else."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import dns.rdatatype

from bot.checks.answers import ADDRESS_TYPES, MOST_NAMES, answer_to, some_lines, unanswered
from bot.checks.finding import Check, Finding, Note, Status, Verdict
from bot.checks.paste_damage import find_literal, unglue, unquote
from bot.checks.spf.case import SpfCase
from bot.checks.spf.cost import cost_of, judge_cost
from bot.checks.spf.ending import judge_ending
from bot.checks.spf.left_out import LeftOutReason
from bot.checks.spf.merge import find_open_terms, terms_after_all
from bot.checks.spf.misplaced import find_spf, spf_places
from bot.checks.spf.openness import find_opening, narrowed
from bot.checks.spf.permerror import (
    find_error,
    is_error,
    judge_behind_ours,
    judge_error,
    judge_others,
)
from bot.checks.spf.remarks import judge_remarks
from bot.checks.spf.term_faults import TermFault, TermFaultKind
from bot.checks.spf.term_reading import read
from bot.checks.spf.terms import Term, same_record
from bot.checks.spf.texts import (
    SpfText,
    SpfTextKind,
    find_strange_character,
    sort_strings,
    sort_texts,
)
from bot.checks.text_bounds import find_long_text
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import MOST_TERMS, SpfCause
from bot.dns.spf_grammar import is_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.observation import Observation
    from bot.checks.spf.networks import Reading
    from bot.errors import Fact
    from bot.records.expected import Expected


def judge(expected: Expected, observed: Observation) -> Verdict:
    """Return what the domain's SPF record is worth; pass only where each of our addresses passes.

    Beside the contract's codes there are `spf-too-many-voids` and `spf-too-many-mx` (limits of RFC
    7208 section 4.6.4), and `spf-too-big`, unknown, for a record that takes more than we read.
    """
    case = SpfCase.of(expected, observed)
    answer = answer_to(observed, observed.domain.name, dns.rdatatype.TXT)
    if answer.failed:
        return Verdict(Check.SPF, (unanswered(Check.SPF, answer),), expected=(case.value,))
    if long := find_long_text(Check.SPF, observed, [observed.domain.name]):
        too_long = long.finding(Check.SPF, case.value, case.ttl)
        return Verdict(Check.SPF, (too_long,), (case.value,), long.found)
    texts = sort_strings(answer.strings())
    records = tuple(text for text in texts if text.kind is SpfTextKind.RECORD)
    note = None
    if len(records) > 1:
        facts: dict[str, Fact] = {"count": len(records)}
        facts |= {"own": True, "at": case.domain, "through": ""}
        findings: tuple[Finding, ...] = (case.replace_all("spf-multiple", facts, records),)
    elif records:
        findings = _judge_record(case, records[0])
        note = None if findings else _note_of(case, records[0])
    else:
        findings = (_judge_absence(expected, case, texts),)
    found = some_lines([text.raw for text in records or texts])
    return Verdict(Check.SPF, findings, expected=(case.value,), found=found, note=note)


def _judge_absence(expected: Expected, case: SpfCase, texts: tuple[SpfText, ...]) -> Finding:
    """Judge a domain without SPF record: what comes nearest to one, or nothing at all."""
    if not texts:
        obsolete = case.observed.answer(case.observed.domain.name, "SPF")
        old = sort_texts(obsolete.texts()) if obsolete else ()
        if old:
            return case.add("spf-type99", old)
        misplaced = find_spf(expected, case.observed)
        if misplaced:
            return case.move(misplaced)
        missing = case.add("spf-missing")
        places = (name for name, _ in spf_places(expected, case.observed))
        long = find_long_text(Check.SPF, case.observed, places)
        return long.report(Check.SPF, missing.fixes, place=case.domain) if long else missing
    text = texts[0]
    match text.kind:
        case SpfTextKind.JOINED:
            return _judge_joined(case, text)
        case SpfTextKind.MARKED:
            return _judge_marks(case, text)
        case SpfTextKind.LEADING_SPACE:
            return case.replace("spf-leading-space", {}, text)
        case SpfTextKind.NON_ASCII:
            return _judge_character(case, text)
        case SpfTextKind.CONTROL:
            return _judge_fault(case, text, TermFault("v=spf1", TermFaultKind.CONTROL_CHARACTER))
        case _ if is_record(unglue(text.raw)):
            return _judge_glue(case, text, unglue(text.raw))
        case _:
            start = text.raw.strip().split(" ")[0]
            return _judge_fault(case, text, TermFault(start, TermFaultKind.VERSION, "v=spf1"))


def _judge_record(case: SpfCase, text: SpfText) -> tuple[Finding, ...]:
    """Judge the domain's only record: first as it is written, then by what it comes to."""
    if len(text.raw.split()) > MOST_TERMS:
        return (case.report_too_big(case.domain),)
    if not text.joined:
        return _judge_alone(case, text)
    if not text.is_sound or any(is_error(e) or e.is_refusal for e in case.evaluations):
        return (_judge_joined(case, text),)
    others = _judge_alone(case, text)
    if any(finding.fixes for finding in others):
        return others  # what they propose puts the joined values where they belong as well
    facts: dict[str, Fact] = {"term": text.joined[0]}
    passed_over = case.replace("spf-joined-value", facts, text, severity=Status.WARN)
    return (dataclasses.replace(passed_over, harmless=True), *others)


def _judge_alone(case: SpfCase, text: SpfText) -> tuple[Finding, ...]:
    """Judge a record without the values that may be joined to it."""
    if not text.raw.isascii():
        return (_judge_character(case, text),)
    reading = case.read(text)
    if case.is_exact(text):
        # It is what was handed out: whatever is wrong with it is not the member's to mend.
        refused = any(is_error(e) or e.is_refusal for e in case.evaluations)
        if refused or find_error(case) or find_opening(reading, case.strangers):
            return (case.report_server_side("spf-include"), *_judge_doubts(case))
        return tuple(_judge_doubts(case))
    if find_literal(text.raw):
        return (_judge_marks(case, SpfText(text.raw, text.kind, unglue(unquote(text.raw)))),)
    unglued = unglue(text.raw)
    if unglued != text.raw and case.is_glued(text.raw, unglued):
        return (_judge_glue(case, text, unglued),)
    faults = [fault for fault in read(text.raw).faults if fault.term not in text.joined]
    if faults:
        return (_judge_fault(case, text, faults[0]),)
    failure = _judge_outcome(case, text, reading) or judge_behind_ours(case, text)
    if failure and failure.severity is Status.FAIL:
        return (failure,)
    if failure:
        return (failure, *_judge_doubts(case))
    if others := judge_others(case, text):
        return (others, *_judge_doubts(case))
    if any(e.is_refusal for e in case.evaluations):
        # A stricter ending would have refused what the mail server's own terms do not allow yet.
        return (case.report_server_side("spf-include"), *_judge_doubts(case))
    return (
        *_judge_doubts(case),
        *judge_ending(case, text, reading),
        *judge_remarks(case, text),
        *judge_cost(case, text.raw),
    )


def _judge_joined(case: SpfCase, text: SpfText) -> Finding:
    """Judge a record to which another value was joined: the page took two for one."""
    return _judge_fault(case, text, TermFault(text.joined[0], TermFaultKind.TWO_VALUES))


def _judge_marks(case: SpfCase, text: SpfText) -> Finding:
    """Judge a record with a zone file's quote marks or backslashes in it."""
    facts: dict[str, Fact] = {"record": "SPF", "name": case.domain, "known": True}
    facts["certain"] = same_record(text.meant, case.value)
    facts["policy"] = ""
    return case.replace(find_literal(text.raw), facts, text)


def _judge_glue(case: SpfCase, text: SpfText, unglued: str) -> Finding:
    """Judge a record in which a blank was lost, mostly where two strings were joined."""
    before, after = text.raw.split(), set(unglued.split())
    words = tuple(word for word in before if word not in after)[:MOST_NAMES]
    certain = same_record(unglued, case.value)
    whole = SpfText(text.raw, text.kind, unglued)
    return case.replace("spf-blank-lost", {"terms": words, "certain": certain}, whole)


def _judge_character(case: SpfCase, text: SpfText) -> Finding:
    strange = find_strange_character(text.raw)
    facts: dict[str, Fact] = {"character": "", "looks": "letter", "term": "", "suggestion": ""}
    if strange:
        suggestion = strange.meant if strange.meant.isascii() else ""
        facts = {"character": strange.number, "looks": strange.looks}
        facts |= {"term": strange.word, "suggestion": suggestion}
    return case.replace("spf-non-ascii", facts, text)


def _judge_fault(case: SpfCase, text: SpfText, fault: TermFault) -> Finding:
    facts: dict[str, Fact] = {"term": fault.term, "what": fault.what.value}
    facts |= {"suggestion": fault.suggestion or "", "own": True, "at": case.domain, "through": ""}
    return case.replace("spf-syntax", facts, text)


def _judge_outcome(case: SpfCase, text: SpfText, reading: Reading) -> Finding | None:
    """Judge a sound record of the member's own: the first cause of refusals and forgeries."""
    error = next((e for e in case.evaluations if is_error(e)), None)
    if error:
        return judge_error(case, text, error)
    if open_to_all := _judge_open_terms(case, text) or _judge_opening(case, text, reading):
        return open_to_all
    # What the mail server's own terms should allow and do not is not the member's to mend.
    refused = tuple(
        e for e in case.evaluations if e.is_refusal and not case.is_refused_by_own_terms(e)
    )
    unread = terms_after_all(text.raw)
    if refused and not any(term.key in case.own_keys for term in unread):
        allowed = tuple(e.address for e in case.evaluations if e.result == "pass")
        facts: dict[str, Fact] = {"addresses": tuple(e.address for e in refused)[:MOST_NAMES]}
        facts |= {"allowed": allowed[:MOST_NAMES], "result": refused[0].result}
        return case.replace("spf-not-authorised", facts, text)
    if unread:
        terms = tuple(term.raw for term in unread)[:MOST_NAMES]
        return case.replace("spf-after-all", {"terms": terms}, text)
    return None


def _judge_open_terms(case: SpfCase, text: SpfText) -> Finding | None:
    """Judge a record that lets everybody pass, by its own terms or by what it includes."""
    open_terms = find_open_terms(case.domain, text.raw, case.policies)
    if not open_terms:
        return None
    outermost = Term.of(open_terms[0].term)
    if outermost.key in case.own_keys:
        return case.report_server_side("spf-include")
    own = len(open_terms) == 1
    facts: dict[str, Fact] = {"term": open_terms[-1].term, "at": open_terms[-1].domain, "own": own}
    facts["through"] = "" if own else open_terms[0].term
    return case.replace("spf-plus-all", facts, text, drop={outermost.key: LeftOutReason.OPEN})


def _judge_opening(case: SpfCase, text: SpfText, reading: Reading) -> Finding | None:
    """Judge a record that lets nearly everybody pass, or whoever knows how to ask for it.

    A host stays without the network around it; what else is to blame is left out of the fix.
    """
    opening = find_opening(reading, case.strangers)
    if opening is None:
        return None
    if any(Term.of(term).key in case.own_keys for term in opening.terms):
        return case.report_server_side("spf-include")
    lessened = SpfText(text.raw, text.kind, narrowed(text.meant, opening.terms))
    left_out = [term for term in opening.terms if narrowed(term, [term]) == term]
    step = opening.path[-1]
    own = len(opening.path) == 1
    facts: dict[str, Fact] = {"what": opening.kind.value, "terms": opening.terms[:MOST_NAMES]}
    facts |= {"term": step.term, "at": step.domain, "own": own, "through": opening.path[0].term}
    facts |= {"version": opening.version, "percent": opening.percent}
    dropped = {Term.of(term).key: LeftOutReason.OPEN for term in left_out}
    return case.replace("spf-open", facts, lessened, drop=dropped)


def _judge_doubts(case: SpfCase) -> Iterator[Finding]:
    """Give a finding for whatever keeps us from saying that every address of ours passes."""
    hosts = [answer_to(case.observed, case.host, rdtype) for rdtype in ADDRESS_TYPES]
    failed = [answer for answer in hosts if answer.failed]
    if not failed and not case.addresses:
        yield case.report_server_side("host-without-address")
    looked_at = (*case.evaluations, *case.deciding_strangers())
    given_up = [e for e in looked_at if e.cause is SpfCause.BUDGET]
    if given_up:
        yield case.report_too_big(given_up[0].unread or case.domain)
    unsure = [e for e in looked_at if e.cause is SpfCause.TEMPERROR]
    failed += [e.failed for e in unsure if e.failed]
    if not failed and (any(not e.failed for e in unsure) or _lacks_evaluation(case)):
        question = Question.of(case.observed.domain.name, dns.rdatatype.TXT)
        failed.append(Answer(question, Outcome.TIMEOUT))
    yield from (unanswered(Check.SPF, a) for a in {a.question: a for a in failed}.values())


def _lacks_evaluation(case: SpfCase) -> bool:
    return len(case.evaluations) < len(case.addresses)


def _note_of(case: SpfCase, text: SpfText) -> Note | None:
    """Say by which term the mail server passes where the record is not the one handed out."""
    step = next((e.matched for e in case.evaluations if e.matched), None)
    if case.is_exact(text) or step is None:
        return None
    cost = cost_of(case, text.raw)
    if cost.is_worth_noting:
        return Note("spf-many-lookups", {"term": step.term, **cost.facts})
    return Note("spf-written-differently", {"term": step.term})
