"""The word by which a test mail is known: random, and found wherever a mail carries it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.names import MailAddress
from bot.records.mail_token import (
    SUBJECT_MARK,
    address_with,
    digest_token,
    find_tokens,
    make_token,
)
from examples import examples

PROBE = MailAddress.parse("Probe.Box@else.example")
ORDER = ("Delivered-To", "To", "Cc")
A, B, C = "a" * 16, "b" * 16, "c" * 16


def test_a_token_is_random_and_fits_an_address_and_is_stored_as_its_digest() -> None:
    tokens = {make_token() for _ in range(200)}
    assert len(tokens) == 200
    for token in tokens:
        assert re.fullmatch("[a-z2-7]{16}", token)
        assert find_tokens(f"To: {address_with(token, PROBE)}".encode(), PROBE, ORDER) == (token,)
        assert token not in digest_token(token)
    assert len({digest_token(token) for token in tokens}) == 200


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        (f"To: Probe.Box+{A}@else.example\r\n", (A,)),
        (f"To: <PROBE.BOX+{A.upper()}@ELSE.EXAMPLE>\r\n", (A,)),
        (f'To: "x" <probe.box+{A}@else.example>, y@z.example\r\n', (A,)),
        (f"TO : probe.box+{A}@else.example\r\n", (A,)),
        (f"To: a@b.example,\r\n\t<probe.box+{A}@alias.example>\r\n", (A,)),
        (f"Cc: probe.box+{A}@else.example\r\nDelivered-To: probe.box+{B}@x\r\n", (B, A)),
        (f"Subject: Re: {SUBJECT_MARK}{A}\r\n", (A,)),
        (f"Subject: {SUBJECT_MARK.upper()}{A.upper()}!\r\n", (A,)),
        (f"Subject: =?utf-8?q?=C3=BC_{SUBJECT_MARK}{A}?=\r\n", (A,)),
        (f"Subject: {SUBJECT_MARK}{A}\r\nTo: probe.box+{B}@x.example\r\n", (B, A)),
        (f"Subject: =?x-nobody?q?{SUBJECT_MARK}{A}?=\r\n", (A,)),
        (f"Subject: =?\u00fc?q?{SUBJECT_MARK}{A}?=\r\n", (A,)),
        (f"Subject: =?utf-8?b?{SUBJECT_MARK}{A}=?=\r\n", (A,)),
        (f"To: probe.box+{A}x@else.example\r\n", ()),
        (f"To: probe.box+{A[:-1]}@else.example\r\n", ()),
        (f"To: otherprobe.box+{A}@else.example\r\n", ()),
        (f"To: probexbox+{A}@else.example\r\n", ()),
        (f"From: probe.box+{A}@else.example\r\n", ()),
        (f"Subject: {A}\r\n", ()),
        (f"Subject: {SUBJECT_MARK}{A}{B}\r\n", ()),
        (f"Subject: probe.box+{A}@else.example\r\n", ()),
        ("", ()),
        ("no field at all", ()),
    ],
)
def test_it_is_found_in_the_fields_of_the_recipient_and_last_in_the_subject(
    fields: str, tokens: tuple[str, ...]
) -> None:
    assert find_tokens(fields.encode(), PROBE, ORDER) == tokens


@examples(1 / 4)
@given(st.binary(max_size=500))
def test_any_octets_are_looked_through(fields: bytes) -> None:
    for token in find_tokens(b"To: " + fields, PROBE, ORDER):
        assert re.fullmatch("[a-z2-7]{16}", token)


@pytest.mark.parametrize(
    "piece", [b"probe.box+", b"To: probe.box+aaaa@x,\r\n", b"\r\n ", b"=?utf-8?q?=", b"Subject: "]
)
def test_long_fields_take_no_time(piece: bytes) -> None:
    fields = b"To: x\r\nSubject: " + piece * (200_000 // len(piece))
    started = time.process_time()
    find_tokens(fields, PROBE, ORDER)
    assert time.process_time() - started < 0.2


def test_of_many_tokens_few_are_tried() -> None:
    many = ", ".join(f"probe.box+{'a' * 14}{x}{y}@x" for x in "abcdef" for y in "abcdef")
    assert len(find_tokens(f"To: {many}".encode(), PROBE, ORDER)) == 20
