"""The server of zones over real UDP and TCP sockets."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from contextlib import closing
from typing import TYPE_CHECKING

import dns.asyncquery
import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import pytest

from bot.demo import zone_server as server_module
from bot.demo.zone_server import ReplyLoss, ZoneServer
from bot.demo.zones import Zones, parse_zone
from bot.dns.answer import ExtendedError, Question
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from conftest import Case, CaseFile

    Start = Callable[..., Awaitable[ZoneServer]]

ZONES = {
    "friend.example": "\n".join(
        [
            "@ A 203.0.113.80",
            "mail CNAME mx1.cow.example.",
            *(f'many TXT "{n:02} {"x" * 200}"' for n in range(20)),
            f'middle TXT "{"y" * 250}" "{"z" * 250}"',
        ]
    ),
    "cow.example": "mx1 A 198.51.100.25",
    "broken.example": "@ A 203.0.113.90",
}
WORLD = Zones.of(ZONES, servfail={"broken.example": ExtendedError(9, "no DNSKEY")})


def question(name: str, rdtype: str = "A", size: int = 1232) -> dns.message.QueryMessage:
    return dns.message.make_query(name, rdtype, use_edns=0 if size else -1, payload=size)


async def ask_udp(
    server: ZoneServer, query: dns.message.Message, within: float = 2.0
) -> dns.message.Message:
    host, port = server.address
    return await dns.asyncquery.udp(query, host, within, port)


async def ask_tcp(server: ZoneServer, query: dns.message.Message) -> dns.message.Message:
    host, port = server.address
    return await dns.asyncquery.tcp(query, host, 2.0, port)


async def test_udp_and_tcp_say_the_same_on_one_port(zone_server: Start) -> None:
    server = await zone_server(WORLD)
    query = question("mail.friend.example")
    over_udp = await ask_udp(server, query)
    assert [str(rrset) for rrset in over_udp.answer] == [
        "mail.friend.example. 3600 IN CNAME mx1.cow.example.",
        "mx1.cow.example. 3600 IN A 198.51.100.25",
    ]
    assert await ask_tcp(server, query) == over_udp


async def test_it_looks_like_a_recursive_server(zone_server: Start) -> None:
    reply = await ask_udp(await zone_server(WORLD), question("friend.example"))
    assert reply.flags & dns.flags.RA
    assert reply.flags & dns.flags.RD
    assert reply.edns == 0


async def test_without_edns_there_is_none_in_the_reply(zone_server: Start) -> None:
    reply = await ask_udp(await zone_server(WORLD), question("friend.example", size=0))
    assert reply.edns == -1


async def test_the_case_of_the_question_comes_back(zone_server: Start) -> None:
    server = await zone_server(WORLD)
    for name in ("friend.example", "fRiEnD.eXaMpLe"):
        reply = await ask_udp(server, question(name))
        assert reply.question[0].name.to_text() == f"{name}."
        assert reply.answer[0].name.to_text() == f"{name}."


@pytest.mark.parametrize(
    ("name", "size", "cut"),
    [
        ("many", 1232, True),
        ("many", 0, True),
        ("middle", 0, True),
        ("middle", 100, True),
        ("middle", 1232, False),
        ("many", 4096, True),
        ("nosuch", 0, False),
    ],
)
async def test_udp_replies_over_the_size_are_cut(
    zone_server: Start, name: str, size: int, cut: bool
) -> None:
    server = await zone_server(WORLD)
    query = question(f"{name}.friend.example", "TXT", size)
    reply = await ask_udp(server, query)
    assert bool(reply.flags & dns.flags.TC) is cut
    assert bool(reply.answer) is (name == "middle" and not cut)
    whole = await ask_tcp(server, query)
    assert not whole.flags & dns.flags.TC


async def test_tcp_serves_the_whole(zone_server: Start) -> None:
    reply = await ask_tcp(await zone_server(WORLD), question("many.friend.example", "TXT"))
    assert len(reply.answer[0]) == 20


async def test_an_extended_error_goes_to_who_speaks_edns(zone_server: Start) -> None:
    server = await zone_server(WORLD)
    reply = await ask_udp(server, question("broken.example"))
    assert reply.rcode() == dns.rcode.SERVFAIL
    (option,) = reply.options
    assert isinstance(option, dns.edns.EDEOption)
    assert (option.code, option.text) == (9, "no DNSKEY")
    plain = await ask_udp(server, question("broken.example", size=0))
    assert plain.rcode() == dns.rcode.SERVFAIL
    assert not plain.options


async def test_zones_can_be_changed_while_it_runs(zone_server: Start) -> None:
    server = await zone_server(WORLD)
    assert (await ask_udp(server, question("broken.example"))).rcode() == dns.rcode.SERVFAIL
    server.zones = server.zones.with_zone(parse_zone("broken.example", "@ A 203.0.113.91"))
    reply = await ask_udp(server, question("broken.example"))
    assert reply.answer[0][0].to_text() == "203.0.113.91"


async def test_questions_are_counted_without_case(zone_server: Start) -> None:
    server = await zone_server(ZONES)
    await ask_udp(server, question("friend.example"))
    await ask_udp(server, question("FRIEND.example"))
    await ask_tcp(server, question("friend.example", "MX"))
    assert server.asked_udp == {Question.of("friend.example", "A"): 2}
    assert server.asked_tcp == {Question.of("friend.example", "MX"): 1}
    assert server.asked.total() == 3
    server.forget()
    assert not server.asked


async def test_replies_can_be_late(zone_server: Start) -> None:
    server = await zone_server(WORLD, delay=0.05)
    for ask in (ask_udp, ask_tcp):
        start = time.perf_counter()
        await asyncio.gather(*(ask(server, question("friend.example")) for _ in range(20)))
        assert 0.045 <= time.perf_counter() - start < 0.8


async def test_lost_replies_are_counted_and_never_sent(zone_server: Start) -> None:
    mx = Question.of("friend.example", "MX")
    server = await zone_server(WORLD, lose=lambda asked: asked == mx)
    with pytest.raises(dns.exception.Timeout):
        await ask_udp(server, question("friend.example", "MX"), within=0.1)
    await ask_udp(server, question("friend.example", "A"))
    assert server.asked[mx] == 1


def test_loss_repeats_itself_with_its_seed() -> None:
    asked = Question.of("friend.example", "A")
    first, second = ReplyLoss(0.2, seed=7), ReplyLoss(0.2, seed=7)
    lost = [first(asked) for _ in range(1000)]
    assert lost == [second(asked) for _ in range(1000)]
    assert 150 < sum(lost) < 250


async def test_garbage_gets_an_error_or_nothing_and_does_no_harm(zone_server: Start) -> None:
    server = await zone_server(WORLD)
    chance = random.Random(1)
    wire = question("mail.friend.example").to_wire()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.connect(server.address)
        for round_ in range(600):
            bent = bytearray(wire)
            for _ in range(chance.randint(1, 4)):
                bent[chance.randrange(len(bent))] = chance.randrange(256)
            client.send(bytes(bent[: chance.randint(0, len(bent))]))
            client.send(chance.randbytes(chance.randint(0, 60)))
            if round_ % 50 == 0:
                await asyncio.sleep(0)
    assert (await ask_udp(server, question("friend.example"))).rcode() == dns.rcode.NOERROR


def test_no_message_however_bent_raises() -> None:
    server = ZoneServer(WORLD)
    chance = random.Random(2)
    wires = [question(name).to_wire() for name in ("mail.friend.example", "x.broken.example")]
    for _ in range(20_000):
        bent = bytearray(chance.choice(wires))
        for _ in range(chance.randint(0, 3)):
            bent[chance.randrange(len(bent))] = chance.randrange(256)
        reply = server.reply(bytes(bent[: chance.randint(0, len(bent))]), udp=True)
        if reply is not None:
            dns.message.from_wire(reply)


def test_replies_are_never_replied_to() -> None:
    server = ZoneServer(WORLD)
    reply = server.reply(question("friend.example").to_wire(), udp=True)
    assert reply is not None
    assert server.reply(reply, udp=True) is None


def test_other_opcodes_and_classes_and_compressed_questions_are_turned_down() -> None:
    server = ZoneServer(WORLD)

    def rcode_of(wire: bytes) -> dns.rcode.Rcode:
        reply = server.reply(wire, udp=True)
        assert reply is not None
        assert reply[:2] == wire[:2]
        return dns.message.from_wire(reply).rcode()

    notify = question("friend.example")
    notify.set_opcode(dns.opcode.NOTIFY)
    assert rcode_of(notify.to_wire()) == dns.rcode.NOTIMP
    chaos = dns.message.make_query("version.bind", "TXT", "CH")
    assert rcode_of(chaos.to_wire()) == dns.rcode.REFUSED
    header = struct.pack("!HHHHHH", 1, 0x0100, 1, 0, 0, 0)
    assert rcode_of(header + b"\xc0\x0c\0\1\0\1") == dns.rcode.FORMERR
    assert rcode_of(header + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1") == dns.rcode.FORMERR


async def test_tcp_takes_messages_in_pieces_and_several_at_once(zone_server: Start) -> None:
    server = await zone_server(WORLD)
    wire = question("friend.example").to_wire()
    frame = len(wire).to_bytes(2) + wire
    reader, writer = await asyncio.open_connection(*server.address)
    for octet in frame:
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(frame * 3)
    for _ in range(4):
        length = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), MAX_WAIT))
        reply = dns.message.from_wire(await asyncio.wait_for(reader.readexactly(length), MAX_WAIT))
        assert reply.answer
    writer.close()
    await writer.wait_closed()


async def test_tcp_client_with_half_a_message_is_sent_away(
    zone_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "IDLE", 0.1)
    server = await zone_server(WORLD)
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"\xff\xff half")
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), MAX_WAIT)
    writer.close()
    assert (await ask_tcp(server, question("friend.example"))).answer


async def test_tcp_connections_are_bounded(
    zone_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "CONNECTIONS", 2)
    server = await zone_server(WORLD)
    held = [await asyncio.open_connection(*server.address) for _ in range(2)]
    with pytest.raises((EOFError, OSError)):
        await ask_tcp(server, question("friend.example"))
    for _, writer in held:
        writer.close()
        await writer.wait_closed()


async def test_the_port_is_free_again_after_the_block() -> None:
    server = ZoneServer(WORLD)
    async with server:
        host, port = server.address
        _, writer = await asyncio.open_connection(host, port)
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.address
    async with ZoneServer(WORLD, port=port) as again:
        assert again.address == (host, port)
        assert (await ask_tcp(again, question("friend.example"))).answer
    writer.close()


async def test_a_port_that_is_taken_is_said(zone_server: Start) -> None:
    server = await zone_server(WORLD)
    with pytest.raises(OSError, match="in use"):
        await zone_server(WORLD, port=server.address[1])


def test_it_serves_tests_that_do_not_await(
    threaded_zone_server: Callable[..., ZoneServer],
) -> None:
    host, port = threaded_zone_server(WORLD).address
    assert dns.query.udp(question("friend.example"), host, 2.0, port).answer


async def test_every_case_is_served(zone_server: Start, case: Case, case_file: CaseFile) -> None:
    server = await zone_server(case_file.zones(case))
    reply = await ask_udp(server, question("mx1.cow.example", "AAAA"))
    assert reply.answer[0][0].to_text() == "2001:db8:25::25"
    for rdtype in ("NS", "TXT", "MX"):
        reply = await ask_tcp(server, question(case_file.domain, rdtype))
        failing = reply.rcode() == dns.rcode.SERVFAIL
        assert failing is bool(case.servfail)
