"""Says what made an SPF evaluation end in permerror, and whose fault it is."""

from __future__ import annotations

import dataclasses
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from bot.checks.answers import MOST_NAMES
from bot.checks.finding import Status
from bot.checks.spf.left_out import LeftOutReason, left_out_facts
from bot.checks.spf.merge import target_of
from bot.checks.spf.term_faults import TermFaultKind
from bot.checks.spf.term_reading import read
from bot.checks.spf.terms import Term, terms_of
from bot.dns.spf_evaluate import MAX_LOOKUPS, SpfCause
from bot.dns.spf_macros import OF_THE_ADDRESS, letters_of

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    if _is_servers_fault(case, text, error):
        return case.report_server_side("spf-include")
    cause = error.cause or SpfCause.SYNTAX
    drop = _without_use(case, text, error)
    return case.replace(_CODES[cause], _facts_of(cause, error), text, drop=drop)


def judge_behind_ours(case: SpfCase, text: SpfText) -> Finding | None:
    """Return the finding for a record that leads to nothing, or back to itself, behind our terms.

    Only what the member's own record is to blame for is said: it can do without that.
    """
    error = case.stranger
    if error is None or error.cause not in {SpfCause.LOOP, SpfCause.INCLUDE_MISSING}:
        return None
    if _outermost(error).key in case.own_keys or any("%" in step.term for step in error.path):
        return None
    if error.cause is SpfCause.INCLUDE_MISSING and not _is_own(error):
        return None
    return judge_error(case, text, error)


def find_error(case: SpfCase) -> SpfEvaluation | None:
    """Return the first evaluation of a stranger that ended in permerror; None where none did."""
    return next((e for e in case.strangers if is_error(e) and not is_meant_so(e)), None)


def is_meant_so(error: SpfEvaluation) -> bool:
    """Whether a stranger's permerror says nothing of the record.

    Names that have an address of the other IP version only are no error: senders at IPv6 addresses
    find nothing there, and the hosts that are meant have none. Nor is a record that only some
    addresses have: it is there for those who are meant.
    """
    if error.cause is SpfCause.INCLUDE_MISSING:
        return any(letters_of(step.term) & OF_THE_ADDRESS for step in error.path)
    return error.cause is SpfCause.TOO_MANY_VOIDS and ":" in error.address


def judge_others(case: SpfCase, text: SpfText) -> Finding | None:
    """Return the finding for a record that is broken for everybody but us, who come first."""
    error = find_error(case)
    if error is None:
        return None
    if _is_servers_fault(case, text, error):
        return case.report_server_side("spf-include")
    cause = error.cause or SpfCause.SYNTAX
    drop = _without_use(case, text, error)
    facts = {"names": (), "lookups": 0, **_facts_of(cause, error)}
    facts |= {"what": cause.value, "term": error.term, "at": error.at, "own": _is_own(error)}
    facts |= {"through": _outermost(error).raw, "limit": MAX_LOOKUPS}
    finding = case.replace("spf-others-fail", facts, text, drop=drop, severity=Status.WARN)
    if drop:
        return finding
    # The order alone does not mend it, so there is nothing to type, and nothing is left out.
    return dataclasses.replace(finding, facts={**finding.facts, **left_out_facts(())}, fixes=())


def _outermost(error: SpfEvaluation) -> Term:
    """Return the term of the member's own record that led to an error, an empty one for none."""
    return Term.of(error.path[0].term if error.path else "")


def _without_use(case: SpfCase, text: SpfText, error: SpfEvaluation) -> Mapping[str, LeftOutReason]:
    """Return the keys of the member's terms that are known to lead nowhere, whoever asks."""
    found = list[Term]()
    if error.cause is SpfCause.TOO_MANY_VOIDS:
        found += (term for term in terms_of(text.raw) if case.leads_nowhere(term))
    elif error.cause is SpfCause.LOOP or (
        error.cause is SpfCause.INCLUDE_MISSING and _is_own(error)
    ):
        found.append(_outermost(error))
    return {term.key: LeftOutReason.NOWHERE for term in found}


def _is_servers_fault(case: SpfCase, text: SpfText, error: SpfEvaluation) -> bool:
    if _outermost(error).key not in case.own_keys:
        return False
    # Counted together, only what stands first has not been pushed over the limit by others.
    first = next(iter(terms_of(text.raw)), None)
    return error.cause not in _COUNTED or first == _outermost(error)


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
            names = tuple(dict.fromkeys(error.void_names))[:MOST_NAMES]
            return {"names": names, "version": ip_address(error.address).version}
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
