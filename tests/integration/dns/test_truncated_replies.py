"""Truncated replies: they are fetched over TCP, whole, in bounds and before the deadline."""

from __future__ import annotations

import asyncio
import struct

import dns.message
import dns.rdatatype
import pytest

from bot.dns.answer import MOST_RECORDS, Outcome
from bot.dns.resolver import Resolver
from max_wait import MAX_WAIT
from scripted_server import NEVER, respond, rrset, serve, tell, truncate, txt


async def read_query(reader: asyncio.StreamReader) -> dns.message.Message:
    (size,) = struct.unpack("!H", await reader.readexactly(2))
    return dns.message.from_wire(await reader.readexactly(size))


def frame(data: bytes) -> bytes:
    return struct.pack("!H", len(data)) + data


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
        asyncio.timeout(MAX_WAIT),
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
        asyncio.timeout(MAX_WAIT),
    ):
        answer = await resolver.ask("friend.example", "TXT")
        assert answer.server == str(third.server)


async def test_tcp_that_says_nothing_ends_at_the_deadline() -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        serve(truncate, stay_silent) as server,
        Resolver([server.server], timeout=0.3) as resolver,
        asyncio.timeout(MAX_WAIT),
    ):
        assert (await resolver.ask("friend.example", "TXT")).outcome is Outcome.TRUNCATED
