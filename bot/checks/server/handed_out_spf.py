"""Judges the SPF value that the mail server hands out, and the record of its own host name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dns.rdatatype import TXT

from bot.checks.answers import MOST_NAMES, answer_to, name_text, some_lines, unanswered
from bot.checks.finding import Check, Finding, Fix, FixAction, ServerCheck, Status, Verdict
from bot.checks.spf.merge import STRICTNESS, strictness, target_of
from bot.checks.spf.networks import read_networks
from bot.checks.spf.openness import find_opening
from bot.checks.spf.permerror import is_error, is_meant_so
from bot.checks.spf.terms import Term, address_term, terms_of
from bot.checks.spf.texts import SpfTextKind, sort_texts
from bot.checks.text_bounds import find_long_text
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import (
    MAX_LOOKUPS,
    MAX_QUESTIONS,
    MAX_TEXT,
    STRANGER,
    SpfCause,
    policies_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from bot.checks.server.server_observation import ServerObservation
    from bot.dns.spf_evaluate import SpfEvaluation, SpfStep
    from bot.errors import Fact

_MANY_LOOKUPS: Final = 6  # of ten: members need some for what else they send mail with
_HELO_RECORD: Final = "v=spf1 a -all"


def judge_spf(o: ServerObservation) -> Verdict:
    """Return whether the value handed out lets every address of ours pass, and nobody else.

    It was evaluated as a receiver does it (RFC 7208) for a domain that publishes just that.
    """
    findings = tuple(_judge_value(o))
    records = [
        f"{at} {text}" for at, text in policies_of(o.handed_out).items() if at != o.member.ascii
    ]
    return Verdict(ServerCheck.SPF, findings, (o.server.spf,), some_lines(records))


def judge_helo(o: ServerObservation) -> Verdict:
    """Return what the host's own record says of its addresses (RFC 7208 section 2.3)."""
    check = ServerCheck.HELO
    answer = answer_to(o.seen, o.host, TXT)
    if answer.failed and not answer.alias_loop:
        return Verdict(check, (unanswered(check, answer),), (_HELO_RECORD,))
    if long := find_long_text(Check.SPF, o.seen, [o.host]):
        too_long = long.finding(check, _HELO_RECORD, o.server.record_ttl)
        return Verdict(check, (too_long,), (_HELO_RECORD,), long.found)
    texts = [text for text in sort_texts(answer.texts()) if text.kind is SpfTextKind.RECORD]
    found = some_lines([text.raw for text in texts])
    facts: dict[str, Fact] = {"name": name_text(o.host)}
    ttl = o.server.record_ttl
    if not texts:
        fix = Fix(FixAction.ADD, o.host, "TXT", _HELO_RECORD, ttl=ttl)
        missing = Finding(check, "server-helo-missing", Status.INFO, facts, (fix,))
        return Verdict(check, (missing,), (_HELO_RECORD,), found)
    ours = [e for e in o.helo if e.address in o.reachable]
    wrong = [e for e in ours if is_error(e) or e.is_refusal]
    if wrong:
        old, *others = (text.raw for text in texts)
        fixes = (
            Fix(FixAction.REPLACE, o.host, "TXT", _HELO_RECORD, ttl=ttl, old=old),
            *(Fix(FixAction.DELETE, o.host, "TXT", other) for other in others[:MOST_NAMES]),
        )
        facts |= {"addresses": tuple(e.address for e in wrong)[:MOST_NAMES]}
        severity = Status.FAIL if any(e.result == "fail" for e in wrong) else Status.WARN
        refused = Finding(check, "server-helo-refuses", severity, facts, fixes)
        return Verdict(check, (refused,), (_HELO_RECORD,), found)
    doubts = tuple(_judge_doubts(o, ServerCheck.HELO, ours, o.host))
    return Verdict(check, doubts, (_HELO_RECORD,), found)


def _judge_value(o: ServerObservation) -> Iterator[Finding]:
    ours = [e for e in o.handed_out if e.address in o.reachable]
    stranger = next((e for e in o.handed_out if e.address == STRANGER), None)
    errors = (e for e in o.handed_out if is_error(e))
    error = next((e for e in errors if e is not stranger or not is_meant_so(e)), None)
    if error is not None:
        yield _report_error(o, error)
        return
    if (path := _find_open_path(o, stranger)) is not None:
        facts: dict[str, Fact] = {"term": path[-1].term, "own": len(path) <= 1}
        yield Finding(
            ServerCheck.SPF, "server-spf-open", Status.FAIL, facts | {"at": path[-1].domain}
        )
        return
    refused = [e for e in ours if e.is_refusal]
    if refused:
        yield _report_refusal(o, refused, [e for e in ours if e.result == "pass"])
    yield from _judge_doubts(o, ServerCheck.SPF, ours, o.member.name)
    lookups = max((e.lookups for e in o.handed_out), default=0)
    if lookups > _MANY_LOOKUPS:
        facts = {"lookups": lookups, "limit": MAX_LOOKUPS}
        facts["left"] = MAX_LOOKUPS - lookups
        yield Finding(ServerCheck.SPF, "server-spf-many-lookups", Status.WARN, facts)
    strict = strictness(o.server.spf, policies_of(o.handed_out))
    if strict is not None and strict < STRICTNESS["-"]:
        soft = strict == STRICTNESS["~"]
        severity = Status.INFO if soft else Status.WARN
        facts = {"value": o.server.spf, "soft": soft}
        yield Finding(ServerCheck.SPF, "server-spf-no-all", severity, facts)


def _judge_doubts(
    o: ServerObservation,
    check: ServerCheck,
    ours: list[SpfEvaluation],
    asked: dns.name.Name,
) -> Iterator[Finding]:
    """Give a finding for what keeps us from saying that every address passes."""
    if any(e.cause is SpfCause.BUDGET for e in ours):
        facts: dict[str, Fact] = {"questions": MAX_QUESTIONS, "bytes": MAX_TEXT}
        yield Finding(check, "server-spf-too-big", Status.UNKNOWN, facts)
    unsure = [e for e in ours if e.cause is SpfCause.TEMPERROR]
    silent = Answer(Question.of(asked, TXT), Outcome.TIMEOUT)
    answers = [e.failed or silent for e in unsure]
    if not answers and len(ours) < len(o.reachable):
        answers = [silent]
    yield from (unanswered(check, a) for a in {a.question: a for a in answers}.values())


def _report_error(o: ServerObservation, error: SpfEvaluation) -> Finding:
    """Report that receivers take the value for broken, with the term and the record to blame."""
    cause = error.cause or SpfCause.SYNTAX
    facts: dict[str, Fact] = {"cause": cause.value, "term": error.term, "lookups": error.lookups}
    facts |= {"own": len(error.path) <= 1, "at": error.at, "target": target_of(Term.of(error.term))}
    fixes: tuple[Fix, ...] = ()
    if cause is SpfCause.INCLUDE_MISSING and (fix := _list_of_ours(o, error.term)) is not None:
        fixes = (fix,)
    return Finding(ServerCheck.SPF, "server-spf-broken", Status.FAIL, facts, fixes)


def _find_open_path(
    o: ServerObservation, stranger: SpfEvaluation | None
) -> tuple[SpfStep, ...] | None:
    """Return the terms by which nearly everybody passes, outermost first; None if by none."""
    if stranger is not None and stranger.result == "pass":
        return stranger.path
    policies = policies_of(o.handed_out)
    reading = read_networks(o.member.ascii, o.server.spf, policies, o.seen.answer)
    opening = find_opening(reading, ())
    return opening.path if opening else None


def _report_refusal(
    o: ServerObservation, refused: list[SpfEvaluation], allowed: list[SpfEvaluation]
) -> Finding:
    """Report addresses of ours that the value does not allow; the first include is to have them."""
    addresses = tuple(e.address for e in refused)
    facts: dict[str, Fact] = {"addresses": addresses[:MOST_NAMES], "result": refused[0].result}
    facts["allowed"] = tuple(e.address for e in allowed)[:MOST_NAMES]
    policies = policies_of(o.handed_out)
    fixes: tuple[Fix, ...] = ()
    target = next((t for term in terms_of(o.server.spf) if (t := target_of(term))), "")
    facts["target"] = target
    if target in policies:
        old = policies[target]
        words = old.split(" ")
        new = " ".join([words[0], *map(address_term, addresses), *words[1:]])
        owner = Question.of(target, TXT).name
        fixes = (Fix(FixAction.REPLACE, owner, "TXT", new, ttl=o.server.record_ttl, old=old),)
    return Finding(ServerCheck.SPF, "server-spf-refuses", Status.FAIL, facts, fixes)


def _list_of_ours(o: ServerObservation, term: str) -> Fix | None:
    """Return the record that an include of ours should lead to, where it is known to lack one."""
    target = target_of(Term.of(term))
    ours = {target_of(t) for t in terms_of(o.server.spf)}
    if not o.reachable or not target or "%" in target or target not in ours:
        return None
    value = " ".join(["v=spf1", *map(address_term, o.reachable), "-all"])
    owner = Question.of(target, TXT).name
    return Fix(FixAction.ADD, owner, "TXT", value, ttl=o.server.record_ttl)
