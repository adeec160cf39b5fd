"""Which records a name only seems to have: a wildcard's, or those that a DNAME leads to.

None of them can be replaced or deleted at that name. A record of its own goes before a wildcard's
(RFC 4592 section 3.3.1); below a DNAME there can be none (RFC 6672 section 2.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer

# What a wildcard is looked for by; one that lends a name any record lends it all.
_TYPES = (
    dns.rdatatype.TXT,
    dns.rdatatype.A,
    dns.rdatatype.AAAA,
    dns.rdatatype.MX,
    dns.rdatatype.SRV,
    dns.rdatatype.CNAME,
    dns.rdatatype.CAA,
)


@dataclass(frozen=True, slots=True)
class Redirection:
    """A DNAME record: it sends every name below its owner to the same name below its target."""

    owner: dns.name.Name
    target: dns.name.Name


def probe_below(observed: Observation, owner: dns.name.Name) -> dns.name.Name | None:
    """Return a random name below another: it has records where that one is not there itself.

    A wildcard answers below the closest name that exists, and only there (RFC 4592 section 3.3.1).
    """
    return _under_probe(observed, owner.labels)


def probe_beside(observed: Observation, owner: dns.name.Name) -> dns.name.Name | None:
    """Return a random name beside another, to which a wildcard lends the same as to that one."""
    return _under_probe(observed, owner.labels[1:])


def is_lent(observed: Observation, owner: dns.name.Name) -> bool:
    """Whether what a name answers comes from a wildcard, as far as the probes tell."""
    there, apex = _positive(observed, owner), observed.domain.name
    if not there or owner == observed.zone:
        return False
    # The probe below tells most: a record that only looks like the wildcard's makes a name exist.
    # Below the domain there may be a wildcard that says the same as the domain.
    probes = [probe_below(observed, owner)] if owner != apex else []
    for probe in (*probes, probe_beside(observed, owner)):
        same = _is_like(observed, there, probe)
        if same is not None:
            return same
    # What is known of the domain's own wildcard is enough where it says the same.
    return owner != apex and _is_like(observed, there, observed.probe) is True


def is_lent_by_any(
    observed: Observation, owner: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> bool:
    """Whether a name has the records of a wildcard above it, whichever that is."""
    own, above = observed.answer(owner, rdtype), owner
    while own is not None and above not in {observed.zone, dns.name.root}:
        above = above.parent()
        probe = probe_below(observed, above)
        theirs = None if probe is None else observed.answer(probe, rdtype)
        if theirs is not None and theirs.found and _are_same(own, theirs):
            return True
    return False


def wildcard_over(observed: Observation, owner: dns.name.Name) -> dns.name.Name:
    """Return the name that has the `*` below it which lends a name its records.

    Where the domain itself is lent its records, there is nothing below it (RFC 4592 section 3.3.1).
    """
    apex = observed.domain.name
    if apex != observed.zone and is_lent(observed, apex):
        return _highest_over(observed, apex)
    if owner != apex and _is_like(observed, _positive(observed, owner), observed.probe):
        return apex
    return owner.parent()


def find_wildcard(observed: Observation, answer: Answer) -> str:
    """Return `wildcard-cname` or `wildcard-txt` where that is what answers; empty otherwise."""
    if not is_lent(observed, answer.question.name):
        return ""
    return "wildcard-cname" if answer.chain else "wildcard-txt"


def redirection_of(observed: Observation, owner: dns.name.Name) -> Redirection | None:
    """Return the DNAME that sends a name elsewhere; None where none is known to."""
    for answer in observed.answers.values():
        above = answer.dname
        if above is None or owner == above or not owner.is_subdomain(above):
            continue
        asked = answer.question.name
        first = next(iter(answer.chain), None) or _alias_record(answer)
        if first is not None:
            return Redirection(above, dns.name.Name(first.labels[len(asked) - len(above) :]))
    return None


def _under_probe(observed: Observation, labels: tuple[bytes, ...]) -> dns.name.Name | None:
    """Return the name of the probe's random label before these; None if it would be too long."""
    if observed.probe is None:
        return None
    try:
        return dns.name.Name((observed.probe.labels[0], *labels))
    except dns.name.NameTooLong:
        return None


def _positive(observed: Observation, owner: dns.name.Name) -> list[Answer]:
    """Return the answers of a name that has something, of every type looked for."""
    answers = (observed.answer(owner, rdtype) for rdtype in _TYPES)
    return [answer for answer in answers if answer is not None and (answer.found or answer.chain)]


def _highest_over(observed: Observation, owner: dns.name.Name) -> dns.name.Name:
    """Return the name nearest to the zone's apex whose probe has what a name is lent."""
    there = _positive(observed, owner)
    found = above = owner.parent()
    while above not in {observed.zone, dns.name.root}:
        above = above.parent()
        if _is_like(observed, there, probe_below(observed, above)):
            found = above
    return found


def _is_like(
    observed: Observation, there: list[Answer], probe: dns.name.Name | None
) -> bool | None:
    """Whether a probe has the same as these answers in every type that it was asked.

    None where it tells nothing of any of them. An alias is one whatever was asked for.
    """
    if probe is None:
        return None
    known = [a for t in _TYPES if (a := observed.answer(probe, t)) is not None and _is_known(a)]
    alias = next((own.chain[0] for own in there if own.chain), None)
    if alias is not None:
        return any(answer.chain[:1] == (alias,) for answer in known) if known else None
    asked = {answer.question.rdtype: answer for answer in known}
    pairs = ((own, asked.get(own.question.rdtype)) for own in there)
    same = [_are_same(own, theirs) for own, theirs in pairs if theirs is not None]
    return all(same) if same else None


def _is_known(answer: Answer) -> bool:
    return bool(answer.chain) or not answer.failed


def _are_same(own: Answer, theirs: Answer) -> bool:
    if own.chain or theirs.chain:
        return own.chain[:1] == theirs.chain[:1]
    return theirs.found and set(own.rdatas) == set(theirs.rdatas)


def _alias_record(answer: Answer) -> dns.name.Name | None:
    return next((r.target for r in answer.rdatas if isinstance(r, CNAME)), None)
