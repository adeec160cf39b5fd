"""What is believed of a reply, and kept of it: nothing that is forged or broken."""

from __future__ import annotations

import asyncio
import random
import socket
from hashlib import sha256

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode

from bot.dns.answer import ExtendedError, Outcome, Question
from bot.dns.resolver import Resolver
from scripted_server import respond, serve, txt


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
