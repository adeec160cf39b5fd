"""How long a server is waited for, by what its round trips were like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dns.round_trip import FIRST_WAIT, RoundTrip


def test_server_that_never_answered_is_given_the_first_wait() -> None:
    unknown = RoundTrip()
    assert not unknown.is_known
    assert unknown.wait == unknown.long_wait == FIRST_WAIT


def test_first_round_trip_is_waited_for_three_times_as_long() -> None:
    known = RoundTrip()
    known.note(0.02)
    assert known.is_known
    assert known.wait == pytest.approx(0.06)  # RFC 6298 section 2.2
    assert known.long_wait == FIRST_WAIT


def test_steady_round_trips_leave_a_hundredth_of_a_second_above_them() -> None:
    steady = RoundTrip()
    for _ in range(100):
        steady.note(0.02)
    assert steady.wait == pytest.approx(0.03, abs=0.0001)


def test_spread_round_trips_are_waited_for_longer_than_steady_ones_of_the_same_mean() -> None:
    steady, spread = RoundTrip(), RoundTrip()
    for number in range(100):
        steady.note(0.1)
        spread.note(0.05 if number % 2 else 0.15)
    assert spread.wait > 0.2 > steady.wait


def test_server_that_becomes_slower_is_soon_waited_for() -> None:
    slower = RoundTrip()
    for seconds in [0.0] * 50 + [1.0] * 50:
        slower.note(seconds)
    assert 1.0 < slower.wait < 3.0
    assert slower.long_wait == slower.wait


def test_one_slow_look_up_hardly_counts() -> None:
    known = RoundTrip()
    for seconds in [0.02] * 50 + [4.0] + [0.02] * 10:
        known.note(seconds)
    assert known.wait < 0.06


def test_room_for_early_datagrams_ends_and_comes_back_with_answers() -> None:
    known = RoundTrip()
    known.note(0.02)
    taken = 0
    while known.take_room():
        taken += 1
    assert 0 < taken <= 16
    for _ in range(250):
        known.note(0.02)
    assert known.take_room()
    assert not known.take_room()


def test_room_given_back_can_be_taken_again() -> None:
    known = RoundTrip()
    while known.take_room():
        pass
    known.give_back_room()
    assert known.take_room()
    known.give_back_room()  # two that were not in vain make room for a third
    assert known.take_room()
    known.give_back_room()
    assert known.take_room()
    assert known.take_room()
    assert not known.take_room()


@given(st.lists(st.floats(min_value=0, max_value=5), min_size=1, max_size=300))
def test_wait_is_bounded_by_the_slowest_round_trip(samples: list[float]) -> None:
    known = RoundTrip()
    for seconds in samples:
        known.note(seconds)
    assert 0.01 <= known.wait <= 5 * max(samples) + 0.01
