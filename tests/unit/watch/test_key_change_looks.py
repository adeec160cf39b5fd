"""What the watch makes of looks at a domain whose DKIM key is being changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import pytest

from bot.checks.dkim.server_records import RecordState
from bot.checks.finding import Check, Finding, Status
from bot.checks.report import OTHER_KEY, OtherKeySeen
from bot.records.key_change import KeyRole
from bot.watch.awaited_goal import Awaited, AwaitedEnd
from bot.watch.awaited_judgement import judge_awaited
from bot.watch.watch_state import load_state
from watch_story import BEGIN, FAIL, FRIEND, HOUR, INFO, PASS, UNKNOWN, WARN, WatchStory, see

if TYPE_CHECKING:
    from bot.watch.watched_domain import Seen

SEEN: Final = OtherKeySeen(KeyRole.NEXT, "cb202611a", RecordState.OTHER)
LATER: Final = (0, 60, 120, 180)  # minutes


def see_other(minutes: int, role: KeyRole, code: str, severity: Status, own: Status = PASS) -> Seen:
    """Return a look that says this of the other key, and has found the own record so."""
    seen = see(BEGIN + timedelta(minutes=minutes), {Check.DKIM: own})
    facts = {OTHER_KEY: role.value, "name": "cb202611a._domainkey.friend.example"}
    other = Finding(Check.DKIM, code, severity, facts, harmless=True)
    findings = sorted((*seen.report.findings, other), key=lambda f: -f.severity.rank)
    worst = max((severity, own), key=lambda status: status.rank)
    results = tuple(
        replace(result, status=worst) if result.check is Check.DKIM else result
        for result in seen.report.results
    )
    report = replace(
        seen.report,
        results=results,
        findings=tuple(findings),
        other_key=replace(SEEN, role=role),
    )
    return replace(seen, report=report)


@pytest.mark.parametrize(
    ("code", "severity"), [("dkim-next-missing", INFO), ("dkim-next-differs", WARN)]
)
def test_a_new_record_that_is_not_right_yet_is_no_incident(code: str, severity: Status) -> None:
    story = WatchStory()
    story.take(see(BEGIN - HOUR))
    for minutes in LATER:
        story.take(see_other(minutes, KeyRole.NEXT, code, severity))
    assert story.said == []
    # What is usual for the domain is how the key in use stands.
    assert load_state(story.watched.state).usual[Check.DKIM] is PASS


def test_a_whole_change_of_a_key_opens_no_incident() -> None:
    story = WatchStory()
    story.take(see(BEGIN - HOUR))
    story.take(see_other(0, KeyRole.NEXT, "dkim-next-missing", INFO))
    story.take(see_other(60, KeyRole.NEXT, "propagating-negative", INFO))
    story.take(see(BEGIN + 2 * HOUR))
    story.take(see_other(180, KeyRole.DONE, "dkim-former-left", INFO))
    story.take(see(BEGIN + 4 * HOUR))
    assert story.said == []


def test_an_old_record_that_is_gone_too_early_is_told_as_mail_fails_by_it() -> None:
    story = WatchStory()
    story.take(see(BEGIN - HOUR))
    for minutes in LATER:
        story.take(see_other(minutes, KeyRole.FORMER, "dkim-former-missing", WARN))
    assert story.said == ["opened dkim"]


def test_the_key_in_use_that_breaks_is_told_whatever_is_said_of_the_other() -> None:
    story = WatchStory()
    story.take(see_other(-60, KeyRole.NEXT, "dkim-next-differs", WARN))
    for minutes in LATER:
        story.take(see_other(minutes, KeyRole.NEXT, "dkim-next-differs", WARN, own=FAIL))
    assert story.said == ["opened dkim"]
    assert story.open[0].finding.code == "dkim-missing"


def test_an_incident_is_not_closed_by_what_is_known_of_the_other_key() -> None:
    story = WatchStory()
    story.take(see(BEGIN - HOUR))
    for minutes in LATER[:2]:
        story.take(see(BEGIN + timedelta(minutes=minutes), {Check.DKIM: FAIL}))
    assert story.said == ["opened dkim"]
    for minutes in (120, 180, 1_500, 3_000):
        story.take(see_other(minutes, KeyRole.NEXT, "dkim-next-differs", WARN, own=UNKNOWN))
    assert [incident.closed_at for incident in story.open] == [None]


@pytest.mark.parametrize(
    ("goal", "code", "severity"),
    [
        ("dkim-next", "dkim-next-missing", INFO),
        ("dkim-next", "dkim-next-differs", WARN),
        ("dkim-former", "dkim-former-left", INFO),
    ],
)
def test_what_is_in_the_way_of_a_record_is_said_though_it_is_no_fault(
    goal: str, code: str, severity: Status
) -> None:
    role = KeyRole.NEXT if goal == "dkim-next" else KeyRole.DONE
    awaited = Awaited(1, FRIEND, 7, goal, confidential=True, made_at=BEGIN, due_at=BEGIN)
    look = judge_awaited(awaited, see_other(1, role, code, severity))
    assert (look.awaited.end, look.awaited.seen) == (None, code)
    elsewhere = judge_awaited(replace(awaited, goal="mx"), see_other(1, role, code, severity))
    assert elsewhere.awaited.end is AwaitedEnd.RIGHT
