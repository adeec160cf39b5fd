"""Text on cards: what fits, what can be copied, and where it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.markdown import block, both_ends, choose, clip, is_copyable, span, width


def test_the_first_pieces_get_their_room_first() -> None:
    assert choose([("aaaa", "a"), ("bbbb", "b")], room=5) == ["aaaa", "b"]


def test_a_piece_gets_the_fullest_version_that_fits() -> None:
    assert choose([("a" * 9, "aaa", ""), ("bb", "")], room=6) == ["aaa", "bb"]


@given(
    st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=4), max_size=8),
    st.integers(0, 200),
)
def test_chosen_versions_fit_where_the_shortest_do(pieces: list[list[str]], room: int) -> None:
    chosen = choose(pieces, room)
    assert all(text in piece for text, piece in zip(chosen, pieces, strict=True))
    shortest = sum(width(piece[-1]) for piece in pieces)
    assert sum(width(text) for text in chosen) <= max(room, shortest)


def test_width_counts_what_lies_beyond_16_bits_twice() -> None:
    assert (width("cow"), width("ü"), width("🐄")) == (3, 1, 2)


def test_a_value_cannot_end_its_code_block() -> None:
    assert block("a```b\n@everyone") == "```\naˋˋˋb\\x0a@everyone\n```"


def test_several_lines_share_a_code_block() -> None:
    assert block("a", "b") == "```\na\nb\n```"


@pytest.mark.parametrize("make", [block, span])
def test_nothing_is_shown_as_a_blank(make: object) -> None:
    assert callable(make)
    assert " " in make("")


def test_a_value_cannot_end_its_code_span() -> None:
    assert span("a`b\u202ec") == "`aˋb\\u202ec`"


@pytest.mark.parametrize("value", ["a`b", "a\tb", "a\u200bb"])
def test_a_value_that_looks_different_on_the_card_is_not_copied_from_it(value: str) -> None:
    assert not is_copyable(value)


def test_an_ordinary_value_is_copied() -> None:
    assert is_copyable('v=spf1 include:_spf.cow.example "-all"')


def test_long_values_show_both_ends() -> None:
    shown = both_ends("v=DKIM1; p=" + "A" * 400 + "END")
    assert shown.startswith("v=DKIM1; p=A")
    assert shown.endswith("AEND")
    assert len(shown) < 60


def test_a_short_value_stays_whole() -> None:
    assert both_ends("v=DMARC1; p=reject") == "v=DMARC1; p=reject"


def test_clipping_leaves_out_a_code_span_that_does_not_fit() -> None:
    assert clip("See `mx1.cow.example` now.", 12) == "See …"


def test_clipping_does_not_part_a_character_from_its_escape() -> None:
    assert clip("abc\\@everyone", 6) == "abc …"


@given(
    st.lists(st.sampled_from(["`a b`", "\\`", "\\@", "word ", "🐄", "```\nx\n```"])),
    st.integers(4, 60),
)
def test_clipped_text_fits_and_leaves_nothing_open(units: list[str], most: int) -> None:
    clipped = clip("".join(units), most)
    assert width(clipped) <= most
    assert clipped.replace("\\`", "").count("`") % 2 == 0
