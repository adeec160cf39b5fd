"""Reads MX targets: what each of them is, by its own text first and then by its addresses."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

import dns.name
from dns.rdtypes.ANY.MX import MX

from bot.checks.answers import ADDRESS_TYPES, answer_to, denies_host, leads_to
from bot.checks.proxies import is_proxy
from bot.dns.owner_name import ROOT, is_within, owner_of
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from bot.checks.observation import Observation
    from bot.dns.answer import Answer
    from bot.records.expected import Expected

MOST_RESOLVED = 8  # targets whose addresses are asked for, whatever the zone holds

_HOST_LABEL = re.compile(rb"[A-Za-z0-9_-]+")  # RFC 1123 section 2.1, and the underscore
# "10 mx1", however the blank was typed or escaped on its way into the zone.
_BLANK = rb"(?:[\s\x00,;]|\xc2?\xa0|\\0?32|\\ |%20)+"
_PRIORITY = re.compile(rb"\s*\d{1,5}" + _BLANK)
_NUMBER = re.compile(rb"\d{1,5}")


class TargetKind(StrEnum):
    """What an MX target turned out to be."""

    OURS = "ours"
    NULL = "null"  # RFC 7505
    IP = "ip"
    PRIORITY = "priority"
    INVALID = "invalid"
    APPENDED = "appended"
    ALIAS = "alias"
    NXDOMAIN = "nxdomain"
    NO_ADDRESS = "no address"
    OTHER_NAME = "other name"
    FOREIGN = "foreign"
    PROXY = "proxy"  # takes web traffic alone
    FAILED = "failed"  # its addresses, or our own, could not be found out
    UNCHECKED = "unchecked"  # nobody asked for its addresses


class AliasEnd(StrEnum):
    """Where the CNAME chain of an MX target ends."""

    OURS = "ours"
    ELSEWHERE = "elsewhere"
    NOWHERE = "nowhere"
    CIRCLE = "circle"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Target:
    """One MX record and what its target is.

    `leads` and `end` say where an alias goes, `failure` is the answer that stood in the way.
    """

    priority: int
    name: dns.name.Name
    kind: TargetKind
    leads: AliasEnd | None = None
    end: dns.name.Name | None = None
    failure: Answer | None = None

    @property
    def arrives(self) -> bool:
        """Whether mail for this target reaches our server, if not by the right name."""
        return self.kind in {TargetKind.OURS, TargetKind.OTHER_NAME} or self.leads is AliasEnd.OURS

    @property
    def dead(self) -> bool:
        """Whether there is nobody to deliver to."""
        return self.kind in {TargetKind.NXDOMAIN, TargetKind.NO_ADDRESS} or self.leads in {
            AliasEnd.NOWHERE,
            AliasEnd.CIRCLE,
        }


def targets_to_resolve(expected: Expected, answer: Answer) -> tuple[dns.name.Name, ...]:
    """Return the MX targets whose addresses are worth asking for, lowest priority first.

    Pure; at most `MOST_RESOLVED`. What their text alone says (our host, an IP address, no name at
    all) is left out.
    """
    names = dict.fromkeys(name for _, name in _records(answer))
    # Read until there are enough, as an answer can hold hundreds.
    undecided = (name for name in names if _read_text(expected, name) is None)
    return tuple(islice(undecided, MOST_RESOLVED))


def read_targets(expected: Expected, observed: Observation, answer: Answer) -> tuple[Target, ...]:
    """Return what each MX record of an answer is, lowest priority first."""
    return tuple(
        Target(priority, name, kind)
        if (kind := _read_text(expected, name))
        else _read_addresses(expected.server.host, observed, priority, name)
        for priority, name in _records(answer)
    )


def _records(answer: Answer) -> list[tuple[int, dns.name.Name]]:
    return sorted((r.preference, r.exchange) for r in answer.rdatas if isinstance(r, MX))


def _read_text(expected: Expected, name: dns.name.Name) -> TargetKind | None:
    """Return the kind of a target if its text shows it; None where its addresses have to decide."""
    host = expected.server.host
    owner = owner_of(name)
    if owner == ROOT:
        return TargetKind.NULL
    if owner == owner_of(host):
        return TargetKind.OURS
    typed = _without_appended(name, expected.domain.name)
    if _is_ip(name) or _is_ip(typed):
        return TargetKind.IP
    if _has_priority(name, host) or _has_priority(typed, host):
        return TargetKind.PRIORITY
    if typed == host:
        return TargetKind.APPENDED
    if not all(_HOST_LABEL.fullmatch(label) for label in name.labels[:-1]):
        return TargetKind.INVALID
    return None


def _without_appended(name: dns.name.Name, domain: dns.name.Name) -> dns.name.Name:
    """Return a name without the member's own domain (or the zone it lies in) at its end."""
    owner, zone = owner_of(name), domain
    while (above := owner_of(zone)) != ROOT:
        if owner != above and is_within(owner, above):
            return dns.name.Name((*name.labels[: -len(zone.labels)], b""))
        zone = zone.parent()
        # Nobody has their zone at a registry's name: mx1.old.example was not typed as "mx1.old".
        if is_public_suffix(zone):
            break
    return name


def _is_ip(name: dns.name.Name) -> bool:
    text = b".".join(name.labels[:-1]).decode("ascii", "replace").strip("[] ")
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _has_priority(name: dns.name.Name, host: dns.name.Name) -> bool:
    first, *rest = name.labels
    if _PRIORITY.match(first):
        return True
    # The blank was lost or became a dot: 10mx1.cow.example, 10.mx1.cow.example.
    number = _NUMBER.match(first)
    if number is None:
        return False
    remainder = first[number.end() :]
    labels = (remainder, *rest) if remainder else tuple(rest)
    return bool(dns.name.Name(labels) == host)


def _read_addresses(
    host: dns.name.Name, observed: Observation, priority: int, name: dns.name.Name
) -> Target:
    if all(observed.answer(name, rdtype) is None for rdtype in ADDRESS_TYPES):
        return Target(priority, name, TargetKind.UNCHECKED)
    answers = [answer_to(observed, name, rdtype) for rdtype in ADDRESS_TYPES]
    ours = leads_to(observed, name, host)
    chain = next((answer.chain for answer in answers if answer.chain), ())
    if not chain and any(answer.alias_loop for answer in answers):
        chain = (name,)  # it leads to itself
    if chain:
        leads = _follow(answers, ours=True if host in chain else ours)
        if leads is AliasEnd.ELSEWHERE and is_proxy((name, *chain), observed.addresses(name)):
            return Target(priority, name, TargetKind.PROXY, end=chain[-1])
        return Target(priority, name, TargetKind.ALIAS, leads, chain[-1])
    if ours:
        return Target(priority, name, TargetKind.OTHER_NAME)
    if not any(answer.found for answer in answers):
        if denies_host(answers):
            return Target(priority, name, TargetKind.NXDOMAIN)
        if all(answer.absent for answer in answers):
            return Target(priority, name, TargetKind.NO_ADDRESS)
    elif ours is False and is_proxy((name,), observed.addresses(name)):
        return Target(priority, name, TargetKind.PROXY)
    elif ours is False:
        return Target(priority, name, TargetKind.FOREIGN)
    asked = (*answers, *(answer_to(observed, host, rdtype) for rdtype in ADDRESS_TYPES))
    failure = next(answer for answer in asked if answer.failed)
    return Target(priority, name, TargetKind.FAILED, failure=failure)


def _follow(answers: list[Answer], *, ours: bool | None) -> AliasEnd:
    if ours:
        return AliasEnd.OURS
    if any(answer.alias_loop for answer in answers):
        return AliasEnd.CIRCLE
    if any(answer.found for answer in answers):
        return AliasEnd.UNKNOWN if ours is None else AliasEnd.ELSEWHERE
    if denies_host(answers) or all(answer.absent for answer in answers):
        return AliasEnd.NOWHERE
    return AliasEnd.UNKNOWN
