r"""What is taken from a paste: the marks of programs, and never what a record itself may hold."""

from __future__ import annotations

import pytest

from bot.records.paste_cleaning import clean_paste
from bot.records.placed_text import PlacedText


def clean(typed: str) -> str:
    return clean_paste(PlacedText.of(typed)).text


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("v%3DDKIM1%3B+p%3DAA%2BBB", "v=DKIM1; p=AA+BB"),
        ("v=DKIM1; p=AA+BB%3D", "v=DKIM1; p=AA+BB%3D"),  # only where the version is so as well
        ("v=3DDKIM1; p=3DAA=\nBB", "v=DKIM1; p=AABB"),
        ("v=DKIM1; p=AA=3D", "v=DKIM1; p=AA=3D"),
        ("v&#61;DKIM1; p&#x3D;AA &amp;quot;", 'v=DKIM1; p=AA "'),
        ("<td>v=DKIM1; p=AA<wbr/>BB</td>", " v=DKIM1; p=AA BB "),
        ("p=AA < BB", "p=AA < BB"),
        ("p=AA\u00a0\u2003BB\x0bCC", "p=AA  BB CC"),
        ("p=AA\u2028BB\x85CC", "p=AA\nBB\nCC"),
        ("\ufeffp=A\u200bA\u00adB\u200eB", "p=AABB"),
        ("\u201cp=AA\u201d \u2018p=BB\u2019", "\"p=AA\" 'p=BB'"),
        ("> p=AA\n  >> BB", "p=AA\nBB"),
        ("p=AA > BB", "p=AA > BB"),
        (r"\u0022p=AA\u0022 \u0027p=BB\u0027", r"\"p=AA\" \'p=BB\'"),
        ("p=\u0410\u00e9", "p=\u0410\u00e9"),  # named later, by its place
    ],
)
def test_marks_of_programs_go_and_all_else_stays(typed: str, cleaned: str) -> None:
    assert clean(typed) == cleaned


def test_what_stays_knows_where_it_stood() -> None:
    typed = "> \u200bv&#61;DKIM1"
    cleaned = clean_paste(PlacedText.of(typed))
    assert cleaned.text == "v=DKIM1"
    assert cleaned.find_place(0, typed)["at"] == typed.index("v") + 1
    assert cleaned.find_place(2, typed)["at"] == typed.index("D") + 1
