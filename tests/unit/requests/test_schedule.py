"""The waiting times: steps without a TTL, the TTL where there is one, an end after 14 days."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.requests.schedule import (
    GIVE_UP_AFTER,
    LATEST_LOOK,
    SOONEST_LOOK,
    next_attempt,
    next_look,
    next_try,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_without_a_ttl_the_waits_grow() -> None:
    waits = [next_look(attempt, timedelta()) for attempt in range(60)]
    assert waits[:3] == [2 * MINUTE, 5 * MINUTE, 15 * MINUTE]
    assert waits[3:51] == [HOUR] * 48
    assert waits[51:] == [6 * HOUR] * 9


def test_with_a_ttl_the_next_look_is_when_the_old_answer_is_gone() -> None:
    assert next_look(0, timedelta(), 3600) == HOUR + timedelta(seconds=2)
    assert next_look(7, DAY, 300) == 5 * MINUTE + timedelta(seconds=2)
    assert next_look(0, timedelta(), 0) == SOONEST_LOOK
    assert next_look(0, timedelta(), 2**31) == LATEST_LOOK
    assert next_look(51, DAY, 60) == LATEST_LOOK


def test_the_last_look_is_after_fourteen_days_and_then_it_is_given_up() -> None:
    assert next_look(80, GIVE_UP_AFTER - MINUTE) == MINUTE
    assert next_look(80, GIVE_UP_AFTER) is None
    assert next_look(0, GIVE_UP_AFTER + DAY, 60) is None


@given(st.none() | st.integers(0, 2**31))
def test_a_request_is_looked_at_a_bounded_number_of_times(ttl: int | None) -> None:
    attempt, waited = 0, timedelta()
    while (wait := next_look(attempt, waited, ttl)) is not None:
        assert timedelta() < wait <= LATEST_LOOK
        attempt, waited = attempt + 1, waited + wait
        assert attempt < 120
    assert waited == GIVE_UP_AFTER


def test_a_mail_server_that_does_not_answer_is_called_four_times_more() -> None:
    waits = [next_attempt(attempts) for attempts in (1, 2, 3, 4)]
    assert waits == [timedelta(seconds=seconds) for seconds in (5, 15, 40, 120)]
    assert next_attempt(5) is None


def test_tries_to_deliver_come_ever_later_up_to_an_hour() -> None:
    seconds = [next_try(attempts).total_seconds() for attempts in (1, 2, 3, 9, 10, 11, 5000)]
    assert seconds == [5, 10, 20, 1280, 2560, 3600, 3600]
    assert next_try(0) == timedelta(seconds=5)
