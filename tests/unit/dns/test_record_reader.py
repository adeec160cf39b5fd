"""Names and records of messages: read or refused as dnspython does, field by field."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dns.owner_name import name_of
from bot.dns.record_reader import read_name, read_rdata
from examples import examples
from slow_reading import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator

IN = dns.rdataclass.IN
# Each type that is read here, in a sound form; names end in a pointer to `AT_COW`, or in full.
BEFORE = b"\0" * 12 + b"\x06friend\x07example\0\x03cow\xc0\x13"
AT_COW = b"\xc0\x1b"
HOST = b"\x03mx1" + AT_COW
SOUND = {
    "A": b"\xc0\0\x02\x01",
    "AAAA": b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\x25",
    "TXT": b"\x0bv=spf1 -all\0\x01x",
    "SPF": b"\x0bv=spf1 -all",
    "CNAME": HOST,
    "NS": HOST,
    "PTR": b"\x03MX1\x03cow\0",
    "MX": b"\0\x0a" + HOST,
    "SRV": b"\0\x01\0\x02\x01\xbb" + HOST,
    "SOA": HOST + b"\x0ahostmaster" + AT_COW + b"".join(n.to_bytes(4, "big") for n in range(5)),
    "RRSIG": b"\0\x10\x08\x02" + bytes(12) + b"\0\x07\x03COW\0signature",
    # Left to dnspython: types that are seldom met, and those that nobody knows.
    "CAA": b"\0\x05issueca.example",
    "TLSA": b"\x03\x01\x01" + b"\x25" * 32,
    "DS": b"\0\x07\x08\x02" + b"\x25" * 32,
    "DNAME": b"\x03cow\0",
    "TYPE65280": b"\x01\x02",
}

octets = st.integers(0, 255)
# Octets that names are made of, so that many of the random ones are names or nearly so.
pieces = st.one_of(
    st.binary(min_size=1, max_size=3).map(lambda label: bytes([len(label)]) + label),
    st.integers(0, 80).map(lambda target: b"\xc0" + bytes([target])),
    st.just(b"\0"),
    st.binary(max_size=2),
    st.just(b"\x3f" + b"x" * 63),
)


def read_here(rdtype: int, data: bytes, at: int, end: int) -> dns.rdata.Rdata | None:
    try:
        return read_rdata(rdtype, data, at, end)
    except dns.exception.FormError:
        return None


def read_there(rdtype: int, data: bytes, at: int, end: int) -> dns.rdata.Rdata | None:
    parser = dns.wire.Parser(data, at)
    try:
        with parser.restrict_to(end - at):
            return dns.rdata.from_wire_parser(IN, dns.rdatatype.RdataType(rdtype), parser)
    except dns.exception.DNSException:
        return None


def assert_same(rdtype: int, data: bytes, at: int, end: int) -> None:
    here = read_here(rdtype, data, at, end)
    there = read_there(rdtype, data, at, end)
    assert type(here) is type(there)
    if here is not None and there is not None:
        assert fields_of(here) == fields_of(there)
        assert here == there
        assert here.to_text() == there.to_text()


def every_change(data: bytes) -> Iterator[bytes]:
    """Yield the data with each octet replaced, left out or doubled."""
    for place in range(len(data)):
        for value in (0, 1, 2, 63, 64, 0x80, 0xC0, 0xFF, data[place] ^ 0x20, data[place] ^ 1):
            yield data[:place] + bytes([value]) + data[place + 1 :]
        yield data[:place] + data[place + 1 :]
        yield data[:place] + data[place:][:1] + data[place:]
        yield data[:place]


@pytest.mark.parametrize("rdtype", SOUND)
def test_sound_records_are_read_with_all_their_fields(rdtype: str) -> None:
    number = dns.rdatatype.from_text(rdtype)
    data = BEFORE + SOUND[rdtype] + b"rest"
    end = len(data) - len(b"rest")
    assert read_here(number, data, len(BEFORE), end) is not None
    assert_same(number, data, len(BEFORE), end)


@pytest.mark.parametrize("rdtype", SOUND)
def test_records_that_are_changed_somewhere_are_read_or_refused_as_dnspython_does(
    rdtype: str,
) -> None:
    number = dns.rdatatype.from_text(rdtype)
    for changed in every_change(SOUND[rdtype]):
        data = BEFORE + changed
        assert_same(number, data, len(BEFORE), len(data))
        assert_same(number, data + b"\0\0\0", len(BEFORE), len(data))


@examples(20)
@given(st.lists(pieces, max_size=12).map(b"".join), st.sampled_from([*SOUND]), st.data())
def test_random_records_are_read_or_refused_as_dnspython_does(
    noise: bytes, rdtype: str, draw: st.DataObject
) -> None:
    data = BEFORE + noise
    at = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(at, len(data)))
    assert_same(dns.rdatatype.from_text(rdtype), data, at, end)


@examples(20)
@given(st.lists(pieces, min_size=1, max_size=30).map(b"".join), st.data())
def test_random_names_are_read_or_refused_as_dnspython_does(
    data: bytes, draw: st.DataObject
) -> None:
    at = draw.draw(st.integers(0, len(data)))
    parser = dns.wire.Parser(data, at)
    try:
        expected = dns.name.from_wire_parser(parser).labels, parser.current
    except dns.exception.DNSException:
        expected = None
    try:
        name, end = read_name(data, at, len(data))
    except dns.exception.FormError:
        assert expected is None
    else:
        assert (name_of(name).labels, end) == expected


@given(st.lists(st.sampled_from([b"\0\0", b"\0\1", b"\xff\xff"]), min_size=8, max_size=8))
def test_ipv6_addresses_are_written_as_dnspython_writes_them(groups: list[bytes]) -> None:
    data = b"".join(groups)
    assert_same(dns.rdatatype.AAAA, data, 0, 16)


@pytest.mark.parametrize("length", range(248, 260))
def test_names_of_more_than_255_octets_are_refused(length: int) -> None:
    first = b"" if length % 2 else b"\x02aa"
    rest = b"\x01b" * ((length - len(first) - 1) // 2) + b"\0"
    folded = rest + first + b"\x01b" * 3 + b"\xc0\x06"
    for data, at in ((first + rest, 0), (folded, len(rest))):
        if length > 255:
            with pytest.raises(dns.exception.FormError):
                read_name(data, at, len(data))
        else:
            assert read_name(data, at, len(data)) == (first + rest, len(data))
        assert (length > 255) is (read_there(dns.rdatatype.NS, data, at, len(data)) is None)


@pytest.mark.parametrize("hops", range(1, 20))
def test_no_more_pointers_than_dnspython_follows_are_followed(hops: int) -> None:
    data = bytearray(b"\x01a\0")
    last = 0
    for _ in range(hops):
        here = len(data)
        data += bytes([0xC0, last])
        last = here
    try:
        expected = dns.name.from_wire(bytes(data), last)[0].labels
    except dns.exception.FormError:
        expected = None
    assert (expected is None) is (hops > 16)
    try:
        assert name_of(read_name(bytes(data), last, len(data))[0]).labels == expected
    except dns.exception.FormError:
        assert expected is None


@pytest.mark.parametrize("target", range(6))
def test_pointer_to_itself_or_forward_is_refused(target: int) -> None:
    data = b"\xc0" + bytes([target]) + b"\x01a\0\0"
    with pytest.raises(dns.exception.FormError):
        read_name(data, 0, len(data))


def test_name_of_octets_without_end_is_not_followed_to_the_end() -> None:
    data = b"\x01a" * 32_000 + b"\xc0\0"
    started = time.process_time()
    for _ in range(1000):
        with pytest.raises(dns.exception.FormError):
            read_name(data, 0, len(data))
    assert time.process_time() - started < 1  # some 10 ms where 255 octets are looked at
