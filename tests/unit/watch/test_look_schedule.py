from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.watch.look_schedule import (
    DAY,
    calm_after,
    daily_look,
    look_at_calm,
    look_at_fault,
    second_look,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_each_name_has_a_look_a_day_at_the_same_second() -> None:
    first = daily_look("friend.example", NOON)
    assert NOON < first <= NOON + DAY
    assert daily_look("friend.example", first - timedelta(seconds=1)) == first
    assert daily_look("friend.example", first) == first + DAY


def test_looks_at_many_names_are_spread_over_the_day() -> None:
    looks = [daily_look(f"d{number}.example", NOON) for number in range(500)]
    hours = [sum(look.hour == hour for look in looks) for hour in range(24)]
    assert min(hours) > 5
    assert max(hours) < 45


@pytest.mark.parametrize(
    ("ttl", "wait"),
    [
        (None, HOUR),
        (0, timedelta(minutes=2)),
        (300, timedelta(seconds=302)),
        (86_400, DAY),
        (604_800, DAY),
    ],
)
def test_a_second_look_waits_until_caches_have_forgotten(ttl: int | None, wait: timedelta) -> None:
    assert second_look(ttl) == wait


@pytest.mark.parametrize(
    ("lasted", "wait"),
    [(timedelta(0), HOUR), (timedelta(days=3), 6 * HOUR), (timedelta(days=20), DAY)],
)
def test_an_older_fault_is_looked_at_less_often(lasted: timedelta, wait: timedelta) -> None:
    assert look_at_fault(lasted) == wait


@pytest.mark.parametrize(
    ("relapses", "ttl", "calm"),
    [
        (0, None, DAY),
        (0, 172_800, 2 * DAY),
        (1, 300, 2 * DAY),
        (3, None, 8 * DAY),
        (400, None, 8 * DAY),
    ],
)
def test_a_fault_that_came_back_has_to_stay_away_for_longer(
    relapses: int, ttl: int | None, calm: timedelta
) -> None:
    assert calm_after(relapses, ttl) == calm


def test_what_looks_mended_is_looked_at_at_least_every_six_hours() -> None:
    assert look_at_calm(DAY) == HOUR
    assert look_at_calm(8 * DAY) == 6 * HOUR
