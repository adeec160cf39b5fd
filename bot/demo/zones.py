"""Zones written as text, and what the DNS answers from them: values, nothing is sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import dns.exception
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.dns.answer import ExtendedError

TTL = 3600  # seconds, where a line gives none
MAX_CHAIN = 16  # aliases followed for one question

Labels = tuple[bytes, ...]  # of an absolute name in lower case: hashed far faster than a Name
Node = dict[dns.rdatatype.RdataType, dns.rdataset.Rdataset]  # empty: an empty non-terminal

# The name servers of every zone that names none itself lie in a zone of their own, so that no
# name appears inside a served zone that its text does not hold.
NAME_SERVERS = dns.name.from_text("dns-servers.example.")
NAME_SERVERS_TEXT = """
    ns1 A 127.0.0.1
    ns2 A 127.0.0.1
"""
APEX_TEXT = f"""
    @ SOA ns1.{NAME_SERVERS} hostmaster.{NAME_SERVERS} 1 7200 3600 1209600 3600
    @ NS ns1.{NAME_SERVERS}
    @ NS ns2.{NAME_SERVERS}
"""


class Records(NamedTuple):
    """The records of one owner and type."""

    owner: dns.name.Name
    rdataset: dns.rdataset.Rdataset


@dataclass(frozen=True, slots=True)
class ZoneReply:
    """What a recursive server would say to one question.

    `answer` is the alias chain, in order, and then the records; `authority` holds the SOA of the
    zone that denied (RFC 2308 section 3), else nothing.
    """

    rcode: dns.rcode.Rcode
    answer: tuple[Records, ...] = ()
    authority: tuple[Records, ...] = ()
    extended: ExtendedError | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """All names of one zone, empty non-terminals among them; made by `parse_zone`."""

    origin: dns.name.Name
    nodes: Mapping[Labels, Node]

    @property
    def soa(self) -> Records:
        """The SOA at the apex."""
        return Records(self.origin, self.nodes[labels_of(self.origin)][dns.rdatatype.SOA])

    def find(self, name: Labels) -> Node | None:
        """Return the node that answers for a name at or below the apex; None: no such name.

        A wildcard answers below the closest encloser only (RFC 4592 section 3.3.1).
        """
        node = self.nodes.get(name)
        encloser = name
        while node is None:
            encloser = encloser[1:]
            if encloser in self.nodes:
                return self.nodes.get((b"*", *encloser))
        return node

    def redirect(self, name: dns.name.Name) -> tuple[Records, ...]:
        """Return the DNAME above a name and the CNAME made of it; nothing where none is there.

        The name below its owner goes before its target (RFC 6672 section 2.3); the DNAME stands
        alone where that would be too long to exist.
        """
        labels = labels_of(name)
        for depth in range(len(self.origin), len(labels)):
            dname = self.nodes.get(labels[-depth:], {}).get(dns.rdatatype.DNAME)
            if dname is None:
                continue
            above = Records(dns.name.Name(name.labels[-depth:]), dname)
            try:
                target = dns.name.Name((*name.labels[:-depth], *dname[0].target.labels))
            except dns.name.NameTooLong:
                return (above,)
            made = dns.rdataset.from_text("IN", "CNAME", dname.ttl, target.to_text())
            return (above, Records(name, made))
        return ()


@dataclass(frozen=True, slots=True)
class Zones:
    """All zones that one server answers from, as a recursive server in front of them would.

    Names in `servfail` answer SERVFAIL to every type, with everything below them, and with the
    extended error (RFC 8914) they lead to. `outside` is what is said to names in no zone.
    """

    table: Mapping[Labels, Zone]
    servfail: Mapping[Labels, ExtendedError | None]
    outside: Literal["nxdomain", "refused"]
    above: frozenset[Labels]  # the names above the zones: they exist, with no records

    @classmethod
    def of(
        cls,
        zones: Mapping[str, str] | Iterable[Zone],
        *,
        servfail: Iterable[str] | Mapping[str, ExtendedError | None] = (),
        outside: Literal["nxdomain", "refused"] = "nxdomain",
    ) -> Zones:
        """Return the world made of these zones: texts by origin, or zones parsed already."""
        if isinstance(zones, Mapping):
            parsed = [parse_zone(origin, text) for origin, text in zones.items()]
        else:
            parsed = list(zones)
        errors = servfail if isinstance(servfail, Mapping) else dict.fromkeys(servfail)
        failing = {labels_of(dns.name.from_text(name)): e for name, e in errors.items()}
        table = {labels_of(zone.origin): zone for zone in (_ROOT, _SERVERS, *parsed)}
        return cls(table, failing, outside, _names_above(table))

    def with_zone(self, zone: Zone) -> Zones:
        """Return the same world with one zone put in, or in its place, and no longer failing."""
        origin = labels_of(zone.origin)
        table = {**self.table, origin: zone}
        failing = {name: e for name, e in self.servfail.items() if not _is_below(name, origin)}
        return dataclasses.replace(self, table=table, servfail=failing, above=_names_above(table))

    def look_up(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> ZoneReply:
        """Return what is said to a question for an absolute name."""
        chain: list[Records] = []
        seen: set[Labels] = set()
        while True:
            labels = labels_of(name)
            for cut in range(len(labels) if self.servfail else 0):
                if labels[cut:] in self.servfail:
                    error = self.servfail[labels[cut:]]
                    return ZoneReply(dns.rcode.SERVFAIL, extended=error)
            zone = self._zone_of(labels)
            if zone is _ROOT and self.outside == "refused" and name != _ROOT.origin:
                # Who holds some zones says of others nothing, but where its own lead to.
                rcode = dns.rcode.NOERROR if chain else dns.rcode.REFUSED
                return ZoneReply(rcode, tuple(chain))
            seen.add(labels)
            if redirected := zone.redirect(name):
                chain += redirected
                name = redirected[-1].rdataset[0].target
                if len(redirected) == 1:  # the new name would be too long to exist
                    return ZoneReply(dns.rcode.YXDOMAIN, tuple(chain))
                ends = rdtype == dns.rdatatype.CNAME or len(chain) >= MAX_CHAIN
                if ends or labels_of(name) in seen:
                    return ZoneReply(dns.rcode.NOERROR, tuple(chain))
                continue
            node = {} if self._only_leads_on(labels, zone) else zone.find(labels)
            if node is None:
                return ZoneReply(dns.rcode.NXDOMAIN, tuple(chain), (zone.soa,))
            found = _records_of(node, rdtype)
            if found:
                answer = (*chain, *(Records(name, rdataset) for rdataset in found))
                return ZoneReply(dns.rcode.NOERROR, answer)
            alias = node.get(dns.rdatatype.CNAME)
            if alias is None:
                return ZoneReply(dns.rcode.NOERROR, tuple(chain), (zone.soa,))
            chain.append(Records(name, alias))
            name = alias[0].target
            if labels_of(name) in seen or len(chain) >= MAX_CHAIN:
                return ZoneReply(dns.rcode.NOERROR, tuple(chain))

    def _only_leads_on(self, name: Labels, zone: Zone) -> bool:
        """Whether a name exists only because another zone lies below it."""
        return name in self.above and name not in zone.nodes

    def _zone_of(self, name: Labels) -> Zone:
        """Return the zone with the longest origin that a name lies in; the root has them all."""
        for cut in range(len(name)):
            zone = self.table.get(name[cut:])
            if zone is not None:
                return zone
        return _ROOT


@lru_cache(maxsize=256)
def parse_zone(origin: str | dns.name.Name, text: str) -> Zone:
    """Return the zone that is written one record a line: `owner [TTL] TYPE rdata`.

    Owners and the names in rdata are relative to the zone unless they end with a dot, `@` is the
    zone itself; TTLs are in seconds. A line that starts with `;` is a comment. A CNAME may stand
    beside other records. SOA and NS are added at the apex where the text has none.

    The same text gives the same zone, which nobody changes.

    Raises ValueError, naming the line, for what is no record of the zone.
    """
    apex = dns.name.from_text(origin) if isinstance(origin, str) else origin
    nodes: dict[Labels, Node] = {labels_of(apex): {}}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(";"):
            _add_line(nodes, apex, line)
    written = frozenset(nodes[labels_of(apex)])
    for line in APEX_TEXT.strip().splitlines():
        if dns.rdatatype.from_text(line.split()[1]) not in written:
            _add_line(nodes, apex, line)
    return Zone(apex, MappingProxyType(nodes))


def labels_of(name: dns.name.Name) -> Labels:
    """Return a name as it is looked up: its labels in lower case (RFC 4343)."""
    return tuple(label.lower() for label in name.labels)


def _add_line(nodes: dict[Labels, Node], apex: dns.name.Name, line: str) -> None:
    """Put one line's record, and the empty non-terminals above it, into the nodes of a zone."""
    try:
        owner_text, type_text, rest = line.split(maxsplit=2)
        ttl = TTL
        if type_text.isdigit():
            ttl = int(type_text)
            type_text, rest = rest.split(maxsplit=1)
        owner = dns.name.from_text(owner_text, apex)
        rdtype = dns.rdatatype.from_text(type_text)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, rest, apex, relativize=False)
    except (ValueError, dns.exception.DNSException) as error:
        raise ValueError(f"no record of {apex}: {line.strip()!r} ({error})") from error
    if not owner.is_subdomain(apex):
        raise ValueError(f"no record of {apex}: {line.strip()!r} (its owner lies outside)")
    labels, root = labels_of(owner), labels_of(apex)
    node = nodes.setdefault(labels, {})
    while len(labels) > len(root):
        labels = labels[1:]
        nodes.setdefault(labels, {})
    if rdtype not in node:
        node[rdtype] = dns.rdataset.Rdataset(dns.rdataclass.IN, rdtype, ttl=ttl)
    node[rdtype].add(rdata, ttl)


def _records_of(node: Node, rdtype: dns.rdatatype.RdataType) -> list[dns.rdataset.Rdataset]:
    """Return what a node holds of a type; of the type ANY, all that it holds."""
    if rdtype == dns.rdatatype.ANY:
        return list(node.values())
    return [node[rdtype]] if rdtype in node else []


def _names_above(table: Mapping[Labels, Zone]) -> frozenset[Labels]:
    """Return the names above the zones that no zone holds (RFC 8020: they exist)."""
    above = {origin[cut:] for origin in table for cut in range(1, len(origin) - 1)}
    return frozenset(name for name in above if name not in table)


def _is_below(name: Labels, origin: Labels) -> bool:
    """Whether a name is the origin or below it."""
    return name[-len(origin) :] == origin


_ROOT = parse_zone(dns.name.root, "")
_SERVERS = parse_zone(NAME_SERVERS, NAME_SERVERS_TEXT)
