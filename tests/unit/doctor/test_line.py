"""How single findings about the surroundings are judged, and what all of them come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.checks.finding import Status
from bot.dns.server_address import Server
from bot.doctor.clock import ClockCheck
from bot.doctor.invitation import read_application
from bot.doctor.line import Line, blame_network, found_nothing_out
from bot.doctor.resolvers import judge_trust

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.53", Status.PASS), ("::1", Status.PASS), ("9.9.9.9", Status.WARN)],
)
def test_the_ad_flag_is_trusted_from_this_machine_alone(address: str, status: Status) -> None:
    assert judge_trust(Server(address), validates=True, trust_ad=True)[1] is status


def test_a_far_resolver_that_validates_is_no_reason_to_trust_it() -> None:
    said = judge_trust(Server("9.9.9.9"), validates=True, trust_ad=False)
    assert said == ("resolver-validates", Status.PASS)


@pytest.mark.parametrize(
    "date", [None, "", "yesterday", "Sun, 99 Nov 2026 12:00:00 GMT", "\x00" * 9]
)
def test_what_is_no_date_tells_nothing(date: str | None) -> None:
    clock = ClockCheck(lambda: NOW)
    clock.note("Discord", date)
    assert clock.judge().status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, None),
        (60, None),
        (61, "61 s"),
        (-299, "299 s"),
        (300, "5 min"),
        (7200, "2 h"),
        (172_800, "2 d"),
    ],
)
def test_a_clock_may_be_a_minute_off(seconds: int, said: str | None) -> None:
    clock = ClockCheck(lambda: NOW + timedelta(seconds=seconds))
    clock.note("Discord", "Sun, 22 Nov 2026 12:00:00 GMT")
    assert clock.judge().facts.get("off") == said


def test_one_who_does_not_answer_is_to_blame_only_where_another_did() -> None:
    silent = Line("resolver", Status.FAIL, "resolver-silent", silent=True)
    token = Line("token", Status.PASS, "token-right")
    at_home = Line("database", Status.PASS, "database-right")
    assert [line.status for line in blame_network([silent, token])] == [Status.FAIL, Status.PASS]
    alone = blame_network([silent, at_home])
    assert alone[0].status is Status.UNKNOWN
    assert found_nothing_out(alone)
    assert not found_nothing_out([at_home])


@pytest.mark.parametrize(
    ("token", "number"),
    [
        ("MTAwMDAwMDAwMDAwMDAwMDQy.G.x", 100000000000000042),
        ("MTAwMDAwMDAwMDAwMDAwMDQy", 100000000000000042),
        ("MTIz.short", None),
        ("", None),
        ("ü.x", None),
        ("bm8gZGlnaXRzIGhlcmUgYXQgYWxs.x", None),
    ],
)
def test_a_token_begins_with_the_id(token: str, number: int | None) -> None:
    assert read_application(token) == number
