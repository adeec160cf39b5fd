"""The trace of a mail: who handed it to the receiver, how, and from whom (RFC 5321 section 4.4).

Only what the receiver itself wrote counts. It stands at the top, and what came with the mail stands
below, so that reading ends with the first hop that came from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

import dns.exception
import dns.name

from bot.checks.mail.mail_addresses import ReadAddress, read_domain, read_path
from bot.checks.mail.received_field import ReceivedField, read_received
from bot.public_suffix import is_public_suffix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.checks.mail.header_fields import MailHeader
    from bot.names import Domain

MOST_HOPS: Final = 20  # Received fields that are read
_MOST_CLAIMS: Final = 5
_SHARED_BITS: Final = 32  # of an IPv6 address: what one provider has (RFC 6177)
_AUTHENTICATED: Final = frozenset({"ESMTPA", "ESMTPSA", "UTF8SMTPA", "UTF8SMTPSA"})  # RFC 3848

# By which nobody outside hands a mail to a receiver (RFC 2033 section 5).
_INNER_PROTOCOLS: Final = frozenset(
    {"LMTP", "LMTPA", "LMTPS", "LMTPSA", "HTTP", "HTTPS", "MAPI", "LOCAL"}
)

# Names that nobody outside has (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
_INNER_NAMES: Final = ("internal", "local", "localhost", "localdomain", "lan", "home.arpa")
# Addresses that reach no further than a network of one's own.
_INNER_NETWORKS: Final = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
            *("127.0.0.0/8", "::1/128"),  # loopback
            *("169.254.0.0/16", "fe80::/10"),  # link-local
            *("100.64.0.0/10", "fc00::/7"),  # RFC 6598, RFC 4193
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Trace:
    """What the receiver's own fields say of how a mail came.

    `border` is the hop by which it came from outside, None where none is told. `end` is the number
    of header fields from the top that the receiver wrote for sure. `sender` is the envelope sender,
    None where it is not told. `submitted`: somebody handed it in there with name and password.
    """

    border: ReceivedField | None = None
    end: int = 0
    sender: ReadAddress | None = None
    submitted: bool = False


class Receiver:
    """The receiver of a mail, known by the domains of its hosts."""

    def __init__(self, domains: Iterable[dns.name.Name]) -> None:
        self._organisations = frozenset(registered_name(name) for name in domains)

    def owns(self, host: str) -> bool:
        """Whether a host's name is of the same organisation as one of the domains."""
        return _organisation_of(host) in self._organisations

    def _with_host(self, host: str) -> Receiver:
        """Return the receiver that has one more host, which may have a name of another domain."""
        organisation = _organisation_of(host)
        more = () if organisation is None else (organisation,)
        return Receiver((*self._organisations, *more))

    def find_claims(self, header: MailHeader) -> tuple[str, ...]:
        """Return names of the receiver's that hops came from by their own word; five at most."""
        hops = [hop for _, hop in _read_hops(header) if hop is not None]
        inside = self._with_host(hops[0].by) if hops else self
        open_ends = [h for h in hops if h.looked_up is None and not _is_inner_hop(h)]
        names = [hop.name for hop in open_ends if inside.owns(hop.name)]
        return tuple(dict.fromkeys(names))[:_MOST_CLAIMS]

    def read_trace(
        self,
        header: MailHeader,
        host_addresses: frozenset[str] = frozenset(),
        proven: Mapping[str, frozenset[str]] | None = None,
    ) -> Trace:
        """Return what the receiver wrote; the mail host's addresses are outside in any case.

        `proven` are the addresses that the DNS has for the names of `find_claims`. The topmost hop
        is the receiver's whatever its name is, as nobody else can write above it; but one of those
        that follow has to have a name that is known as the receiver's.
        """
        known = proven or {}
        border, end, is_ours, submitted = None, 0, False, False
        senders: list[ReadAddress | None] = []
        above: ReceivedField | None = None
        inside = self
        for at, hop in _read_hops(header):
            if hop is not None and above is None:
                inside = self._with_host(hop.by)
            if hop is None or not _wrote(inside, hop, above):
                break
            end = at + 1
            is_ours = is_ours or self.owns(hop.by)
            submitted = submitted or hop.protocol in _AUTHENTICATED
            senders.append(read_path(hop.envelope) if hop.envelope else None)
            if not _came_from_inside(inside, hop, host_addresses, known.get(hop.name, frozenset())):
                border = hop if hop.address else None
                break
            above = hop
        if not is_ours:
            return Trace()
        paths = (f for f in header.fields[:end] if f.key == "return-path")
        written = [read_path(field.text) for field in paths][:1]
        sender = next((s for s in (*written, *senders) if s is not None), None)
        return Trace(border, end, sender, submitted)


def _read_hops(header: MailHeader) -> Iterator[tuple[int, ReceivedField | None]]:
    places = [at for at, field in enumerate(header.fields) if field.key == "received"]
    for at in places[:MOST_HOPS]:
        yield at, read_received(header.fields[at].text)


def _organisation_of(host: str) -> dns.name.Name | None:
    """Return what somebody registered of a host's name; None for what is no such name."""
    try:
        name = dns.name.from_text(host)
    except (dns.exception.DNSException, UnicodeError):
        return None
    return registered_name(name) if len(name.labels) > 2 else None


def _wrote(receiver: Receiver, hop: ReceivedField, above: ReceivedField | None) -> bool:
    """Whether the receiver wrote this hop: a host of its own, or the one named just above."""
    if receiver.owns(hop.by) or _is_inner_name(hop.by):
        return True
    if above is None:
        return False
    same_name = hop.by.lower() == above.name.lower()
    return same_name or (bool(hop.by_address) and hop.by_address == above.address)


def _came_from_inside(
    receiver: Receiver, hop: ReceivedField, host_addresses: frozenset[str], proven: frozenset[str]
) -> bool:
    """Whether the receiver had the mail already before this hop.

    A name counts where the receiver looked it up. One that the other side gave by HELO counts
    where it has that address, or where both addresses are of one network.
    """
    if hop.address in host_addresses and hop.protocol not in _INNER_PROTOCOLS:
        return False
    if _is_inner_hop(hop):
        return True
    if not hop.address:
        return receiver.owns(hop.name)
    if hop.looked_up is not None:
        return receiver.owns(hop.looked_up)
    is_shown = hop.address in proven or _share_network(hop.address, hop.by_address)
    return is_shown and receiver.owns(hop.name)


def registered_name(name: dns.name.Name) -> dns.name.Name:
    """Return the part of a name that somebody registered: the one just below a public suffix."""
    while len(name.labels) > 2 and not is_public_suffix(name.parent()):
        name = name.parent()
    return name


def _is_inner_name(host: str) -> bool:
    """Whether only hosts of one network call one another so: one label, an address, `.internal`."""
    text = host.lower().strip("[].")
    if ":" in text or text.replace(".", "").isdigit():
        return True
    last = text.rpartition(".")[2]
    return "." not in text or last in _INNER_NAMES or text.endswith(".home.arpa")


def _is_inner_hop(hop: ReceivedField) -> bool:
    """Whether nobody outside can hand in a mail like that, by the protocol and the address."""
    if hop.protocol in _INNER_PROTOCOLS:
        return True
    if not hop.address:  # one of some host may come from anywhere, where it came by SMTP
        return "SMTP" not in hop.protocol or not hop.name or _is_inner_name(hop.name)
    address = ip_address(hop.address)
    return any(address in network for network in _INNER_NETWORKS)


def _share_network(address: str, other: str) -> bool:
    """Whether two IPv6 addresses are of one provider."""
    if ":" not in address or ":" not in other:
        return False
    return ip_address(other) in ip_network((address, _SHARED_BITS), strict=False)


def find_spf_domain(trace: Trace) -> Domain | None:
    """Return the domain that SPF is asked for: the envelope sender's, for `<>` that of HELO.

    None is returned where the receiver's fields do not say it (RFC 7208 section 2.4).
    """
    if trace.sender is None or trace.border is None:
        return None
    return trace.sender.domain if trace.sender.text else read_domain(trace.border.helo)
