"""Reads names and records out of messages: the types that checks look at, the others by dnspython.

What comes out are dnspython's own records, field by field those that it would have read, and what
it refuses is refused here. It reads one by one what may be read at once, and makes each of a dozen
checks anew for each field; that is most of what a reply costs.
"""

from __future__ import annotations

import struct
from socket import AF_INET6, inet_ntoa, inet_ntop
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire
from dns.dnssectypes import Algorithm
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.ANY.SOA import SOA
from dns.rdtypes.ANY.SPF import SPF
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA
from dns.rdtypes.IN.SRV import SRV

from bot.dns.owner_name import LONGEST_NAME, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_POINTERS: Final = 16  # followed in one name, one after the other; dnspython follows as many
_IN = dns.rdataclass.IN
_KNOWN = frozenset(RdataType)
_FIELDS_OF_SOA: Final = ("mname", "rname", "serial", "refresh", "retry", "expire", "minimum")
_FIELDS_OF_RRSIG: Final = (
    "type_covered",
    "algorithm",
    "labels",
    "original_ttl",
    "expiration",
    "inception",
    "key_tag",
    "signer",
    "signature",
)
_HEAD_OF_RRSIG = struct.Struct("!HBBIIIH")
_NUMBERS_OF_SOA = struct.Struct("!IIIII")
_NUMBERS_OF_SRV = struct.Struct("!HHH")
_set = object.__setattr__  # a record of dnspython is frozen once it is made


def read_name(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """Return the octets of the name at a place, in the case they have there, and where it ends.

    It lies before `end`. Compression pointers are followed (RFC 1035 section 4.1.4): each has to
    lead to before the labels that it stands behind, and what is there has to end before them.

    Raises dns.exception.FormError.
    """
    name = b""
    behind = 0  # the first pointer
    for _ in range(_MOST_POINTERS + 1):
        start = at
        limit = min(end, at + LONGEST_NAME - len(name))
        size = 64
        while at < limit and 0 < (size := data[at]) < 64:
            at += size + 1
        if at >= limit:
            break
        name += data[start:at]
        if not size:
            return name + b"\0", behind or at + 1
        if size < 192 or at + 1 >= end:
            break
        behind = behind or at + 2
        end, at = start, (size & 0x3F) << 8 | data[at + 1]
        if at >= end:
            break
    raise dns.exception.FormError


def read_rdata(rdtype: int, data: bytes, at: int, end: int) -> dns.rdata.Rdata:
    """Return the data between two places in a message as a record of this type, in class IN.

    Raises dns.exception.FormError where the data is not of the type.
    """
    form = _FORMS.get(rdtype)
    if form is None:
        return _read_rare(RdataType(rdtype), data, at, end)
    rdata = form.kind.__new__(form.kind)
    _set(rdata, "rdclass", _IN)
    _set(rdata, "rdtype", form.rdtype)
    _set(rdata, "rdcomment", None)
    for field, value in zip(form.fields, form.read(data, at, end), strict=True):
        _set(rdata, field, value)
    return rdata


def _read_rare(rdtype: RdataType, data: bytes, at: int, end: int) -> dns.rdata.Rdata:
    if rdtype not in _KNOWN:
        # dnspython would look for a module for each, and remember for ever that there is none.
        return dns.rdata.GenericRdata(_IN, rdtype, data[at:end])
    parser = dns.wire.Parser(data, at)
    with parser.restrict_to(end - at):
        return dns.rdata.from_wire_parser(_IN, rdtype, parser)


def read_minimum(data: bytes, at: int, end: int) -> int:
    """Return the last number of an SOA record's data (RFC 2308 section 4), in seconds.

    Of a negative answer's SOA nobody reads more. Raises dns.exception.FormError as above.
    """
    _, _, at = _read_names_of_soa(data, at, end)
    minimum: int = _NUMBERS_OF_SOA.unpack_from(data, at)[-1]
    return minimum


class _Form(NamedTuple):
    """A type of records: dnspython's class, its fields, and what reads their values."""

    kind: type[dns.rdata.Rdata]
    rdtype: RdataType
    fields: tuple[str, ...]
    read: Callable[[bytes, int, int], tuple[Any, ...]]


def _read_ipv4(data: bytes, at: int, end: int) -> tuple[str]:
    if end - at != 4:
        raise dns.exception.FormError
    return (inet_ntoa(data[at:end]),)


def _read_ipv6(data: bytes, at: int, end: int) -> tuple[str]:
    if end - at != 16:
        raise dns.exception.FormError
    return (inet_ntop(AF_INET6, data[at:end]),)


def _read_strings(data: bytes, at: int, end: int) -> tuple[tuple[bytes, ...]]:
    strings = []
    while at < end:
        start = at + 1
        at = start + data[at]
        strings.append(data[start:at])
    if at != end or not strings:
        raise dns.exception.FormError
    return (tuple(strings),)


def _read_target(data: bytes, at: int, end: int) -> tuple[dns.name.Name]:
    name, at = read_name(data, at, end)
    if at != end:
        raise dns.exception.FormError
    return (name_of(name),)


def _read_mx(data: bytes, at: int, end: int) -> tuple[int, dns.name.Name]:
    if end - at < 2:
        raise dns.exception.FormError
    return data[at] << 8 | data[at + 1], *_read_target(data, at + 2, end)


def _read_srv(data: bytes, at: int, end: int) -> tuple[int, int, int, dns.name.Name]:
    if end - at < 6:
        raise dns.exception.FormError
    return *_NUMBERS_OF_SRV.unpack_from(data, at), *_read_target(data, at + 6, end)


def _read_soa(data: bytes, at: int, end: int) -> tuple[Any, ...]:
    server, mailbox, at = _read_names_of_soa(data, at, end)
    return name_of(server), name_of(mailbox), *_NUMBERS_OF_SOA.unpack_from(data, at)


def _read_names_of_soa(data: bytes, at: int, end: int) -> tuple[bytes, bytes, int]:
    server, at = read_name(data, at, end)
    mailbox, at = read_name(data, at, end)
    if end - at != _NUMBERS_OF_SOA.size:
        raise dns.exception.FormError
    return server, mailbox, at


def _read_rrsig(data: bytes, at: int, end: int) -> tuple[Any, ...]:
    begin = at + _HEAD_OF_RRSIG.size
    if begin > end:
        raise dns.exception.FormError
    covered, algorithm, *numbers = _HEAD_OF_RRSIG.unpack_from(data, at)
    signer, at = read_name(data, begin, end)
    if at - begin != len(signer):
        raise dns.exception.FormError  # compressed, which RFC 4034 section 3.1.7 forbids
    return RdataType(covered), Algorithm(algorithm), *numbers, name_of(signer), data[at:end]


_FORMS: Final[dict[int, _Form]] = {
    form.rdtype: form
    for form in (
        _Form(A, RdataType.A, ("address",), _read_ipv4),
        _Form(AAAA, RdataType.AAAA, ("address",), _read_ipv6),
        _Form(TXT, RdataType.TXT, ("strings",), _read_strings),
        _Form(SPF, RdataType.SPF, ("strings",), _read_strings),
        _Form(CNAME, RdataType.CNAME, ("target",), _read_target),
        _Form(NS, RdataType.NS, ("target",), _read_target),
        _Form(PTR, RdataType.PTR, ("target",), _read_target),
        _Form(MX, RdataType.MX, ("preference", "exchange"), _read_mx),
        _Form(SRV, RdataType.SRV, ("priority", "weight", "port", "target"), _read_srv),
        _Form(SOA, RdataType.SOA, _FIELDS_OF_SOA, _read_soa),
        _Form(RRSIG, RdataType.RRSIG, _FIELDS_OF_RRSIG, _read_rrsig),
    )
}
