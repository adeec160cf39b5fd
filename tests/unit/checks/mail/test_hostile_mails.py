"""Whatever octets arrive: nothing raises, nothing passes that should not, and time is bounded."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.mail.received_mail import ReceivedMail
from bot.checks.mail.verdict_store import dump_verdict, load_verdict
from bot.checks.observe.arriving_mail import receive_mail
from bot.names import Domain
from examples import examples
from loop_holds import TOO_LONG, worst_hold
from mail_faults import FAULTS
from observed_domain import SERVER
from signed_mails import AT, FRIEND, compose, deliver, good_mail, hand_in, judge, sign, zone
from zone_reports import LinesAsk

PIECES = (
    *(b"From:", b"from :", b"Received:", b"DKIM-Signature:", b"Authentication-Results:"),
    *(b"Return-Path:", b"\r\n", b"\n", b"\r", b" ", b"\t", b"\x00", b"(", b")", b'"', b"\\", b"<"),
    *(b">", b"@", b",", b";", b":", b"=", b"[", b"]", b" by mail.else.example with ESMTPS"),
    *(b" from x (x [198.51.100.25])", b"v=1; a=rsa-sha256; d=friend.example; s=dkim; h=from;"),
    *(
        b"bh=YWJj; b=YWJj",
        b"l=99999999999999999999",
        b"x=0",
        b"friend.example",
        b"mail.else.example",
    ),
    *(b"\xff\xfe", "Ü\u202e\u200b".encode(), b"=?utf-8?b?/////w==?=", b"(" * 300, b"a@b, " * 200),
)
LONG = 10_000_000
HEAD = deliver(hand_in(sign(compose(b"x"))))[:-1]
BODIES = (b"\r\n", b"\n", b" ", b" \r", b"a\t", b"--1\r\n\r\n")


@examples(1)
@given(octets=st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(PIECES)).map(b"".join)))
def test_no_octets_raise_or_pass(octets: bytes) -> None:
    for raw in (octets, deliver(octets), octets + compose(), deliver(octets + compose())):
        verdict = judge(raw)
        assert not verdict.passed
        assert verdict.causes
        assert load_verdict(dump_verdict(verdict)) == verdict


@examples(1)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 4), name=st.sampled_from([*FAULTS, ""]))
def test_a_mail_with_octets_changed_passes_only_where_all_that_counts_is_whole(
    seed: int, count: int, name: str
) -> None:
    chance = random.Random(seed)
    fault = FAULTS.get(name)
    raw = bytearray(fault.make() if fault else good_mail())
    signed_at = max(raw.find(b"DKIM-Signature:"), 0)
    world = fault.world() if fault else zone()
    for _ in range(count):
        at = chance.randrange(signed_at, len(raw))
        raw[at] ^= 1 << chance.randrange(8)
    verdict = judge(bytes(raw), world, **(fault.options if fault else {}))
    if not verdict.passed:
        assert verdict.causes
        return
    assert fault is None
    # Relaxed canonical form: case of names, blanks, and fields that nobody signed.
    assert b"A test." in raw
    assert b"ann@friend.example" in raw


@examples(1)
@given(piece=st.sampled_from(PIECES), seed=st.integers(0, 2**32))
def test_a_mail_with_something_put_in_above_its_signature_never_passes_as_another(
    piece: bytes, seed: int
) -> None:
    mail = hand_in(sign(compose()))
    at = random.Random(seed).randrange(len(mail))
    verdict = judge(deliver(mail[:at] + piece + mail[at:]))
    if verdict.passed:
        assert verdict.from_domain == "friend.example"
        assert verdict.from_address == "ann@friend.example"


@pytest.mark.parametrize("piece", BODIES)
def test_ten_megabytes_of_anything_take_a_moment(piece: bytes) -> None:
    raw = HEAD + piece * (LONG // len(piece))
    before, here = time.process_time(), time.thread_time()
    assert not judge(raw).passed
    assert time.process_time() - before < 3
    assert time.thread_time() - here < 1  # of this thread, which has the event loop


def test_the_event_loop_is_not_held_by_a_large_mail() -> None:
    raw = HEAD + b"<p>a  word</p>\t\r\n" * (LONG // 17)
    mail = ReceivedMail(raw, AT, (Domain.from_ascii("else.example"),), FRIEND)

    async def work(_attempt: int) -> None:
        verdict = await receive_mail(LinesAsk(zone()), SERVER, mail)
        assert verdict.causes[0].code == "mail-body-changed"

    assert worst_hold(work, limit=TOO_LONG) <= TOO_LONG


def test_a_header_made_to_take_long_takes_a_moment() -> None:
    long = 60_000
    heads = (
        b"From: " + b"(" * long,
        b"From: " + b'"' * long,
        b"From: " + b"a@b.example," * (long // 12),
        b"Received: from " + b"x " * (long // 2) + b"by mail.else.example",
        b"Authentication-Results: mail.else.example; " + b"dkim=pass (" * (long // 11),
        b"DKIM-Signature: v=1; a=rsa-sha256; d=friend.example; s=dkim; h=" + b"from:" * (long // 5),
        b"DKIM-Signature: v=1; b" + b" \r\n " * (long // 4) + b"=",
        b"DKIM-Signature: " + b"v=1;" * (long // 4),
    )
    before = time.process_time()
    for head in heads:
        assert not judge(deliver(head + b"\r\n" + compose())).passed
    many = b"DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=a; h=from; bh=YWJj; b=YWJj\r\n" * 450
    assert not judge(deliver(many + compose())).passed
    assert time.process_time() - before < 3


def test_a_signature_is_not_verified_by_a_search_that_takes_the_square() -> None:
    # The library looks for `b=` in the field by an expression that goes back over blanks.
    blanks = "".join(f" b{' ' * 90}\r\n " for _ in range(60))
    before = time.process_time()
    judge(deliver(hand_in(sign(compose(), tags={"z": blanks}))))
    assert time.process_time() - before < 1


def test_questions_about_a_mail_are_bounded() -> None:
    asked: list[object] = []
    world = LinesAsk(zone())

    async def ask(name: object, rdtype: object) -> object:
        asked.append((name, rdtype))
        return await world(name, rdtype)  # type: ignore[arg-type]  # just handed on

    signatures = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=%s%d.friend.example; s=a; h=from; bh=YWJj; b=YWJj\n"
        % (b"a." * 30, number)
        for number in range(200)
    )
    mail = ReceivedMail(
        deliver(signatures + compose()), AT, (Domain.from_ascii("else.example"),), FRIEND
    )
    asyncio.run(receive_mail(ask, SERVER, mail))  # type: ignore[arg-type]  # an Ask by its shape
    assert len(asked) < 100
