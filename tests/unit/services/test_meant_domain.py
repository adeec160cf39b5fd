"""Which known domains a name is like: those that differ from it by one slip."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.names import Domain
from bot.services.meant_domain import MOST_KNOWN, is_slip, like

SIGNS = "abx-."


@pytest.mark.parametrize(
    "typed",
    [
        "freind.example",  # swapped
        "frend.example",  # one too few
        "frriend.example",  # one too many
        "fruend.example",  # another one
        "riend.example",
        "friend.examplee",
        "friend.exampl",
        "friend.exmaple",
        "fri.end.example",
    ],
)
def test_one_slip_is_told_both_ways(typed: str) -> None:
    assert is_slip(typed, "friend.example")
    assert is_slip("friend.example", typed)


@pytest.mark.parametrize(
    "typed", ["friend.example", "fiend.exmaple", "dneirf.example", "frneid.example", "f.example"]
)
def test_the_same_name_and_two_slips_are_no_slip(typed: str) -> None:
    assert not is_slip(typed, "friend.example")


def slips_of(text: str) -> set[str]:
    """Return all texts that one slip makes of a short one, each kind spelled out."""
    cuts = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    fewer = {a + b[1:] for a, b in cuts if b}
    other = {a + sign + b[1:] for a, b in cuts if b for sign in SIGNS}
    more = {a + sign + b for a, b in cuts for sign in SIGNS}
    return (swapped | fewer | other | more) - {text}


@given(st.text(SIGNS, max_size=6), st.text(SIGNS, max_size=6))
def test_a_slip_is_just_what_one_slip_makes(one: str, other: str) -> None:
    assert is_slip(one, other) == (other in slips_of(one))
    for slip in itertools.islice(sorted(slips_of(one)), 20):
        assert is_slip(one, slip)


def test_a_letter_beyond_ascii_is_one_sign() -> None:
    known = [Domain.parse("bücher.example").domain]
    assert like(Domain.from_ascii("bucher.example"), known) == tuple(known)
    assert like(Domain.parse("büchr.example").domain, known) == tuple(known)


def test_as_many_domains_are_compared_as_a_moment_allows() -> None:
    close = Domain.from_ascii("friend.example")
    known = [Domain.from_ascii(f"{'r' * 50}{n:04}.example") for n in range(MOST_KNOWN - 1)]
    typed = Domain.from_ascii("freind.example")
    started = time.process_time()
    assert like(typed, [*known, close]) == (close,)
    assert like(Domain.from_ascii(f"{'r' * 53}.example"), known) == ()
    assert time.process_time() - started < 1
    assert like(typed, [*known, *known, close]) == ()  # a bound is a bound
