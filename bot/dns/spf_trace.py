"""The result of an SPF evaluation and its cause, read out of the evaluator's trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.dns.spf_grammar import MODIFIERS, is_record, is_valid_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spftrace import Event, Result

    from bot.dns.answer import Answer

_REFUSALS: Final = frozenset({"fail", "softfail", "neutral", "none"})


class SpfCause(StrEnum):
    """Why an evaluation came to none, permerror or temperror."""

    NONE = "none"  # the domain has no SPF record
    MULTIPLE = "multiple"  # a domain has more than one (section 4.5)
    SYNTAX = "syntax"
    INCLUDE_MISSING = "include-missing"  # include or redirect of a domain without SPF record
    LOOP = "loop"  # a record comes back to itself by include or redirect
    TOO_MANY_LOOKUPS = "too-many-lookups"
    TOO_MANY_VOIDS = "too-many-voids"  # more than two questions without an answer
    TOO_MANY_MX = "too-many-mx"  # a mx mechanism whose domain has more than ten MX records
    BUDGET = "budget"  # more than we ask or read; not the RFC's verdict, which is unknown
    TEMPERROR = "temperror"  # the DNS failed


@dataclass(frozen=True, slots=True)
class SpfStep:
    """A term and the domain whose record holds it; both are text from a zone."""

    domain: str
    term: str


@dataclass(frozen=True, slots=True)
class SpfEvaluation:
    """What SPF says of one address sending for one domain.

    `result` is one of RFC 7208 section 2.6; where we gave up (`SpfCause.BUDGET`) it is temperror.
    `path` leads from the domain's own term to the term that matched, or to the one where the
    evaluation broke off; it is empty where neither is the case. `lookups` counts on past the limit
    of ten, to 20 at most, as far as this address' evaluation goes. `policies` are the records
    read, each with its domain, in the order met.
    """

    address: str
    domain: str
    result: str
    cause: SpfCause | None = None
    path: tuple[SpfStep, ...] = ()
    lookups: int = 0
    voids: int = 0
    void_names: tuple[str, ...] = ()
    policies: tuple[tuple[str, str], ...] = ()
    failed: Answer | None = None  # the question that the DNS failed to answer, for temperror
    unread: str = ""  # the name whose records are more than we read, for `SpfCause.BUDGET`

    @property
    def matched(self) -> SpfStep | None:
        """The domain's own term that decided, or None where none matched."""
        return self.path[0] if self.path and self.cause is None else None

    @property
    def is_refusal(self) -> bool:
        """Whether the record was read to its end and does not allow the address."""
        return self.result in _REFUSALS

    @property
    def term(self) -> str:
        """The term to blame for the cause, or the innermost that matched; empty where none is."""
        return self.path[-1].term if self.path else ""

    @property
    def at(self) -> str:
        """The domain whose record holds `term`."""
        return self.path[-1].domain if self.path else self.domain


def policies_of(evaluations: Iterable[SpfEvaluation]) -> dict[str, str]:
    """Return the records that evaluations read, by lower-case domain without final dot.

    Of several at one domain the first counts.
    """
    met: dict[str, str] = {}
    for domain, text in (policy for evaluation in evaluations for policy in evaluation.policies):
        met.setdefault(_key(domain), text)
    return met


@dataclass(slots=True)
class _Walk:
    """One evaluation's events, followed in order; positions in the lists are depths."""

    domains: list[str] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    records: list[list[str]] = field(default_factory=list)  # the terms of each domain's record
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
                del self.domains[depth:], self.terms[depth:], self.records[depth:]
                self.domains.append(data["domain"])
                self.terms.append("")
                self.records.append([])
                self.trails[depth] = ()
            case "txt_lookup":
                texts = (text for text in data["records"] if is_record(text))
                self.policies.update(dict.fromkeys((data["domain"], text) for text in texts))
            case "policy_parsed":
                self.records[depth] = data["terms"]
            case "parse_error":
                self.unparsed = data["policy"]
            case "mech_start":
                self.terms[depth] = data["raw"]
            case "recurse_in":
                self._enter(depth, data["via"], data["domain"])
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

    def _enter(self, depth: int, via: str, target: str) -> None:
        if via == "redirect":
            own = (term for term in self.records[depth] if term.lower().startswith("redirect="))
            self.terms[depth] = next(own, "")
        if not self.loop and _key(target) in map(_key, self.domains[: depth + 1]):
            self.loop = self.path(depth)


def _key(domain: str) -> str:
    return domain.lower().rstrip(".")


def read_result(
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
