from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.checks.finding import Check, ServerCheck
from bot.watch.server_judgement import SECOND_LOOK
from bot.watch.watch_state import Suspicion, dump_state, load_state
from port_looks import AT, CERTIFICATE, looks
from server_story import HOST, ServerStory, see_server
from watch_story import BEGIN, DAY, FAIL, FRIEND, HOUR, UNKNOWN, WARN, see

REVERSE = {ServerCheck.REVERSE: FAIL}
LATER = BEGIN + SECOND_LOOK
NOTHING = dict.fromkeys(ServerCheck, UNKNOWN)


def test_a_fault_of_the_server_opens_at_the_second_look_within_ten_minutes() -> None:
    story = ServerStory()
    story.take(see_server(BEGIN, REVERSE))
    assert story.said == []
    assert story.watched.due_at == LATER
    story.take(see_server(LATER, REVERSE))
    assert story.said == ["opened server-reverse-fail"]


def test_a_fault_of_the_server_closes_when_it_stayed_away_for_a_day() -> None:
    story = ServerStory()
    for after in (timedelta(0), SECOND_LOOK):
        story.take(see_server(BEGIN + after, {ServerCheck.SPF: WARN}))
    for hours in (1, 24, 25):
        story.take(see_server(BEGIN + hours * HOUR))
    assert story.said == ["opened server-spf-warn", "closed server-spf-warn"]
    assert (story.watched.green, story.watched.next) == (True, None)


def test_each_fault_of_a_check_is_an_incident() -> None:
    story = ServerStory()
    codes = {ServerCheck.PORTS: ("server-port-closed", "server-tls-old")}
    for after in (timedelta(0), SECOND_LOOK):
        story.take(see_server(BEGIN + after, {ServerCheck.PORTS: FAIL}, codes=codes))
    assert story.said == ["opened server-port-closed", "opened server-tls-old"]


@pytest.mark.parametrize(
    "lost", [{ServerCheck.REVERSE: UNKNOWN}, NOTHING], ids=["this check", "everything"]
)
def test_what_is_not_known_of_the_server_neither_opens_nor_closes(
    lost: dict[ServerCheck, object],
) -> None:
    statuses = dict.fromkeys(lost, UNKNOWN)
    story = ServerStory()
    story.take(see_server(BEGIN, REVERSE))
    story.take(see_server(LATER, statuses))
    assert story.said == []
    story.take(see_server(LATER + HOUR, REVERSE))
    assert story.said == ["opened server-reverse-fail"]
    for days in (1, 2, 3):
        story.take(see_server(BEGIN + days * DAY, statuses))
    assert story.said == ["opened server-reverse-fail"]


def test_a_check_that_is_known_in_part_mends_nothing() -> None:
    story = ServerStory()
    for after in (timedelta(0), SECOND_LOOK):
        story.take(see_server(BEGIN + after, {ServerCheck.PORTS: FAIL}))
    for days in (1, 2, 3):
        report = see_server(BEGIN + days * DAY, {ServerCheck.PORTS: WARN})
        (doubt,) = report.findings
        doubtful = replace(doubt, code="server-port-silent", severity=UNKNOWN)
        story.take(replace(report, findings=(doubt, doubtful)))
    assert "closed server-ports-fail" not in story.said


def test_a_fault_that_a_domain_met_has_the_server_looked_at_within_ten_minutes() -> None:
    story = ServerStory()
    story.watched = replace(story.watched, due_at=BEGIN + DAY)
    assert story.meet("webmail", domain="friend.example", at=BEGIN) is not None
    assert story.watched.due_at == LATER
    assert load_state(story.watched.state).met == {"webmail": "friend.example"}
    assert story.said == []


def test_a_fault_that_many_domains_meet_is_noted_once() -> None:
    story = ServerStory()
    story.meet("webmail", domain="friend.example", at=BEGIN)
    for number in range(9):
        at = BEGIN + number * HOUR
        assert story.meet("webmail", domain=f"d{number}.example", at=at) is None
    assert story.said == []


def test_a_fault_that_a_domain_still_meets_is_one_incident() -> None:
    story = ServerStory()
    story.meet("webmail", domain="friend.example", at=BEGIN)
    story.take(see_server(LATER), friend=see(LATER, met=("webmail",)).report)
    assert story.said == ["opened webmail"]
    (incident,) = story.incidents.values()
    assert (incident.finding.code, incident.finding.facts["what"]) == ("server-side", ("webmail",))
    assert story.meet("webmail", domain="other.example", at=LATER + HOUR) is None


def test_a_fault_that_a_domain_meets_no_more_is_dropped() -> None:
    story = ServerStory()
    story.meet("webmail", domain="friend.example", at=BEGIN)
    story.take(see_server(LATER), friend=see(LATER).report)
    state = load_state(story.watched.state)
    assert (story.said, state.suspicions, state.met) == ([], {}, {})


@pytest.mark.parametrize("check", [Check.MX, Check.SERVER])
def test_a_domain_of_which_not_all_is_known_mends_nothing(check: Check) -> None:
    story = ServerStory()
    story.meet("webmail", domain="friend.example", at=BEGIN)
    story.take(see_server(LATER), friend=see(LATER, {check: UNKNOWN}).report)
    assert "webmail" in load_state(story.watched.state).suspicions


def test_a_domain_that_is_gone_holds_no_fault_open() -> None:
    story = ServerStory()
    story.meet("webmail", domain="friend.example", at=BEGIN)
    gone = {**dict.fromkeys(Check, UNKNOWN), Check.DELEGATION: FAIL}
    story.take(see_server(LATER), friend=see(LATER, gone).report)
    assert load_state(story.watched.state).suspicions == {}


def test_a_fault_that_comes_back_to_a_domain_is_a_relapse() -> None:
    story = ServerStory()
    story.meet("webmail", domain="friend.example", at=BEGIN)
    story.take(see_server(LATER), friend=see(LATER, met=("webmail",)).report)
    story.take(see_server(LATER + HOUR), friend=see(LATER + HOUR).report)
    assert story.incidents[1].good_since is not None
    decision = story.meet("webmail", domain="other.example", at=LATER + 2 * HOUR)
    assert decision is not None
    assert decision.redrawn == {1}
    assert [story.incidents[1].good_since] == [None]
    assert story.incidents[1].relapses == 1


def test_what_the_servers_own_report_says_better_is_told_by_it() -> None:
    story = ServerStory()
    story.meet("host-without-address", domain="friend.example", at=BEGIN)
    friend = see(LATER, met=("host-without-address",)).report
    story.take(see_server(LATER, {ServerCheck.ADDRESS: FAIL}), friend=friend)
    assert story.said == ["opened server-address-fail"]
    assert story.incidents[1].began_at == BEGIN
    for hours in (1, 2, 3):
        at = LATER + hours * HOUR
        assert story.meet("host-without-address", domain=FRIEND.ascii, at=at) is None
        again = see(at, met=("host-without-address",)).report
        story.take(see_server(at, {ServerCheck.ADDRESS: FAIL}), friend=again)
    assert story.said == ["opened server-address-fail"]


def test_what_the_servers_own_report_does_not_find_out_is_waited_for() -> None:
    story = ServerStory()
    story.meet("spf-include", domain="friend.example", at=BEGIN)
    for after in (SECOND_LOOK, HOUR):
        at = BEGIN + after
        story.take(see_server(at, NOTHING), friend=see(at, met=("spf-include",)).report)
    assert story.said == []
    at = BEGIN + 2 * HOUR
    story.take(see_server(at, NOTHING), friend=see(at, met=("spf-include",)).report)
    assert story.said == ["opened spf-include"]


def test_what_was_told_as_domains_met_it_goes_on_as_that_incident() -> None:
    story = ServerStory()
    story.meet("spf-include", domain="friend.example", at=BEGIN)
    story.take(see_server(LATER), friend=see(LATER, met=("spf-include",)).report)
    for hours in (1, 2):
        story.take(see_server(LATER + hours * HOUR, {ServerCheck.SPF: FAIL}))
    assert story.said == ["opened spf-include"]
    assert story.incidents[1].finding.code == "server-spf-fail"
    for hours in (3, 27):
        story.take(see_server(LATER + hours * HOUR))
    assert story.said == ["opened spf-include", "closed spf-include"]


def test_a_fault_of_the_ports_that_a_member_met_is_looked_at_at_the_server() -> None:
    story = ServerStory()
    story.meet("ports-closed", domain=HOST.ascii, at=BEGIN)
    story.take(see_server(LATER, ports=looks("works", p993="closed", p143="closed")))
    assert story.said == ["opened ports-closed"]
    for hours in (1, 25):
        story.take(see_server(LATER + hours * HOUR, ports=looks("silent")))
    assert story.said == ["opened ports-closed"]
    for hours in (26, 50):
        story.take(see_server(LATER + hours * HOUR, ports=looks()))
    assert story.said == ["opened ports-closed", "closed ports-closed"]


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(days=22), None),
        (timedelta(days=21), 21),
        (timedelta(days=8), 21),
        (timedelta(days=7), 7),
        (timedelta(hours=30), 7),
        (timedelta(days=1), 1),
        (timedelta(minutes=1), 1),
        (timedelta(minutes=-1), None),
    ],
)
def test_a_certificate_is_told_of_21_7_and_1_days_before_its_end(
    left: timedelta, told: int | None
) -> None:
    ends_at = AT + left
    certificate = replace(CERTIFICATE, not_before=ends_at - timedelta(days=90), not_after=ends_at)
    ports = tuple(replace(look, certificate=certificate) for look in looks())
    decision = ServerStory().take(see_server(AT, ports=ports))
    assert decision is not None
    assert [(news.days, news.host) for news in decision.certificates] == (
        [] if told is None else [(told, HOST.ascii)]
    )


def test_the_server_is_looked_at_just_as_a_certificate_comes_to_the_day_before_its_end() -> None:
    ends_at = AT + timedelta(hours=24, minutes=1)
    certificate = replace(CERTIFICATE, not_before=ends_at - timedelta(days=90), not_after=ends_at)
    ports = tuple(replace(look, certificate=certificate) for look in looks())
    story = ServerStory()
    story.take(see_server(AT, ports=ports))
    due_at = story.watched.due_at
    assert due_at == AT + timedelta(minutes=1)
    decision = story.take(see_server(due_at, ports=ports))
    assert decision is not None
    assert [news.days for news in decision.certificates] == [1]


def test_a_certificate_that_lasts_for_days_is_not_told_of_weeks_before() -> None:
    short = replace(
        CERTIFICATE, not_before=AT - timedelta(days=3), not_after=AT + timedelta(days=4)
    )
    ports = tuple(replace(look, certificate=short) for look in looks())
    decision = ServerStory().take(see_server(AT, ports=ports))
    assert decision is not None
    assert decision.certificates == ()


def test_a_certificate_that_ends_soon_is_news_of_its_own_and_no_incident() -> None:
    story = ServerStory()
    codes = {ServerCheck.CERTIFICATE: ("server-cert-ends",)}
    for after in (timedelta(0), SECOND_LOOK, HOUR):
        story.take(see_server(BEGIN + after, {ServerCheck.CERTIFICATE: WARN}, codes=codes))
    assert story.said == []
    assert story.meet("certificate-ends", domain=HOST.ascii, at=BEGIN + 2 * HOUR) is None


def test_a_fault_that_both_the_report_and_domains_meet_is_one_incident() -> None:
    story = ServerStory()
    bad, unsure = {ServerCheck.SPF: FAIL}, {ServerCheck.SPF: UNKNOWN}
    for after in (timedelta(0), SECOND_LOOK):
        story.take(see_server(BEGIN + after, bad))
    assert story.meet("spf-include", domain="friend.example", at=LATER + HOUR) is None
    # It was suspected before the incident opened, and the report is not sure of it just now.
    state = replace(
        load_state(story.watched.state),
        suspicions={"spf-include": Suspicion(BEGIN, LATER)},
        met={"spf-include": "friend.example"},
    )
    story.watched = replace(story.watched, state=dump_state(state))
    at = LATER + 2 * HOUR
    story.take(see_server(at, unsure), friend=see(at, met=("spf-include",)).report)
    assert story.said == ["opened server-spf-fail"]
    assert load_state(story.watched.state).suspicions == {}
