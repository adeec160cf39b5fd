"""SRV records of mail programs: right, foreign, by another name or port, and refused."""

from __future__ import annotations

from dataclasses import replace

import dns.name
import dns.rdata
import dns.rdatatype

from bot.checks.finding import FixAction, Status, Verdict
from bot.checks.optional import srv
from bot.dns.answer import Answer, Outcome
from bot.records.expected import Expected, expect
from observed_domain import (
    DOMAIN,
    EXPECTED,
    HOST,
    SERVER,
    alias,
    answered,
    only,
    seen,
    typed,
    unfound,
)


def records(label: str, *texts: str) -> Answer:
    return answered(f"{label}._tcp.friend.example", "SRV", *texts)


NO_SRV = tuple(records(label) for label in ("_imaps", "_submission"))
IMAPS = records("_imaps", "0 1 993 mx1.cow.example.")
SUBMISSIONS = records("_submissions", "0 1 465 mx1.cow.example.")


def look_srv(*answers: Answer, expected: Expected = EXPECTED) -> Verdict:
    return srv.judge(expected, seen(*NO_SRV, *answers))


def test_no_srv_records_are_no_fault_and_the_usual_two_are_offered() -> None:
    finding = only(look_srv(), "optional-missing", Status.INFO)
    assert [(f.action, f.owner.to_text(), f.value) for f in finding.fixes] == [
        (FixAction.ADD, "_imaps._tcp.friend.example.", f"0 1 993 {HOST}"),
        (FixAction.ADD, "_submissions._tcp.friend.example.", f"0 1 465 {HOST}"),
    ]


def test_srv_records_that_lead_to_us_pass() -> None:
    verdict = look_srv(IMAPS, SUBMISSIONS, records("_pop3s", "10 5 995 MX1.cow.example."))
    assert verdict.status is Status.PASS
    assert verdict.found[0] == f"_imaps._tcp 0 1 993 {HOST}"


def test_an_srv_record_that_leads_elsewhere_is_replaced() -> None:
    verdict = look_srv(IMAPS, records("_submission", "0 1 587 smtp.old.example."))
    finding = only(verdict, "srv-foreign", Status.WARN)
    owner = "_submission._tcp.friend.example."
    assert typed(finding) == [
        (FixAction.REPLACE, owner, f"0 1 587 {HOST}", "0 1 587 smtp.old.example.")
    ]
    assert finding.facts["targets"] == ("smtp.old.example",)


def test_a_foreign_srv_record_beside_ours_is_deleted() -> None:
    verdict = look_srv(records("_imaps", f"0 1 993 {HOST}", "0 1 993 imap.old.example."))
    finding = only(verdict, "srv-foreign", Status.WARN)
    owner = "_imaps._tcp.friend.example."
    assert typed(finding) == [(FixAction.DELETE, owner, "0 1 993 imap.old.example.", None)]


def test_another_name_of_our_server_and_another_port_are_told_apart() -> None:
    own = records("_imaps", "0 1 993 mail.friend.example.")
    only(look_srv(own, *alias("mail")), "srv-other-name", Status.WARN)
    finding = only(look_srv(records("_imaps", f"0 1 143 {HOST}")), "srv-wrong-port", Status.WARN)
    assert finding.facts["ports"] == ("993",)


def test_a_lone_dot_is_right_where_the_other_way_is_there() -> None:
    assert look_srv(IMAPS, records("_imap", "0 0 0 .")).status is Status.PASS
    assert look_srv(IMAPS, records("_pop3s", "0 0 0 .")).status is Status.PASS
    finding = only(look_srv(records("_imaps", "0 0 0 .")), "srv-not-offered", Status.WARN)
    assert typed(finding)[0][0] is FixAction.REPLACE


def test_an_srv_alias_goes_before_a_record_of_its_own() -> None:
    name = "_imaps._tcp.friend.example"
    chain = (dns.name.from_text("srv.old.example."),)
    verdict = look_srv(answered(name, "SRV", "0 1 993 imap.old.example.", chain=chain))
    finding = only(verdict, "srv-foreign", Status.WARN)
    assert typed(finding)[0][:3] == (FixAction.DELETE, f"{name}.", "srv.old.example.")
    assert typed(finding)[1][0] is FixAction.ADD


def test_a_failed_srv_question_is_unknown() -> None:
    failed = unfound("_imaps._tcp.friend.example", "SRV", Outcome.TIMEOUT)
    only(look_srv(failed), "dns-timeout", Status.UNKNOWN)


def test_pop_is_not_asked_for_where_it_is_not_offered() -> None:
    without = expect(replace(SERVER, pop=False), DOMAIN)
    asked = {str(q.name) for q in srv.other_questions(without)}
    assert "_pop3s._tcp.friend.example." not in asked
    both = {str(q.name) for q in srv.other_questions(EXPECTED)}
    assert both - asked == {"_pop3s._tcp.friend.example."}


def test_of_several_foreign_records_at_a_name_one_is_replaced_and_the_others_go() -> None:
    verdict = look_srv(
        records("_imaps", "0 1 993 a.old.example.", "0 2 993 b.old.example.", f"0 3 143 {HOST}")
    )
    finding = only(verdict, "srv-foreign", Status.WARN)
    first, *others = typed(finding)
    assert (first[0], first[2]) == (FixAction.REPLACE, f"0 1 993 {HOST}")
    assert [action for action, *_ in others] == [FixAction.DELETE] * 2
    gone = {first[3], *(value for _, _, value, _ in others)}
    assert gone == {"0 1 993 a.old.example.", "0 2 993 b.old.example.", f"0 3 143 {HOST}"}
    assert finding.facts["targets"] == ("a.old.example", "b.old.example")
    assert finding.facts["names"] == ("_imaps._tcp.friend.example",)


def test_pop_alone_may_be_refused() -> None:
    assert look_srv(records("_pop3s", "0 0 0 .")).status is Status.PASS


def test_a_refusal_beside_a_server_is_a_foreign_target() -> None:
    verdict = look_srv(records("_imaps", "0 0 0 .", f"0 1 993 {HOST}"))
    assert verdict.status is Status.WARN


def test_two_of_the_names_tell_whether_there_are_any_and_all_are_asked_for_in_the_end() -> None:
    first = [str(q.name).partition(".")[0] for q in srv.first_questions(EXPECTED)]
    others = [str(q.name).partition(".")[0] for q in srv.other_questions(EXPECTED)]
    assert first == ["_imaps", "_submission"]
    assert sorted(others) == ["_imap", "_pop3s", "_submissions"]


def test_names_that_nobody_was_asked_for_are_unknown() -> None:
    only(srv.judge(EXPECTED, seen()), "dns-timeout", Status.UNKNOWN)


def test_a_failed_question_beside_foreign_records_is_told_as_well() -> None:
    failed = unfound("_imap._tcp.friend.example", "SRV", Outcome.TIMEOUT)
    verdict = look_srv(records("_submission", "0 1 587 smtp.old.example."), failed)
    assert [finding.code for finding in verdict.findings] == ["srv-foreign", "dns-timeout"]
    assert verdict.expected == (f"_imaps._tcp 0 1 993 {HOST}", f"_submissions._tcp 0 1 465 {HOST}")
