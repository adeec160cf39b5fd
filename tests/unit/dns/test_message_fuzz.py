"""Replies bent in every way: none raises, is taken for another question's, or hangs the reader."""

from __future__ import annotations

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
from bot.dns.message import Query
from bot.dns.owner_name import name_of
from bot.dns.parsed_reply import MAX_CHAIN, read_answer
from bot.dns.sections import MAX_REASON
from examples import examples
from reply_strategies import TYPES, bends, names, numbers, replies, rrsets
from slow_reading import Reading, owner_labels, read_slowly, spell

HEADER = 12


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


def assert_read_alike(question: Question, data: bytes) -> None:
    """Whoever reads it, the records are the same, or the message is refused."""
    query = Query(question)
    if not query.is_answered_by(data) or data[2] & 2:
        return
    reply = query.read(data)
    if reply is None:
        assert read_slowly(question, data) is None
    elif not reply.too_many:
        answer, servers = map(spell, reply.answer), map(spell, reply.servers)
        denials = [(owner_labels(name_of(zone)), ttl) for zone, ttl in reply.denials]
        errors = [error.code for error in reply.extended]
        reading = Reading(list(answer), denials, list(servers), reply.rcode, errors)
        assert reading == read_slowly(question, data)


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


@examples(2)
@given(st.data())
def test_bent_replies_are_sound_answers_or_none_at_all(data: st.DataObject) -> None:
    question, message = data.draw(replies())
    wire = data.draw(bends(message.to_wire(max_size=65535)))
    answer = read(question, wire)
    if answer is not None:
        assert_sound(question, answer)


@examples(5)
@given(st.data())
def test_bent_replies_are_read_or_refused_as_by_dnspythons_readers(data: st.DataObject) -> None:
    question, message = data.draw(replies())
    if data.draw(st.booleans()):
        message.authority.append(data.draw(rrsets("friend.example.", "NS")))
        message.flags ^= data.draw(st.sampled_from([dns.flags.AA, dns.flags.RA, 0]))
    wire = message.to_wire(max_size=65535)
    if data.draw(st.booleans()):
        wire = data.draw(bends(wire))
    assert_read_alike(question, wire)


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
