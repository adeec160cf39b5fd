"""A domain without an MX record of its own, or of which nobody knows whether it has one."""

from __future__ import annotations

import pytest

from bot.checks.finding import Check, Finding, Fix, FixAction, Status
from bot.checks.mx import judge as mx_judge
from bot.checks.observation import Observation
from bot.dns.answer import Answer, ExtendedError, Outcome, Question
from host_answers import OLD, OURS, WEBSITE, answered, both, codes, only, say, unfound
from observed_domain import DOMAIN, EXPECTED, HOST


def test_no_record_is_missing_and_names_the_web_server_that_gets_the_mail() -> None:
    answer = unfound("friend.example.", "MX", Outcome.NODATA)
    verdict = mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, WEBSITE, *OURS)))
    finding = only(verdict, "mx-missing")
    assert finding.severity is Status.FAIL
    assert finding.facts == {"address": "203.0.113.80", "reach": "other", "ours_at": None}
    assert finding.fixes == (Fix(FixAction.ADD, DOMAIN.name, "MX", HOST, 10, 3600),)
    assert "203.0.113.80" in say(finding)


def report_missing(*addresses: Answer, ours: tuple[Answer, ...] = OURS) -> Finding:
    answer = unfound("friend.example.", "MX", Outcome.NODATA)
    observed = Observation.of(DOMAIN, (answer, *addresses, *ours))
    return only(mx_judge.judge(EXPECTED, observed), "mx-missing")


def test_only_without_an_address_nobody_knows_where_mail_belongs() -> None:
    finding = report_missing(*both("friend.example.", Outcome.NODATA))
    assert finding.facts == {"address": None, "reach": "nowhere", "ours_at": None}
    assert "do not know where" in say(finding)


def test_an_address_that_could_not_be_found_out_is_said_to_be_so() -> None:
    finding = report_missing(unfound("friend.example.", "A", Outcome.TIMEOUT))
    assert finding.facts == {"address": None, "reach": "unknown", "ours_at": None}
    assert "could not be found out" in say(finding)
    finding = report_missing(WEBSITE, ours=both(HOST, Outcome.SERVFAIL))
    assert finding.facts == {"address": "203.0.113.80", "reach": "unknown", "ours_at": None}
    assert "not our server" not in say(finding)


def test_mail_arrives_by_an_address_that_is_ours() -> None:
    other = unfound("friend.example.", "AAAA", Outcome.NODATA)
    finding = report_missing(answered("friend.example.", "A", "198.51.100.25"), other)
    assert finding.facts == {"address": None, "reach": "ours", "ours_at": "198.51.100.25"}
    assert "arrives all the same" in say(finding)
    assert finding.fixes == (Fix(FixAction.ADD, DOMAIN.name, "MX", HOST, 10, 3600),)


def test_an_address_of_ours_is_no_proof_while_the_other_kind_is_not_known() -> None:
    other = unfound("friend.example.", "AAAA", Outcome.TIMEOUT)
    finding = report_missing(answered("friend.example.", "A", "198.51.100.25"), other)
    assert finding.facts == {"address": "198.51.100.25", "reach": "unknown", "ours_at": None}
    assert "arrives all the same" not in say(finding)


def test_an_address_is_another_ones_only_where_all_of_our_host_are_known() -> None:
    both_kinds = (
        answered("friend.example.", "A", "198.51.100.25"),
        answered("friend.example.", "AAAA", "2001:db8:25::25"),
    )
    ours = (answered(HOST, "A", "198.51.100.25"), unfound(HOST, "AAAA", Outcome.TIMEOUT))
    assert report_missing(*both_kinds, ours=ours).facts["reach"] == "unknown"
    known = (answered(HOST, "A", "198.51.100.25"), unfound(HOST, "AAAA", Outcome.NODATA))
    assert report_missing(*both_kinds, ours=known).facts["reach"] == "partly"


def test_a_finding_of_a_former_version_is_said_as_before() -> None:
    former = Finding(Check.MX, "mx-missing", Status.FAIL, {"address": "203.0.113.80"})
    assert "203.0.113.80" in say(former)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_a_question_that_fails_is_unknown_and_never_missing(outcome: Outcome, code: str) -> None:
    answer = Answer(
        Question.of("friend.example.", "MX"), outcome, extended=(ExtendedError(22, "\x1b[2J"),)
    )
    finding = only(mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, *OURS))), code)
    assert finding.severity is Status.UNKNOWN
    assert finding.facts == {
        "name": "friend.example",
        "type": "MX",
        "dnssec": False,
        "detail": "\x1b[2J",
    }
    assert "\x1b" not in say(finding)


def test_nothing_asked_is_unknown() -> None:
    assert mx_judge.judge(EXPECTED, Observation.of(DOMAIN, ())).status is Status.UNKNOWN


def test_an_alias_loop_at_the_domain_is_said_to_be_one() -> None:
    answer = unfound("friend.example.", "MX", Outcome.SERVFAIL, ("a.example.",), loop=True)
    finding = only(mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, *OURS))), "alias-loop")
    assert "in a circle" in say(finding)


def test_records_behind_an_alias_at_the_domain_are_not_replaced_there() -> None:
    chain = ("edge.site.example.",)
    answer = answered("friend.example.", "MX", "5 mx.old.example.", "9 192.0.2.1.", chain=chain)
    verdict = mx_judge.judge(EXPECTED, Observation.of(DOMAIN, (answer, *OURS, *OLD)))
    assert codes(verdict) == ["mx-is-ip", "mx-not-ours"]
    fixes = [fix for finding in verdict.findings for fix in finding.fixes]
    assert fixes == [Fix(FixAction.ADD, DOMAIN.name, "MX", HOST, 10, 3600)]
