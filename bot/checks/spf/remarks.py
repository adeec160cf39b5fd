"""What is worth knowing of an SPF record that works: terms that do nothing, or little good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.answers import MOST_NAMES
from bot.checks.finding import Check, Finding, Status
from bot.checks.spf.merge import terms_in_order
from bot.checks.spf.terms import Term, terms_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.checks.spf.case import SpfCase
    from bot.checks.spf.texts import SpfText
    from bot.errors import Fact


def judge_remarks(case: SpfCase, text: SpfText) -> Iterator[Finding]:
    """Give a finding for `ptr`, and one for a redirect= that nobody follows."""
    pointers = tuple(term.raw for term in terms_in_order(text.raw) if term.name == "ptr")
    if pointers:
        yield _judge_ptr(case, text, pointers[:MOST_NAMES])
    terms = terms_of(text.raw)
    redirect = next((term for term in terms if term.name == "redirect"), None)
    if redirect is not None and any(term.name == "all" for term in terms):
        # With all in it, wherever that stands, it is not looked at (RFC 7208 section 6.1).
        facts: dict[str, Fact] = {"term": redirect.raw, "meant": f"include:{redirect.value}"}
        yield Finding(Check.SPF, "spf-redirect-ignored", Status.INFO, facts, harmless=True)


def _judge_ptr(case: SpfCase, text: SpfText, pointers: tuple[str, ...]) -> Finding:
    """Judge terms that no record should have (RFC 7208 section 5.5): receivers may skip them."""
    deciding = [e.matched.term for e in case.evaluations if e.result == "pass" and e.matched]
    only = any(Term.of(term).name == "ptr" for term in deciding) and not case.names_ours(text)
    facts: dict[str, Fact] = {"terms": pointers, "only": only}
    if only:
        return case.replace("spf-ptr", facts, text, severity=Status.WARN)
    return Finding(Check.SPF, "spf-ptr", Status.INFO, facts, harmless=True)
