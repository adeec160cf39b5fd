"""Two views: what a zone's own name servers say beside what the resolver does; real sockets."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.export.as_json import report_as_dict
from bot.checks.finding import EXTRAS, Check, Status
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.checks.report import find_propagation, is_all_right, seconds_left
from bot.demo.zone_server import RECURSIVE, ReplyLoss
from bot.demo.zones import Zones
from bot.dns.answer import Question
from bot.dns.authority import TIMEOUT
from bot.names import Domain
from bot.requests.dmarc_readiness import has_policy
from bot.words import Medium, Words
from two_views import (
    ADDRESSES,
    NAMES,
    NOW,
    SERVER,
    TwoViews,
    healthy_lines,
    two_views,
    without,
    zone_text,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.checks.finding import Finding, Note
    from bot.checks.report import Report
    from bot.demo.zone_server import ZoneServer
    from conftest import CaseFile

OLD_MX = "@ 1200 MX 10 mx.old.example."
EPOCH = int(NOW.timestamp())
APEX = "friend.example"
MOST_OF_A_HEALTHY_ZONE = 52  # 8 are left for a longer SPF record


@pytest.fixture
async def views(case_file: CaseFile) -> AsyncIterator[TwoViews]:
    async with two_views(case_file) as both:
        yield both


@pytest.fixture
def lines(case_file: CaseFile) -> list[str]:
    return healthy_lines(case_file)


def with_old_mx(lines: list[str]) -> list[str]:
    return [*without(lines, "@ MX"), OLD_MX]


def usual(report: Report) -> list[Finding]:
    """Return what is said beside the optional records, which are another matter."""
    return [finding for finding in report.findings if finding.check not in EXTRAS]


def codes(report: Report) -> list[str]:
    return [finding.code for finding in usual(report)]


def status(report: Report, check: Check) -> Status:
    return next(result.status for result in report.results if result.check is check)


def note(report: Report, check: Check) -> Note | None:
    return next(result.note for result in report.results if result.check is check)


def only(report: Report) -> Finding:
    (finding,) = usual(report)
    return finding


def times_asked(server: ZoneServer, name: str, rdtype: str) -> int:
    return server.asked[Question.of(name, rdtype)]


async def test_a_healthy_domain_is_asked_for_little_and_nothing_is_said(views: TwoViews) -> None:
    report = await views.check()
    assert codes(report) == []
    assert is_all_right(report)
    first, second = views.servers
    assert len(first.asked) == 6  # the SOA, the four records, and the empty name above the key
    assert set(first.asked) - set(second.asked) == {
        Question.of(APEX, "SOA"),
        Question.of(f"_domainkey.{APEX}", "TXT"),
    }
    asked = [len(server.asked) for server in (views.resolver, first, second)]
    connections = len(views.servers)
    assert report.queries == sum(asked) + connections <= MOST_OF_A_HEALTHY_ZONE


async def test_answers_of_name_servers_are_asked_for_anew_each_time(views: TwoViews) -> None:
    await views.check()
    await views.check()
    assert len(views.servers[0].asked) == 6


async def test_the_name_servers_are_not_asked_in_more_round_trips_than_an_spf_record(
    case_file: CaseFile,
) -> None:
    delay = 0.3  # seconds; much, so that a busy machine does not count
    async with two_views(case_file, delay=delay) as views:
        await views.check()  # opens sockets, loads what is loaded late
        started = time.monotonic()
        report = await views.check()
        took = time.monotonic() - started
    assert is_all_right(report)
    assert took < 4 * delay


async def test_an_old_denial_is_waited_out_until_its_negative_ttl(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text(without(lines, "@ MX"), negative_ttl=900))
    report = await views.check()
    finding = only(report)
    assert (finding.code, finding.check, finding.severity) == (
        "propagating-negative",
        Check.MX,
        Status.INFO,
    )
    assert finding.facts["until"] == EPOCH + 900
    assert report.status is Status.INFO
    assert finding.fixes == ()
    told = report_as_dict(report, SERVER, Words())
    assert "until about 12:15 UTC" in str(told["findings"])
    said = Words(Medium.DISCORD).sentence("findings/propagating-negative", finding.facts)
    assert f"<t:{EPOCH + 900}:t> (<t:{EPOCH + 900}:R>)" in said


async def test_an_old_record_is_waited_out_until_its_ttl(views: TwoViews, lines: list[str]) -> None:
    views.tell_world(zone_text(with_old_mx(lines)))
    report = await views.check()
    finding = only(report)
    assert (finding.code, finding.facts["until"]) == ("propagating", EPOCH + 1200)
    assert (status(report, Check.MX), report.status) == (Status.INFO, Status.INFO)
    result = next(result for result in report.results if result.check is Check.MX)
    assert result.found == ("10 mx1.cow.example.",)


async def test_a_day_long_wait_has_its_date(views: TwoViews, lines: list[str]) -> None:
    views.tell_world(zone_text([*without(lines, "@ MX"), "@ 86400 MX 10 mx.old.example."]))
    said = Words().finding(only(await views.check()), {})
    assert "12:00 UTC on 2026-11-23" in said
    assert "24 hours" not in said


@pytest.mark.parametrize(
    ("start", "old", "check"),
    [
        ("@ TXT", '@ TXT "v=spf1 mx ip4:203.0.113.0/24 -all"', Check.SPF),
        ("@ TXT", None, Check.SPF),
        ("dkim._domainkey", None, Check.DKIM),
        ("_dmarc", '_dmarc TXT "v=DMARC1; p=none"', Check.DMARC),
        ("_dmarc", None, Check.DMARC),
    ],
)
async def test_each_record_that_matters_is_seen_at_the_source(
    views: TwoViews, lines: list[str], start: str, old: str | None, check: Check
) -> None:
    before = without(lines, start)
    old_lines = [*before, old] if old else before
    views.tell_world(zone_text(old_lines))
    report = await views.check()
    assert {finding.severity for finding in report.findings} <= {Status.INFO}
    if old is None or check is not Check.SPF:
        assert status(report, check) is Status.INFO
        own = [finding.code for finding in report.findings if finding.check is check]
        assert own[:1] == ["propagating" if old else "propagating-negative"]


async def test_spf_is_evaluated_from_the_text_at_the_source(
    views: TwoViews, lines: list[str]
) -> None:
    wrong = [*without(lines, "@ TXT"), '@ TXT "v=spf1 include:nowhere.example -all"']
    views.publish(zone_text(wrong, serial=2))
    report = await views.check()
    finding = only(report)
    assert (finding.code, finding.severity) == ("spf-include-missing", Status.FAIL)
    remark = note(report, Check.SPF)
    assert remark is not None
    assert (remark.code, remark.facts["right"]) == ("cached-old", True)


async def test_what_was_broken_just_now_fails_though_the_world_sees_the_old(
    views: TwoViews, lines: list[str]
) -> None:
    views.publish(zone_text(with_old_mx(lines), serial=2))
    report = await views.check()
    finding = only(report)
    assert (finding.code, finding.severity) == ("mx-not-ours", Status.FAIL)
    assert finding.seen_after == 1200  # the TTL of the record to replace, as the zone has it
    remark = note(report, Check.MX)
    assert remark is not None
    assert (remark.code, remark.facts["until"]) == ("cached-old", EPOCH + 3600)
    said = Words().note(remark, {})
    assert said.startswith("others still see the old, right record")
    assert said.endswith("until about 13:00 UTC")


async def test_a_wrong_record_that_was_replaced_by_another_wrong_one_is_judged_as_typed(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text(with_old_mx(lines)))
    typed = [*without(lines, "@ MX"), "@ MX 10 mx2.old.example."]
    views.publish(zone_text(typed, serial=2))
    report = await views.check()
    (fix,) = only(report).fixes
    assert fix.old is not None
    assert "mx2.old.example" in fix.old
    remark = note(report, Check.MX)
    assert remark is not None
    assert remark.facts["right"] is False


async def test_a_text_that_has_nothing_to_do_with_mail_is_no_change(
    views: TwoViews, lines: list[str]
) -> None:
    views.publish(zone_text([*lines, '@ TXT "site-verification=new"'], serial=2))
    assert codes(await views.check()) == []


async def test_what_is_added_is_seen_after_the_negative_ttl_of_the_zone(
    views: TwoViews, lines: list[str]
) -> None:
    text = zone_text(without(lines, "@ MX"), negative_ttl=7200)
    views.tell_world(text)
    views.publish(text)
    finding = only(await views.check())
    assert (finding.code, finding.seen_after) == ("mx-missing", 3600)  # the SOA's own TTL is less
    assert "seen everywhere after about 1 hour" in Words().finding(
        finding, {"domain": APEX, "host": "mx1.cow.example", "service": "Mailcow"}
    )


async def test_name_servers_that_differ_are_named_with_their_serials(
    views: TwoViews, lines: list[str]
) -> None:
    views.publish(zone_text(lines, serial=8), zone_text(with_old_mx(lines), serial=7))
    finding = only(await views.check())
    assert (finding.code, finding.severity) == ("ns-disagree", Status.WARN)
    assert finding.facts["servers"] == (f"{NAMES[0]} (serial 8)", f"{NAMES[1]} (serial 7)")
    assert finding.facts["behind"] == (NAMES[1],)
    assert (finding.facts["name"], finding.facts["type"]) == (APEX, "MX")


async def test_the_newest_name_server_says_what_was_typed(
    views: TwoViews, lines: list[str]
) -> None:
    old = zone_text(with_old_mx(lines), serial=2**32 - 1)
    views.tell_world(old)
    views.publish(old, zone_text(lines, serial=2))  # serials go round: RFC 1982
    report = await views.check()
    assert codes(report) == ["ns-disagree", "propagating"]
    assert report.findings[0].facts["behind"] == (NAMES[0],)
    assert report.findings[1].facts["until"] is None
    assert status(report, Check.MX) is Status.INFO


async def test_where_serials_do_not_tell_who_is_right_the_world_is_believed(
    views: TwoViews, lines: list[str]
) -> None:
    old = zone_text(with_old_mx(lines))
    views.tell_world(old)
    views.publish(zone_text(lines), old)
    report = await views.check()
    assert sorted(codes(report)) == ["mx-not-ours", "ns-disagree"]
    dispute = next(f for f in report.findings if f.code == "ns-disagree")
    assert dispute.facts["behind"] == ()


async def test_zones_of_two_providers_are_compared_though_their_serials_are_the_same(
    views: TwoViews, lines: list[str]
) -> None:
    other = zone_text(with_old_mx(lines)).replace(f"SOA {NAMES[0]}", "SOA dns.old.example")
    views.publish(zone_text(lines), other)
    finding = only(await views.check())
    assert (finding.code, finding.facts["behind"]) == ("ns-disagree", ())


async def test_serials_that_differ_without_a_difference_are_not_worth_a_word(
    views: TwoViews, lines: list[str]
) -> None:
    views.publish(zone_text(lines, serial=8), zone_text(lines, serial=7))
    assert codes(await views.check()) == []


async def test_a_key_too_long_for_a_datagram_is_fetched_over_tcp(
    views: TwoViews, lines: list[str]
) -> None:
    long = [*lines, *(f'@ TXT "{at}{"x" * 200}"' for at in range(9))]
    views.publish(zone_text(long))
    assert codes(await views.check()) == []
    assert views.servers[0].asked_tcp == {Question.of(APEX, "TXT"): 1}


async def test_a_server_that_does_not_hold_the_zone_is_lame_and_nothing_is_missing(
    views: TwoViews,
) -> None:
    views.servers[0].zones = Zones.of({}, outside="refused")
    finding = only(await views.check())
    assert (finding.code, finding.severity) == ("ns-lame", Status.WARN)
    assert finding.facts["names"] == (NAMES[0],)


@pytest.mark.parametrize("at", [0, 1])
async def test_an_answer_without_authority_is_no_denial(
    views: TwoViews, lines: list[str], at: int
) -> None:
    views.servers[at].role = RECURSIVE
    views.servers[at].zones = Zones.of({APEX: zone_text(without(lines, "@ MX"))})
    finding = only(await views.check())
    assert (finding.code, finding.facts["names"]) == ("ns-lame", (NAMES[at],))


async def test_a_server_that_failed_once_is_not_called_lame(views: TwoViews) -> None:
    server = views.servers[1]
    right, broken = server.zones, Zones.of({}, servfail=(APEX,))
    server.zones = broken

    def mend(_question: Question) -> bool:
        if times_asked(server, APEX, "SOA") > 1:
            server.zones = right
        return False

    server.lose = mend
    assert codes(await views.check()) == []
    assert times_asked(server, APEX, "SOA") == 2


@pytest.mark.parametrize("at", [0, 1])
async def test_one_silent_server_is_only_worth_knowing(views: TwoViews, at: int) -> None:
    views.servers[at].lose = lambda _question: True
    started = time.monotonic()
    report = await views.check()
    finding = only(report)
    assert (finding.code, finding.severity) == ("ns-silent", Status.INFO)
    assert finding.facts["names"] == (NAMES[at],)
    assert time.monotonic() - started < TIMEOUT + 1


async def test_the_other_server_tells_the_records_where_the_first_is_silent(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text(without(lines, "@ MX")))
    views.servers[0].lose = lambda _question: True
    assert codes(await views.check()) == ["ns-silent", "propagating-negative"]


async def test_where_no_name_server_answers_us_all_stays_as_the_world_sees_it(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text(without(lines, "@ MX")))
    for server in views.servers:
        server.lose = lambda _question: True
    finding = only(await views.check())
    assert (finding.code, finding.seen_after) == ("mx-missing", None)


async def test_a_few_lost_packets_are_no_news(views: TwoViews) -> None:
    for at, server in enumerate(views.servers):
        server.lose = ReplyLoss(0.05, seed=at)
    for _ in range(5):
        assert codes(await views.check()) == []


async def test_private_addresses_are_not_asked(case_file: CaseFile) -> None:
    async with two_views(case_file, allow_private=False) as views:
        views.tell_world(zone_text(without(healthy_lines(case_file), "@ MX")))
        assert codes(await views.check()) == ["mx-missing"]
        assert [server.asked.total() for server in views.servers] == [0, 0]


async def test_a_name_server_that_does_not_exist_is_named(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text(lines), name_servers=f"ns1 A {ADDRESSES[0]}")
    finding = only(await views.check())
    assert (finding.code, finding.facts["nowhere"]) == ("ns-lame", True)
    assert finding.facts["names"] == (NAMES[1],)


async def test_ipv6_is_asked_for_only_where_there_is_no_ipv4(
    views: TwoViews, lines: list[str]
) -> None:
    servers = f"ns1 A {ADDRESSES[0]}\nns1 AAAA ::1\nns2 AAAA ::1"
    views.tell_world(zone_text(lines), name_servers=servers)
    assert codes(await views.check()) == []  # nobody listens at ::1, which may be our own fault
    assert times_asked(views.resolver, NAMES[0], "AAAA") == 0
    assert times_asked(views.resolver, NAMES[1], "AAAA") == 1


async def test_an_alias_out_of_the_zone_is_followed_where_it_leads(
    views: TwoViews, lines: list[str]
) -> None:
    alias = [*without(lines, "dkim._domainkey"), "dkim._domainkey CNAME friend.dkim.cow.example."]
    views.publish(zone_text(alias, serial=2))
    assert codes(await views.check()) == []
    views.tell_world(zone_text(without(lines, "dkim._domainkey")))
    report = await views.check()
    assert codes(report) == ["propagating-negative"] * 2
    assert usual(report)[0].facts == usual(report)[1].facts  # DMARC waits for the key
    views.tell_world(zone_text(alias))
    assert codes(await views.check()) == []


async def test_an_alias_that_was_taken_away_is_no_longer_blamed(
    views: TwoViews, lines: list[str]
) -> None:
    dead = [*without(lines, "dkim._domainkey"), "dkim._domainkey CNAME gone.cow.example."]
    views.tell_world(zone_text(dead))
    report = await views.check()
    assert codes(report)[0].startswith("propagating")
    assert report.status is Status.INFO


async def test_a_new_name_in_a_zone_is_found_though_it_is_still_denied(
    views: TwoViews, lines: list[str], case_file: CaseFile
) -> None:
    origin = zone_text([]).replace("negative", "")
    world = {**case_file.base_zones, "friend-dns.example": f"ns1 A {ADDRESSES[0]}"}
    parent = origin.replace(f"@ NS {NAMES[1]}.", "")
    views.resolver.zones = Zones.of({**world, "home.example": parent})
    inside = [
        line.replace("@ ", "deep ", 1) if line.startswith("@ ") else line.replace(" ", ".deep ", 1)
        for line in lines
    ]
    for server in views.servers:
        server.zones = Zones.of({"home.example": "\n".join((parent, *inside))}, outside="refused")
    report = await views.checker.check(Domain.from_ascii("deep.home.example"), views.key)
    assert status(report, Check.DELEGATION) is Status.INFO
    assert status(report, Check.MX) is Status.INFO
    assert "domain-not-found" not in codes(report)
    assert "propagating-negative" in codes(report)


@pytest.mark.parametrize("seed", range(12))
async def test_a_check_of_two_views_asks_sixty_questions_at_most(
    views: TwoViews, lines: list[str], seed: int
) -> None:
    chance = random.Random(seed)
    includes = " ".join(f"include:s{n}.big.example" for n in range(chance.randint(0, 10)))
    extra = [f"@ MX {n} mx{n}.old.example." for n in range(chance.randint(0, 12))]

    def some() -> list[str]:
        kept = [line for line in lines if chance.random() < 0.7]
        spf = [f'@ TXT "v=spf1 {includes} -all"'] if chance.random() < 0.5 else []
        return [*kept, *spf, *(line for line in extra if chance.random() < 0.5)]

    views.tell_world(zone_text(some()))
    views.publish(zone_text(some(), serial=2), zone_text(some(), serial=1))
    report = await views.check()
    servers = (views.resolver, *views.servers)
    assert sum(len(server.asked) for server in servers) <= report.queries <= MOST_QUESTIONS


async def test_what_a_request_waits_for_is_over_when_the_caches_have_run_out(
    views: TwoViews, lines: list[str]
) -> None:
    views.tell_world(zone_text(without(without(lines, "dkim."), "_dmarc"), negative_ttl=600))
    report = await views.check()
    waits = find_propagation(report, Check.DKIM)
    assert waits is not None
    assert seconds_left(report, waits) == timedelta(minutes=10).total_seconds()
    assert find_propagation(report, Check.MX) is None
    assert not report.proves(Check.DKIM)
    assert not has_policy(report, "reject")
    views.tell_world(zone_text(lines))
    report = await views.check()
    assert report.proves(Check.DKIM)
    assert has_policy(report, "reject")
