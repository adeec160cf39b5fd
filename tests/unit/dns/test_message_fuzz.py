"""Replies bent in every way: none raises, is taken for another question's, or hangs the reader."""

from __future__ import annotations

from itertools import pairwise

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from bot.dns.answer import Answer, Outcome, Question
from bot.dns.message import MAX_REASON, Query
from bot.dns.parsed_reply import MAX_CHAIN, read_answer
from examples import examples

TYPES = ("A", "AAAA", "MX", "TXT", "SPF", "CNAME", "NS", "SOA", "SRV", "TLSA", "CAA", "PTR")
NAMES = (
    "friend.example.",
    "www.friend.example.",
    "cow.example.",
    "mx1.cow.example.",
    "_dmarc.friend.example.",
    "a.b.c.d.e.friend.example.",
    "xn--mller-kva.example.",
)
HEADER = 12

names = st.sampled_from(NAMES)
numbers = st.integers(0, 65535)
octets = st.integers(0, 255)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
strings = st.lists(st.binary(max_size=255), min_size=1, max_size=4)


def quoted(parts: list[bytes]) -> str:
    return " ".join('"' + "".join(f"\\{b:03}" for b in part) + '"' for part in parts)


RDATA = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "MX": st.builds("{} {}".format, numbers, names),
    "TXT": strings.map(quoted),
    "SPF": strings.map(quoted),
    "CNAME": names,
    "NS": names,
    "SOA": st.builds("{} {} {} 2 3 4 {}".format, names, names, numbers, numbers),
    "SRV": st.builds("{} {} {} {}".format, numbers, numbers, numbers, names),
    "TLSA": st.builds(
        "3 {} 1 {}".format, octets, st.binary(min_size=32, max_size=32).map(bytes.hex)
    ),
    "CAA": st.builds('{} issue "{}"'.format, octets, names),
    "PTR": names,
}


@st.composite
def rrsets(draw: st.DrawFn, owner: str, rdtype: str) -> dns.rrset.RRset:
    several = 1 if rdtype in ("CNAME", "SOA") else 5
    texts = draw(st.lists(RDATA[rdtype], min_size=1, max_size=several))
    return dns.rrset.from_text(owner, draw(st.integers(0, 2**31 - 1)), "IN", rdtype, *texts)


@st.composite
def replies(draw: st.DrawFn) -> tuple[Question, dns.message.QueryMessage]:
    """A sound reply: a chain of up to three aliases, then records or a denial."""
    rdtype = draw(st.sampled_from(TYPES))
    chain = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    if rdtype == "CNAME":
        del chain[1:]
    question = Question.of(chain[0], rdtype)
    query = dns.message.make_query(chain[0], rdtype, use_edns=0, payload=1232, id=draw(numbers))
    message = dns.message.make_response(query)
    assert isinstance(message, dns.message.QueryMessage)
    for owner, target in pairwise(chain):
        ttl = draw(st.integers(0, 100_000))
        message.answer.append(dns.rrset.from_text(owner, ttl, "IN", "CNAME", target))
    if draw(st.booleans()):
        message.answer.append(draw(rrsets(chain[-1], rdtype)))
    else:
        message.authority.append(draw(rrsets(draw(st.sampled_from((".", "example."))), "SOA")))
        if draw(st.booleans()):
            message.set_rcode(dns.rcode.NXDOMAIN)
    message.answer.reverse()
    message.additional.append(draw(rrsets("mx1.cow.example.", "A")))
    if draw(st.booleans()):
        text = draw(st.text(max_size=300))
        message.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.OTHER, text or None)])
    return question, message


def read(question: Question, data: bytes) -> Answer | None:
    query = Query(question)
    reply = query.read(data) if query.is_answered_by(data) else None
    return None if reply is None else read_answer(question, reply, "192.0.2.1:53").answer


def assert_sound(question: Question, answer: Answer) -> None:
    assert answer.question is question
    assert answer.found == bool(answer.rdatas)
    assert all(rdata.rdtype == question.rdtype for rdata in answer.rdatas)
    assert len(answer.chain) <= MAX_CHAIN
    assert answer.ttl is None or 0 <= answer.ttl < 2**31
    assert all(len(error.text) <= MAX_REASON for error in answer.extended)
    assert not answer.alias_loop or answer.outcome is Outcome.SERVFAIL


@given(replies())
def test_sound_replies_are_read_as_dnspython_reads_them(
    case: tuple[Question, dns.message.QueryMessage],
) -> None:
    question, message = case
    data = message.to_wire(max_size=65535)
    reference = dns.message.from_wire(data)
    assert isinstance(reference, dns.message.QueryMessage)
    answer = read(question, data)
    assert answer is not None
    assert_sound(question, answer)
    result = reference.resolve_chaining()
    targets = tuple(cname[0].target for cname in result.cnames)
    assert answer.chain == targets
    assert answer.ttl == result.minimum_ttl
    if result.answer is not None:
        assert answer.outcome is Outcome.RECORDS
        assert set(answer.rdatas) == set(result.answer)
        assert len(answer.rdatas) == len(result.answer)
    else:
        missing = reference.rcode() == dns.rcode.NXDOMAIN
        assert answer.outcome is (Outcome.NXDOMAIN if missing else Outcome.NODATA)
        assert answer.zone == reference.authority[0].name
    errors = [o for o in reference.options if isinstance(o, dns.edns.EDEOption)]
    assert [e.code for e in answer.extended] == [int(e.code) for e in errors]


@st.composite
def bends(draw: st.DrawFn, data: bytes) -> bytes:
    """Return the bytes with bits turned, octets replaced, parts cut out, doubled or swapped."""
    bent = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, max(0, len(bent) - 1)))
        match draw(st.integers(0, 6)):
            case 0 if bent:
                bent[place] ^= 1 << draw(st.integers(0, 7))
            case 1 if bent:
                bent[place] = draw(octets)
            case 2:
                del bent[place:]
            case 3:
                del bent[place : place + draw(st.integers(1, 8))]
            case 4:
                bent[place:place] = draw(st.binary(max_size=16))
            case 5:
                # A compression pointer to anywhere: itself, forward, into the header.
                target = draw(st.integers(0, len(bent) + 4))
                bent[place : place + 2] = (0xC000 | target).to_bytes(2, "big")
            case _:
                bent[place:place] = bent[place : place + 40]
    return bytes(bent)


@examples(2)
@given(st.data())
def test_bent_replies_are_sound_answers_or_none_at_all(data: st.DataObject) -> None:
    question, message = data.draw(replies())
    wire = data.draw(bends(message.to_wire(max_size=65535)))
    answer = read(question, wire)
    if answer is not None:
        assert_sound(question, answer)


@given(st.data())
def test_what_dnspython_cannot_read_is_no_answer(data: st.DataObject) -> None:
    question, message = data.draw(replies())
    message.additional.clear()  # where only the frame of each record is looked at
    message.use_edns(-1)
    wire = data.draw(bends(message.to_wire(max_size=65535)))
    try:
        reference = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        reference = None
    answer = read(question, wire)
    if reference is None and len(wire) > 2 and not wire[2] & 0x02 and wire[10:12] == b"\0\0":
        assert answer is None


@given(st.binary(max_size=600), numbers)
def test_random_bytes_below_a_good_question_never_raise(noise: bytes, counts: int) -> None:
    question = Question.of("friend.example", "MX")
    sections = bytes([0, counts & 3, 0, counts >> 2 & 3, 0, counts >> 4 & 3])
    message = Query(question).message(1, edns=False)
    wire = message[:2] + b"\x80\x00\x00\x01" + sections + message[HEADER:] + noise
    answer = read(question, wire)
    if answer is not None:
        assert_sound(question, answer)


@given(replies(), names, st.sampled_from(TYPES))
def test_reply_is_never_taken_for_another_questions(
    case: tuple[Question, dns.message.QueryMessage], name: str, rdtype: str
) -> None:
    question, message = case
    other = Question.of(name, rdtype)
    assert (read(other, message.to_wire(max_size=65535)) is not None) == (other == question)


def test_names_folded_deeply_into_each_other_are_not_followed() -> None:
    question = Question.of("friend.example", "A")
    wire = bytearray(Query(question).message(1, edns=False))
    wire[2] = 0x80
    record = b"\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x7f\x00\x00\x01"
    start = len(wire)
    wire += b"\x01a" * 120 + b"\x00" + record
    last = start
    for _ in range(500):
        here = len(wire)
        wire += (0xC000 | last).to_bytes(2, "big") + record
        last = here if here < 0x3FFF else last
    wire[6:8] = (501).to_bytes(2, "big")
    assert read(question, bytes(wire)) is None
