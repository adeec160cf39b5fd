from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.checks.finding import Check, Status
from bot.watch.look_schedule import daily_look
from watch_story import (
    BEGIN,
    DAY,
    FAIL,
    FRIEND,
    HOUR,
    PASS,
    UNKNOWN,
    WARN,
    WatchStory,
    see,
)

TTL = timedelta(seconds=302)  # and two seconds
MINUTE = timedelta(minutes=1)
MX_GONE = {Check.MX: FAIL}
SILENT = dict.fromkeys(Check, UNKNOWN)


def open_story() -> WatchStory:
    """An incident of the MX record, opened when its second look saw it."""
    story = WatchStory()
    story.see(timedelta(0))
    story.see(DAY, MX_GONE)
    story.see(DAY + TTL, MX_GONE)
    assert story.said == ["opened mx"]
    return story


# What closes one: hours after it opened, and what was found.
@pytest.mark.parametrize(
    ("looks", "said"),
    [
        pytest.param([(1, PASS)], [], id="one good look"),
        pytest.param([(1, PASS), (24, PASS)], [], id="not for long enough"),
        pytest.param([(1, PASS), (25, PASS)], ["closed mx"], id="right for a day"),
        pytest.param([(1, PASS), (25, UNKNOWN)], [], id="nothing found out"),
        pytest.param([(1, PASS), (25, UNKNOWN), (26, PASS)], ["closed mx"], id="unknown between"),
        pytest.param([(1, PASS), (9, FAIL), (26, PASS)], [], id="it came back"),
        pytest.param([(1, PASS), (9, FAIL), (10, PASS), (57, PASS)], [], id="back, then a day"),
        pytest.param(
            [(1, PASS), (9, FAIL), (10, PASS), (58, PASS)], ["closed mx"], id="back, then two days"
        ),
        pytest.param([(1, FAIL), (99, FAIL)], [], id="still there"),
        pytest.param([(1, WARN), (99, WARN)], [], id="better, and not as it was"),
    ],
)
def test_incidents_close_after_looks_that_stay_right(
    looks: list[tuple[int, Status]], said: list[str]
) -> None:
    story = open_story()
    for hours, status in looks:
        story.see(DAY + TTL + hours * HOUR, {Check.MX: status})
    assert story.said == ["opened mx", *said]


def test_a_flapping_fault_is_told_once_and_its_end_once() -> None:
    story = WatchStory()
    at = BEGIN
    story.take(see(at))
    for number in range(400):
        at = story.watched.due_at or at
        is_broken = number < 300 and number % 7 < 3
        story.take(see(at, MX_GONE if is_broken else None))
    assert story.said == ["opened mx", "closed mx"]
    assert story.incidents[1].relapses > 3


@pytest.mark.parametrize(
    ("statuses", "is_drawn_anew"),
    [({}, True), ({Check.MX: WARN}, True), (MX_GONE, False), ({Check.MX: UNKNOWN}, False)],
)
def test_the_message_is_drawn_anew_where_it_says_something_else(
    statuses: dict[Check, Status], is_drawn_anew: bool
) -> None:
    story = open_story()
    decision = story.take(see(BEGIN + 2 * DAY, statuses))
    assert decision is not None
    assert decision.redrawn == (frozenset({1}) if is_drawn_anew else frozenset())


def test_a_relapse_is_drawn_and_not_told() -> None:
    story = open_story()
    story.see(2 * DAY)
    (calm,) = story.open
    assert (calm.good_since, calm.calm_until) == (BEGIN + 2 * DAY, BEGIN + 3 * DAY)
    decision = story.take(see(BEGIN + 2 * DAY + HOUR, MX_GONE))
    assert decision is not None
    assert decision.redrawn == {1}
    (back,) = story.open
    assert (back.good_since, back.calm_until, back.relapses) == (None, None, 1)
    assert story.said == ["opened mx"]


@pytest.mark.parametrize(("days", "hours"), [(1, 1), (4, 6), (20, 24)])
def test_a_fault_that_lasts_is_looked_at_less_often(days: int, hours: int) -> None:
    story = open_story()
    at = BEGIN + TTL + (days + 1) * DAY
    story.take(see(at, MX_GONE))
    assert story.watched.due_at == min(at + hours * HOUR, daily_look(FRIEND.ascii, at))


def test_what_looks_mended_is_looked_at_when_it_counts_as_mended() -> None:
    story = open_story()
    story.see(2 * DAY)
    story.see(3 * DAY - timedelta(minutes=9))
    assert story.watched.due_at == BEGIN + 3 * DAY


def test_a_paused_domain_opens_and_closes_nothing_until_the_pause_is_over() -> None:
    story = open_story()
    story.watched = replace(story.watched, paused_until=BEGIN + 9 * DAY)
    for days in (3, 4, 8):
        story.see(days * DAY, {Check.SPF: FAIL})
    assert story.said == ["opened mx"]
    assert story.watched.due_at == daily_look(FRIEND.ascii, BEGIN + 8 * DAY)
    story.see(9 * DAY, {Check.SPF: FAIL})
    assert story.said == ["opened mx", "opened spf", "closed mx"]


def test_a_domain_that_nobody_wants_is_looked_at_no_more() -> None:
    story = open_story()
    story.watched = replace(story.watched, hosted=False)
    decision = story.take(see(BEGIN + 2 * DAY, MX_GONE))
    assert decision is not None
    assert story.watched.due_at is None
    assert story.said == ["opened mx"]
    assert story.open == ()
    assert story.incidents[1].good_since is None
    assert (decision.silent, [incident.id for incident in decision.closed]) == (True, [1])
