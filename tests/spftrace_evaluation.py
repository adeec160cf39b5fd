"""SPF evaluated by spftrace over an `Ask`: another reading of RFC 7208, to compare ours with.

The result is read out of the library's trace into our own value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dns.exception
import dns.name
from spftrace import BaseResolver, Evaluator, Limits, SpfPermError, parse

from bot.dns.answer import Outcome
from bot.dns.spf_evaluate import (
    MAX_LOOKUPS,
    MAX_QUESTIONS,
    MAX_TEXT,
    MAX_VOIDS,
    MOST_TERMS,
    SpfCause,
    SpfEvaluation,
    SpfStep,
)
from bot.dns.spf_evaluation import COUNTED
from bot.dns.spf_grammar import MODIFIERS, is_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spftrace import Event, Result, Term

    from bot.dns.answer import Answer, Ask

_VERSION_OCTETS = 7  # "v=spf1" and the blank behind it
_UNREADABLE = bytes(b if 0x20 <= b <= 0x7E else 0xFF for b in range(256))


def is_valid_term(term: str) -> bool:
    """Whether spftrace takes a term that has no blank and no line break in it."""
    try:
        parse(f"v=spf1 {term}")
    except SpfPermError:
        return False
    return True


async def evaluate(
    ask: Ask, address: str, domain: str, *, sender: str | None = None, helo: str = ""
) -> SpfEvaluation:
    """Return what SPF says, as `bot.dns.spf_evaluate.evaluate` does."""
    limits = Limits(
        max_terms=MAX_LOOKUPS,
        max_void=MAX_VOIDS,
        max_queries=MAX_QUESTIONS,
        audit=True,
        audit_max_terms=COUNTED,
    )
    resolver = _AskResolver(ask)
    result = await _Evaluator(resolver, limits).evaluate(
        address, sender or f"postmaster@{domain}", helo
    )
    return _read_result(result, address, domain, resolver.failures)


class _Evaluator(Evaluator):
    """spftrace's evaluator, which says when it comes to a redirect, as it does of mechanisms."""

    async def _eval_redirect(self, term: Term, *args: Any) -> Any:
        self.trace.add("mech_start", raw=term.raw)
        return await super()._eval_redirect(term, *args)


class _AskResolver(BaseResolver):
    """spftrace's way to ask, over an `Ask`. The rcode of a failure is its outcome's name."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.failures: dict[tuple[str, str], Answer] = {}  # by name and type as asked for
        self._names: dict[str, dns.name.Name] = {}  # names out of answers, with their escapes
        self._octets: dict[dns.name.Name, int] = {}  # of policy text, by the domain that has it

    async def _lookup(self, name: str, rtype: str) -> tuple[str, list[str]]:
        owner = self._names.get(name) or _owner_of(name)
        if owner is None:
            return Outcome.NXDOMAIN.name, []
        answer = await self._ask(owner, rtype)
        if answer.outcome is Outcome.REFUSED and answer.extended and not answer.server:
            return SpfCause.BUDGET.name, []  # refused before anybody was asked
        if answer.failed:
            self.failures[name, rtype] = answer
        if not answer.found:
            return ("NOERROR" if answer.outcome is Outcome.NODATA else answer.outcome.name), []
        if rtype == "TXT":
            return self._texts(owner, answer)
        return "NOERROR", self._values(answer, rtype)

    def _texts(self, owner: dns.name.Name, answer: Answer) -> tuple[str, list[str]]:
        records = [text for text in answer.texts() if _begins_as_record(text)]
        self._octets[owner] = sum(map(len, records))
        if (
            any(_begins_as_record(text) for text in answer.long_texts())
            or any(len(text.split()) > MOST_TERMS for text in records)
            or sum(self._octets.values()) > MAX_TEXT
        ):
            return SpfCause.BUDGET.name, []
        return "NOERROR", [_readable(text) for text in answer.texts()]

    def _values(self, answer: Answer, rtype: str) -> list[str]:
        if rtype in {"A", "AAAA"}:
            return list(answer.addresses())
        values = []
        for rdata in answer.rdatas:
            target = getattr(rdata, "exchange" if rtype == "MX" else "target", None)
            if isinstance(target, dns.name.Name):
                text = target.to_text(omit_final_dot=True)
                self._names[text] = target
                values.append("" if target == dns.name.root else text)
        return values


def _owner_of(name: str) -> dns.name.Name | None:
    """Return the absolute name of an expanded domain-spec, None where there can be no such name.

    A backslash is a character like any other there (RFC 7208 section 7.1).
    """
    labels = [label.encode() for label in name.removesuffix(".").split(".")]
    try:
        return dns.name.Name([*labels, b""])
    except dns.exception.DNSException:  # empty or overlong labels, an overlong name
        return None


def _begins_as_record(raw: bytes) -> bool:
    return is_record(raw[:_VERSION_OCTETS].decode("ascii", "replace"))


def _readable(raw: bytes) -> str:
    """Return a text in which whatever may not stand in a record is U+FFFD (section 3.1)."""
    return raw.translate(_UNREADABLE).decode("ascii", "replace")


@dataclass(slots=True)
class _Walk:
    """One evaluation's events, followed in order; positions in the lists are depths."""

    domains: list[str] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    trails: dict[int, tuple[SpfStep, ...]] = field(default_factory=dict)  # of the matches
    policies: dict[tuple[str, str], None] = field(default_factory=dict)
    void_names: list[str] = field(default_factory=list)
    broken: tuple[SpfStep, ...] = ()  # where the evaluation broke off
    loop: tuple[SpfStep, ...] = ()
    limit: str = ""  # the first one exceeded,
    limit_path: tuple[SpfStep, ...] = ()  # and where
    unparsed: str | None = None  # the record with a syntax error
    reason: str = ""

    def path(self, depth: int) -> tuple[SpfStep, ...]:
        """Return the terms being worked on, outermost first."""
        steps = zip(self.domains[: depth + 1], self.terms[: depth + 1], strict=True)
        return tuple(SpfStep(domain, term) for domain, term in steps)

    def follow(self, event: Event) -> None:
        """Take the next event."""
        depth, data = event.depth, event.data
        match event.kind:
            case "check_start":
                del self.domains[depth:], self.terms[depth:]
                self.domains.append(data["domain"])
                self.terms.append("")
                self.trails[depth] = ()
            case "txt_lookup":
                texts = (text for text in data["records"] if is_record(text))
                self.policies.update(dict.fromkeys((data["domain"], text) for text in texts))
            case "parse_error":
                self.unparsed = data["policy"]
            case "mech_start":
                self.terms[depth] = data["raw"]
            case "recurse_in":
                self._enter(depth, data["domain"])
            case "recurse_out" if data["via"] == "redirect":
                step = SpfStep(self.domains[depth], self.terms[depth])
                self.trails[depth] = (step, *self.trails.get(depth + 1, ()))
            case "mech_match":
                inner = self.trails.get(depth + 1, ()) if data["mechanism"] == "include" else ()
                self.trails[depth] = (SpfStep(self.domains[depth], data["raw"]), *inner)
            case "void_lookup":
                self.void_names.append(data["name"])
            case "limit_exceeded" if not self.limit:
                self.limit, self.limit_path = data["limit"], self.path(depth)
            case "exit" | "audit_override":
                self.reason = self.reason or data.get("reason", "")
                self.broken = self.path(min(depth, len(self.domains) - 1))

    def _enter(self, depth: int, target: str) -> None:
        if not self.loop and _key(target) in map(_key, self.domains[: depth + 1]):
            self.loop = self.path(depth)


def _key(domain: str) -> str:
    return domain.lower().rstrip(".")


def _read_result(
    result: Result, address: str, domain: str, failures: Mapping[tuple[str, str], Answer]
) -> SpfEvaluation:
    """Return the evaluation that a result of the evaluator and its trace stand for."""
    walk = _Walk()
    for event in result.trace.events:
        walk.follow(event)
    cause = _cause_of(result.result, walk, result)
    path, failed, unread = walk.broken, None, ""
    match cause:
        case None:
            path = walk.trails.get(0, ())
        case SpfCause.LOOP:
            path = walk.loop
        case SpfCause.TOO_MANY_LOOKUPS | SpfCause.TOO_MANY_VOIDS:
            path = walk.limit_path
        case SpfCause.SYNTAX:
            path = (*path[:-1], SpfStep(path[-1].domain, _faulty_term(walk.unparsed or "")))
        case SpfCause.TEMPERROR:
            failed = _failure_of(result, failures)
        case SpfCause.BUDGET if result.queries:
            unread = result.queries[-1].name
    return SpfEvaluation(
        address=address,
        domain=domain,
        result="temperror" if cause is SpfCause.BUDGET else result.result,
        cause=cause,
        path=path,
        lookups=result.dns_terms_used,
        voids=result.void_lookups_used,
        void_names=tuple(walk.void_names),
        policies=tuple(walk.policies),
        failed=failed,
        unread=unread,
    )


def _cause_of(verdict: str, walk: _Walk, result: Result) -> SpfCause | None:
    """Return why there is no verdict on the address, None where there is one.

    The reasons' beginnings are those of the pinned spftrace release; nothing else tells them apart.
    """
    if verdict == "none":
        return SpfCause.NONE
    if verdict == "temperror":
        last = result.queries[-1].rcode if result.queries else ""
        return SpfCause.BUDGET if last == SpfCause.BUDGET.name else SpfCause.TEMPERROR
    if verdict != "permerror":
        return None
    if walk.loop:
        return SpfCause.LOOP
    if walk.limit == "dns_terms":
        return SpfCause.TOO_MANY_LOOKUPS
    if walk.limit:
        return SpfCause.TOO_MANY_VOIDS
    if walk.reason.startswith("DNS query budget"):
        return SpfCause.BUDGET
    if walk.reason.startswith("multiple v=spf1"):
        return SpfCause.MULTIPLE
    if walk.reason.startswith("mx: more than"):
        return SpfCause.TOO_MANY_MX
    if walk.reason.endswith("has no SPF record"):
        return SpfCause.INCLUDE_MISSING
    return SpfCause.SYNTAX


def _failure_of(result: Result, failures: Mapping[tuple[str, str], Answer]) -> Answer | None:
    """Return the answer that failed: the last, unless time ran out before it came."""
    last = result.queries[-1] if result.queries else None
    return failures.get((last.name, last.rtype)) if last else None


def _faulty_term(text: str) -> str:
    """Return the first term that breaks the grammar, or the second of two that may stand once."""
    seen: set[str] = set()
    for term in text.split(" ")[1:]:
        once = term.lower().partition("=")[0]
        if (term and not is_valid_term(term)) or once in seen:
            return term
        if once in MODIFIERS:
            seen.add(once)
    return ""
