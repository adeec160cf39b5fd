from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.checks.finding import Check, Status
from bot.requests.schedule import GIVE_UP_AFTER
from bot.watch.awaited_goal import ALL_RIGHT, Awaited, AwaitedEnd
from bot.watch.awaited_judgement import judge_awaited
from watch_story import BEGIN, DAY, FAIL, FRIEND, HOUR, UNKNOWN, WatchStory, make_watched, see

MX_GONE = {Check.MX: FAIL}
SOON = timedelta(minutes=2)


def waiting_for(goal: str, *, confidential: bool = True) -> Awaited:
    return Awaited(1, FRIEND, 7, goal, confidential, made_at=BEGIN, due_at=BEGIN + SOON)


@pytest.mark.parametrize("goal", ["mx", "mx+spf", ALL_RIGHT])
def test_what_is_proven_right_ends_the_waiting(goal: str) -> None:
    look = judge_awaited(waiting_for(goal), see(BEGIN + SOON))
    assert (look.awaited.end, look.awaited.ended_at) == (AwaitedEnd.RIGHT, BEGIN + SOON)


@pytest.mark.parametrize(
    ("goal", "statuses", "code"),
    [
        ("mx", MX_GONE, "mx-missing"),
        ("mx", {Check.MX: UNKNOWN}, "dns-timeout"),
        ("mx+spf", {Check.SPF: FAIL}, "spf-missing"),
        ("dmarc-reject", {Check.DMARC: FAIL}, "dmarc-missing"),
        (ALL_RIGHT, MX_GONE, "mx-missing"),
    ],
)
def test_what_is_not_right_says_what_is_in_the_way(
    goal: str, statuses: dict[Check, Status], code: str
) -> None:
    look = judge_awaited(waiting_for(goal), see(BEGIN + SOON, statuses))
    assert look.awaited.end is None
    assert look.finding is not None
    assert (look.awaited.seen, look.finding.code, look.awaited.attempts) == (code, code, 1)


def test_the_next_look_waits_until_caches_have_forgotten_the_old_answer() -> None:
    look = judge_awaited(waiting_for("mx"), see(BEGIN + SOON, MX_GONE, ttl=3_600))
    assert look.awaited.due_at == BEGIN + SOON + timedelta(seconds=3_602)


def test_what_was_not_found_out_is_looked_at_within_the_hour() -> None:
    old = replace(waiting_for("mx"), attempts=60)
    unknown = judge_awaited(old, see(BEGIN + 5 * DAY, {Check.MX: UNKNOWN}))
    assert unknown.awaited.due_at == BEGIN + 5 * DAY + HOUR
    broken = judge_awaited(old, see(BEGIN + 5 * DAY, MX_GONE))
    assert broken.awaited.due_at == BEGIN + 5 * DAY + 6 * HOUR


def test_a_look_that_somebody_else_needed_leaves_the_next_one_where_it_was() -> None:
    look = judge_awaited(waiting_for("mx"), see(BEGIN, MX_GONE))
    assert (look.awaited.due_at, look.awaited.attempts) == (BEGIN + SOON, 0)
    assert look.awaited.seen == "mx-missing"


def test_what_is_not_right_for_two_weeks_is_given_up_with_what_is_in_the_way() -> None:
    late = replace(waiting_for("mx"), due_at=BEGIN + GIVE_UP_AFTER)
    look = judge_awaited(late, see(BEGIN + GIVE_UP_AFTER, MX_GONE))
    assert look.awaited.end is AwaitedEnd.GIVEN_UP
    assert look.finding is not None
    assert look.finding.code == "mx-missing"


def test_who_may_not_know_of_the_mail_servers_key_is_not_told_of_it() -> None:
    statuses = {Check.DKIM: FAIL, Check.DMARC: FAIL}
    public = judge_awaited(waiting_for(ALL_RIGHT, confidential=False), see(BEGIN, statuses))
    assert (public.finding, public.awaited.seen) == (None, "")
    private = judge_awaited(waiting_for(ALL_RIGHT), see(BEGIN, statuses))
    assert private.awaited.seen == "dkim-missing"


def test_a_domain_that_only_somebody_waits_for_is_looked_at_until_that_ends() -> None:
    story = WatchStory(replace(make_watched(is_new=True), hosted=False))
    story.awaited = (waiting_for("mx"),)
    story.take(see(BEGIN, MX_GONE))
    assert [story.watched.due_at] == [BEGIN + SOON]
    story.see(HOUR)
    assert [story.watched.due_at] == [None]
    assert [*story.awaited] == []


def test_what_is_waited_for_is_looked_at_more_often_than_daily() -> None:
    story = WatchStory()
    story.awaited = (waiting_for("spf"),)
    story.take(see(BEGIN, {Check.SPF: UNKNOWN}, ttl=None))
    assert story.watched.due_at == BEGIN + SOON
    story.take(see(BEGIN + 3 * DAY, {Check.SPF: UNKNOWN}, ttl=None))
    assert story.watched.due_at == BEGIN + 3 * DAY + timedelta(minutes=5)
