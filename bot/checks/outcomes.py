"""What answers amount to, in the same words for every judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype

from bot.checks.finding import Finding, Status
from bot.dns.answer import Answer, Outcome, Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.checks.finding import Check, Fact
    from bot.checks.observation import Observation

ADDRESS_TYPES = (dns.rdatatype.A, dns.rdatatype.AAAA)
MOST_NAMES = 5  # in a sentence
MOST_LINES = 10  # of records found
_LONGEST_DETAIL = 200  # characters of a server's own words

_CODES = {Outcome.TIMEOUT: "dns-timeout", Outcome.REFUSED: "dns-refused"}


def unanswered(check: Check, answer: Answer) -> Finding:
    """Return the finding of severity unknown for an answer that found nothing out.

    The code is `servfail`, `dns-timeout`, `dns-refused` or, where aliases lead in a circle,
    `alias-loop`; the facts are name, type, dnssec (an extended error names DNSSEC) and detail (the
    extended errors' own words, empty where there are none; RFC 8914).
    """
    code = "alias-loop" if answer.alias_loop else _CODES.get(answer.outcome, "servfail")
    facts: dict[str, Fact] = {
        "name": name_text(answer.question.name),
        "type": dns.rdatatype.to_text(answer.question.rdtype),
        "dnssec": answer.names_dnssec,
        "detail": explain(answer),
    }
    return Finding(check, code, Status.UNKNOWN, facts)


def explain(answer: Answer) -> str:
    """Return what the server itself said of its failure, hostile text, shortened."""
    texts = dict.fromkeys(error.text.strip() for error in answer.extended)
    return "; ".join(text for text in texts if text)[:_LONGEST_DETAIL]


def answer_to(
    observed: Observation, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> Answer:
    """Return the answer to a question; one that was never asked counts as never answered."""
    answer = observed.answer(name, rdtype)
    return answer or Answer(Question(name, rdtype), Outcome.TIMEOUT)


def leads_to(observed: Observation, name: dns.name.Name, host: dns.name.Name) -> bool | None:
    """Return whether a name has an address of the host; None where that could not be found out."""
    if name == host:
        return True
    # Two machines have no address in common; one family compared is enough to tell them apart.
    compared = False
    for rdtype in ADDRESS_TYPES:
        theirs = _addresses(answer_to(observed, name, rdtype))
        ours = _addresses(answer_to(observed, host, rdtype))
        if theirs & ours:
            return True
        compared = compared or bool(theirs and ours)
    if compared or (observed.knows_addresses(name) and observed.knows_addresses(host)):
        return False
    return None


def name_text(name: dns.name.Name) -> str:
    """Return a name as facts hold it: lower case, presentation form, no final dot."""
    return name.to_text(omit_final_dot=True).lower()


def first_names(names: Iterable[dns.name.Name]) -> tuple[str, ...]:
    """Return as many different names as a sentence can carry."""
    return tuple(dict.fromkeys(name_text(name) for name in names))[:MOST_NAMES]


def some_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the first lines, and how many more there are."""
    if len(lines) <= MOST_LINES:
        return tuple(lines)
    return (*lines[:MOST_LINES], f"… and {len(lines) - MOST_LINES} more")


def _addresses(answer: Answer) -> frozenset[str]:
    found = (getattr(rdata, "address", "") for rdata in answer.rdatas)
    return frozenset(address for address in found if address)
