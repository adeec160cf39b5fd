"""The resolver against servers on real sockets, which answer well, badly or not at all."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
import time
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from bot.dns import udp
from bot.dns.answer import MOST_RECORDS, ExtendedError, Outcome, Question
from bot.dns.message import Query
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.dns.udp import Port, Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from bot.dns.udp import Datagram

    Behave = Callable[[dns.message.Message, int], list[bytes]]
    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

AT_LAST = 60.0  # seconds until a test is given up; nothing here takes as long, however busy we are
NEVER = 3600.0  # seconds; whoever waits as long is given up before


class IgnoringSender:
    """Whoever sends and does not care what comes of it."""

    def take_reply(self, datagram: Datagram, data: bytes) -> None:
        pass

    def take_refusal(self, datagram: Datagram) -> None:
        pass


class ScriptedServer(asyncio.DatagramProtocol):
    """A server that answers each question as it is told to, and remembers who asked."""

    def __init__(self, behave: Behave) -> None:
        self.behave = behave
        self.asked: list[dns.message.Message] = []
        self.ports: list[int] = []
        self.transport: asyncio.DatagramTransport
        self.server: Server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        self.asked.append(query)
        self.ports.append(addr[1])
        for reply in self.behave(query, len(self.asked)):
            self.transport.sendto(reply, addr)


@asynccontextmanager
async def serve(
    behave: Behave, stream: Serve | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[ScriptedServer]:
    loop = asyncio.get_running_loop()
    streams: list[asyncio.Task[None] | None] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert stream is not None
        streams.append(asyncio.current_task())
        with suppress(ConnectionError):
            await stream(reader, writer)
        writer.close()

    while True:
        transport, server = await loop.create_datagram_endpoint(
            lambda: ScriptedServer(behave), local_addr=(host, 0)
        )
        server.transport = transport
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20
        )  # room for all that one resolver asks at a time
        server.server = Server(host, transport.get_extra_info("sockname")[1])
        if stream is None:
            tcp = None
            break
        try:
            tcp = await asyncio.start_server(run, host, server.server.port)
            break
        except OSError:
            transport.close()  # somebody else has that port for TCP
    try:
        yield server
    finally:
        transport.close()
        if tcp is not None:
            tcp.close()
            await asyncio.wait_for(asyncio.gather(*filter(None, streams)), AT_LAST)
            await tcp.wait_closed()


def respond(
    query: dns.message.Message,
    *answer: dns.rrset.RRset,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    flags: dns.flags.Flag = dns.flags.AA,
    authority: tuple[dns.rrset.RRset, ...] = (),
    options: tuple[dns.edns.Option, ...] = (),
) -> bytes:
    message = dns.message.make_response(query)
    if query.edns >= 0:
        message.use_edns(0, options=list(options))
    message.flags |= flags
    message.set_rcode(rcode)
    message.answer.extend(answer)
    message.authority.extend(authority)
    return message.to_wire(max_size=65535)


def txt(query: dns.message.Message, text: str = "moo") -> bytes:
    return respond(query, dns.rrset.from_text(query.question[0].name, 60, "IN", "TXT", f'"{text}"'))


def tell(query: dns.message.Message, count: int) -> list[bytes]:
    return [txt(query)]


def say_nothing(query: dns.message.Message, count: int) -> list[bytes]:
    return []


def fail(query: dns.message.Message, count: int) -> list[bytes]:
    return [respond(query, rcode=dns.rcode.SERVFAIL)]


def refuse(query: dns.message.Message, count: int) -> list[bytes]:
    return [respond(query, rcode=dns.rcode.REFUSED)]


def truncate(query: dns.message.Message, count: int) -> list[bytes]:
    return [respond(query, flags=dns.flags.TC)]


def rrset(owner: str, rdtype: str, *rdatas: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(owner, 60, "IN", rdtype, *rdatas)


async def read_query(reader: asyncio.StreamReader) -> dns.message.Message:
    (size,) = struct.unpack("!H", await reader.readexactly(2))
    return dns.message.from_wire(await reader.readexactly(size))


def frame(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


@asynccontextmanager
async def own_time() -> AsyncIterator[None]:
    """Let the event loop's clock count what this very process works, and not what others do.

    So a busy machine makes nobody late. Nothing may have to wait for time to pass meanwhile; where
    something does, the test is cancelled.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    rescue = threading.Timer(AT_LAST, loop.call_soon_threadsafe, (task.cancel,))
    rescue.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(loop, "time", time.process_time)
            yield
    finally:
        rescue.cancel()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a server whose round trip is not known waited for without end."""
    monkeypatch.setattr(udp, "FIRST_WAIT", NEVER)


@pytest.fixture
def closed_port() -> Server:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return Server("127.0.0.1", taken.getsockname()[1])


@pytest.fixture
def black_hole() -> Iterator[Server]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        yield Server("127.0.0.1", hole.getsockname()[1])


async def test_answer_names_the_server_and_needs_one_datagram() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.texts() == (b"moo",)
        assert answer.ttl == 60
        assert answer.server == str(server.server)
        assert (resolver.queries, len(server.asked)) == (1, 1)
        query = server.asked[0]
        assert query.flags == dns.flags.RD | dns.flags.AD
        assert (query.edns, query.payload) == (0, 1232)


async def test_server_may_have_an_ipv6_address() -> None:
    async with serve(tell, host="::1") as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.found
        assert answer.server == f"[::1]:{server.server.port}"


async def test_lost_datagram_is_sent_again_after_some_round_trips(patient: None) -> None:
    def lose_first(query: dns.message.Message, count: int) -> list[bytes]:
        return [txt(query)] if count != 2 else []

    async with serve(lose_first) as server, Resolver([server.server]) as resolver:
        await resolver.ask("friend.example", "TXT")  # now the round trip is known
        assert (await resolver.ask("cow.example", "TXT")).found
        assert len(server.asked) >= 3
        assert resolver.queries == 2


async def test_lost_first_datagram_of_all_is_sent_again() -> None:
    def lose_first(query: dns.message.Message, count: int) -> list[bytes]:
        return [txt(query)] if count > 1 else []

    async with serve(lose_first) as server, Resolver([server.server]) as resolver:
        began = time.monotonic()
        assert (await resolver.ask("friend.example", "TXT")).found
        assert time.monotonic() - began > 0.3


async def test_round_trip_learnt_by_another_question_shortens_the_wait(patient: None) -> None:
    def lose_friend(query: dns.message.Message, count: int) -> list[bytes]:
        friend = query.question[0].name == dns.name.from_text("friend.example")
        return [] if friend and count == 1 else [txt(query)]

    async with serve(lose_friend) as server, Resolver([server.server]) as resolver:
        lost = asyncio.ensure_future(resolver.ask("friend.example", "TXT"))
        await asyncio.sleep(0)
        assert (await resolver.ask("cow.example", "TXT")).found
        assert (await lost).found


async def test_silence_is_a_timeout_at_the_deadline_after_a_few_datagrams() -> None:
    async with serve(say_nothing) as server, Resolver([server.server], timeout=0.6) as resolver:
        began = time.monotonic()
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.TIMEOUT
        assert answer.failed
        assert answer.server == ""
        assert time.monotonic() - began > 0.5
        assert len(server.asked) <= 2


async def test_port_where_nobody_listens_is_a_timeout_before_the_deadline(
    closed_port: Server,
) -> None:
    async with Resolver([closed_port], timeout=NEVER) as resolver, asyncio.timeout(AT_LAST):
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.TIMEOUT


async def test_server_where_nobody_listens_is_not_waited_for(
    closed_port: Server, patient: None
) -> None:
    async with serve(tell) as server, Resolver([closed_port, server.server]) as resolver:
        for number in range(5):
            answer = await resolver.ask(f"n{number}.friend.example", "TXT")
            assert answer.found
            assert answer.server == str(server.server)


async def test_silent_first_server_is_asked_first_by_the_first_question_only() -> None:
    order: list[tuple[str, str]] = []

    def note(server: str, behave: Behave) -> Behave:
        def behave_and_note(query: dns.message.Message, count: int) -> list[bytes]:
            order.append((query.question[0].name.to_text(), server))
            return behave(query, count)

        return behave_and_note

    names = [f"n{number}.friend.example." for number in range(6)]
    async with (
        serve(note("silent", say_nothing)) as silent,
        serve(note("good", tell)) as good,
        Resolver([silent.server, good.server]) as resolver,
    ):
        for name in names:
            assert (await resolver.ask(name, "TXT")).found
    first = dict(reversed(order))
    assert [first[name] for name in names] == ["silent", *["good"] * 5]


async def test_server_that_cannot_be_reached_is_passed_over() -> None:
    nowhere = Server("fe80::1")  # link-local without a link: connecting fails at once
    async with serve(tell) as server, Resolver([nowhere, server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).found


@pytest.mark.parametrize("bad", [fail, refuse])
async def test_second_server_is_asked_where_the_first_fails(bad: Behave, patient: None) -> None:
    async with (
        serve(bad) as first,
        serve(tell) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.found
        assert answer.server == str(second.server)
        assert resolver.queries == 1


async def test_first_failure_is_the_answer_where_no_server_does_better() -> None:
    async with (
        serve(refuse) as first,
        serve(fail) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.REFUSED
        assert answer.server == str(first.server)
        assert len(second.asked) == 1


async def test_failure_with_a_reason_goes_before_one_without() -> None:
    def explain(query: dns.message.Message, count: int) -> list[bytes]:
        option = dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS, "no keys \x1b[31m")
        return [respond(query, rcode=dns.rcode.SERVFAIL, options=(option,))]

    async with (
        serve(fail) as first,
        serve(explain) as second,
        Resolver([first.server, second.server]) as resolver,
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL
        assert answer.extended == (ExtendedError(6, "no keys \x1b[31m"),)
        assert answer.names_dnssec


async def test_failure_is_told_before_the_deadline_where_the_other_server_is_silent(
    black_hole: Server,
) -> None:
    async with (
        serve(fail) as server,
        Resolver([server.server, black_hole], timeout=NEVER) as resolver,
        asyncio.timeout(AT_LAST),
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL


async def test_server_without_edns_is_asked_without() -> None:
    def know_no_edns(query: dns.message.Message, count: int) -> list[bytes]:
        if query.edns >= 0:
            bare = dns.message.make_response(query)
            bare.use_edns(-1)
            bare.set_rcode(dns.rcode.FORMERR)
            return [bare.to_wire()]
        return [txt(query)]

    async with serve(know_no_edns) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).found
        assert [query.edns for query in server.asked] == [0, -1]


async def test_server_that_implements_nothing_is_a_failed_one() -> None:
    def give_up(query: dns.message.Message, count: int) -> list[bytes]:
        return [respond(query, rcode=dns.rcode.NOTIMP)]

    async with serve(give_up) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.SERVFAIL
        assert len(server.asked) == 2


async def test_lies_are_passed_over_until_the_truth_comes() -> None:
    outsider = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def lie_first(query: dns.message.Message, count: int) -> list[bytes]:
        outsider.sendto(txt(query, "other source"), ("127.0.0.1", server.ports[-1]))
        lie = txt(query, "lie")
        wrong_id = bytes([lie[0] ^ 1]) + lie[1:]
        other_name = lie.replace(b"friend", b"fiends")
        other_type = txt(dns.message.make_query("friend.example", "SPF", id=query.id))
        no_reply = lie[:2] + bytes([lie[2] & 0x7F]) + lie[3:]
        notify = lie[:2] + bytes([lie[2] | dns.opcode.NOTIFY << 3]) + lie[3:]
        no_question = lie[:4] + b"\0\0" + lie[6:]
        lies = [wrong_id, other_name, other_type, no_reply, notify, no_question]
        return [*lies, txt(query, "truth"), lie]

    async with serve(lie_first) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.texts() == (b"truth",)
        assert len(server.asked) == 1
    outsider.close()


async def test_garbage_under_the_right_header_is_passed_over() -> None:
    def babble(query: dns.message.Message, count: int) -> list[bytes]:
        good = txt(query)
        short = good[:-20]
        loop = good.replace(b"\xc0\x0c", b"\xc0\x20")
        return [b"", b"\0", good[:2], good[:12], short, loop, good + b"\0" * 4000, good]

    async with serve(babble) as server, Resolver([server.server]) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).texts() == (b"moo",)
        assert len(server.asked) == 1


async def test_nothing_but_garbage_is_a_timeout() -> None:
    def babble(query: dns.message.Message, count: int) -> list[bytes]:
        return [txt(query)[:-3]] * 20

    async with serve(babble) as server, Resolver([server.server], timeout=0.4) as resolver:
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.TIMEOUT


async def test_truncated_reply_is_fetched_over_tcp() -> None:
    texts = [f'"{number:03} {"x" * 250}"' for number in range(60)]

    async def tell_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await read_query(reader)
        for lie in (txt(dns.message.make_query("cow.example", "TXT", id=query.id)), b"", b"junk"):
            writer.write(frame(lie))
        truth = frame(respond(query, rrset("friend.example.", "TXT", *texts)))
        for piece in (truth[:1], truth[1:700], truth[700:]):
            await asyncio.sleep(0.01)
            writer.write(piece)
        await reader.read()  # until the other side hangs up

    async with serve(truncate, tell_all) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert len(answer.rdatas) == 60
        assert {int(text[:3]) for text in answer.texts()} == set(range(60))
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("count", "asked", "outcome", "too_many"),
    [
        (MOST_RECORDS, "A", Outcome.RECORDS, 0),
        (MOST_RECORDS + 1, "A", Outcome.REFUSED, MOST_RECORDS + 1),
        (4_000, "A", Outcome.REFUSED, 4_000),
        (4_000, "MX", Outcome.NODATA, 0),
    ],
)
async def test_more_records_than_are_read_are_told_by_their_number(
    count: int, asked: str, outcome: Outcome, too_many: int
) -> None:
    addresses = rrset("friend.example.", "A", *(f"10.9.{n // 256}.{n % 256}" for n in range(count)))

    async def tell_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        query = await read_query(reader)
        told = [addresses] if query.question[0].rdtype == dns.rdatatype.A else []
        writer.write(frame(respond(query, *told)))
        await reader.read()

    async with (
        serve(truncate, tell_all) as server,
        Resolver([server.server], timeout=NEVER) as resolver,
        asyncio.timeout(AT_LAST),
    ):
        answer = await resolver.ask("friend.example", asked)
    assert (answer.outcome, answer.too_many) == (outcome, too_many)
    assert len(answer.rdatas) == (count if outcome is Outcome.RECORDS else 0)


async def test_next_server_is_asked_where_tcp_fails() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x10\x00half a message")

    async with (
        serve(truncate, hang_up) as first,
        serve(truncate) as second,
        serve(tell) as third,
        Resolver([first.server, second.server, third.server], timeout=NEVER) as resolver,
        asyncio.timeout(AT_LAST),
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.server == str(third.server)


async def test_tcp_that_says_nothing_ends_at_the_deadline() -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        serve(truncate, stay_silent) as server,
        Resolver([server.server], timeout=0.3) as resolver,
        asyncio.timeout(AT_LAST),
    ):
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.TIMEOUT


async def test_equal_questions_are_sent_once() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        asks = [resolver.ask(n, "TXT") for n in ("friend.example", "FRIEND.example.") * 20]
        answers = await asyncio.gather(*asks)
        assert all(answer.found for answer in answers)
        assert (resolver.queries, len(server.asked)) == (1, 1)
        await resolver.ask("friend.example", "TXT")
        assert resolver.queries == 2


async def test_one_who_leaves_does_not_take_the_answer_from_others() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        first, second = (
            asyncio.ensure_future(resolver.ask("friend.example", "TXT")) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).found
        assert first.cancelled()
        assert len(server.asked) == 1


async def test_question_that_all_have_left_gives_its_place_to_another() -> None:
    async with (
        serve(lambda query, count: [] if count == 1 else [txt(query)]) as server,
        Resolver([server.server], in_flight=1) as resolver,
    ):
        left = asyncio.ensure_future(resolver.ask("friend.example", "TXT"))
        queued = asyncio.ensure_future(resolver.ask("queued.example", "TXT"))
        await asyncio.sleep(0.01)
        assert len(server.asked) == 1
        queued.cancel()
        left.cancel()
        assert (await resolver.ask("cow.example", "TXT")).found
        assert resolver.queries == 2


async def test_questions_in_flight_are_bounded(black_hole: Server) -> None:
    async with Resolver([black_hole], in_flight=4, timeout=0.3) as resolver:
        asks = asyncio.gather(*(resolver.ask(f"n{number}.example", "TXT") for number in range(8)))
        await asyncio.sleep(0)  # all have begun to ask, and no time has passed
        assert resolver.queries == 4
        answers = await asks
        assert resolver.queries == 8
        assert {answer.outcome for answer in answers} == {Outcome.TIMEOUT}


async def test_thousands_of_questions_at_once_are_all_answered() -> None:
    def echo(query: dns.message.Message, count: int) -> list[bytes]:
        return [txt(query, query.question[0].name.to_text())]

    async with serve(echo) as server, Resolver([server.server]) as resolver, own_time():
        names = [f"n{number}.example." for number in range(1500)]
        answers = await asyncio.gather(*(resolver.ask(name, "TXT") for name in names))
        assert [answer.texts() for answer in answers] == [(name.encode(),) for name in names]
        assert resolver.queries == 1500
        # The server shares the event loop with the resolver, and still no storm breaks loose.
        assert len(server.asked) < 1650


async def test_sockets_are_replaced_after_two_hundred_questions() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver:
        for start in range(0, 1000, 50):
            names = [f"n{start + number}.example" for number in range(50)]
            await asyncio.gather(*(resolver.ask(name, "TXT") for name in names))
        uses = {port: server.ports.count(port) for port in server.ports}
        assert max(uses.values()) <= 200
        assert len(uses) >= 5
        assert len({query.id for query in server.asked}) > 900


async def test_socket_is_spent_after_ten_seconds_and_closed_with_its_last_question() -> None:
    loop = asyncio.get_running_loop()
    async with serve(say_nothing) as server:
        port = Port(Upstream(server.server, loop), loop)
        query = Query(Question.of("friend.example", "TXT"))
        datagram = port.send(query, IgnoringSender(), loop.time(), edns=True)
        assert not port.is_spent(port.opened_at + 9.9)
        assert port.is_spent(port.opened_at + 10.0)
        port.retire()
        assert not port.closed
        datagram.forget()
        assert port.closed


async def test_bent_replies_before_the_truth_change_no_other_answer() -> None:
    chance = random.Random(20260501)

    def bend(data: bytes) -> bytes:
        bent = bytearray(data)
        for _ in range(chance.randint(1, 5)):
            place = chance.randrange(len(bent))
            match chance.randrange(4):
                case 0:
                    bent[place] ^= 1 << chance.randrange(8)
                case 1:
                    bent[place : place + 2] = b"\xc0" + bytes([chance.randrange(len(data))])
                case 2:
                    del bent[max(place, 2) :]
                case _:
                    bent[place:place] = chance.randbytes(chance.randint(1, 9))
        return bytes(bent)

    def mark(name: dns.name.Name) -> str:
        return sha256(name.to_digestable()).hexdigest()  # no few bits make it another name's

    earlier: list[bytes] = []

    def bend_and_tell(query: dns.message.Message, count: int) -> list[bytes]:
        truth = txt(query, mark(query.question[0].name))
        header = truth[:2]
        swapped = [header + data[2:] for data in earlier[-3:]]
        earlier.append(truth)
        return [*(bend(truth) for _ in range(5)), *swapped, truth]

    async with serve(bend_and_tell) as server, Resolver([server.server], timeout=20) as resolver:
        names = [dns.name.from_text(f"n{number}.friend.example") for number in range(300)]
        answers = await asyncio.gather(*(resolver.ask(name, "TXT") for name in names))
    marks = {mark(name).encode() for name in names}
    told = 0
    for name, answer in zip(names, answers, strict=True):
        assert answer.question == Question.of(name, "TXT")
        # A bent reply may pass for a sound one, but never with another name's records.
        found = marks & set(answer.texts())
        assert found <= {mark(name).encode()}
        told += len(found)
    assert told > 100


async def test_extended_errors_and_ad_flag_are_kept() -> None:
    def annotate(query: dns.message.Message, count: int) -> list[bytes]:
        option = dns.edns.EDEOption(dns.edns.EDECode.STALE_ANSWER, "old")
        return [respond(query, flags=dns.flags.AD, options=(option,))]

    async with serve(annotate) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.NODATA
        assert answer.extended == (ExtendedError(3, "old"),)
        assert answer.authenticated


async def test_chain_that_the_server_cuts_is_asked_on() -> None:
    def link(query: dns.message.Message, count: int) -> list[bytes]:
        targets = {"friend": "b.example.", "b": "c.example."}
        owner = query.question[0].name
        target = targets.get(owner[0].decode())
        return [respond(query, rrset(owner.to_text(), "CNAME", target)) if target else txt(query)]

    async with serve(link) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.texts() == (b"moo",)
        assert [name.to_text() for name in answer.chain] == ["b.example.", "c.example."]
        assert answer.question.name == dns.name.from_text("friend.example")
        assert resolver.queries == 3


async def test_chain_of_cut_aliases_has_one_deadline_for_all_its_questions() -> None:
    def answer_late(query: dns.message.Message, count: int) -> list[bytes]:
        owner = query.question[0].name.to_text()
        reply = respond(query, rrset(owner, "CNAME", f"n{count}.example."))
        loop = asyncio.get_running_loop()
        address = (server.server.address, server.ports[-1])
        loop.call_later(0.55, server.transport.sendto, reply, address)
        return []

    async with serve(answer_late) as server, Resolver([server.server], timeout=1.0) as resolver:
        answer = await resolver.ask("a.example", "TXT")
        await asyncio.sleep(0.6)  # until the server has sent all that it meant to send
    assert answer.outcome is Outcome.TIMEOUT
    assert answer.question == Question.of("a.example", "TXT")
    assert resolver.queries <= 2  # of nine that a chain may take


async def test_chain_cut_before_a_name_that_is_refused_is_refused() -> None:
    def know_one(query: dns.message.Message, count: int) -> list[bytes]:
        if count > 1:
            return refuse(query, count)
        return [respond(query, rrset("friend.example.", "CNAME", "cow.example."))]

    async with serve(know_one) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.outcome is Outcome.REFUSED
        assert answer.chain == (dns.name.from_text("cow.example"),)


@pytest.mark.parametrize("at_once", [True, False])
async def test_alias_loop_is_found(at_once: bool) -> None:
    links = {"a.example.": "b.example.", "b.example.": "c.example.", "c.example.": "b.example."}

    def circle(query: dns.message.Message, count: int) -> list[bytes]:
        owner = query.question[0].name.to_text()
        owners = list(links) if at_once else [owner]
        return [respond(query, *(rrset(owner, "CNAME", links[owner]) for owner in owners))]

    async with serve(circle) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("a.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL
        assert answer.alias_loop
        assert resolver.queries <= 3


async def test_chain_without_end_is_a_failure_after_some_questions() -> None:
    def lengthen(query: dns.message.Message, count: int) -> list[bytes]:
        owner = query.question[0].name.to_text()
        return [respond(query, rrset(owner, "CNAME", f"n{count}.example."))]

    async with serve(lengthen) as server, Resolver([server.server]) as resolver:
        answer = await resolver.ask("a.example", "TXT")
        assert answer.outcome is Outcome.SERVFAIL
        assert not answer.alias_loop
        assert resolver.queries <= 9


async def test_server_that_only_refers_elsewhere_has_refused() -> None:
    def refer(query: dns.message.Message, count: int) -> list[bytes]:
        authority = (rrset("example.", "NS", "ns1.cow.example."),)
        return [respond(query, authority=authority, flags=dns.flags.QR)]

    async with serve(refer) as lame:
        async with Resolver([lame.server]) as resolver:
            assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.REFUSED
        async with serve(tell) as good, Resolver([lame.server, good.server]) as resolver:
            assert (await resolver.ask("friend.example", "TXT")).found


async def test_busy_loop_does_not_send_again_what_was_answered_long_ago() -> None:
    async with serve(tell) as server, Resolver([server.server]) as resolver, own_time():
        await resolver.ask("friend.example", "TXT")
        asks = [asyncio.ensure_future(resolver.ask(f"n{n}.example", "TXT")) for n in range(50)]
        await asyncio.sleep(0)
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass  # the loop is kept busy
        assert all(answer.found for answer in await asyncio.gather(*asks))
        assert len(server.asked) == 51


async def test_closing_answers_timeout_to_all_who_wait(black_hole: Server) -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serve(truncate, stay_silent) as silent:
        for server in (black_hole, silent.server):
            resolver = Resolver([server], in_flight=3)
            names = [f"n{number}.example" for number in range(6)]
            asks = [asyncio.ensure_future(resolver.ask(name, "TXT")) for name in names]
            await asyncio.sleep(0.05)
            await resolver.aclose()
            answers = await asyncio.gather(*asks)
            assert {answer.outcome for answer in answers} == {Outcome.TIMEOUT}
            assert (await resolver.ask("cow.example", "TXT")).outcome is Outcome.TIMEOUT
            await resolver.aclose()


async def test_resolver_without_servers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one server"):
        Resolver([])
