"""The header section of a mail: read within bounds, and what nobody can be sure of is told."""

from __future__ import annotations

import pytest

from bot.checks.mail.header_fields import MOST_FIELDS, MOST_OCTETS, read_header
from bot.checks.mail.mail_addresses import read_mailboxes, read_path
from bot.checks.mail.structured_text import MOST_DEPTH, split_pieces, without_comments


def test_fields_and_the_place_of_the_body_are_found() -> None:
    raw = b"From: a@b.example\r\nSubject: one\r\n\ttwo\r\nX:\r\n\r\nFrom: body\r\n"
    header = read_header(raw)
    assert [(f.key, f.text) for f in header.fields] == [
        ("from", "a@b.example"),
        ("subject", "one two"),
        ("x", ""),
    ]
    assert raw[header.body_at :] == b"From: body\r\n"
    assert header.fault == ""
    assert header.has_crlf


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"From: a\r\nno field\r\nTo: b\r\n\r\n", "line"),
        (b" folded: first\r\nFrom: a\r\n\r\n", "line"),
        (b"From: a\rFrom: b\r\n\r\n", "character"),
        (b"From: a\x00\r\n\r\n", "character"),
        (b"X: y\r\n" * (MOST_FIELDS + 1) + b"\r\n", "fields"),
        (b"X: " + b"y" * MOST_OCTETS + b"\r\n\r\n", "size"),
        (b"X: y" + b"\r\n z" * MOST_OCTETS, "size"),
        (b"X: y\r\nFrom nobody\r\n\r\n", "line"),
        (b"From ann Sun Nov 29\r\nX: y\r\n\r\n", ""),
        (b"From: a", ""),
        (b"", ""),
    ],
)
def test_what_makes_a_header_doubtful_is_told(raw: bytes, fault: str) -> None:
    assert read_header(raw).fault == fault


def test_a_header_of_the_most_octets_is_read() -> None:
    line = b"X: " + b"y" * 60 + b"\r\n"
    raw = line * ((MOST_OCTETS - 2) // len(line)) + b"\r\nbody"
    header = read_header(raw[:MOST_OCTETS])
    assert header.fault in {"", "fields"}


def test_lines_that_end_in_lf_alone_are_read_too() -> None:
    header = read_header(b"From: a\nTo: b\n\nbody\n")
    assert [f.key for f in header.fields] == ["from", "to"]
    assert not header.has_crlf


def test_comments_and_quotes_are_told_apart() -> None:
    pieces = split_pieces(r'a (b (c) \) d) "e \" (f)" g')
    assert pieces is not None
    assert [(p.kind, p.text) for p in pieces] == [
        ("text", "a "),
        ("comment", "b (c) ) d"),
        ("text", " "),
        ("quoted", 'e " (f)'),
        ("text", " g"),
    ]
    assert without_comments(r'a(b)c "d\"(e)"') == r'a c "d\"(e)"'
    for open_end in ("(", '"', "(a", 'b "c', "(\\"):
        assert split_pieces(open_end) is None
        assert without_comments(open_end) is None
    for depth, found in ((MOST_DEPTH, True), (MOST_DEPTH + 1, False)):
        assert bool(split_pieces("(" * depth + "a" + ")" * depth)) is found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ann@friend.example", ["ann@friend.example"]),
        ("Ann <ann@Friend.Example>", ["ann@Friend.Example"]),
        ('"Ann, B." <ann@friend.example> (hi)', ["ann@friend.example"]),
        ('"a@bank.example" <ann@friend.example>', ["ann@friend.example"]),
        ("ann@friend.example, b@c.example", ["ann@friend.example", "b@c.example"]),
        ("Us: ann@friend.example, b@c.example;", ["ann@friend.example", "b@c.example"]),
        ('"ann b"@friend.example', ['"ann b"@friend.example']),
        ("=?utf-8?q?J=C3=BC?= <j@friend.example>", ["j@friend.example"]),
        ("a@bank.example <ann@friend.example>", None),
        ("<ann@friend.example> <b@c.example>", None),
        ("Ann <ann@friend.example> b@c.example", None),
        ("Ann <ann@friend.example", None),
        ("ann@friend.example>", None),
        ("<a@b.example,c@d.example>", None),
        ("Us: ann@friend.example", None),
        ("a: b: c@d.example;", None),
        ("ann", None),
        ("ann@b@c.example", None),
        ("", None),
        ("Us:;", None),
        ("(", None),
        ("a@b.example," * 60, None),
        ("x" * 9000, None),
    ],
)
def test_only_what_all_programs_read_alike_is_an_address(
    value: str, found: list[str] | None
) -> None:
    mailboxes = read_mailboxes(value)
    assert (None if mailboxes is None else [m.text for m in mailboxes]) == found


@pytest.mark.parametrize(
    "value",
    [
        "a@[192.0.2.1]",
        "a@localhost",
        "a@b_c.example",
        "a@http://b.example/",
        "a@.example",
        "a@" + "x" * 300,
    ],
)
def test_an_address_without_a_domain_has_none(value: str) -> None:
    mailboxes = read_mailboxes(value)
    assert mailboxes is None or mailboxes[0].domain is None


def test_domains_are_compared_as_the_dns_does() -> None:
    mailboxes = read_mailboxes("a@BÜCHER.example, b@xn--bcher-kva.example")
    assert mailboxes is not None
    assert len({m.domain for m in mailboxes}) == 1


def test_a_path_is_an_address_or_nobody() -> None:
    assert getattr(read_path("<>"), "text", None) == ""
    assert getattr(read_path(" <a@b.example> "), "text", None) == "a@b.example"
    assert getattr(read_path("a@b.example"), "text", None) == "a@b.example"
    assert read_path("<a@b.example> <c@d.example>") is None
    assert read_path("<" + "a" * 400 + "@b.example>") is None
