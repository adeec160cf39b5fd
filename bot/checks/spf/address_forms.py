"""The forms in which people write addresses and networks, made into those that SPF knows."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.checks.spf.term_faults import TermFaultKind
from bot.checks.spf.terms import address_term, family_of
from bot.dns.spf_grammar import is_valid_term

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_OF_RANGE: Final = 8  # networks that a range may come to; with more it is not listed

_LONGEST = 100  # characters; two IPv6 addresses take 79
_WILDCARD = re.compile(r"((?:\d{1,3}\.){1,3})((?:\*|x)(?:\.(?:\*|x))*)", re.IGNORECASE)
_SHORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})\.?/(\d{1,2})")
_RANGE = re.compile(r"([0-9a-f.:]+)-([0-9a-f.:]+)", re.IGNORECASE)


class AddressForm(NamedTuple):
    """The terms that an address or network comes to, and what is unusual in its form.

    There are no terms where it is known what was meant, but takes more than may be listed.
    """

    terms: tuple[str, ...]
    what: TermFaultKind | None = None


def read_addresses(text: str) -> AddressForm | None:
    """Return what an address or network stands for; None for anything else.

    A mask becomes a prefix length, `192.0.2.*` a network, and a range the fewest networks that
    hold just its addresses.
    """
    if len(text) > _LONGEST:
        return None
    if family_of(text):
        term = address_term(text)
        if is_valid_term(term):
            return AddressForm((term,))
        network = ipaddress.ip_network(text, strict=False)
        return AddressForm((address_term(str(network)),), TermFaultKind.NETMASK)
    if wildcard := _WILDCARD.fullmatch(text):
        octets = wildcard[1].rstrip(".").split(".")
        stars = wildcard[2].count(".") + 1
        if len(octets) + stars == 4:
            return _padded(octets, 8 * len(octets), TermFaultKind.WILDCARD)
        return None
    if short := _SHORT.fullmatch(text):
        octets, length = short[1].split("."), int(short[2])
        # With a longer prefix, the octets that are not there would matter.
        fits = length <= 8 * len(octets)
        return _padded(octets, length, TermFaultKind.BAD_ADDRESS) if fits else None
    if written := _RANGE.fullmatch(text):
        return _range(written[1], written[2])
    return None


def is_numeric(name: str) -> bool:
    """Whether a name can be no host's: its last label has no letter, as only addresses have it.

    No top-level domain is like that (RFC 3696 section 2).
    """
    host = name.partition("/")[0].rstrip(".")
    last = host.rpartition(".")[2]
    return not any(c.isalpha() for c in last) or bool(_WILDCARD.fullmatch(host[:_LONGEST]))


def _padded(octets: list[str], length: int, what: TermFaultKind) -> AddressForm | None:
    address = ".".join([*octets, "0", "0", "0"][:4])
    text = f"{address}/{length}"
    return AddressForm((address_term(text),), what) if family_of(text) else None


def _range(first: str, last: str) -> AddressForm | None:
    """Return the networks of a range; of the last address only the last octet may be written."""
    if last.isdigit():
        last = f"{first.rpartition('.')[0]}.{last}"
    try:
        ends = ipaddress.ip_address(first), ipaddress.ip_address(last)
        networks = _some_of(ipaddress.summarize_address_range(*ends))
    except (TypeError, ValueError):  # no addresses, of two families, or the wrong way round
        return None
    return AddressForm(tuple(address_term(network) for network in networks), TermFaultKind.RANGE)


def _some_of(
    networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> tuple[str, ...]:
    """Return the networks, none where they are more than may be listed."""
    listed = list[str]()
    for network in networks:
        if len(listed) == MOST_OF_RANGE:
            return ()
        listed.append(str(network).removesuffix("/32").removesuffix("/128"))
    return tuple(listed)
