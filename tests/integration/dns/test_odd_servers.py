"""Servers that cannot read what they are asked, know no EDNS, or take no TCP."""

from __future__ import annotations

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bot.dns.answer import Outcome, Question, Validity
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from scripted_server import refuse, respond, rrset, serve, tell, truncate, txt

ERRORS = (dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED)


def bare(query: dns.message.Message, rcode: dns.rcode.Rcode) -> bytes:
    """Return an error that does not repeat the question: a header, and nothing else."""
    return query.to_wire()[:2] + bytes([0x81, rcode]) + bytes(8)


def with_opt(query: dns.message.Message, rcode: dns.rcode.Rcode) -> bytes:
    """Return the same with the OPT record of a server that knows EDNS."""
    header = bare(query, rcode)
    return header[:11] + b"\1" + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"


@pytest.mark.parametrize("rcode", [dns.rcode.FORMERR, dns.rcode.NOTIMP])
@pytest.mark.parametrize("reply", [bare, with_opt])
async def test_one_that_cannot_read_edns_is_asked_without_it(
    rcode: dns.rcode.Rcode, reply: object
) -> None:
    def know_no_edns(query: dns.message.Message, count: int) -> list[bytes]:
        if query.edns >= 0:
            assert callable(reply)
            return [reply(query, rcode)]
        return [txt(query)]

    async with serve(know_no_edns) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
    assert answer.texts() == (b"moo",)
    assert [query.edns for query in server.asked] == [0, -1]


async def test_one_that_calls_version_zero_unknown_is_asked_without_edns() -> None:
    def know_no_version(query: dns.message.Message, count: int) -> list[bytes]:
        return [respond(query, rcode=dns.rcode.BADVERS) if query.edns >= 0 else txt(query)]

    async with serve(know_no_version) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).texts() == (b"moo",)
    assert len(server.asked) == 2


@pytest.mark.parametrize("rcode", ERRORS)
async def test_one_that_only_gives_errors_without_a_question_is_not_silent(
    rcode: dns.rcode.Rcode,
) -> None:
    async with (
        serve(lambda query, _: [bare(query, rcode)]) as server,
        Resolver([server.server]) as resolver,
    ):
        answer = await resolver.ask("friend.example", "TXT")
    refused = rcode == dns.rcode.REFUSED
    assert answer.outcome is (Outcome.REFUSED if refused else Outcome.SERVFAIL)


async def test_another_server_is_asked_after_an_error_without_a_question() -> None:
    async with (
        serve(lambda query, _: [bare(query, dns.rcode.REFUSED)]) as first,
        serve(tell) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        assert (await resolver.ask("friend.example", "TXT")).server == str(second.server)


@pytest.mark.parametrize(
    "bend",
    [
        lambda data: data[:2] + b"\x81\x00" + data[4:],  # no error
        lambda data: data[:2] + b"\x81\x03" + data[4:],  # a denial of nothing
        lambda data: data[:7] + b"\1" + data[8:],  # an answer that is not there
        lambda data: data[:2] + b"\x01" + data[3:],  # no reply
        lambda data: bytes([data[0] ^ 1]) + data[1:],  # another id
        lambda data: data[:8],
    ],
)
async def test_nothing_else_is_believed_without_its_question(bend: object) -> None:
    def lie_first(query: dns.message.Message, count: int) -> list[bytes]:
        assert callable(bend)
        return [bend(bare(query, dns.rcode.REFUSED)), txt(query)]

    async with serve(lie_first) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).texts() == (b"moo",)
    assert len(server.asked) == 1


async def test_an_answer_that_tcp_would_bring_is_said_to_be_cut_where_tcp_is_refused() -> None:
    async with serve(truncate) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
    assert (answer.outcome, answer.server) == (Outcome.TRUNCATED, str(server.server))
    assert answer.failed


async def test_the_reason_of_another_server_goes_before_a_cut_answer() -> None:
    async with (
        serve(truncate) as first,
        serve(refuse) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.REFUSED


async def test_a_reply_that_names_nobody_and_holds_nothing_is_no_denial() -> None:
    def shrug(query: dns.message.Message, count: int) -> list[bytes]:
        return [respond(query, flags=dns.flags.Flag(0))]

    async with serve(shrug) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "MX")).outcome is Outcome.REFUSED


async def test_the_flags_tell_who_asks_others() -> None:
    def tell_with_flags(query: dns.message.Message, count: int) -> list[bytes]:
        flags = dns.flags.AA | (dns.flags.RA if count > 1 else 0)
        return [respond(query, rrset("friend.example.", "A", "192.0.2.1"), flags=flags)]

    async with serve(tell_with_flags) as server, Resolver([server.server]) as resolver:
        for recursive in (False, True):
            assert (await resolver.ask("friend.example", "A")).recursive is recursive


async def test_a_referral_names_the_servers_of_the_very_zone_that_was_asked_for() -> None:
    ours = rrset("friend.example.", "NS", "ns2.dns.example.", "ns1.dns.example.")
    others = rrset("example.", "NS", "ns.registry.example.")

    def refer(query: dns.message.Message, count: int) -> list[bytes]:
        return [respond(query, flags=dns.flags.Flag(0), authority=(ours, others))]

    async with serve(refer) as server, Resolver([server.server], recurse=False) as resolver:
        answer = await resolver.ask("friend.example", "NS")
    names = [name.to_text() for name in answer.delegated]
    assert (answer.outcome, names) == (Outcome.REFUSED, ["ns1.dns.example.", "ns2.dns.example."])


def sign(query: dns.message.Message, count: int) -> list[bytes]:
    """Answer with signatures where they are asked for."""
    line = "TXT 13 2 60 {end} 20261101000000 1 friend.example. AAAA"
    ends = ("20261201000000", "20261215000000")
    signatures = rrset("friend.example.", "RRSIG", *(line.format(end=end) for end in ends))
    text = rrset("friend.example.", "TXT", '"moo"')
    wanted = query.ednsflags & dns.flags.DO
    return [respond(query, text, *([signatures] if wanted else []))]


async def test_signatures_come_where_they_are_asked_for_and_the_longest_counts() -> None:
    question = Question.of("friend.example", "TXT")
    async with serve(sign) as server:
        for signed in (False, True):
            authorities = Authorities(allow_private=True, port=server.server.port)
            async with authorities.open(signed=signed) as connections:
                answer = (await connections.ask(server.server.address, question)).answer
            assert answer.texts() == (b"moo",)
            expected = Validity(1_793_491_200, 1_797_292_800) if signed else None
            assert answer.signed == expected


async def test_a_connection_over_tcp_is_taken_or_refused() -> None:
    async def listen(reader: object, writer: object) -> None:
        """Take the connection, and nothing else."""

    async with serve(tell, listen) as takes, serve(tell) as refuses:
        for server, came in ((takes, True), (refuses, False)):
            connections = Authorities(allow_private=True, port=server.server.port).open()
            assert await connections.try_tcp(server.server.address) is came
