from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.records.placed_text import PlacedText

TYPED = "one\ntwo three\n"


@given(st.text(alphabet="ab \n", max_size=40), st.sampled_from(["", "x", "xyz"]))
def test_what_is_not_replaced_knows_its_place(typed: str, new: str) -> None:
    text = PlacedText.of(typed).sub(re.compile("a+"), lambda _: new)
    assert text.text == re.sub("a+", new, typed)
    assert len(text.places) == len(text)
    for character, place in zip(text.text, text.places, strict=True):
        assert typed[place] == ("a" if character in "xyz" else character)


def test_a_place_is_counted_from_one() -> None:
    place = PlacedText.of(TYPED).find_place(TYPED.index("w"), TYPED)
    assert place == {"at": 6, "length": len(TYPED), "line": 2, "column": 2}


def test_one_line_has_no_number() -> None:
    assert PlacedText.of("one\n").find_place(1, "one\n")["line"] == 0


def test_behind_the_end_is_the_last_character() -> None:
    assert PlacedText.of("one").find_place(9, "one")["at"] == 3
    assert PlacedText.of("").find_place(0, "")["at"] == 1


def test_texts_that_are_joined_keep_their_places() -> None:
    text = PlacedText.of("abc")
    joined = PlacedText.join([text.cut(2), text.cut(0, 1)])
    assert (joined.text, list(joined.places)) == ("ca", [2, 0])
