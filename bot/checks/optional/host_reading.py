"""Where the optional names lead: to our host, to somebody else, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.name
import dns.rdatatype
from dns.rdtypes.IN.SRV import SRV

from bot.checks.answers import (
    ADDRESS_TYPES,
    MOST_NAMES,
    alias_at,
    answer_to,
    denies_host,
    leads_to,
    name_text,
)
from bot.checks.finding import Check, Fix, FixAction
from bot.checks.lent_record import is_lent
from bot.checks.proxies import has_proxy_switch, is_proxy
from bot.dns import owner_name
from bot.names import absolute_text_of
from bot.records.expected import Purpose

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.dns.owner_name import Owner
    from bot.records.expected import Expected, ExpectedRecord

SRV_LABEL = "_autodiscover._tcp"
_PURPOSES = {
    Check.WEBMAIL: Purpose.WEBMAIL,
    Check.AUTOCONFIG: Purpose.AUTOCONFIG,
    Check.AUTODISCOVER: Purpose.AUTODISCOVER,
}


@dataclass(frozen=True, slots=True)
class HostReading:
    """Where one name leads, and the steps that make it lead to our host.

    Of `right`, `absent`, `failure` and `lent` at most one is set; none: it leads to somebody else.
    """

    owner: dns.name.Name
    record: ExpectedRecord | None
    right: bool = False
    absent: bool = False
    failure: Answer | None = None  # what stood in the way of finding out
    lent: str = ""  # the code of the wildcard that answers for it, which has no record of its own
    leads: str = "elsewhere"  # or "proxy", "nowhere", "circle"; of a name that does not lead to us
    switch: bool | None = False  # the provider's own proxy put the address in; None: perhaps
    target: str = ""  # where it leads instead, as a fact
    found: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()


def host_names(expected: Expected) -> tuple[dns.name.Name, ...]:
    """Return the names whose addresses the judges need, each once."""
    names = (owner_of(expected, check) for check in _PURPOSES)
    by_owner: dict[Owner, dns.name.Name] = {}
    for name in names:
        if name is not None:
            by_owner.setdefault(owner_name.owner_of(name), name)
    return tuple(by_owner.values())


def questions(
    expected: Expected,
) -> tuple[tuple[dns.name.Name, dns.rdatatype.RdataType], ...]:
    """Return the questions that the judges here need answered, each once."""
    asked = [(name, rdtype) for name in host_names(expected) for rdtype in ADDRESS_TYPES]
    if (service := expected.domain.below(SRV_LABEL)) is not None:
        asked.append((service, dns.rdatatype.SRV))
    return tuple(asked)


def owner_of(expected: Expected, check: Check) -> dns.name.Name | None:
    """Return the name of a check, also where no record is expected at it."""
    record = expected.record(_PURPOSES[check])
    if record is not None:
        return record.owner
    label = expected.server.webmail_label if check is Check.WEBMAIL else check.value
    return expected.domain.below(label)  # None: too long, so there is nothing to ask


def read_host(check: Check, expected: Expected, observed: Observation) -> HostReading | None:
    """Return where a name leads by its aliases and addresses; None where it cannot be a name."""
    owner, host = owner_of(expected, check), expected.server.host
    if owner is None:
        return None
    record = expected.record(_PURPOSES[check])
    answers = [answer_to(observed, owner, rdtype) for rdtype in ADDRESS_TYPES]
    chain = next((answer.chain for answer in answers if answer.chain), ())
    addresses = [r for answer in answers for r in answer.rdatas if hasattr(r, "address")]
    found = (absolute_text_of(chain[0]),) if chain else tuple(str(r.address) for r in addresses)
    is_alias_of_ours = owner_name.owner_of(host) in map(owner_name.owner_of, chain)
    ours = True if is_alias_of_ours else leads_to(observed, owner, host)
    if ours:
        return HostReading(owner, record, right=True, found=found)

    missing = denies_host(answers) or all(answer.absent for answer in answers)
    if not chain and not addresses and missing:
        return HostReading(owner, record, absent=True, fixes=_add(record))
    circle = any(answer.alias_loop for answer in answers)
    dead = not addresses and missing
    if ours is None and not circle and not dead:
        asked = (*answers, *(answer_to(observed, host, rdtype) for rdtype in ADDRESS_TYPES))
        failure = next(answer for answer in asked if answer.failed)
        return HostReading(owner, record, failure=failure, found=found)
    alias = next((a for answer in answers if (a := alias_at(observed, answer))), None)
    if chain and alias is None and not circle:
        return HostReading(owner, record, lent="wildcard-cname", found=found, fixes=_add(record))
    if not chain and is_lent(observed, owner):
        return HostReading(owner, record, lent="wildcard-address", found=found, fixes=_add(record))
    known = observed.addresses(host)
    others = [str(r.address) for r in addresses if r.address not in known]
    proxied = is_proxy((owner, *chain), others)
    switch = has_proxy_switch(observed.name_servers) if proxied and not chain else False
    fixes = _replace(record, old=alias.to_text()) if alias else _add(record)
    if not chain:
        # An alias cannot stand beside addresses, so these have to go first.
        old = [
            Fix(FixAction.DELETE, owner, dns.rdatatype.to_text(r.rdtype), str(r.address))
            for r in addresses[:MOST_NAMES]
        ]
        fixes = (*old, *fixes)
    return HostReading(
        owner,
        record,
        leads="circle" if circle else "nowhere" if dead else "proxy" if proxied else "elsewhere",
        switch=switch,
        target=name_text(alias or chain[0]) if alias or chain else next(iter(others), ""),
        found=found,
        fixes=fixes if switch is False else (),
    )


def read_service(expected: Expected, observed: Observation) -> HostReading | None:
    """Return where the SRV record leads (RFC 2782); None where it cannot be a name."""
    host = expected.server.host
    record = expected.record(Purpose.AUTODISCOVER_SRV)
    owner = record.owner if record else expected.domain.below(SRV_LABEL)
    if owner is None:
        return None
    answer = answer_to(observed, owner, dns.rdatatype.SRV)
    services = [r for r in answer.in_order().rdatas if isinstance(r, SRV)]
    found = tuple(service.to_text() for service in services)
    # An alias cannot stand beside other records, so it has to go first (RFC 1034 section 3.6.2).
    alias = alias_at(observed, answer)
    fixes = _add(record)
    if alias is not None:
        fixes = (Fix(FixAction.DELETE, owner, "CNAME", alias.to_text()), *fixes)
    if alias is not None and (answer.absent or answer.alias_loop):
        leads = "circle" if answer.alias_loop else "nowhere"
        text = (alias.to_text(),)
        return HostReading(
            owner, record, leads=leads, target=name_text(alias), found=text, fixes=fixes
        )
    if answer.absent:
        return HostReading(owner, record, absent=True, fixes=fixes)
    if not services:
        return HostReading(owner, record, failure=answer)

    # By name, and by address where that happens to be known. Another name is a fault in any case:
    # if it is our server, its certificate does not fit that name.
    wrong = [s for s in services if not _serves(observed, s, record, host)]
    if not wrong:
        return HostReading(owner, record, right=True, found=found)
    if alias is None and len(wrong) < len(services):
        fixes = tuple(_delete(owner, s) for s in wrong[:MOST_NAMES])
    elif alias is None:
        first, *rest = wrong
        fixes = (
            *_replace(record, old=first.to_text()),
            *(_delete(owner, s) for s in rest[:MOST_NAMES]),
        )
    if all(service.target == dns.name.root for service in services):
        # "There is no such service here" (RFC 2782): as good as no record, but one to replace.
        return HostReading(owner, record, absent=True, found=found, fixes=fixes)
    shown = wrong[0].target
    target = f"{name_text(shown)}:{wrong[0].port}" if shown == host else name_text(shown)
    return HostReading(owner, record, target=target, found=found, fixes=fixes)


def _serves(
    observed: Observation, service: SRV, record: ExpectedRecord | None, host: dns.name.Name
) -> bool:
    port = record.value.split()[2] if record else str(service.port)
    return str(service.port) == port and leads_to(observed, service.target, host) is True


def _add(record: ExpectedRecord | None) -> tuple[Fix, ...]:
    if record is None:
        return ()
    return (Fix(FixAction.ADD, record.owner, record.type, record.value, ttl=record.ttl),)


def _replace(record: ExpectedRecord | None, *, old: str) -> tuple[Fix, ...]:
    if record is None:
        return ()
    return (
        Fix(FixAction.REPLACE, record.owner, record.type, record.value, ttl=record.ttl, old=old),
    )


def _delete(owner: dns.name.Name, service: SRV) -> Fix:
    return Fix(FixAction.DELETE, owner, "SRV", service.to_text())
