"""The wrong places where a missing record is looked for, and what was found there.

People type a name in full where the provider appends the zone, leave an underscore out, or take
another name. Nobody is told so on a guess: a record counts as theirs only where it is the expected
one, or where it can be nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dns.rdatatype import TXT

from bot.checks.answers import (
    ADDRESS_TYPES,
    decode_texts,
    first_names,
    name_text,
    prefix_name,
)
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.records.presentation import relative_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import dns.name
    from dns.rdatatype import RdataType

    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.errors import Fact
    from bot.records.expected import Expected

_CODES = {
    Check.MX: "mx-wrong-name",
    Check.SPF: "spf-wrong-name",
    Check.DKIM: "dkim-wrong-name",
    Check.DMARC: "dmarc-wrong-name",
}
_HOST_LABELS = ("mail", "www")  # where a record of the domain itself is typed by mistake


class WrongPlace(StrEnum):
    """In which way a wrong owner name differs from the right one."""

    DOUBLED = "doubled"  # the zone's name once more behind it
    APEX = "apex"  # at the domain itself
    HOST = "host"  # at mail or www
    NO_DOMAINKEY = "no-domainkey"  # the selector alone
    NO_SELECTOR = "no-selector"  # _domainkey alone
    NO_UNDERSCORE = "no-underscore"
    SELECTOR = "selector"  # another selector
    PARENT = "parent"  # below the zone's apex instead of the domain


@dataclass(frozen=True, slots=True)
class MisplacedRecord:
    """A record at a wrong name: its text, for MX its target and priority.

    `is_right`: it is just what is expected, so that moving it is all there is to do.
    """

    owner: dns.name.Name
    where: WrongPlace
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
        code = "name-doubled" if self.where is WrongPlace.DOUBLED else _CODES[check]
        return Finding(check, code, Status.FAIL, facts, fixes)

    def move(self, owner: dns.name.Name, rdtype: str, value: str, ttl: int | None) -> Fix:
        """Return the step that takes the record from here to its owner, as the value."""
        old = self.text if rdtype == "TXT" and self.text != value else None
        return Fix(FixAction.RENAME, owner, rdtype, value, self.priority, ttl, old, self.owner)


def find_wildcard(observed: Observation, answer: Answer) -> str:
    """Return `wildcard-cname` or `wildcard-txt` where that is what answers; empty otherwise."""
    if observed.probe is None or not (answer.found or answer.chain):
        return ""
    kinds = (ADDRESS_TYPES[0], TXT)
    lent = [a for rdtype in kinds if (a := observed.answer(observed.probe, rdtype)) is not None]
    if answer.chain and any(a.chain[:1] == answer.chain[:1] for a in lent):
        return "wildcard-cname"
    if not answer.chain and is_wild(observed, answer.question.name, answer.question.rdtype):
        return "wildcard-txt"
    return ""


def wildcard_facts(
    domain: dns.name.Name, names: Iterable[dns.name.Name], *, optional: bool = False
) -> dict[str, Fact]:
    """Return the facts of a finding about names that only the domain's wildcard answers for.

    `optional`: nothing is lost where they have no record of their own.
    """
    wildcard = f"*.{name_text(domain)}"
    return {"names": tuple(map(name_text, names)), "wildcard": wildcard, "optional": optional}


def domain_places(
    expected: Expected, observed: Observation
) -> Iterator[tuple[dns.name.Name, WrongPlace]]:
    """Give the wrong places of a record that belongs at the domain itself."""
    domain = expected.domain.name
    yield from wrong_place(append_zone(domain, observed.zone), WrongPlace.DOUBLED)
    for label in _HOST_LABELS:
        name = expected.domain.below(label)
        alias = None if name is None else observed.answer(name, ADDRESS_TYPES[0])
        if alias is None or not alias.chain:  # an alias has no records of its own
            yield from wrong_place(name, WrongPlace.HOST)


def wrong_place(
    name: dns.name.Name | None, where: WrongPlace
) -> Iterable[tuple[dns.name.Name, WrongPlace]]:
    """Return the name with its kind of mistake as the only entry; nothing where it is None."""
    return () if name is None else ((name, where),)


def append_zone(name: dns.name.Name, zone: dns.name.Name) -> dns.name.Name | None:
    """Return a name with the zone's behind it; None where it would be too long to exist."""
    return prefix_name(name.labels[:-1], zone.labels)


def texts_at(observed: Observation, owner: dns.name.Name) -> tuple[str, ...]:
    """Return the TXT records at a name itself, not those that come by an alias or a wildcard."""
    answer = observed.answer(owner, TXT)
    if answer is None or answer.chain or is_wild(observed, owner, TXT):
        return ()
    return decode_texts(answer)


def is_wild(observed: Observation, owner: dns.name.Name, rdtype: RdataType) -> bool:
    """Whether the records of a name come from the domain's wildcard."""
    probe, answer = observed.probe, observed.answer(owner, rdtype)
    lent = None if probe is None else observed.answer(probe, rdtype)
    if answer is None or lent is None or owner == observed.domain.name or not lent.found:
        return False
    return set(answer.rdatas) == set(lent.rdatas)
