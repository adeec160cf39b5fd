"""Judges the mail host's name: its zone, its addresses, their reverse names, its TLSA records."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

import dns.name
import dns.rdtypes.ANY.TLSA
from dns.rdatatype import AAAA, CNAME, DS, NS, SOA, TLSA, A

from bot.checks.answers import ADDRESS_TYPES, answer_to, first_names, name_text, unanswered
from bot.checks.finding import Finding, Fix, FixAction, ServerCheck, Status, Verdict
from bot.checks.server.server_observation import ptr_names, server_names
from bot.checks.server.tlsa_records import TlsaMatch, compare, record_for
from bot.checks.zone.dnssec import tlsa_name
from bot.net.port_look import MX_PORT

if TYPE_CHECKING:
    from bot.checks.server.server_observation import ServerObservation
    from bot.dns.answer import Answer
    from bot.errors import Fact

# Words in the names that a provider gives to the addresses of all its customers.
_OF_ANYBODY = re.compile(
    r"(?:^|[.\-_\d])(?:static|dynamic|dyn|[av]?dsl|dhcp|pool|pppo?e?|cable|dial(?:up|in)?|broadband|"
    r"customer|cust|unassigned)(?=[.\-_\d])",
    re.IGNORECASE,
)
_MOST_TLSA = 4  # records shown
_NUMBERS_OF_ANYBODY = 2  # octets of the address in its name, in a row
_GROUPS_OF_ANYBODY = 3  # the same of an IPv6 address
_SHORTEST_RUN = 12  # hexadecimal digits of one that are no coincidence


def judge_zone(o: ServerObservation) -> Verdict:
    """Return whether the zone of the mail host answers, and names servers that can be found."""
    check = ServerCheck.ZONE
    soa = answer_to(o.seen, o.host, SOA)
    if soa.failed and not soa.alias_loop:
        return Verdict(check, (unanswered(check, soa),))
    servers = answer_to(o.seen, o.zone, NS)
    names = server_names(servers)
    found = tuple(name.to_text() for name in names)
    if o.seen.single_server:
        facts: dict[str, Fact] = {"server": soa.server}
        finding = Finding(check, "delegation-not-checked", Status.INFO, facts)
        return Verdict(check, (finding,), found=found)
    if servers.failed:
        return Verdict(check, (unanswered(check, servers),), found=found)
    lost = [n for n in names if not o.seen.addresses(n) and o.seen.knows_addresses(n)]
    if lost:
        severity = Status.FAIL if len(lost) == len(names) else Status.WARN
        facts = {"names": first_names(lost), "count": len(lost), "zone": name_text(o.zone)}
        return Verdict(check, (Finding(check, "server-ns-lost", severity, facts),), found=found)
    if useless := _report_useless_servers(o):
        return Verdict(check, (useless,), found=found)
    failed = [answer_to(o.seen, n, t) for n in names for t in ADDRESS_TYPES]
    doubts = tuple(unanswered(check, answer) for answer in failed if answer.failed)[:1]
    return Verdict(check, doubts, found=found)


def _report_useless_servers(o: ServerObservation) -> Finding | None:
    """Report name servers that say nothing of the zone, where others do.

    Where none answers us, although a resolver knows the zone, it is our own network that lets no
    questions out.
    """
    useless = [reply for reply in o.name_servers if not reply.knows]
    if not useless or all(reply.silent for reply in o.name_servers):
        return None
    facts: dict[str, Fact] = {
        "names": first_names(reply.name for reply in useless),
        "count": len(useless),
        "zone": name_text(o.zone),
        "silent": all(reply.silent for reply in useless),
    }
    return Finding(ServerCheck.ZONE, "server-ns-dumb", Status.WARN, facts)


def judge_address(o: ServerObservation) -> Verdict:
    """Return whether the host has addresses of its own that everybody reaches."""
    check = ServerCheck.ADDRESS
    ipv4, ipv6 = (answer_to(o.seen, o.host, rdtype) for rdtype in (A, AAAA))
    findings = list[Finding]()
    alias = _find_alias(o, ipv4)
    if alias is not None:
        findings.append(_report_alias(o, alias))
    findings += [unanswered(check, answer) for answer in (ipv4, ipv6) if answer.failed][:1]
    facts: dict[str, Fact] = {"name": name_text(o.host)}
    if ipv4.absent and ipv6.absent:
        findings.append(Finding(check, "server-no-address", Status.FAIL, facts))
    elif ipv4.absent and ipv6.found:
        findings.append(Finding(check, "server-no-ipv4", Status.FAIL, facts))
    inner = tuple(address for address in o.addresses if address not in o.reachable)
    if inner:
        # Without an IPv4 address left, many could not deliver at all.
        alone = all(":" in address for address in o.reachable)
        facts = {**facts, "addresses": inner, "alone": alone}
        fixes = tuple(
            Fix(FixAction.DELETE, o.host, "AAAA" if ":" in address else "A", address)
            for address in inner
            if not alone
        )
        findings.append(Finding(check, "server-private-address", Status.FAIL, facts, fixes))
    findings.sort(key=lambda f: -f.severity.rank)
    return Verdict(check, tuple(findings), found=o.addresses)


def judge_reverse(o: ServerObservation) -> Verdict:
    """Return whether each address leads to a name that leads back to it.

    Many mail servers refuse mail from an address without one (RFC 1912 section 2.1 asks for it).
    """
    host = name_text(o.host)
    findings = [f for address in o.reachable for f in _judge_reverse_of(o, address)]
    findings.sort(key=lambda f: -f.severity.rank)
    found = tuple(
        f"{address} {name.to_text()}"
        for address in o.reachable
        for name in ptr_names(o.reverse(address))
    )
    expected = tuple(f"{address} {host}." for address in o.reachable)
    return Verdict(ServerCheck.REVERSE, tuple(findings), expected, found)


def judge_dane(o: ServerObservation) -> Verdict:
    """Return whether TLSA records say which certificate the host has (RFC 7672).

    Where the certificate at the MX port was seen, whether they say it right; else as information.
    """
    check = ServerCheck.DANE
    owner = tlsa_name(o.server)
    answer = None if owner is None else answer_to(o.seen, owner, TLSA)
    if answer is not None and answer.failed:
        return Verdict(check, (unanswered(check, answer),))
    rdatas = () if answer is None else answer.rdatas
    found = tuple(rdata.to_text() for rdata in rdatas[:_MOST_TLSA])
    facts: dict[str, Fact] = {"name": name_text(owner or o.host), "present": bool(rdatas)}
    shown = next((look.certificate for look in o.ports if look.port == MX_PORT), None)
    if owner is None or not rdatas or shown is None:
        facts["unseen"] = bool(rdatas and o.ports)
        return Verdict(check, (Finding(check, "server-dane", Status.INFO, facts),), found=found)
    kind = dns.rdtypes.ANY.TLSA.TLSA
    records = [rdata for rdata in rdatas if isinstance(rdata, kind)]
    match, right = compare(records, shown), record_for(shown)
    expected = (right,) if right is not None else ()
    # A zone's own servers know nothing of its DS, which is its parent's (RFC 4035 3.1.4.1).
    unsigned = not o.seen.single_server and answer_to(o.seen, o.zone, DS).absent
    facts |= {"unsigned": unsigned, "unseen": False}
    if match is TlsaMatch.MATCHES:
        idle = (Finding(check, "server-dane", Status.INFO, facts),) if unsigned else ()
        return Verdict(check, idle, expected, found)
    if match is TlsaMatch.UNREADABLE or right is None:
        unread = Finding(check, "server-dane", Status.INFO, {**facts, "unseen": True})
        return Verdict(check, (unread,), found=found)
    ttl = o.server.record_ttl
    old, *others = (rdata.to_text() for rdata in records[:_MOST_TLSA])
    fixes = (
        Fix(FixAction.REPLACE, owner, "TLSA", right, ttl=ttl, old=old),
        *(Fix(FixAction.DELETE, owner, "TLSA", other) for other in others),
    )
    if match is TlsaMatch.UNUSABLE:
        unusable = Finding(check, "server-tlsa-unusable", Status.WARN, facts, fixes)
        return Verdict(check, (unusable,), expected, found)
    # Senders take no notice of what no signature proves (RFC 7672 section 2.2).
    severity = Status.WARN if unsigned else Status.FAIL
    differs = Finding(check, "server-tlsa-mismatch", severity, facts, fixes)
    return Verdict(check, (differs,), expected, found)


def _find_alias(o: ServerObservation, ipv4: Answer) -> dns.name.Name | None:
    """Return where a CNAME at the host leads; its owner itself where that is a circle."""
    asked = answer_to(o.seen, o.host, CNAME)
    targets = [t for r in asked.rdatas if (t := getattr(r, "target", None)) is not None]
    chain = [*targets, *ipv4.chain, *([o.host] if ipv4.alias_loop else [])]
    return next((name for name in chain if isinstance(name, dns.name.Name)), None)


def _report_alias(o: ServerObservation, target: dns.name.Name) -> Finding:
    """Report that the name of a mail server is an alias (RFC 2181 section 10.3)."""
    ttl = o.server.record_ttl
    fixes = (
        Fix(FixAction.DELETE, o.host, "CNAME", target.to_text()),
        *(Fix(FixAction.ADD, o.host, "AAAA" if ":" in a else "A", a, ttl=ttl) for a in o.addresses),
    )
    facts: dict[str, Fact] = {"name": name_text(o.host), "target": name_text(target)}
    return Finding(ServerCheck.ADDRESS, "server-alias", Status.FAIL, facts, fixes)


def _judge_reverse_of(o: ServerObservation, address: str) -> list[Finding]:
    check = ServerCheck.REVERSE
    answer = o.reverse(address)
    facts: dict[str, Fact] = {"address": address, "name": name_text(o.host)}
    if answer.failed:
        return [unanswered(check, answer)]
    names = ptr_names(answer)
    if not names:
        return [Finding(check, "server-ptr-missing", Status.FAIL, facts)]
    back = [name for name in names if address in o.seen.addresses(name)]
    astray = [n for n in names if n not in back and o.seen.knows_addresses(n)]
    unsure = [n for n in names if n not in back and n not in astray]
    if not back and unsure:
        answers = (answer_to(o.seen, unsure[0], rdtype) for rdtype in ADDRESS_TYPES)
        return [unanswered(check, a) for a in answers if a.failed][:1]
    facts |= {"names": first_names(names), "count": len(names)}
    if not back:
        return [Finding(check, "server-ptr-unconfirmed", Status.FAIL, facts)]
    if len(names) > 1:
        severity = Status.WARN if astray else Status.INFO
        facts |= {"astray": first_names(astray)}
        return [Finding(check, "server-ptr-several", severity, facts)]
    if names[0] == o.host:
        return []
    if is_generic(names[0], address):
        return [Finding(check, "server-ptr-generic", Status.WARN, facts)]
    if names[0].is_subdomain(o.zone):
        return []  # another name of the same house
    return [Finding(check, "server-ptr-other-name", Status.INFO, facts)]


def is_generic(name: dns.name.Name, address: str) -> bool:
    """Whether a name looks like one that a provider gives to whatever address, by its parts."""
    text = name_text(name)
    if _OF_ANYBODY.search(text) and any(c.isdigit() for c in text):
        return True
    parsed = ip_address(address)
    if parsed.version == 6:
        groups = parsed.exploded.split(":")
        whole = any(
            len(part) >= _SHORTEST_RUN and part in "".join(groups) for part in text.split(".")
        )
        return whole or _has_row(text, [f"{int(g, 16):x}" for g in groups], _GROUPS_OF_ANYBODY)
    octets = str(parsed).split(".")
    return (
        f"{int(parsed):08x}" in text
        or _has_row(text, octets, _NUMBERS_OF_ANYBODY)
        or _has_row(text, octets[::-1], _NUMBERS_OF_ANYBODY)
    )


def _has_row(text: str, parts: list[str], length: int) -> bool:
    """Whether so many parts of an address follow each other in a name, zeros before them or not."""
    words = [word.lstrip("0") or "0" for word in re.findall(r"[0-9a-f]+", text) if word]
    rows = [parts[at : at + length] for at in range(len(parts) - length + 1)]
    return any(words[at : at + length] in rows for at in range(len(words)))
