"""What was typed beside what resolvers still see of it: what is left to do, and until when."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import dns.name
import dns.rdata
import pytest

from bot.checks.authority_view import AuthorityView, NameServer, NameServerState
from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.checks.observation import Observation
from bot.checks.propagation import say_when_seen
from bot.checks.report import seconds_left
from bot.dns.answer import Answer, Outcome, Question
from zone_reports import (
    ALIASES,
    DKIM,
    DMARC,
    DOMAIN,
    MX,
    NOW,
    SPF,
    codes,
    compiled,
    look,
    result,
)

SOA = Answer(
    Question.of("friend.example", "SOA"),
    Outcome.RECORDS,
    (dns.rdata.from_text("IN", "SOA", "ns.x.example. a.x.example. 1 7200 3600 1209600 900"),),
    ttl=1800,
)
SERVERS = tuple(
    NameServer(dns.name.from_text(name), address, NameServerState.ANSWERS, SOA)
    for name, address in (("ns1.x.example.", "192.0.2.53"), ("ns2.y.example.", "198.51.100.53"))
)
NOW_SECONDS = int(NOW.timestamp())
OLD_MX = "friend.example MX 10 mx.old.example.\n"
ALL = (MX, SPF, DKIM, DMARC, ALIASES)


def seen_and_typed(
    world: tuple[str, ...],
    typed: tuple[str, ...],
    *,
    disputed: bool = False,
    old_ttl: int | None = None,
) -> Observation:
    """Return what resolvers see of one zone, and the name servers of another."""
    seen, source = look(*world), look(*typed)
    changed = tuple(
        question
        for question, answer in seen.answers.items()
        if question in source.answers
        and (answer.outcome, answer.rdatas)
        != (source.answers[question].outcome, source.answers[question].rdatas)
    )
    if old_ttl is not None:
        old = {question: replace(seen.answers[question], ttl=old_ttl) for question in changed}
        seen = replace(seen, answers=MappingProxyType({**seen.answers, **old}))
    view = AuthorityView(
        DOMAIN.name,
        SERVERS,
        answers=source.answers,
        changed=changed,
        disputed=changed if disputed else (),
        spf=source.spf,
    )
    return replace(seen, source=view)


def test_a_record_that_was_just_typed_is_right_and_only_waits() -> None:
    report = compiled(seen_and_typed((MX, SPF, DMARC, ALIASES), ALL))
    # Before there was a key, the strict DMARC policy was wrong as well.
    assert codes(report) == ["propagating-negative"] * 2
    assert not report.has_fixes
    (finding,) = (f for f in report.findings if f.check is Check.DKIM)
    assert (finding.severity, finding.fixes) == (Status.INFO, ())
    assert finding.facts == {
        "name": "dkim._domainkey.friend.example",
        "type": "TXT",
        "until": NOW_SECONDS + 60,
        "dated": False,
    }
    assert seconds_left(report, finding) == 60
    assert result(report, Check.SPF).status is Status.PASS
    assert result(report, Check.SPF).note is None


def test_a_record_that_was_just_changed_waits_for_the_end_of_the_old_one() -> None:
    report = compiled(seen_and_typed((OLD_MX, SPF, DKIM, DMARC, ALIASES), ALL))
    (finding,) = (f for f in report.findings if f.check is Check.MX)
    assert (finding.code, finding.facts["until"]) == ("propagating", NOW_SECONDS + 3600)
    assert finding.facts["type"] == "MX"
    assert "mx-not-ours" not in codes(report)


@pytest.mark.parametrize(("ttl", "dated"), [(43_199, False), (43_200, True)])
def test_half_a_day_ahead_a_time_needs_its_date(ttl: int, *, dated: bool) -> None:
    world = (OLD_MX, SPF, DKIM, DMARC, ALIASES)
    report = compiled(seen_and_typed(world, ALL, old_ttl=ttl))
    (finding,) = (f for f in report.findings if f.check is Check.MX)
    assert (finding.facts["until"], finding.facts["dated"]) == (NOW_SECONDS + ttl, dated)


def test_of_name_servers_that_disagree_nobody_knows_when_they_will_agree() -> None:
    observed = seen_and_typed((OLD_MX, SPF, DKIM, DMARC, ALIASES), ALL, disputed=True)
    report = compiled(observed)
    (finding,) = (f for f in report.findings if f.code == "propagating")
    assert finding.facts["until"] is None
    assert seconds_left(report, finding) is None


def test_a_record_that_was_taken_away_is_missing_however_long_it_is_still_seen() -> None:
    report = compiled(seen_and_typed(ALL, (MX, SPF, DKIM, ALIASES)))
    dmarc = result(report, Check.DMARC)
    assert codes(report) == ["dmarc-missing"]
    assert dmarc.note is not None
    assert dmarc.note.code == "cached-old"
    assert dmarc.note.facts["right"] is True
    assert dmarc.note.facts["until"] == NOW_SECONDS + 3600


def test_a_record_that_was_changed_from_one_fault_to_another_has_the_new_one() -> None:
    other = "friend.example MX 20 mx.old.example.\n"
    rest = (SPF, DKIM, DMARC, ALIASES)
    report = compiled(seen_and_typed((OLD_MX, *rest), (other, *rest)))
    mx = result(report, Check.MX)
    assert codes(report) == ["mx-target-nxdomain"]
    assert mx.found == ("20 mx.old.example.",)
    assert mx.note is not None
    assert (mx.note.code, mx.note.facts["right"]) == ("cached-old", False)


def test_what_did_not_change_says_nothing_of_waiting() -> None:
    report = compiled(seen_and_typed(ALL, ALL))
    assert codes(report) == []
    notes = {one.note.code for one in report.results if one.note is not None}
    assert notes == {"dmarc-stricter-than-handed-out"}


def finding(*fixes: Fix) -> Finding:
    return Finding(Check.MX, "mx-not-ours", Status.FAIL, {}, fixes)


REPLACE = Fix(FixAction.REPLACE, DOMAIN.name, "MX", "mx1.cow.example.", priority=10)
ADD = Fix(FixAction.ADD, dns.name.from_text("_dmarc.friend.example."), "TXT", "v=DMARC1; p=none")
OLD = Answer(
    Question.of("friend.example", "MX"),
    Outcome.RECORDS,
    (dns.rdata.from_text("IN", "MX", "10 mx.old.example."),),
    ttl=300,
)
NONE = Answer(Question.of("_dmarc.friend.example", "TXT"), Outcome.NXDOMAIN, ttl=40)
VIEW = AuthorityView(
    DOMAIN.name,
    SERVERS,
    answers=MappingProxyType({OLD.question: replace(OLD, ttl=7200)}),
)


def test_a_change_is_seen_when_the_whole_ttl_of_the_zone_is_over() -> None:
    observed = Observation.of(DOMAIN, (OLD, NONE), source=VIEW)
    assert say_when_seen(finding(REPLACE), observed).seen_after == 7200
    assert say_when_seen(finding(ADD), observed).seen_after == 900
    assert say_when_seen(finding(ADD, REPLACE), observed).seen_after == 7200


def test_what_is_left_in_a_cache_says_nothing_of_other_caches() -> None:
    cached = Observation.of(DOMAIN, (OLD, NONE))
    assert say_when_seen(finding(REPLACE), cached).seen_after is None
    assert say_when_seen(finding(ADD), cached).seen_after is None
    direct = Observation.of(DOMAIN, (replace(OLD, authoritative=True), NONE))
    assert say_when_seen(finding(REPLACE), direct).seen_after == 300
    assert say_when_seen(finding(REPLACE, ADD), direct).seen_after is None
    assert say_when_seen(finding(), direct).seen_after is None


def test_where_nobody_answered_nobody_knows_when_a_change_is_seen() -> None:
    failed = replace(OLD, outcome=Outcome.TIMEOUT, rdatas=(), authoritative=True)
    assert say_when_seen(finding(REPLACE), Observation.of(DOMAIN, (failed,))).seen_after is None
    assert say_when_seen(finding(REPLACE), Observation.of(DOMAIN, ())).seen_after is None
