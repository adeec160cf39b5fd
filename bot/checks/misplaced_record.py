"""The wrong places where a missing record is looked for, and what was found there.

People type a name in full where the provider appends the zone, leave an underscore out, or take
another name. Nobody is told so on a guess: a record counts as theirs only where it is the expected
one, or where it can be nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
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
from bot.checks.lent_record import is_lent_by_any
from bot.checks.name_slip import WrongPlace, slips_of
from bot.records.presentation import relative_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dns.name

    from bot.checks.name_slip import Place
    from bot.checks.observation import Observation
    from bot.errors import Fact
    from bot.records.expected import Expected

_CODES = {
    Check.MX: "mx-wrong-name",
    Check.SPF: "spf-wrong-name",
    Check.DKIM: "dkim-wrong-name",
    Check.DMARC: "dmarc-wrong-name",
}
_HOST_LABELS = ("www", "mail")  # where a record of the domain itself is typed by mistake


@dataclass(frozen=True, slots=True)
class MisplacedRecord:
    """A record at a wrong name: its text, for MX its target and priority.

    `is_right`: it is just what is expected, so that moving it is all there is to do. `stays`: it
    may be needed where it is as well, for the domain there.
    """

    owner: dns.name.Name
    where: WrongPlace
    text: str
    is_right: bool
    priority: int | None = None
    stays: bool = False

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
            "stays": self.stays,
            "apart": False,
            "zone": name_text(zone),
        }
        code = "name-doubled" if self.where is WrongPlace.DOUBLED else _CODES[check]
        return Finding(check, code, Status.FAIL, facts, fixes)

    def move(self, owner: dns.name.Name, rdtype: str, value: str, ttl: int | None) -> Fix:
        """Return the step that takes the record from here to its owner, as the value.

        One that stays is only added at its owner.
        """
        if self.stays:
            return Fix(FixAction.ADD, owner, rdtype, value, self.priority, ttl)
        old = self.text if rdtype == "TXT" and self.text != value else None
        return Fix(FixAction.RENAME, owner, rdtype, value, self.priority, ttl, old, self.owner)


def domain_places(expected: Expected, observed: Observation, *labels: str) -> Iterator[Place]:
    """Give the wrong places of a record that belongs at the domain itself.

    `labels` are names that people give such a record, `mx` or `_spf`.
    """
    domain, zone = expected.domain, observed.zone
    if domain.name != zone:
        yield zone, WrongPlace.PARENT
    slips = slips_of((), domain.name, zone)  # none where the name would be too long
    yield from slips[:1]
    for label in _HOST_LABELS:
        name = domain.below(label)
        alias = None if name is None else observed.answer(name, ADDRESS_TYPES[0])
        # An alias has no records of its own.
        if name is not None and (alias is None or not alias.chain):
            yield name, WrongPlace.HOST
    if (sign := prefix_name((b"@",), domain.name.labels)) is not None:
        yield sign, WrongPlace.SIGN
    for label in labels:
        if (name := prefix_name((label.encode(),), domain.name.labels)) is not None:
            yield name, WrongPlace.TYPE
    yield from slips[1:]


def texts_at(observed: Observation, owner: dns.name.Name) -> tuple[str, ...]:
    """Return the TXT records at a name itself, not those that come by an alias or a wildcard."""
    answer = observed.answer(owner, TXT)
    if answer is None or not answer.found or answer.chain:
        return ()
    if is_lent_by_any(observed, owner, TXT):
        return ()
    return decode_texts(answer)
