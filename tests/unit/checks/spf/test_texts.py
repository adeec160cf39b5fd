"""TXT records sorted into SPF records, what was meant as one, and the rest."""

from __future__ import annotations

import pytest

from bot.checks.spf.terms import plain
from bot.checks.spf.texts import SpfTextKind, find_strange_character, sort_texts


def test_texts_are_sorted_by_what_they_are() -> None:
    texts = (b"v=spf1", b" v=spf1 a", b"v=spf1\xa0a", b"v=spf1\ta", b"v=spf1,mx", b"spf2.0/pra mx")
    assert [text.kind for text in sort_texts(texts)] == [
        SpfTextKind.RECORD,
        SpfTextKind.LEADING_SPACE,
        SpfTextKind.NON_ASCII,
        SpfTextKind.CONTROL,
        SpfTextKind.VERSION,
    ]


@pytest.mark.parametrize(
    ("text", "joined", "sound"),
    [
        (b"v=spf1 mx -all", (), True),
        (b"v=spf1 mx MS=ms1 -all", ("MS=ms1",), True),
        (b"v=spf1 include:x.exampleMS=ms1 -all", ("MS=ms1",), False),
        (b"v=spf1 mx -allMS=ms1", ("MS=ms1",), False),
        (b"MS=ms1 v=spf1 mx -all", ("MS=ms1",), False),
        (b"v=spf1 mx brevo-code:abc -all", ("brevo-code:abc",), False),
    ],
)
def test_a_joined_value_does_no_harm_where_it_reads_as_an_unknown_modifier(
    text: bytes, joined: tuple[str, ...], *, sound: bool
) -> None:
    (found,) = sort_texts([text])
    assert (found.joined, found.is_sound) == (joined, sound)


@pytest.mark.parametrize(
    ("text", "number", "looks", "meant"),
    [
        ("v=spf1 —all", "U+2014", "dash", "-all"),
        ("v=spf1 a\u00a0-all", "U+00A0", "blank", "a -all"),
        ("v=spf1 \u200b-all", "U+200B", "invisible", "-all"),
        ("v=spf1 ”mx", "U+201D", "quote", "mx"),
        ("v=spf1 include:køl.example", "U+00F8", "letter", "include:køl.example"),
    ],
)
def test_the_first_strange_character_is_named(
    text: str, number: str, looks: str, meant: str
) -> None:
    strange = find_strange_character(text)
    assert strange is not None
    assert (strange.number, strange.looks, strange.meant) == (number, looks, meant)


def test_plain_text_has_no_strange_character() -> None:
    assert find_strange_character("v=spf1 include:_spf.cow.example -all") is None
    assert plain("v=spf1\u3000include\uff1aa.example \uff0dall") == "v=spf1 include:a.example -all"
