"""Reads answers for all judges: what failed, aliases, addresses, texts, and names for findings."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import dns.exception
import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME

from bot.checks.finding import Finding, Fix, FixAction, Status
from bot.checks.lent_record import is_lent
from bot.checks.text_bounds import is_name_of_ours, is_too_much
from bot.dns.answer import MOST_OCTETS, MOST_RECORDS, Answer, Outcome, Question
from bot.dns.owner_name import owner_of
from bot.names import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from bot.checks.finding import Subject
    from bot.checks.observation import Observation
    from bot.errors import Fact

T = TypeVar("T")

ADDRESS_TYPES = (dns.rdatatype.A, dns.rdatatype.AAAA)
MOST_NAMES = 5  # in a sentence
MOST_CHARACTERS = 100  # of a wrong record in a sentence
MOST_LINES = 10  # of records found
MOST_STEPS = 10  # for one check; the messages give the whole number
_LONGEST_DETAIL = 200  # characters of a server's own words

_CODES = {
    Outcome.TIMEOUT: "dns-timeout",
    Outcome.REFUSED: "dns-refused",
    Outcome.TRUNCATED: "dns-truncated",
}


def unanswered(check: Subject, answer: Answer) -> Finding:
    """Return the finding of severity unknown for an answer that found nothing out.

    The code is `servfail`, `dns-timeout`, `dns-refused`, `dns-truncated` (longer than a datagram,
    and no way to it over TCP) or, where aliases lead in a circle, `alias-loop`, or `dns-too-many`
    for an answer with more than we read; the facts are name, type, dnssec (an extended error names
    DNSSEC) and detail (the extended errors' own words, empty where there are none; RFC 8914),
    unasked where the check had no question left for it, late where it had no time left, and the
    server that truncated.
    """
    code = "alias-loop" if answer.alias_loop else _CODES.get(answer.outcome, "servfail")
    if answer.too_many:
        code = "dns-too-many"
    facts: dict[str, Fact] = {
        "name": name_text(answer.question.name),
        "type": dns.rdatatype.to_text(answer.question.rdtype),
        "dnssec": answer.names_dnssec,
        "detail": explain(answer),
    }
    if answer.outcome is Outcome.TRUNCATED:
        facts["server"] = answer.server
    if answer.unasked:
        facts["unasked"] = True
    if answer.too_many:
        facts |= {"count": answer.too_many, "most": MOST_RECORDS, "octets": MOST_OCTETS}
    if answer.late:
        facts["late"] = True
    return Finding(check, code, Status.UNKNOWN, facts)


def report_silent_resolver(check: Subject, *, named: bool) -> Finding:
    """Return the finding that the resolver answers nothing; `named`: one that the operator named.

    Its fact `type` is None, as nothing can be said of any record.
    """
    facts: dict[str, Fact] = {"type": None, "named": named}
    return Finding(check, "dns-resolver-silent", Status.UNKNOWN, facts)


def report_own_zones(
    check: Subject, observed: Observation, unanswered_for: Iterable[Finding]
) -> Finding:
    """Return the finding that the server which was named answers for its own zones alone.

    The fact `names` has what could not be found out because of that.
    """
    servers = sorted({a.server for a in observed.answers.values() if not a.failed and a.server})
    names = dict.fromkeys(str(finding.facts["name"]) for finding in unanswered_for)
    facts: dict[str, Fact] = {
        "servers": tuple(servers)[:MOST_NAMES],
        "names": tuple(names)[:MOST_NAMES],
    }
    return Finding(check, "dns-own-zones-only", Status.UNKNOWN, facts)


def wildcard_facts(
    above: dns.name.Name, names: Iterable[dns.name.Name], *, optional: bool = False
) -> dict[str, Fact]:
    """Return the facts of a finding about names that only the wildcard below `above` answers for.

    `optional`: nothing is lost where they have no record of their own.
    """
    wildcard = f"*.{name_text(above)}"
    shown = tuple(map(name_text, names))
    return {"names": shown, "wildcard": wildcard, "optional": optional, "goes": False}


def report_unused(
    check: Subject,
    names: tuple[str, ...] = (),
    fixes: tuple[Fix, ...] = (),
    *,
    offered: bool = True,
) -> Finding:
    """Return the finding that an optional record is not there, which is no fault."""
    facts: dict[str, Fact] = {"what": check.value, "names": names, "offered": offered}
    return Finding(check, "optional-missing", Status.INFO, facts, fixes)


def explain(answer: Answer) -> str:
    """Return the texts of an answer's extended errors (RFC 8914), shortened; they are hostile."""
    texts = dict.fromkeys(error.text.strip().rstrip(".") for error in answer.extended)
    return "; ".join(text for text in texts if text)[:_LONGEST_DETAIL]


def answer_to(
    observed: Observation, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> Answer:
    """Return the answer to a question; one that was never asked counts as never answered."""
    answer = observed.answer(name, rdtype)
    return answer or Answer(Question.of(name, rdtype), Outcome.TIMEOUT)


def alias_at(observed: Observation, answer: Answer) -> dns.name.Name | None:
    """Return where the alias at the name asked leads; None where no record of that name is one.

    What a wildcard lends to a name is none of its own: there is nothing to delete, and a record of
    its own takes the wildcard's place (RFC 4592 section 3.3.1).
    """
    # A name that leads to itself has no chain to show.
    itself = answer.question.name if answer.alias_loop else None
    target = answer.chain[0] if answer.chain else itself
    if target is None or is_lent(observed, answer.question.name):
        return None
    return target


def alias_beside(observed: Observation, owner: dns.name.Name) -> dns.name.Name | None:
    """Return the target of the CNAME record at a name, also where it stands beside other records.

    Only one of them can be (RFC 1034 section 3.6.2), and receivers differ in which they see.
    """
    answer = answer_to(observed, owner, dns.rdatatype.CNAME)
    return next((r.target for r in answer.rdatas if isinstance(r, CNAME)), None)


def denies_host(answers: Sequence[Answer]) -> bool:
    """Whether the answers for a host's addresses, IPv4 first, prove that there is no such name.

    NXDOMAIN holds for every type of the name (RFC 8020 section 2). But some servers say it of the
    IPv6 address of a host that has only the other one (RFC 4074 section 4.2), so theirs alone is no
    proof, nor is any where the other answer knows the name.
    """
    first = answers[0]
    return first.outcome is Outcome.NXDOMAIN and all(
        answer.failed or answer.outcome is Outcome.NXDOMAIN for answer in answers
    )


def without_alias(observed: Observation, finding: Finding, answer: Answer) -> Finding:
    """Return the finding with fixes for a name that is an alias (CNAME).

    These records stand at the alias' target, so there is nothing to replace or delete at the name
    but the alias, in favour of a record of its own.
    """
    if not answer.chain or not finding.fixes:
        return finding
    owner, target = answer.question.name, alias_at(observed, answer)
    fixes = [
        dataclasses.replace(fix, action=FixAction.ADD, old=None)
        for fix in finding.fixes
        if fix.action is not FixAction.DELETE
    ]
    if target is not None:
        fixes.insert(0, Fix(FixAction.DELETE, owner, "CNAME", target.to_text()))
    return dataclasses.replace(finding, fixes=tuple(fixes))


def without_repeats(
    findings: Iterable[Finding], causes: Container[str] = frozenset()
) -> tuple[Finding, ...]:
    """Return the findings with the same steps given once, by the first that needs them.

    The fact `repeat` tells the others. Warnings that the steps of one of the `causes` (codes) mend
    are left out: they only matter again if they outlast it.
    """
    given: dict[tuple[Fix, ...], str] = {}
    kept = list[Finding]()
    for finding in findings:
        cause = given.get(finding.fixes) if finding.fixes else None
        if cause is None:
            given[finding.fixes] = finding.code
            kept.append(finding)
        elif cause not in causes or finding.severity is not Status.WARN:
            facts = {**finding.facts, "repeat": True}
            kept.append(dataclasses.replace(finding, facts=facts, fixes=()))
    return tuple(kept)


def leads_to(observed: Observation, name: dns.name.Name, host: dns.name.Name) -> bool | None:
    """Return whether all addresses of a name are the host's; None where that is not known.

    One other address among them, such as an old AAAA beside the right A, misleads some clients.
    """
    if owner_of(name) == owner_of(host):
        return True
    shared = False
    for rdtype in ADDRESS_TYPES:
        theirs = set(answer_to(observed, name, rdtype).addresses())
        answer = answer_to(observed, host, rdtype)
        if theirs and not answer.failed and not theirs <= set(answer.addresses()):
            return False
        shared = shared or not theirs.isdisjoint(answer.addresses())
    if shared:
        return True
    if observed.knows_addresses(name) and observed.knows_addresses(host):
        return False
    return None


def name_text(name: dns.name.Name) -> str:
    """Return a name as facts hold it: lower case, presentation form, no final dot."""
    return text_of(name).lower()


@lru_cache(maxsize=1024)  # a check asks for the same few names again and again
def prefix_name(prefix: tuple[bytes, ...], labels: tuple[bytes, ...]) -> dns.name.Name | None:
    """Return the name of these labels, None where it would be too long to exist."""
    try:
        return dns.name.Name((*prefix, *labels))
    except dns.exception.DNSException:
        return None


def decode_texts(answer: Answer | None) -> tuple[str, ...]:
    """Return an answer's texts; bytes that are no UTF-8 become replacement characters.

    None at a name of ours that holds more than is read: see `bot.checks.text_bounds`.
    """
    if answer is None or (is_name_of_ours(answer.question.name) and is_too_much(answer)):
        return ()
    return tuple(text.decode("utf-8", "replace") for text in answer.texts())


def first_names(names: Iterable[dns.name.Name]) -> tuple[str, ...]:
    """Return the first `MOST_NAMES` different names, which is as many as one sentence lists."""
    return tuple(dict.fromkeys(name_text(name) for name in names))[:MOST_NAMES]


def some_lines(records: Sequence[T], say: Callable[[T], str] = str) -> tuple[str, ...]:
    """Return the lines that say the first records, and how many more there are."""
    lines = tuple(map(say, records[:MOST_LINES]))
    if len(records) <= MOST_LINES:
        return lines
    return (*lines, f"… and {len(records) - MOST_LINES} more")
