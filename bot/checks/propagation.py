"""Compares what was typed with what resolvers still see of it, and says until when that lasts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.answers import name_text
from bot.checks.dkim.server_records import RecordState
from bot.checks.finding import Check, Finding, Note, Status, Verdict
from bot.checks.record_ttls import other_key_questions, own_questions
from bot.checks.report import OTHER_KEY, PROPAGATING
from bot.dns.answer import Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.checks.authority_view import AuthorityView
    from bot.checks.dkim.other_key import OtherKeyVerdict
    from bot.checks.finding import Fix, Subject
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected

_LONG = 12 * 3600  # seconds after which a clock time needs its date


@dataclass(frozen=True, slots=True)
class StaleAnswer:
    """One record that the world sees as it was: the resolver's old answer and its end.

    `until` is in seconds since 1970; None where it ends when the name servers agree.
    """

    question: Question
    negative: bool
    ttl: int
    until: int | None

    def facts(self) -> dict[str, Fact]:
        """Return what the words need."""
        return {
            "name": name_text(self.question.name),
            "type": dns.rdatatype.to_text(self.question.rdtype),
            "until": self.until,
            "dated": self.ttl >= _LONG,
        }


def choose_verdicts(
    expected: Expected,
    observed: Observation,
    seen: Sequence[Verdict],
    typed: Sequence[Verdict],
) -> list[Verdict]:
    """Return one verdict of each check, of what the world sees and of what was typed.

    What was typed is the truth of which record to change. Where that is better, nothing is left to
    do: an info `propagating`, or `propagating-negative` for an old "does not exist", stands for
    what was wrong, with the time at which the old answer is gone. Where it is worse or wrong in
    another way, its findings stand and the note `cached-old` tells until when others see the old.
    """
    lags = _find_lags(observed)
    for question in other_key_questions(expected):
        lags.pop(question, None)  # what the verdicts are about does not wait for it
    before = {verdict.check: verdict for verdict in seen}
    return [
        _choose_one(before.get(verdict.check), verdict, _lag_of(verdict.check, lags, expected))
        for verdict in typed
    ]


def choose_other_key(
    expected: Expected, observed: Observation, seen: OtherKeyVerdict, typed: OtherKeyVerdict
) -> OtherKeyVerdict:
    """Return one verdict on the other key's record, of what the world sees and of what was typed.

    What was typed counts. Where that is right, and old answers are still kept, it says until when.
    """
    lags = _find_lags(observed)
    lag = next((lags[q] for q in other_key_questions(expected) if q in lags), None)
    was_wrong = seen.seen.state in {RecordState.MISSING, RecordState.OTHER}
    if lag is None or not typed.is_right or not was_wrong:
        return typed
    code = PROPAGATING[1] if lag.negative else PROPAGATING[0]
    facts = {**lag.facts(), OTHER_KEY: typed.seen.role.value}
    # It is not the key that signs, so nothing has to wait for it but the change of the keys.
    finding = Finding(Check.DKIM, code, Status.INFO, facts, harmless=True)
    return dataclasses.replace(typed, findings=(finding,), note=None)


def say_when_seen(finding: Finding, observed: Observation) -> Finding:
    """Return the finding with the seconds from its last step until everybody sees the change.

    They are the TTL of what is replaced, or the negative TTL for what is added (RFC 2308 section
    5), as the zone has it; what is left of it in a cache says nothing about other caches. None
    where the whole TTL is not known.
    """
    waits = [_wait(fix, observed) for fix in finding.fixes]
    known = [wait for wait in waits if wait is not None]
    if not known or len(known) < len(waits):
        return finding
    return dataclasses.replace(finding, seen_after=max(known))


def _find_lags(observed: Observation) -> dict[Question, StaleAnswer]:
    source = observed.source
    lags: dict[Question, StaleAnswer] = {}
    for question in source.changed if source else ():
        old = observed.answers.get(question)
        # What a server denies the name above of is not found later either.
        if old is None or source is None or source.is_denied(question.name):
            continue
        ttl = old.ttl or 0
        end = None if question in source.disputed else observed.at + ttl
        lags[question] = StaleAnswer(question, old.absent, ttl, end)
    return lags


def _lag_of(
    check: Subject, lags: dict[Question, StaleAnswer], expected: Expected
) -> StaleAnswer | None:
    """Return what holds a check up: its own records, else whatever lasts longest."""
    mine = [lags[question] for question in own_questions(check, expected) if question in lags]
    # A dispute has no end that anybody knows, so it outlasts the others.
    return max(mine or lags.values(), key=lambda lag: (lag.until is None, lag.ttl), default=None)


def _choose_one(seen: Verdict | None, typed: Verdict, lag: StaleAnswer | None) -> Verdict:
    if seen == typed or lag is None:
        return typed
    if seen is None or typed.status.rank < seen.status.rank:
        if seen is None and typed.status is not Status.PASS:
            return typed
        code = PROPAGATING[1] if lag.negative else PROPAGATING[0]
        finding = Finding(typed.check, code, Status.INFO, lag.facts())
        return dataclasses.replace(typed, findings=(finding, *typed.findings))
    if _gist(seen) == _gist(typed) and typed.status in {Status.PASS, Status.INFO}:
        return typed
    right = seen.status in {Status.PASS, Status.INFO}
    return dataclasses.replace(typed, note=Note("cached-old", {**lag.facts(), "right": right}))


def _gist(verdict: Verdict) -> list[tuple[str, Status]]:
    return [(finding.code, finding.severity) for finding in verdict.findings]


def _wait(fix: Fix, observed: Observation) -> int | None:
    question = Question.of(fix.owner, fix.type)
    source: AuthorityView | None = observed.source
    told = source.answers.get(question) if source else None
    if told is not None:
        return told.ttl
    answer = observed.answers.get(question)
    if answer is None or answer.failed:
        return None
    if answer.authoritative:
        return answer.ttl
    if fix.zone is not None:  # the name servers asked hold another one
        return None
    return source.negative_ttl if source and answer.absent else None
