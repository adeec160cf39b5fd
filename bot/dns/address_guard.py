"""Which addresses of a name found in a zone may be connected to."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

from dns.rdatatype import RdataType

if TYPE_CHECKING:
    from collections.abc import Container

    import dns.name

    from bot.dns.answer import Ask

NAME_DIFFERS: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH of OpenSSL: a certificate for other names
_MOST_ADDRESSES = 4  # of a name, tried in turn

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four octets are an IPv4 address
_UNICAST = IPv6Network("2000::/3")  # all that IANA gives to anybody (RFC 4291 section 2.4)

# What is no host of the public internet. The list is ours, as the tables of older Pythons know
# less: IANA's registries of special-purpose addresses (RFC 6890; iana-ipv4-special-registry and
# iana-ipv6-special-registry, as of October 2025), and multicast. Left out are the blocks of AS112
# and AMT, which lie in the public internet.
_NOT_PUBLIC_4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this network" (RFC 791 section 3.2)
            "10.0.0.0/8",  # private (RFC 1918)
            "100.64.0.0/10",  # shared behind a provider's NAT (RFC 6598)
            "127.0.0.0/8",  # loopback (RFC 1122 section 3.2.1.3)
            "169.254.0.0/16",  # link-local (RFC 3927), and the metadata of many clouds
            "172.16.0.0/12",  # private (RFC 1918)
            "192.0.0.0/24",  # protocol assignments (RFC 6890 section 2.1)
            "192.0.2.0/24",  # documentation (RFC 5737)
            "192.88.99.0/24",  # former relays of 6to4 (RFC 7526)
            "192.168.0.0/16",  # private (RFC 1918)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "198.51.100.0/24",  # documentation (RFC 5737)
            "203.0.113.0/24",  # documentation (RFC 5737)
            "224.0.0.0/4",  # multicast (RFC 5771)
            "240.0.0.0/4",  # reserved (RFC 1112 section 4), and broadcast
        ),
    )
)
# Nobody has these, wherever one asks from: connecting there could only wait in vain.
_EXAMPLES: Final = tuple(
    ip_network(text)
    for text in (
        "192.0.2.0/24",  # RFC 5737
        "198.51.100.0/24",  # RFC 5737
        "203.0.113.0/24",  # RFC 5737
        "2001:db8::/32",  # RFC 3849
        "3fff::/20",  # RFC 9637
    )
)
_NOT_PUBLIC_6: Final = tuple(  # of 2000::/3
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments (RFC 2928): Teredo, benchmarks, ORCHID and others
            "2001:db8::/32",  # documentation (RFC 3849)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)


class AddressFault(Enum):
    """Why a name has no address that may be connected to."""

    NO_ADDRESS = auto()  # an answer says that the name has none
    PRIVATE = auto()  # it has only addresses that are not connected to
    NO_ANSWER = auto()  # the DNS did not answer


async def find_addresses(
    ask: Ask, name: dns.name.Name, *, allow_private: bool, allowed: Container[str] = ()
) -> tuple[str, ...] | AddressFault:
    """Return the addresses of a name that may be connected to, four at most, IPv4 first.

    Those are the public ones, the private ones where they are allowed, and those in `allowed`.
    Connect to these addresses; another look-up of the name could return different ones.
    """
    answers = await asyncio.gather(*(ask(name, t) for t in (RdataType.A, RdataType.AAAA)))
    found = [address for answer in answers for address in answer.addresses()]
    if not found:
        failed = any(answer.failed for answer in answers)
        return AddressFault.NO_ANSWER if failed else AddressFault.NO_ADDRESS
    may_reach = is_of_somebody if allow_private else is_public
    reached = tuple(address for address in found if address in allowed or may_reach(address))
    return reached[:_MOST_ADDRESSES] or AddressFault.PRIVATE


def is_of_somebody(text: str) -> bool:
    """Whether an address can be one of a host at all: those for documentation are nobody's."""
    address = ip_address(text)
    return not any(address in network for network in _EXAMPLES)


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet; one that holds another counts as that.

    Those that hold another are IPv4-mapped ones, and those of NAT64 and of 6to4.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    inner = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(str(inner))
    return address in _UNICAST and not any(address in network for network in _NOT_PUBLIC_6)
