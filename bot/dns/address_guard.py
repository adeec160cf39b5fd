"""Which addresses of a name found in a zone may be connected to."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from dns.rdatatype import RdataType

if TYPE_CHECKING:
    import dns.name

    from bot.dns.answer import Ask

NAME_DIFFERS: Final = 62  # X509_V_ERR_HOSTNAME_MISMATCH of OpenSSL: a certificate for other names
_MOST_ADDRESSES = 4  # of a name, tried in turn

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last four octets are an IPv4 address


class AddressFault(Enum):
    """Why a name has no address that may be connected to."""

    NO_ADDRESS = auto()  # an answer says that the name has none
    PRIVATE = auto()  # it has only addresses that are not connected to
    NO_ANSWER = auto()  # the DNS did not answer


async def find_addresses(
    ask: Ask, name: dns.name.Name, *, allow_private: bool
) -> tuple[str, ...] | AddressFault:
    """Return the addresses of a name that may be connected to, four at most, IPv4 first.

    Connect to these addresses; another look-up of the name could return different ones.
    """
    answers = await asyncio.gather(*(ask(name, t) for t in (RdataType.A, RdataType.AAAA)))
    found = [str(getattr(r, "address", "")) for answer in answers for r in answer.rdatas]
    if not found:
        failed = any(answer.failed for answer in answers)
        return AddressFault.NO_ANSWER if failed else AddressFault.NO_ADDRESS
    allowed = tuple(address for address in found if allow_private or is_public(address))
    return allowed[:_MOST_ADDRESSES] or AddressFault.PRIVATE


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet; one that holds another counts as that."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast
