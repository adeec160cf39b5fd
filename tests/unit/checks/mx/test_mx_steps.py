"""Several MX records: which are replaced and which deleted, and how many steps are told."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from bot.checks.answers import MOST_STEPS
from bot.checks.finding import FixAction, Status
from bot.checks.mx import judge as mx_judge
from bot.checks.mx.targets import targets_to_resolve
from bot.dns.answer import Outcome
from host_answers import (
    OLD,
    answered,
    both,
    codes,
    deletion,
    host,
    judge,
    observe,
    only,
    replacement,
    say,
    unfound,
)
from observed_domain import EXPECTED, HOST


@pytest.mark.parametrize(("priority", "equal"), [(5, False), (10, True)])
def test_a_foreign_server_before_or_beside_ours_takes_mail_away(priority: int, equal: bool) -> None:
    verdict = judge(f"{priority} mx.old.example.", "10 mx1.cow.example.", answers=OLD)
    finding = only(verdict, "mx-foreign-preferred")
    assert finding.severity is Status.FAIL
    assert finding.facts["equal"] is equal
    assert finding.facts["dead"] is False
    assert finding.fixes == (deletion("mx.old.example.", priority),)
    assert "mx.old.example" in say(finding)


def test_a_foreign_server_behind_ours_is_a_risk() -> None:
    verdict = judge("10 mx1.cow.example.", "20 mx.old.example.", answers=OLD)
    finding = only(verdict, "mx-foreign-backup")
    assert finding.severity is Status.WARN
    assert finding.fixes == (deletion("mx.old.example.", 20),)
    assert say(finding)


@pytest.mark.parametrize(
    ("priority", "code"), [(5, "mx-foreign-preferred"), (20, "mx-foreign-backup")]
)
def test_a_dead_record_beside_ours_is_a_foreign_one(priority: int, code: str) -> None:
    gone = both("mx.gone.example.", Outcome.NXDOMAIN)
    verdict = judge(f"{priority} mx.gone.example.", "10 mx1.cow.example.", answers=gone)
    finding = only(verdict, code)
    assert finding.facts["dead"] is True
    assert "nobody is there" in say(finding).lower()


def test_another_name_of_our_server_is_a_risk() -> None:
    answers = host("mail.cow.example.", "198.51.100.25")
    finding = only(judge("10 mail.cow.example.", answers=answers), "mx-other-name")
    assert finding.severity is Status.WARN
    assert finding.fixes == (replacement("mail.cow.example."),)
    assert "certificate" in say(finding)


def test_a_target_whose_address_is_unknown_is_not_called_foreign() -> None:
    silent = both("mx.old.example.", Outcome.TIMEOUT)
    verdict = judge("5 mx.old.example.", "10 mx1.cow.example.", answers=silent)
    finding = only(verdict, "dns-timeout")
    assert finding.facts["name"] == "mx.old.example"
    assert verdict.status is Status.UNKNOWN


def test_a_target_cannot_be_compared_with_a_host_whose_address_is_unknown() -> None:
    answers = observe("10 mx.old.example.", answers=OLD, ours=both(HOST, Outcome.SERVFAIL))
    finding = only(mx_judge.judge(EXPECTED, answers), "servfail")
    assert finding.facts["name"] == "mx1.cow.example"


def test_one_address_family_is_enough_to_tell_two_servers_apart() -> None:
    half = (OLD[0], unfound("mx.old.example.", "AAAA", Outcome.TIMEOUT))
    assert codes(judge("10 mx.old.example.", answers=half)) == ["mx-not-ours"]


def test_a_proven_fault_is_said_beside_what_is_not_known() -> None:
    silent = both("mx.old.example.", Outcome.TIMEOUT)
    verdict = judge("10 198.51.100.25.", "20 mx.old.example.", answers=silent)
    assert codes(verdict) == ["mx-is-ip", "dns-timeout"]


def test_no_server_is_called_foreign_while_another_may_be_ours() -> None:
    silent = both("mx.silent.example.", Outcome.TIMEOUT)
    verdict = judge("5 mx.old.example.", "10 mx.silent.example.", answers=(*OLD, *silent))
    assert codes(verdict) == ["dns-timeout"]


def test_ours_by_name_passes_while_its_address_is_unknown() -> None:
    observed = observe("10 mx1.cow.example.", ours=both(HOST, Outcome.TIMEOUT))
    assert mx_judge.judge(EXPECTED, observed).status is Status.PASS


def test_our_host_without_an_address_is_the_servers_fault() -> None:
    observed = observe("10 mx1.cow.example.", ours=both(HOST, Outcome.NXDOMAIN))
    finding = only(mx_judge.judge(EXPECTED, observed), "server-side")
    assert finding.severity is Status.INFO
    assert finding.facts == {"what": "host-without-address", "name": "mx1.cow.example"}
    assert finding.fixes == ()
    assert "nothing for you to do" in say(finding)


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("0 .", "mx-null-mixed"),
        ("20 198.51.100.25.", "mx-is-ip"),
        (r"20 10\032mx1.cow.example.", "mx-priority-in-target"),
        ("20 *.", "mx-target-invalid"),
        ("20 mx1.cow.example.friend.example.", "mx-domain-appended"),
        ("5 mx.old.example.", "mx-foreign-preferred"),
        ("20 mx.old.example.", "mx-foreign-backup"),
    ],
)
def test_beside_our_own_record_a_wrong_one_is_only_to_be_deleted(record: str, code: str) -> None:
    finding = only(judge(record, "10 mx1.cow.example.", answers=OLD), code)
    assert finding.facts["ours_there"] is True
    assert [fix.action for fix in finding.fixes] == [FixAction.DELETE]
    assert "Delete that MX record" in say(finding)


def test_what_is_to_be_replaced_is_not_said_to_be_deleted() -> None:
    verdict = judge("0 198.51.100.25.", "10 mx1.cow.example.friend.example.")
    assert [finding.facts["ours_there"] for finding in verdict.findings] == [False, True]
    assert ["Delete" in say(finding) for finding in verdict.findings] == [False, True]


def test_the_plainest_fault_comes_first_and_only_its_record_is_replaced() -> None:
    verdict = judge(
        "5 mx.old.example.",
        "0 .",
        r"10 10\032mx1.cow.example.",
        "20 198.51.100.25.",
        "30 mx1.cow.example.friend.example.",
        answers=OLD,
    )
    assert codes(verdict) == [
        "mx-null-mixed",
        "mx-is-ip",
        "mx-priority-in-target",
        "mx-domain-appended",
        "mx-not-ours",
    ]
    actions = [fix.action for finding in verdict.findings for fix in finding.fixes]
    assert actions == [FixAction.REPLACE, *[FixAction.DELETE] * 4]


def test_sixty_records_make_few_findings_with_few_steps_and_all_are_counted() -> None:
    records = [f"{n} mx{n}.old.example." for n in range(1, 61)]
    names = targets_to_resolve(EXPECTED, answered("friend.example.", "MX", *records))
    assert [name.to_text() for name in names] == [f"mx{n}.old.example." for n in range(1, 9)]

    answers = tuple(a for name in names for a in host(name.to_text(), "203.0.113.60"))
    verdict = judge(*records, "100 mx1.cow.example.", answers=answers)
    assert codes(verdict) == ["mx-foreign-preferred", "mx-unchecked"]
    known, unchecked = verdict.findings
    assert known.facts["count"] == 8
    assert known.facts["names"] == tuple(f"mx{n}.old.example" for n in range(1, 6))
    assert unchecked.facts["count"] == 52
    assert unchecked.severity is Status.UNKNOWN
    assert len(known.fixes) <= MOST_STEPS
    assert verdict.found[-1] == "… and 51 more"
    assert len(verdict.found) == 11
    assert "and 5 more" in say(known)
    assert "52" in say(unchecked)


def test_steps_are_bounded_over_all_findings() -> None:
    records = [f"{n} 192.0.2.{n}." for n in range(1, 30)]
    finding = only(judge(*records), "mx-is-ip")
    assert len(finding.fixes) == MOST_STEPS
    assert finding.facts["count"] == 29
    assert "and 26 more" in say(finding)


def test_only_names_that_need_it_are_resolved_lowest_priority_first() -> None:
    answer = answered(
        "friend.example.",
        "MX",
        "30 c.example.",
        "5 b.example.",
        "7 B.Example.",
        "0 .",
        "1 mx1.cow.example.",
        "2 198.51.100.25.",
        r"3 10\032mx1.cow.example.",
        r"4 with\032blank.example.",
        "6 mx1.cow.example.friend.example.",
    )
    names = targets_to_resolve(EXPECTED, answer)
    assert names == (dns.name.from_text("b.example."), dns.name.from_text("c.example."))


def test_names_with_escape_sequences_stay_text_in_facts_and_words() -> None:
    finding = only(judge(r"10 a\027\091\050Jb`@everyone.example."), "mx-target-invalid")
    assert "\x1b" not in say(finding)
    names = finding.facts["names"]
    assert isinstance(names, tuple)
    assert names[0].isprintable()
