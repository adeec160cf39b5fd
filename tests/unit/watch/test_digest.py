from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.checks.finding import Check, Status
from bot.watch.digest import make_digest, week_of
from bot.watch.news_facts import dump_digest, load_digest
from bot.watch.watched_domain import MAIL_SERVER
from watch_story import BEGIN, DAY, FAIL, FRIEND, UNKNOWN, WatchStory, make_watched


def story_of(statuses: dict[Check, Status]) -> WatchStory:
    story = WatchStory()
    story.see(timedelta(0))
    story.see(DAY, statuses)
    return story


@pytest.mark.parametrize(
    ("moment", "name", "day"),
    [
        (datetime(2026, 11, 30, 8, tzinfo=UTC), "2026-W49", 30),
        (datetime(2026, 11, 30, 7, 59, tzinfo=UTC), "2026-W48", 23),
        (datetime(2026, 11, 29, 23, tzinfo=UTC), "2026-W48", 23),
    ],
)
def test_a_week_begins_on_monday_at_eight(moment: datetime, name: str, day: int) -> None:
    week = week_of(moment)
    assert (week.name, week.begins_at) == (name, datetime(2026, 11, day, 8, tzinfo=UTC))
    assert week.next.begins_at == week.begins_at + 7 * DAY


def test_a_digest_has_a_line_for_what_is_not_green() -> None:
    broken = story_of({Check.MX: FAIL}).watched
    well = replace(story_of({}).watched, subject="well.example")
    told = make_digest([broken, well], BEGIN + DAY)
    assert told.total == 2
    (line,) = told.lines
    assert (line.subject, line.status, line.next) == (FRIEND.ascii, FAIL, "mx")
    assert line.since == BEGIN + DAY
    assert line.finding is not None
    assert line.finding.code == "mx-missing"
    assert load_digest(dump_digest(told)) == told


def test_a_digest_says_what_could_not_be_checked_for_days() -> None:
    silent = story_of(dict.fromkeys(Check, UNKNOWN)).watched
    assert make_digest([silent], BEGIN + DAY).lines == ()
    (line,) = make_digest([silent], BEGIN + 3 * DAY).lines
    assert (line.status, line.known_at) == (Status.PASS, BEGIN)


def test_a_domain_that_was_never_looked_at_has_a_line() -> None:
    (line,) = make_digest([make_watched()], BEGIN).lines
    assert (line.status, line.since, line.known_at) == (UNKNOWN, None, None)


def test_a_paused_domain_has_none() -> None:
    paused = replace(story_of({Check.MX: FAIL}).watched, paused_until=BEGIN + 9 * DAY)
    assert make_digest([paused], BEGIN + DAY).lines == ()
    assert len(make_digest([paused], BEGIN + 9 * DAY).lines) == 1


def test_the_mail_server_is_no_domain() -> None:
    server = replace(make_watched(subject=MAIL_SERVER), hosted=False)
    told = make_digest([server], BEGIN)
    assert (told.total, len(told.lines)) == (0, 1)
