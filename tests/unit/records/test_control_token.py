"""The text that shows control of a domain: made for one member and domain, and for no other."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.names import Domain
from bot.records.control_token import (
    VALID,
    TokenState,
    control_name,
    make_control_text,
    read_control_text,
)
from examples import examples

SECRET = bytes(range(32))
FRIEND, OTHER = Domain.from_ascii("friend.example"), Domain.from_ascii("mover.example")
ANN, BEN = 300000000000000007, 300000000000000008
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TEXT = make_control_text(SECRET, FRIEND, ANN, NOW)


def read(
    text: str,
    *,
    secret: bytes = SECRET,
    domain: Domain = FRIEND,
    member: int = ANN,
    after: timedelta = timedelta(0),
) -> TokenState:
    return read_control_text(text, secret, domain, member, NOW + after)


def test_the_text_is_the_members_own_for_this_domain() -> None:
    assert read(TEXT) is TokenState.OURS
    assert str(control_name(FRIEND)) == "_cowbell.friend.example."


def test_another_member_proves_nothing_with_it() -> None:
    assert read(TEXT, member=BEN) is TokenState.OTHER


def test_it_is_of_no_use_at_another_domain_or_at_one_below() -> None:
    assert read(TEXT, domain=OTHER) is TokenState.OTHER
    assert read(TEXT, domain=Domain.from_ascii("club.friend.example")) is TokenState.OTHER


def test_with_another_secret_it_is_unknown() -> None:
    assert read(TEXT, secret=bytes(32)) is TokenState.OTHER


def test_it_holds_at_least_as_long_as_a_request_and_then_expires() -> None:
    assert read(TEXT, after=VALID) is TokenState.OURS
    assert read(TEXT, after=VALID + timedelta(days=7)) is TokenState.EXPIRED


def test_the_same_text_is_handed_out_for_a_week() -> None:
    monday = datetime.fromtimestamp(2960 * 7 * 86400, UTC)
    first = make_control_text(SECRET, FRIEND, ANN, monday)
    last = make_control_text(SECRET, FRIEND, ANN, monday + timedelta(days=7, seconds=-1))
    following = make_control_text(SECRET, FRIEND, ANN, monday + timedelta(days=7))
    assert first == last != following


def test_a_longer_life_cannot_be_written_into_it() -> None:
    expiry, _, code = TEXT.removeprefix("cowbell=").partition(".")
    assert read(f"cowbell={int(expiry) + 86400}.{code}") is TokenState.OTHER


@pytest.mark.parametrize("text", [f'"{TEXT}"', f"  {TEXT} ", f'" {TEXT}"'])
def test_quotation_marks_and_blanks_around_it_are_left_aside(text: str) -> None:
    assert read(text) is TokenState.OURS


@pytest.mark.parametrize(
    "text",
    [
        TEXT.upper(),
        TEXT.replace("=", " = "),
        f'"{TEXT}',
        TEXT[:-1],
        TEXT + "a",
        TEXT.replace("cowbell=", "cowbell=0"),
        "cowbell=",
        "cowbell=" + "9" * 4000,
        "cowbell=" + TEXT.partition(".")[0].removeprefix("cowbell=") + ".",
        TEXT.replace("1", "\N{ARABIC-INDIC DIGIT ONE}", 1),
    ],
)
def test_a_text_of_ours_with_a_slip_in_it_is_not_taken(text: str) -> None:
    assert read(text) in {TokenState.OTHER, TokenState.NONE}


@pytest.mark.parametrize("text", ["", '"', '""', "v=spf1 -all", "\x00", "\ud800", "bell=" + TEXT])
def test_other_texts_at_the_name_are_none_of_ours(text: str) -> None:
    assert read(text) is TokenState.NONE


def test_none_of_a_thousand_changed_texts_is_taken() -> None:
    chance = random.Random(6)
    signs = string.ascii_letters + string.digits + string.punctuation + " "
    taken, tried = [], 0
    while tried < 1000:
        place = chance.randrange(len(TEXT))
        sign = chance.choice(signs)
        text = chance.choice(
            (
                TEXT[:place] + sign + TEXT[place + 1 :],  # another sign
                TEXT[:place] + sign + TEXT[place:],  # one more
                TEXT[:place] + TEXT[place + 1 :],  # one less
                TEXT[:place] + TEXT[place + 1 : place + 2] + TEXT[place] + TEXT[place + 2 :],
            )
        )
        if text.strip() == TEXT:
            continue
        tried += 1
        if read(text) in {TokenState.OURS, TokenState.EXPIRED}:
            taken.append(text)
    assert taken == []


@given(text=st.text(max_size=120))
@examples(0.2)
def test_no_text_is_taken_that_was_not_handed_out(text: str) -> None:
    assert read(text) in {TokenState.NONE, TokenState.OTHER}
    assert read(f"cowbell={text}") in {TokenState.NONE, TokenState.OTHER}


def test_a_domain_with_letters_of_its_own_is_signed_by_its_form_in_ascii() -> None:
    typed = Domain.parse("Bücher.example").domain
    ascii_form = Domain.from_ascii("xn--bcher-kva.example")
    text = make_control_text(SECRET, typed, ANN, NOW)
    assert read(text, domain=ascii_form) is TokenState.OURS


def test_a_name_that_leaves_no_room_for_the_label_has_no_record() -> None:
    long = Domain.from_ascii(".".join(["a" * 63] * 3 + ["b" * 58, "c"]))
    assert control_name(long) is None
