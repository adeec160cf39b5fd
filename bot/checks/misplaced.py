"""The wrong places where a missing record is looked for, and what was found there.

People type a name in full where the provider appends the zone, leave an underscore out, or take
another name. Nobody is told so on a guess: a record counts as theirs only where it is the expected
one, or where it can be nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dns.rdatatype import MX as MX_TYPE
from dns.rdatatype import TXT
from dns.rdtypes.ANY.MX import MX

from bot.checks.answers import ADDRESS_TYPES, answer_to, first_names, name_text
from bot.checks.dkim.selectors import selector_name
from bot.checks.dkim.text import is_meant_as_key, read_key_text
from bot.checks.dmarc.record import (
    decode_texts,
    is_meant_as_dmarc,
    parse_record,
    prefix_name,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.checks.spf.terms import same_record, terms_of
from bot.checks.spf.texts import SpfTextKind, sort_texts
from bot.dns.answer import Outcome, Question
from bot.records.dkim_key import KnownKey
from bot.records.presentation import relative_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import dns.name
    from dns.rdatatype import RdataType

    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.errors import Fact
    from bot.records.expected import Expected

MOST_FURTHER = 16  # questions of the second round
_CODES = {
    Check.MX: "mx-wrong-name",
    Check.SPF: "spf-wrong-name",
    Check.DKIM: "dkim-wrong-name",
    Check.DMARC: "dmarc-wrong-name",
}
_HOST_LABELS = ("mail", "www")  # where a record of the domain itself is typed by mistake
# Selectors that Mailcow and other mail software use where nobody chooses one.
_USUAL_SELECTORS = ("dkim", "mailcow", "default")
_MOST_SELECTORS = 2
_ENOUGH = 40  # first characters of a key that two keys do not share by chance


class Where(StrEnum):
    """How a place differs from the right one."""

    DOUBLED = "doubled"  # the zone's name once more behind it
    APEX = "apex"  # at the domain itself
    HOST = "host"  # at mail or www
    NO_DOMAINKEY = "no-domainkey"  # the selector alone
    NO_SELECTOR = "no-selector"  # _domainkey alone
    NO_UNDERSCORE = "no-underscore"
    SELECTOR = "selector"  # another selector
    PARENT = "parent"  # below the zone's apex instead of the domain


@dataclass(frozen=True, slots=True)
class Stray:
    """A record at a wrong name: its text, for MX its target and priority.

    `is_right`: it is just what is expected, so that moving it is all there is to do.
    """

    owner: dns.name.Name
    where: Where
    text: str
    is_right: bool
    priority: int | None = None

    def finding(self, check: Check, fixes: tuple[Fix, ...], zone: dns.name.Name) -> Finding:
        """Return the failure that the record of a check is here instead of where the fixes put it.

        The code is `name-doubled`, which one finding says of all records that it befell, or
        `<check>-wrong-name`. `shorts` are the names to type, relative to the zone.
        """
        owners = [fix.owner for fix in fixes if fix.action is not FixAction.DELETE]
        facts: dict[str, Fact] = {
            "names": first_names(owners),
            "others": (name_text(self.owner),),
            "shorts": tuple(dict.fromkeys(relative_name(owner, zone) for owner in owners)),
            "where": self.where.value,
            "right": self.is_right,
            "zone": name_text(zone),
        }
        code = "name-doubled" if self.where is Where.DOUBLED else _CODES[check]
        return Finding(check, code, Status.FAIL, facts, fixes)

    def move(self, owner: dns.name.Name, rdtype: str, value: str, ttl: int | None) -> Fix:
        """Return the step that takes the record from here to its owner, as the value."""
        old = self.text if rdtype == "TXT" and self.text != value else None
        return Fix(FixAction.RENAME, owner, rdtype, value, self.priority, ttl, old, self.owner)


@dataclass(frozen=True, slots=True)
class Missing:
    """Which of the domain's records an answer says are not there."""

    mx: bool = False
    spf: bool = False
    dkim: bool = False
    dmarc: bool = False

    @classmethod
    def of(cls, expected: Expected, observed: Observation) -> Missing:
        """Return what is missing by the answers of the first round; a failure is no proof."""
        domain = expected.domain.name
        text = answer_to(observed, domain, TXT)
        if text.outcome is Outcome.NXDOMAIN or text.chain or text.alias_loop:
            return cls()  # there is no such domain, or an alias in its place
        key = _dkim_owner(expected)
        policy = prefix_name((b"_dmarc",), domain.labels)
        return cls(
            mx=answer_to(observed, domain, MX_TYPE).absent,
            spf=not text.failed and not sort_texts(text.texts()),
            dkim=isinstance(expected.dkim, KnownKey)
            and key is not None
            and _lacks(observed, key, is_meant_as_key),
            dmarc=policy is not None and _lacks(observed, policy, _is_like_dmarc),
        )


def further_questions(expected: Expected, observed: Observation) -> tuple[Question, ...]:
    """Return what to ask in a second round, 16 questions at most; none where nothing is missing."""
    missing = Missing.of(expected, observed)
    asked: list[Question] = []
    if missing.mx:
        asked += [Question(name, MX_TYPE) for name, _ in _domain_places(expected, observed)]
    if missing.spf:
        asked += [Question(name, TXT) for name, _ in _domain_places(expected, observed)]
    if missing.dmarc:
        asked += [Question(name, TXT) for name, _ in _dmarc_places(expected, observed)]
    # A random label says whether a wildcard is what answers at these names (RFC 4592).
    if observed.probe is not None:
        wild = [MX_TYPE] if missing.mx else []
        wild += [TXT] if missing.dkim or missing.dmarc or missing.spf else []
        asked += [Question(observed.probe, rdtype) for rdtype in wild]
    if missing.dkim:
        asked += [Question(name, TXT) for name, _ in _dkim_places(expected, observed)]
    new = dict.fromkeys(question for question in asked if question not in observed.answers)
    return tuple(new)[:MOST_FURTHER]


def find_mx(expected: Expected, observed: Observation) -> Stray | None:
    """Return where the MX record to our host is instead of at the domain."""
    host = expected.server.host
    for owner, where in _domain_places(expected, observed):
        answer = observed.answer(owner, MX_TYPE)
        if answer is None or answer.chain or _is_wild(observed, owner, MX_TYPE):
            continue
        for record in answer.rdatas:
            if isinstance(record, MX) and record.exchange == host:
                return Stray(owner, where, host.to_text(), True, record.preference)
    return None


def find_spf(expected: Expected, observed: Observation) -> Stray | None:
    """Return where the SPF record that allows our server is instead of at the domain.

    A host may have a record of its own, so only one with our terms counts.
    """
    value = expected.server.spf
    ours = {term.key for term in terms_of(value) if term.name != "all"}
    for owner, where in _domain_places(expected, observed):
        for text in _texts_at(observed, owner, TXT):
            is_record = any(t.kind is SpfTextKind.RECORD for t in sort_texts([text.encode()]))
            if is_record and ours <= {term.key for term in terms_of(text)}:
                return Stray(owner, where, text, same_record(text, value))
    return None


def find_dkim(expected: Expected, observed: Observation) -> Stray | None:
    """Return where a DKIM record is instead; the known key goes before any other text."""
    known = expected.dkim
    if not isinstance(known, KnownKey):
        return None
    want = read_key_text(known.record.text)
    found: list[Stray] = []
    places = (*_dkim_places(expected, observed), (expected.domain.name, Where.APEX))
    for owner, where in places:
        for text in _texts_at(observed, owner, TXT):
            if not is_meant_as_key(text):
                continue
            key = read_key_text(text)
            # At another selector it may well be another sender's.
            if where is not Where.SELECTOR or key[:_ENOUGH] == want[:_ENOUGH]:
                found.append(Stray(owner, where, text, key == want))
    return min(found, key=lambda stray: not stray.is_right, default=None)


def find_dmarc(expected: Expected, observed: Observation) -> Stray | None:
    """Return where a DMARC record is instead of at `_dmarc`."""
    for owner, where in (
        *_dmarc_places(expected, observed),
        (expected.domain.name, Where.APEX),
    ):
        for text in _texts_at(observed, owner, TXT):
            if _is_like_dmarc(text):
                return Stray(owner, where, text, parse_record(text) is not None)
    return None


def find_wildcard(observed: Observation, answer: Answer) -> str:
    """Return `wildcard-cname` or `wildcard-txt` where that is what answers; empty otherwise."""
    if observed.probe is None or not (answer.found or answer.chain):
        return ""
    kinds = (ADDRESS_TYPES[0], TXT)
    lent = [a for rdtype in kinds if (a := observed.answer(observed.probe, rdtype)) is not None]
    if answer.chain and any(a.chain[:1] == answer.chain[:1] for a in lent):
        return "wildcard-cname"
    if not answer.chain and _is_wild(observed, answer.question.name, answer.question.rdtype):
        return "wildcard-txt"
    return ""


def wildcard_facts(
    domain: dns.name.Name, names: Iterable[dns.name.Name], *, optional: bool = False
) -> dict[str, Fact]:
    """Return what is to be said of names of a domain that only its wildcard answers for.

    `optional`: nothing is lost where they have no record of their own.
    """
    wildcard = f"*.{name_text(domain)}"
    return {"names": tuple(map(name_text, names)), "wildcard": wildcard, "optional": optional}


def _domain_places(
    expected: Expected, observed: Observation
) -> Iterator[tuple[dns.name.Name, Where]]:
    """Give the places of what belongs to the domain itself."""
    domain = expected.domain.name
    yield from _named(_append(domain, observed.zone), Where.DOUBLED)
    for label in _HOST_LABELS:
        name = prefix_name((label.encode(),), domain.labels)
        alias = None if name is None else observed.answer(name, ADDRESS_TYPES[0])
        if alias is None or not alias.chain:  # an alias has no records of its own
            yield from _named(name, Where.HOST)


def _dkim_places(
    expected: Expected, observed: Observation
) -> Iterator[tuple[dns.name.Name, Where]]:
    domain, zone = expected.domain.name, observed.zone
    right = _dkim_owner(expected)
    if right is None:
        return
    selector = right.labels[: -len(domain.labels) - 1]
    yield from _named(_append(right, zone), Where.DOUBLED)
    yield from _named(prefix_name(selector, domain.labels), Where.NO_DOMAINKEY)
    yield from _named(prefix_name((*selector, b"domainkey"), domain.labels), Where.NO_UNDERSCORE)
    yield from _named(prefix_name((b"_domainkey",), domain.labels), Where.NO_SELECTOR)
    if zone != domain:
        yield from _named(prefix_name((*selector, b"_domainkey"), zone.labels), Where.PARENT)
    others = [s for s in _USUAL_SELECTORS if selector_name(expected.domain, s) != right]
    for other in others[:_MOST_SELECTORS]:
        yield from _named(selector_name(expected.domain, other), Where.SELECTOR)


def _dmarc_places(
    expected: Expected, observed: Observation
) -> Iterator[tuple[dns.name.Name, Where]]:
    domain = expected.domain.name
    right = prefix_name((b"_dmarc",), domain.labels)
    if right is not None:
        yield from _named(_append(right, observed.zone), Where.DOUBLED)
    yield from _named(prefix_name((b"dmarc",), domain.labels), Where.NO_UNDERSCORE)


def _named(name: dns.name.Name | None, where: Where) -> Iterable[tuple[dns.name.Name, Where]]:
    return () if name is None else ((name, where),)


def _append(name: dns.name.Name, zone: dns.name.Name) -> dns.name.Name | None:
    """Return a name with the zone's behind it; None where it would be too long to exist."""
    return prefix_name(name.labels[:-1], zone.labels)


def _dkim_owner(expected: Expected) -> dns.name.Name | None:
    return selector_name(expected.domain, expected.selector)


def _is_like_dmarc(text: str) -> bool:
    return parse_record(text) is not None or is_meant_as_dmarc(text)


def _lacks(observed: Observation, owner: dns.name.Name, is_meant: Callable[[str], bool]) -> bool:
    answer = answer_to(observed, owner, TXT)
    return not answer.failed and not any(map(is_meant, decode_texts(answer)))


def _texts_at(observed: Observation, owner: dns.name.Name, rdtype: RdataType) -> tuple[str, ...]:
    """Return the texts of a name's own; what an alias or a wildcard lends it is none."""
    answer = observed.answer(owner, rdtype)
    if answer is None or answer.chain or _is_wild(observed, owner, rdtype):
        return ()
    return decode_texts(answer)


def _is_wild(observed: Observation, owner: dns.name.Name, rdtype: RdataType) -> bool:
    """Whether a name has just what any name of the domain has: a wildcard's records."""
    probe, answer = observed.probe, observed.answer(owner, rdtype)
    lent = None if probe is None else observed.answer(probe, rdtype)
    if answer is None or lent is None or owner == observed.domain.name or not lent.found:
        return False
    return set(answer.rdatas) == set(lent.rdatas)
