from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records.qr_code import draw_qr_code
from examples import examples
from qr_reader import png_size, read_qr_code

PAGE = "https://mx1.cow.example/mobileconfig.php?only_email"


@pytest.mark.parametrize("url", [PAGE, "https://mx1.cow.example/", "https://b.example/ü?a=1#x"])
def test_the_code_holds_the_address(url: str) -> None:
    assert read_qr_code(draw_qr_code(url)) == url


@given(path=st.text("abcXYZ019-._~/?=&%", max_size=180))
@examples(0.5)
def test_the_code_holds_every_address(path: str) -> None:
    url = f"https://mx1.cow.example/{path}"
    assert read_qr_code(draw_qr_code(url)) == url


def test_the_code_is_large_enough_for_a_phone_and_small_enough_for_a_card() -> None:
    width, height = png_size(draw_qr_code(PAGE))
    assert width == height
    assert 250 <= width <= 600
    assert len(draw_qr_code(f"https://mx1.cow.example/{'a' * 488}")) < 50_000
