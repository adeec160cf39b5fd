from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.checks.finding import Check, Status
from bot.watch.watch_state import load_state
from watch_story import (
    BEGIN,
    DAY,
    FAIL,
    HOUR,
    INFO,
    PASS,
    UNKNOWN,
    WARN,
    WatchStory,
    follow_from,
    make_watched,
    see,
)

TTL = timedelta(seconds=302)  # and two seconds
MINUTE = timedelta(minutes=1)
MX_GONE = {Check.MX: FAIL}
SILENT = dict.fromkeys(Check, UNKNOWN)


# What opens an incident: rows of looks, each as minutes after the first and what was found.
@pytest.mark.parametrize(
    ("looks", "said"),
    [
        pytest.param([(0, PASS), (60, FAIL)], [], id="one bad look"),
        pytest.param([(0, FAIL), (60, FAIL)], ["opened mx"], id="bad from the first look on"),
        pytest.param([(0, PASS), (60, FAIL), (66, FAIL)], ["opened mx"], id="two in a row"),
        pytest.param([(0, PASS), (60, FAIL), (64, FAIL)], [], id="the second came too early"),
        pytest.param(
            [(0, PASS), (60, FAIL), (64, FAIL), (66, FAIL)], ["opened mx"], id="early, then late"
        ),
        pytest.param([(0, PASS), (60, FAIL), (66, PASS)], [], id="right again"),
        pytest.param([(0, PASS), (60, FAIL), (64, PASS), (66, FAIL)], [], id="right in between"),
        pytest.param(
            [(0, PASS), (60, FAIL), (66, UNKNOWN), (999, FAIL)], ["opened mx"], id="unknown between"
        ),
        pytest.param([(0, PASS), (60, FAIL), (66, UNKNOWN)], [], id="unknown is no confirmation"),
        pytest.param([(0, UNKNOWN), (60, UNKNOWN), (120, UNKNOWN)], [], id="nothing found out"),
        pytest.param([(0, PASS), (60, WARN), (66, WARN)], ["opened mx"], id="worse than it was"),
        pytest.param([(0, INFO), (60, WARN), (66, FAIL)], ["opened mx"], id="worse and worse"),
        pytest.param([(0, WARN), (60, WARN), (999, WARN)], [], id="at risk from the beginning"),
        pytest.param([(0, WARN), (60, FAIL), (66, FAIL)], ["opened mx"], id="at risk, then broken"),
        pytest.param([(0, WARN), (60, FAIL), (66, WARN)], [], id="as it was before"),
        pytest.param([(0, PASS), (60, INFO), (66, INFO)], [], id="a remark"),
    ],
)
def test_incidents_open_after_two_bad_looks(
    looks: list[tuple[int, Status]], said: list[str]
) -> None:
    story = WatchStory()
    for minutes, status in looks:
        story.see(minutes * MINUTE, {Check.MX: status})
    assert story.said == said


def test_another_fault_of_the_same_check_confirms_the_first() -> None:
    story = WatchStory()
    story.take(see(BEGIN, MX_GONE))
    story.take(see(BEGIN + HOUR, MX_GONE, codes={Check.MX: "mx-null"}))
    (incident,) = story.open
    assert (incident.finding.code, incident.began_at) == ("mx-null", BEGIN)
    assert (incident.opened_at, incident.seen_at) == (BEGIN + HOUR, BEGIN + HOUR)


def test_the_second_look_is_due_when_caches_have_forgotten_what_was_seen() -> None:
    story = WatchStory()
    story.take(see(BEGIN, MX_GONE, ttl=3_600))
    assert story.watched.due_at == BEGIN + timedelta(seconds=3_602)


def test_a_suspicion_of_which_nothing_is_found_out_is_looked_at_hourly() -> None:
    story = WatchStory()
    story.see(timedelta(0), MX_GONE)
    story.see(TTL, SILENT)
    assert story.watched.due_at == BEGIN + TTL + HOUR


def test_all_that_breaks_at_once_opens_at_once() -> None:
    story = WatchStory()
    story.see(timedelta(0), {Check.MX: FAIL, Check.SPF: FAIL})
    story.see(TTL, {Check.MX: FAIL, Check.SPF: FAIL})
    assert story.said == ["opened mx", "opened spf"]
    assert {at for _, _, at in story.told} == {BEGIN + TTL}


@pytest.mark.parametrize(
    ("ttl", "looks", "said"),
    [
        pytest.param(3_600, [6], [], id="the other may still be in caches"),
        pytest.param(3_600, [6, 61], [["opened mx", "opened dmarc"]], id="together"),
        pytest.param(86_400, [6, 66, 1_500], [["opened mx"], ["opened dmarc"]], id="too long"),
    ],
)
def test_what_broke_at_once_is_told_together_within_an_hour(
    ttl: int, looks: list[int], said: list[list[str]]
) -> None:
    story, told = WatchStory(), []
    both = {Check.MX: FAIL, Check.DMARC: FAIL}
    for minutes in (0, *looks):
        before = len(story.said)
        story.take(see(BEGIN + minutes * MINUTE, both, ttls={Check.DMARC: ttl}))
        told.append(story.said[before:])
    assert [each for each in told if each] == said


def test_a_fault_does_not_wait_for_one_that_is_gone() -> None:
    story = WatchStory()
    story.take(see(BEGIN, {Check.MX: FAIL, Check.DMARC: FAIL}, ttls={Check.DMARC: 3_600}))
    story.see(TTL, MX_GONE)
    assert story.said == ["opened mx"]


def test_what_only_follows_from_another_fault_is_no_incident() -> None:
    story = WatchStory()
    for after in (timedelta(0), DAY):
        looked = see(BEGIN + after, {Check.DELEGATION: FAIL, Check.SPF: FAIL})
        story.take(follow_from(looked, Check.SPF, "apex-cname"))
    assert story.said == ["opened delegation"]


def test_the_mail_servers_own_fault_is_no_incident_of_a_domain() -> None:
    story = WatchStory()
    for after in (timedelta(0), DAY):
        story.take(see(BEGIN + after, met=("host-without-address",)))
    assert story.said == []
    assert load_state(story.watched.state).suspicions == {}
    assert Check.SERVER not in load_state(story.watched.state).snapshot.checks


def test_a_record_as_it_was_is_no_fault_where_the_admin_approved_another_stage() -> None:
    story = WatchStory()
    record = {Check.DMARC: ("v=DMARC1; p=none",)}
    story.take(see(BEGIN, found=record))
    for hours in (1, 2, 3):
        story.take(see(BEGIN + hours * HOUR, {Check.DMARC: WARN}, found=record))
    assert story.said == []


def test_a_dmarc_record_that_was_made_weaker_is_a_fault() -> None:
    story = WatchStory()
    story.take(see(BEGIN, found={Check.DMARC: ("v=DMARC1; p=reject",)}))
    for hours in (1, 2):
        weaker = {Check.DMARC: ("v=DMARC1; p=none",)}
        story.take(see(BEGIN + hours * HOUR, {Check.DMARC: WARN}, found=weaker))
    assert story.said == ["opened dmarc"]


def test_a_domain_that_is_being_set_up_has_no_incident_where_it_was_never_right() -> None:
    story = WatchStory(make_watched(is_new=True))
    for days in range(14):
        story.see(days * DAY, {Check.MX: FAIL, Check.SPF: PASS if days < 3 else FAIL})
    assert story.said == ["opened spf"]
    story.see(14 * DAY, {Check.MX: FAIL, Check.SPF: FAIL})
    story.see(15 * DAY, {Check.MX: FAIL, Check.SPF: FAIL})
    assert story.said == ["opened spf", "opened mx"]


def test_a_look_that_was_judged_before_says_nothing_new() -> None:
    story = WatchStory()
    story.take(see(BEGIN, MX_GONE))
    assert story.take(see(BEGIN, MX_GONE)) is None
    assert story.take(see(BEGIN - HOUR), now=BEGIN) is None


def test_a_look_that_was_asked_for_after_this_one_stays_due() -> None:
    story = WatchStory()
    story.watched = replace(story.watched, due_at=BEGIN + MINUTE)
    story.take(see(BEGIN), now=BEGIN + 2 * MINUTE)
    assert story.watched.due_at == BEGIN + MINUTE


def test_a_first_look_and_each_change_are_kept_for_the_history() -> None:
    story = WatchStory()
    first = story.take(see(BEGIN))
    assert first is not None
    assert first.changes is not None
    assert {change.before for change in first.changes.checks} == {None}
    same = story.take(see(BEGIN + DAY))
    assert same is not None
    assert not same.changes
    moved = story.take(see(BEGIN + 2 * DAY, found={Check.SPF: ("v=spf1 mx -all",)}))
    assert moved is not None
    assert moved.changes is not None
    assert [change.check for change in moved.changes.checks] == [Check.SPF]


def test_what_could_not_be_found_out_is_as_it_was() -> None:
    story = WatchStory()
    story.see(timedelta(0))
    decision = story.take(see(BEGIN + DAY, {Check.MX: UNKNOWN}))
    assert decision is not None
    assert not decision.changes
    assert (story.watched.green, story.watched.status) == (True, PASS)
    story.take(see(BEGIN + 2 * DAY, SILENT, name_servers=()))
    assert (story.watched.green, story.watched.known_at) == (True, BEGIN + DAY)
    assert story.watched.looked_at == BEGIN + 2 * DAY


def test_what_is_known_tells_since_when_it_is_so_and_what_comes_next() -> None:
    story = WatchStory()
    story.see(timedelta(0))
    story.see(DAY, MX_GONE)
    story.see(2 * DAY, MX_GONE)
    watched = story.watched
    assert (watched.status, watched.since) == (FAIL, BEGIN + DAY)
    assert (watched.green, watched.next) == (False, "mx")
    first = load_state(watched.state).first
    assert first is not None
    assert first.code == "mx-missing"
    story.see(3 * DAY)
    assert load_state(story.watched.state).first is None


def test_the_mail_servers_own_fault_leaves_a_domain_green_and_its_history_alone() -> None:
    story = WatchStory()
    story.take(see(BEGIN, found={Check.SERVER: ("198.51.100.25", "2001:db8::25")}))
    looked = see(
        BEGIN + DAY,
        {Check.SPF: INFO},
        met=("spf-include",),
        found={Check.SERVER: ("198.51.100.25",)},
    )
    looked = follow_from(looked, Check.SPF, "server-side")
    decision = story.take(replace(looked, green=False, next="spf"))
    assert decision is not None
    assert not decision.changes
    assert (story.watched.green, story.watched.next) == (True, None)


def test_a_policy_is_not_mended_where_nobody_knows_what_it_rests_on() -> None:
    story = WatchStory()
    broken = {Check.DKIM: FAIL, Check.DMARC: FAIL}
    for hours in (0, 2):
        story.see(hours * HOUR, broken)
    story.see(3 * HOUR, {Check.DKIM: UNKNOWN})
    assert {incident.good_since for incident in story.open} == {None}
    story.see(4 * HOUR, broken)
    assert [incident.relapses for incident in story.open] == [0, 0]
    for hours in (5, 29):
        story.see(hours * HOUR)
    assert story.open == ()
