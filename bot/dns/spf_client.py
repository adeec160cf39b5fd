"""Who sends, as SPF sees it: the address that connects, the sender, and the HELO name."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import dns.rdatatype

from bot.dns.spf_macros import expand
from bot.dns.spf_target import target_of

if TYPE_CHECKING:
    from bot.dns.spf_grammar import SpfTerm
    from bot.dns.spf_target import SpfTarget

_KEPT: Final = 64  # addresses that are remembered: all domains are checked for the mail host's


@dataclass(frozen=True)  # without slots, as what few records need is worked out when it is
class SpfClient:
    """An SMTP client with what it says of itself (RFC 7208 section 4.1).

    An IPv4 address in IPv6 form is taken as IPv4 (section 5).
    """

    address: str  # as it was given
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address
    version: int
    bits: int  # of an address of this version,
    network_name: str  # and the mechanism that names such
    number: int
    sender: str
    helo: str

    @classmethod
    def of(cls, address: str, domain: str, sender: str | None, helo: str) -> SpfClient:
        """Return the client at an address, which has to be one; ValueError where it is none.

        The sender is postmaster@domain unless given, and so is its local part where it has none
        (sections 2.4 and 4.3); the HELO name is the domain unless given.
        """
        ip = _read_address(address)
        local, _, rest = (sender or domain).strip().rpartition("@")
        sender = f"{local or 'postmaster'}@{rest}"
        known = (ip.version, ip.max_prefixlen, f"ip{ip.version}", int(ip))
        return cls(address, ip, *known, sender, helo.strip().rstrip(".") or domain)

    @property
    def address_type(self) -> dns.rdatatype.RdataType:
        """The type of the addresses that a and mx are compared with."""
        return dns.rdatatype.A if self.version == 4 else dns.rdatatype.AAAA

    @cached_property
    def reverse_name(self) -> SpfTarget:
        """The name at which the address' own names are (RFC 1035 section 3.5, RFC 3596)."""
        return target_of(self.ip.reverse_pointer)

    def find_target(self, term: SpfTerm, domain: SpfTarget, own_name: str = "") -> SpfTarget:
        """Return the name that a term of a domain's record comes to (sections 4.8 and 7).

        `own_name` is what `%{p}` stands for.
        """
        if term.target is not None:
            return term.target
        if term.spec is None:
            return domain
        return target_of(expand(term.spec, self.macros | {"d": domain.text, "p": own_name}))

    def is_named_by(self, term: SpfTerm) -> bool:
        """Whether a mechanism that asks nothing matches: all, ip4 or ip6 (5.1, 5.6)."""
        if term.name == "all":
            return True
        return term.name == self.network_name and self.is_near(term.network, term)

    def is_near(self, address: int, term: SpfTerm) -> bool:
        """Whether an address of the client's version begins as its own, for a term's length."""
        length = term.length4 if self.version == 4 else term.length6
        return (self.number ^ address) >> (self.bits - length) == 0

    @cached_property
    def macros(self) -> dict[str, str]:
        """What the macros come to that do not hang on the record or the DNS (section 7.2)."""
        local, _, domain = self.sender.rpartition("@")
        v4 = self.version == 4
        return {
            "s": self.sender,
            "l": local,
            "o": domain,
            "i": str(self.ip) if v4 else ".".join(self.ip.packed.hex()),
            "v": "in-addr" if v4 else "ip6",
            "h": self.helo,
        }


@lru_cache(maxsize=_KEPT)
def _read_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address)
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip
