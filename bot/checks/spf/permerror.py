"""Says what made an SPF evaluation end in permerror, and whose fault it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.checks.answers import MOST_NAMES
from bot.checks.spf.merge import target_of
from bot.checks.spf.terms import Term, TermFaultKind, read, terms_of
from bot.dns.spf_evaluate import MAX_LOOKUPS, SpfCause

if TYPE_CHECKING:
    from bot.checks.finding import Finding
    from bot.checks.spf.case import SpfCase
    from bot.checks.spf.texts import SpfText
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.errors import Fact

# The limits that a record reaches by all its terms together (RFC 7208 section 4.6.4).
_COUNTED: Final = frozenset({SpfCause.TOO_MANY_LOOKUPS, SpfCause.TOO_MANY_VOIDS})
_CODES: Final = {
    SpfCause.MULTIPLE: "spf-multiple",
    SpfCause.SYNTAX: "spf-syntax",
    SpfCause.INCLUDE_MISSING: "spf-include-missing",
    SpfCause.LOOP: "spf-loop",
    SpfCause.TOO_MANY_LOOKUPS: "spf-too-many-lookups",
    SpfCause.TOO_MANY_VOIDS: "spf-too-many-voids",
    SpfCause.TOO_MANY_MX: "spf-too-many-mx",
}


def is_error(evaluation: SpfEvaluation) -> bool:
    """Whether a receiver takes the record for broken."""
    return evaluation.cause in _CODES


def judge_error(case: SpfCase, text: SpfText, error: SpfEvaluation) -> Finding:
    """Return the finding for an evaluation that ended in permerror.

    The terms that cannot work are left out of the fix, but not a foreign record that is merely
    faulty today: behind our own terms it does our mail no harm.
    """
    outermost = Term.of(error.path[0].term)
    if _is_servers_fault(case, text, error, outermost):
        return case.report_server_side("spf-include")
    cause = error.cause or SpfCause.SYNTAX
    hopeless = cause is SpfCause.LOOP or (cause is SpfCause.INCLUDE_MISSING and _is_own(error))
    dropped = [outermost] if hopeless else []
    facts = _facts_of(cause, error)
    if cause is SpfCause.TOO_MANY_VOIDS:
        dropped = [term for term in terms_of(text.raw) if case.leads_nowhere(term)]
        left_out = tuple(term.raw for term in dropped)
        facts |= {"left_out": left_out[:MOST_NAMES], "left_out_count": len(left_out)}
    return case.replace(_CODES[cause], facts, text, drop={term.key for term in dropped})


def judge_others(case: SpfCase, text: SpfText) -> Finding | None:
    """Return the finding for a record that only works as far as our own terms, which come first.

    Every other server, and whoever forges mail, gets an error instead of a verdict. Of these only
    the ones that the member's own record is to blame for are said.
    """
    error = case.stranger
    if error is None or error.cause not in {SpfCause.LOOP, SpfCause.INCLUDE_MISSING}:
        return None
    outermost = Term.of(error.path[0].term)
    if outermost.key in case.own_keys or any("%" in step.term for step in error.path):
        return None
    if error.cause is SpfCause.INCLUDE_MISSING and not _is_own(error):
        return None
    return judge_error(case, text, error)


def _is_servers_fault(case: SpfCase, text: SpfText, error: SpfEvaluation, outermost: Term) -> bool:
    if outermost.key not in case.own_keys:
        return False
    # Counted together, only what stands first has not been pushed over the limit by others.
    first = next(iter(terms_of(text.raw)), None)
    return error.cause not in _COUNTED or first == outermost


def _is_own(error: SpfEvaluation) -> bool:
    """Whether it is the domain's own record that holds the term to blame."""
    return len(error.path) == 1


def _facts_of(cause: SpfCause, error: SpfEvaluation) -> dict[str, Fact]:
    own = _is_own(error)
    place: dict[str, Fact] = {
        "own": own,
        "at": error.at,
        "through": "" if own else error.path[0].term,
    }
    match cause:
        case SpfCause.TOO_MANY_LOOKUPS:
            return {"lookups": error.lookups, "limit": MAX_LOOKUPS}
        case SpfCause.TOO_MANY_VOIDS:
            return {"names": tuple(dict.fromkeys(error.void_names))[:MOST_NAMES]}
        case SpfCause.MULTIPLE:
            return {**place, "count": sum(at == error.at for at, _ in error.policies)}
        case SpfCause.SYNTAX:
            return {**place, **_fault_facts(error)}
        case SpfCause.INCLUDE_MISSING:
            return {**place, "term": error.term, "target": target_of(Term.of(error.term))}
        case _:
            return {**place, "term": error.term}


def _fault_facts(error: SpfEvaluation) -> dict[str, Fact]:
    """Return what is wrong with the term that the evaluator stumbled over."""
    record = next((text for domain, text in error.policies if domain == error.at), "")
    faults = read(record).faults
    fault = next((fault for fault in faults if fault.term == error.term), None)
    what = fault.what if fault else TermFaultKind.UNKNOWN_WORD
    suggestion = (fault.suggestion if fault else None) or ""
    return {"term": error.term, "what": what.value, "suggestion": suggestion}
