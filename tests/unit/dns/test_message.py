"""Questions in wire form, and what replies to them come to."""

from __future__ import annotations

import struct
from itertools import pairwise

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import pytest

from bot.dns.answer import Answer, ExtendedError, Outcome, Question
from bot.dns.message import MAX_RECORDS, Query
from bot.dns.parsed_reply import MAX_CHAIN, ParsedReply, join, read_answer
from bot.dns.sections import MAX_REASON

SOA = "ns1.cow.example. hostmaster.cow.example. 1 7200 3600 1209600 300"


def rrset(owner: str, rdtype: str, *rdatas: str, ttl: int = 3600) -> dns.rrset.RRset:
    return dns.rrset.from_text(owner, ttl, "IN", rdtype, *rdatas)


def respond(
    query: Query,
    *answer: dns.rrset.RRset,
    authority: tuple[dns.rrset.RRset, ...] = (),
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    flags: dns.flags.Flag = dns.flags.AA,
    options: tuple[dns.edns.Option, ...] = (),
) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(query.message(7)))
    message.use_edns(0, payload=1232, options=list(options))
    message.answer.extend(answer)
    message.authority.extend(authority)
    message.flags |= flags
    message.set_rcode(rcode)
    return message.to_wire()


def read(query: Query, data: bytes) -> ParsedReply:
    assert query.is_answered_by(data)
    reply = query.read(data)
    assert reply is not None
    return read_answer(query.question, reply, "192.0.2.1:53")


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


@pytest.fixture
def query() -> Query:
    return Query(Question.of("friend.example", "TXT"))


def test_question_goes_out_with_rd_ad_and_edns_1232(query: Query) -> None:
    message = dns.message.from_wire(query.message(4711))
    assert message.id == 4711
    assert message.flags == dns.flags.RD | dns.flags.AD
    assert (message.edns, message.payload, message.ednsflags) == (0, 1232, 0)
    assert message.question == [dns.rrset.from_text("friend.example.", 0, "IN", "TXT")]


def test_question_without_edns_has_no_additional_record(query: Query) -> None:
    assert dns.message.from_wire(query.message(1, edns=False)).edns == -1


def test_reply_repeats_the_question_in_any_case(query: Query) -> None:
    data = respond(query)
    assert query.is_answered_by(data)
    assert query.is_answered_by(data.replace(b"friend", b"fRIEND"))


@pytest.mark.parametrize("end", range(32))
def test_short_datagram_answers_nothing(query: Query, end: int) -> None:
    assert not query.is_answered_by(respond(query)[:end])


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [("fiend.example", "TXT"), ("friend.example", "SPF"), ("friend.example.example", "TXT")],
)
def test_reply_to_another_question_answers_nothing(query: Query, name: str, rdtype: str) -> None:
    other = Query(Question.of(name, rdtype))
    assert not query.is_answered_by(respond(other))


def test_type_whose_number_is_a_letter_is_compared_exactly() -> None:
    # 65 (HTTPS) is "A", 97 would be "a".
    data = bytearray(respond(Query(Question.of("friend.example", "TYPE65"))))
    assert Query(Question.of("friend.example", "TYPE65")).is_answered_by(bytes(data))
    assert not Query(Question.of("friend.example", "TYPE97")).is_answered_by(bytes(data))


def test_query_opcode_class_and_question_count_must_fit(query: Query) -> None:
    good = bytearray(respond(query))
    end = 12 + len("friend.example") + 2
    for place, value in ((2, 0x01), (2, 0x80 | dns.opcode.NOTIFY << 3), (5, 0), (5, 2)):
        bad = good.copy()
        bad[place] = value
        assert not query.is_answered_by(bytes(bad))
    good[end + 3] = 3  # class CH
    assert not query.is_answered_by(bytes(good))


def test_only_who_finds_answers_out_is_asked_to_recurse(query: Query) -> None:
    asked = dns.message.from_wire(query.message(1))
    itself = dns.message.from_wire(Query(query.question, recurse=False).message(1))
    assert asked.flags == dns.flags.RD | dns.flags.AD
    assert itself.flags == dns.flags.AD
    assert itself.question == asked.question


def test_whether_a_server_holds_the_zone_is_in_the_answer(query: Query) -> None:
    for flag in (dns.flags.AA, dns.flags.RA):
        message = dns.message.from_wire(respond(query))
        message.flags = dns.flags.QR | flag
        assert read(query, message.to_wire())[0].authoritative is (flag == dns.flags.AA)


def test_records_come_in_canonical_order_each_once(query: Query) -> None:
    first, second = rrset("friend.example.", "TXT", '"b"'), rrset("FRIEND.example.", "TXT", '"a"')
    again = rrset("friend.example.", "TXT", '"b"', ttl=60)
    message = dns.message.from_wire(respond(query))
    for part in (first, second, again):
        message.answer.append(part)
    answer, cut = read(query, message.to_wire())
    assert answer == Answer(
        query.question,
        Outcome.RECORDS,
        (second[0], first[0]),
        ttl=60,
        server="192.0.2.1:53",
        authoritative=True,
    )
    assert answer.texts() == (b"a", b"b")
    assert not cut


def test_records_of_other_names_types_and_classes_are_left_out(query: Query) -> None:
    data = respond(
        query,
        rrset("friend.example.", "SPF", '"spf"'),
        rrset("www.friend.example.", "TXT", '"www"'),
        dns.rrset.from_text("friend.example.", 1, "CH", "TXT", '"chaos"'),
        rrset("friend.example.", "TXT", '"ours"'),
    )
    assert read(query, data).answer.texts() == (b"ours",)


def test_no_data_has_zone_and_negative_ttl(query: Query) -> None:
    for soa_ttl, ttl in ((3600, 300), (120, 120)):
        data = respond(query, authority=(rrset("example.", "SOA", SOA, ttl=soa_ttl),))
        answer = read(query, data).answer
        assert (answer.outcome, answer.ttl, answer.zone) == (Outcome.NODATA, ttl, name("example."))


def test_no_data_without_soa_has_neither_zone_nor_ttl(query: Query) -> None:
    answer, cut = read(query, respond(query))
    assert (answer.outcome, answer.ttl, answer.zone, cut) == (Outcome.NODATA, None, None, False)


def test_no_such_name_is_said_of_the_last_name_of_the_chain(query: Query) -> None:
    data = respond(
        query,
        rrset("friend.example.", "CNAME", "gone.example.", ttl=200),
        authority=(rrset("example.", "SOA", SOA),),
        rcode=dns.rcode.NXDOMAIN,
    )
    answer = read(query, data).answer
    assert answer.outcome is Outcome.NXDOMAIN
    assert answer.chain == (name("gone.example."),)
    assert answer.ttl == 200
    assert answer.zone == name("example.")


def test_chain_is_followed_in_whatever_order_it_comes(query: Query) -> None:
    data = respond(
        query,
        rrset("c.example.", "TXT", '"end"', ttl=900),
        rrset("b.example.", "CNAME", "C.example.", ttl=800),
        rrset("friend.example.", "CNAME", "b.example.", ttl=700),
    )
    answer = read(query, data).answer
    assert answer.texts() == (b"end",)
    assert answer.chain == (name("b.example."), name("c.example."))
    assert answer.ttl == 700


def test_cname_made_of_a_dname_is_followed() -> None:
    query = Query(Question.of("a.friend.example", "TXT"))
    data = respond(
        query,
        rrset("friend.example.", "DNAME", "cow.example."),
        rrset("a.friend.example.", "CNAME", "a.cow.example.", ttl=0),
        rrset("a.cow.example.", "TXT", '"moo"'),
    )
    answer = read(query, data).answer
    assert answer.texts() == (b"moo",)
    assert (answer.chain, answer.ttl) == ((name("a.cow.example."),), 0)
    assert str(answer.dname) == "friend.example."


def test_question_for_an_alias_itself_follows_nothing() -> None:
    query = Query(Question.of("friend.example", "CNAME"))
    data = respond(
        query,
        rrset("friend.example.", "CNAME", "b.example."),
        rrset("b.example.", "CNAME", "c.example."),
    )
    answer = read(query, data).answer
    assert [rdata.to_text() for rdata in answer.rdatas] == ["b.example."]
    assert answer.chain == ()


def test_alias_loop_is_a_failure_that_says_so(query: Query) -> None:
    data = respond(
        query,
        rrset("friend.example.", "CNAME", "b.example."),
        rrset("b.example.", "CNAME", "FRIEND.example."),
    )
    answer, cut = read(query, data)
    assert answer.outcome is Outcome.SERVFAIL
    assert answer.alias_loop
    assert answer.chain == (name("b.example."),)
    assert not cut


def test_endless_chain_is_a_failure(query: Query) -> None:
    names = ["friend.example.", *(f"n{i}.example." for i in range(MAX_CHAIN + 1))]
    links = [rrset(a, "CNAME", b) for a, b in pairwise(names)]
    answer = read(query, respond(query, *links)).answer
    assert answer.outcome is Outcome.SERVFAIL
    assert not answer.alias_loop
    assert len(answer.chain) == MAX_CHAIN


def test_chain_that_the_server_leaves_unfinished_is_cut(query: Query) -> None:
    alias = rrset("friend.example.", "CNAME", "mx1.cow.example.")
    answer, cut = read(query, respond(query, alias))
    assert cut
    assert answer.chain == (name("mx1.cow.example."),)
    # A server that adds the SOA of the zone where the chain began has not denied the target.
    soa = rrset("friend.example.", "SOA", SOA)
    assert read(query, respond(query, alias, authority=(soa,))).cut
    soa = rrset("cow.example.", "SOA", SOA)
    answer, cut = read(query, respond(query, alias, authority=(soa,)))
    assert (answer.outcome, cut) == (Outcome.NODATA, False)


def test_referral_is_no_denial(query: Query) -> None:
    ns = (rrset("example.", "NS", "ns1.cow.example."),)
    lame = respond(query, authority=ns, flags=dns.flags.QR)
    assert read(query, lame).answer.outcome is Outcome.REFUSED
    for flags in (dns.flags.AA, dns.flags.RA):
        data = respond(query, authority=ns, flags=flags)
        assert read(query, data).answer.outcome is Outcome.NODATA


@pytest.mark.parametrize(
    ("rcode", "outcome"),
    [
        (dns.rcode.SERVFAIL, Outcome.SERVFAIL),
        (dns.rcode.REFUSED, Outcome.REFUSED),
        (dns.rcode.NOTAUTH, Outcome.REFUSED),
        (dns.rcode.FORMERR, Outcome.SERVFAIL),
        (dns.rcode.YXDOMAIN, Outcome.SERVFAIL),
        (dns.rcode.BADVERS, Outcome.SERVFAIL),
        (dns.rcode.BADCOOKIE, Outcome.SERVFAIL),
    ],
)
def test_error_codes_never_say_that_something_is_missing(
    query: Query, rcode: dns.rcode.Rcode, outcome: Outcome
) -> None:
    answer = read(query, respond(query, rcode=rcode)).answer
    assert answer.outcome is outcome
    assert answer.failed


def test_ad_flag_is_kept(query: Query) -> None:
    assert read(query, respond(query, flags=dns.flags.AD)).answer.authenticated
    assert not read(query, respond(query)).answer.authenticated


def test_extended_errors_are_kept_with_bounded_text(query: Query) -> None:
    options = (
        dns.edns.EDEOption(dns.edns.EDECode.DNSKEY_MISSING, "no SEP matching the DS"),
        dns.edns.GenericOption(dns.edns.OptionType.COOKIE, b"cookie!!"),
        dns.edns.GenericOption(dns.edns.OptionType.EDE, b"\x00\x16" + b"\xff\x1b" + b"x" * 800),
    )
    answer = read(query, respond(query, rcode=dns.rcode.SERVFAIL, options=options)).answer
    first, second = answer.extended
    assert first == ExtendedError(9, "no SEP matching the DS")
    assert second.code == 22
    assert second.text.startswith("\ufffd\x1bxxx")
    assert len(second.text) == MAX_REASON
    assert answer.names_dnssec


def test_truncated_reply_is_known_without_looking_into_it(query: Query) -> None:
    data = bytearray(respond(query, rrset("friend.example.", "TXT", '"cut"')))
    data[2] |= 0x02
    reply = query.read(bytes(data[:40]))
    assert reply is not None
    assert reply.truncated


def test_malformed_replies_are_none(query: Query) -> None:
    good = respond(query, rrset("friend.example.", "TXT", '"v=spf1 -all"'))
    end = 12 + len("friend.example") + 2 + 4
    assert query.read(good) is not None
    assert query.read(good + b"\0") is None
    for stop in range(end, len(good)):
        assert query.read(good[:stop]) is None
    to_itself = bytearray(good)
    to_itself[end : end + 2] = b"\xc0" + bytes([end])
    assert query.read(bytes(to_itself)) is None
    forward = bytearray(good)
    forward[end : end + 2] = b"\xc0\xff"
    assert query.read(bytes(forward)) is None


def test_second_opt_record_is_malformed(query: Query) -> None:
    data = bytearray(respond(query))
    data[11] = 2
    assert query.read(bytes(data) + bytes(data[-11:])) is None


def test_opt_record_among_the_answers_is_malformed(query: Query) -> None:
    data = bytearray(respond(query))
    data[7], data[11] = 1, 0
    assert query.read(bytes(data)) is None


def test_a_flood_of_records_is_counted_and_not_read(query: Query) -> None:
    data = bytearray(query.message(7, edns=False))
    data[2] = 0x80
    data[6:8] = (MAX_RECORDS + 1).to_bytes(2, "big")
    record = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x00\x00\x01\x00"
    reply = query.read(bytes(data) + record * (MAX_RECORDS + 1))
    assert reply is not None
    assert (reply.answer, reply.too_many) == ((), MAX_RECORDS + 1)
    answer = read_answer(query.question, reply, "192.0.2.53:53").answer
    assert (answer.outcome, answer.too_many) == (Outcome.REFUSED, MAX_RECORDS + 1)
    data[6:8] = MAX_RECORDS.to_bytes(2, "big")
    reply = query.read(bytes(data) + record * MAX_RECORDS)
    assert reply is not None
    assert (len(reply.answer), reply.too_many) == (MAX_RECORDS, 0)


def test_dname_at_the_very_name_makes_no_alias_of_it(query: Query) -> None:
    data = respond(
        query,
        rrset("friend.example.", "DNAME", "cow.example."),
        rrset("friend.example.", "TXT", '"moo"'),
    )
    answer = read(query, data).answer
    assert answer.texts() == (b"moo",)
    assert answer.dname is None  # RFC 6672 section 2.3


def test_opt_record_of_a_name_makes_a_reply_malformed(query: Query) -> None:
    data = respond(query)
    at = data.rindex(struct.pack("!BHH", 0, dns.rdatatype.OPT, 1232))
    assert query.read(data) is not None
    assert query.read(data[:at] + b"\x01a" + data[at:]) is None  # RFC 6891 section 6.1.2


def test_classes_and_types_that_nobody_knows_leave_no_trace(query: Query) -> None:
    # dnspython keeps what it looked for by class and type, and answers of class ANY for all others.
    kept = set(dns.rdata._rdata_classes)
    data = bytearray(query.message(7, edns=False))
    data[2] = 0x80
    heads = [(rdtype, rdclass) for rdtype in (28, 65_300) for rdclass in (3, 255, 4711)]
    heads += [(rdtype, 1) for rdtype in range(50_000, 50_100)]
    for rdtype, rdclass in heads:
        data += b"\xc0\x0c" + struct.pack("!HHIH", rdtype, rdclass, 0, 16) + b"x" * 16
    data[7] = len(heads)
    assert read(query, bytes(data)).answer.outcome is Outcome.NODATA
    assert set(dns.rdata._rdata_classes) == kept


def test_joined_answer_has_both_chains_and_the_smaller_ttl() -> None:
    asked, target = Question.of("friend.example", "A"), Question.of("b.example", "A")
    chain = (name("b.example"),)
    first = Answer(asked, Outcome.NODATA, ttl=100, chain=chain, authenticated=True)
    record = rrset("c.example.", "A", "192.0.2.7")[0]
    further = Answer(target, Outcome.RECORDS, (record,), 900, (name("c.example"),), server="s")
    assert join(first, further) == Answer(
        asked, Outcome.RECORDS, (record,), 100, (*chain, name("c.example")), server="s"
    )
    failed = join(first, Answer(target, Outcome.TIMEOUT))
    assert (failed.outcome, failed.chain, failed.ttl) == (Outcome.TIMEOUT, chain, None)


def test_joined_chain_that_comes_back_is_a_loop() -> None:
    asked, target = Question.of("friend.example", "A"), Question.of("b.example", "A")
    first = Answer(asked, Outcome.NODATA, chain=(name("b.example"),))
    further = Answer(target, Outcome.NODATA, chain=(name("friend.example"),))
    answer = join(first, further)
    assert answer.outcome is Outcome.SERVFAIL
    assert answer.alias_loop
