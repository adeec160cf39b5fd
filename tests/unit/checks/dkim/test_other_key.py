"""While a domain's DKIM key is being changed, each of both records is judged by what it is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.dkim.server_records import RecordState
from bot.checks.export.archive import dump_report, load_report
from bot.checks.finding import Check, FixAction, Status
from bot.checks.report import OtherKeySeen, is_of_other_key, summary_of
from bot.dns.answer import Outcome
from bot.records.key_change import KeyRole
from bot.words import Words
from changing_keys import (
    DONE,
    FORMER,
    NEW,
    NEXT,
    OLD,
    WEEK,
    name_of,
    published,
    report_of,
    said_of_other_key,
)
from strategies import KEY_VALUES, RSA_1024
from zone_reports import CONTEXT, DMARC, MX, SPF, codes, result

if TYPE_CHECKING:
    from bot.checks.finding import Finding
    from bot.checks.report import Report
    from bot.records.dkim_key import KnownKey
    from bot.records.key_change import KeyChange

    Case = tuple[KnownKey, KeyChange | None]

BOTH = published(OLD) + published(NEW)
DAMAGED = {
    "cut": NEW.record.text[:255],
    "another key": KEY_VALUES[0],
    "withdrawn": "v=DKIM1; k=rsa; p=",
    "quoted": f'"{NEW.record.text}"',
    "only testing": NEW.record.text.replace("p=", "t=y; p="),
    "version last": f"{NEW.record.text.removeprefix('v=DKIM1; ')}; v=DKIM1",
    "no key": "v=DKIM1; k=rsa",
}


def only(report: Report) -> Finding:
    (finding,) = said_of_other_key(report)
    return finding


def state_of(report: Report) -> RecordState:
    assert report.other_key is not None
    return report.other_key.state


def steps(finding: Finding) -> list[tuple[str, str, str | None]]:
    return [(fix.action.value, fix.owner.to_text(), fix.old) for fix in finding.fixes]


def test_a_new_record_that_is_not_there_yet_is_no_fault() -> None:
    report = report_of(NEXT, published(OLD))
    finding = only(report)
    assert (finding.code, finding.severity) == ("dkim-next-missing", Status.INFO)
    assert steps(finding) == [("add", f"{name_of(NEW)}.", None)]
    assert finding.fixes[0].value == NEW.record.text
    assert state_of(report) is RecordState.MISSING
    assert codes(report) == ["dkim-next-missing"]
    assert result(report, Check.DKIM).is_proven  # so the policy stays as strict as it is


def test_a_new_record_that_is_right_is_said_beside_the_check() -> None:
    report = report_of(NEXT, BOTH)
    found = result(report, Check.DKIM)
    assert codes(report) == []
    assert (found.status, found.is_proven) == (Status.PASS, True)
    assert found.note is not None
    assert found.note.code == "dkim-next-there"
    assert name_of(NEW) in Words().note(found.note, CONTEXT)
    assert found.expected == found.found == (OLD.record.text, NEW.record.text)
    assert report.other_key == OtherKeySeen(KeyRole.NEXT, NEW.selector, RecordState.RIGHT)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_new_record_that_is_wrong_is_put_right_before_it_is_used(damage: str) -> None:
    text = DAMAGED[damage]
    report = report_of(NEXT, published(OLD), published(NEW, text))
    finding = only(report)
    assert (finding.code, finding.severity) == ("dkim-next-differs", Status.WARN)
    assert steps(finding) == [("replace", f"{name_of(NEW)}.", text)]
    assert finding.fixes[0].value == NEW.record.text
    assert state_of(report) is RecordState.OTHER
    assert result(report, Check.DKIM).is_proven
    assert ("Only a part" in Words().finding(finding, CONTEXT)) is (damage in {"cut", "no key"})


def test_another_text_beside_the_new_key_has_to_go() -> None:
    report = report_of(NEXT, BOTH, published(NEW, "hello"))
    finding = only(report)
    assert finding.code == "dkim-next-differs"
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.DELETE, "hello")]
    assert "more than the new DKIM key" in Words().finding(finding, CONTEXT)


def test_an_alias_that_leads_nowhere_gives_way_to_the_new_record() -> None:
    alias = f"{name_of(NEW)} CNAME gone.other.example.\n"
    finding = only(report_of(NEXT, published(OLD), alias))
    assert finding.code == "dkim-next-differs"
    assert [(f.action, f.type) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME"),
        (FixAction.ADD, "TXT"),
    ]


def test_a_text_that_is_too_long_is_not_read() -> None:
    report = report_of(NEXT, published(OLD), published(NEW, "x" * 5000))
    finding = only(report)
    assert (finding.code, state_of(report)) == ("dkim-next-differs", RecordState.OTHER)
    assert finding.fixes[0].action is FixAction.REPLACE


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.SERVFAIL, Outcome.REFUSED])
@pytest.mark.parametrize(("keys", "there"), [(NEXT, OLD), (FORMER, NEW), (DONE, NEW)])
def test_nothing_is_said_of_a_record_that_nobody_answered_for(
    keys: Case, there: KnownKey, outcome: Outcome
) -> None:
    other = OLD if there is NEW else NEW
    report = report_of(keys, BOTH, failing={name_of(other): outcome})
    assert codes(report) == []
    found = result(report, Check.DKIM)
    assert (found.status, found.note) == (Status.PASS, None)
    assert state_of(report) is RecordState.UNANSWERED


def test_the_old_record_is_missed_as_long_as_mail_that_it_signed_is_on_its_way() -> None:
    report = report_of(FORMER, published(NEW))
    finding = only(report)
    assert (finding.code, finding.severity) == ("dkim-former-missing", Status.WARN)
    assert steps(finding) == [("add", f"{name_of(OLD)}.", None)]
    said = Words().finding(finding, CONTEXT)
    assert "is gone" in said
    assert "until 30 Nov 2026" in said
    assert result(report, Check.DKIM).is_proven


def test_an_old_record_that_was_changed_is_put_back() -> None:
    report = report_of(FORMER, published(NEW), published(OLD, NEW.record.text))
    finding = only(report)
    assert finding.code == "dkim-former-missing"
    assert steps(finding) == [("replace", f"{name_of(OLD)}.", NEW.record.text)]
    assert "not right any more" in Words().finding(finding, CONTEXT)


@pytest.mark.parametrize(
    "text", [OLD.record.text, f"{OLD.record.text};", f"k=rsa; v=DKIM1; p={OLD.record.text[-392:]}"]
)
def test_an_old_record_that_did_its_work_until_now_is_left_alone(text: str) -> None:
    report = report_of(FORMER, published(NEW), published(OLD, text))
    assert codes(report) == []
    note = result(report, Check.DKIM).note
    assert note is not None
    assert (note.code, note.facts["until"]) == ("dkim-former-there", int(WEEK.timestamp()))


def test_the_old_record_can_go_once_no_mail_needs_it() -> None:
    report = report_of(DONE, BOTH)
    finding = only(report)
    assert (finding.code, finding.severity) == ("dkim-former-left", Status.INFO)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.DELETE, OLD.record.text)]
    assert result(report, Check.DKIM).is_proven
    assert result(report, Check.DKIM).expected == (NEW.record.text,)


@pytest.mark.parametrize("there", ["", f"{name_of(OLD)} TXT {KEY_VALUES[3][:20]}\n"])
def test_nothing_is_said_once_the_old_key_is_gone(there: str) -> None:
    report = report_of(DONE, published(NEW), there)
    assert codes(report) == []
    assert state_of(report) is RecordState.MISSING


def test_a_key_of_somebody_else_at_the_old_name_is_not_ours_to_take_away() -> None:
    theirs = published(OLD, f"v=DKIM1; p={RSA_1024}")
    assert codes(report_of(DONE, published(NEW), theirs)) == []


def test_the_new_key_in_place_of_the_old_one_is_told_where_it_belongs() -> None:
    report = report_of(NEXT, published(OLD, NEW.record.text))
    first = report.findings[0]
    assert first.code == "dkim-key-mismatch"
    said = Words().finding(first, CONTEXT)
    assert f"is the new one, which belongs at {name_of(NEW)}" in said
    assert "Put the old value back here" in said
    assert first.fixes[0].value == OLD.record.text
    assert only(report).code == "dkim-next-missing"


def test_neither_record_is_taken_for_the_other_one_at_a_wrong_name() -> None:
    # The old key's selector is one of those that people often use.
    report = report_of(FORMER, published(OLD))
    assert [f.code for f in report.findings if f.check is Check.DKIM] == ["dkim-missing"]
    swapped = report_of(FORMER, published(OLD, NEW.record.text))
    assert [f.code for f in swapped.findings if f.check is Check.DKIM] == [
        "dkim-missing",
        "dkim-former-missing",
    ]
    both_wrong = report_of(NEXT, published(NEW))
    assert [f.code for f in both_wrong.findings if f.check is Check.DKIM] == ["dkim-missing"]


def test_a_name_that_has_nothing_yet_gets_all_its_records_at_once() -> None:
    above = "friend.example NS ns1.dns.example.\n"
    report = report_of(NEXT, rest=above)
    assert report.other_key is not None
    types = {f.owner.to_text() for finding in report.findings for f in finding.fixes}
    assert {f"{name_of(NEW)}.", f"{name_of(OLD)}."} <= types


@pytest.mark.parametrize("keys", [NEXT, FORMER, DONE])
def test_one_question_more_is_asked_and_none_where_no_key_is_changed(keys: Case) -> None:
    plain = report_of((keys[0], None), BOTH)
    asked = report_of(keys, BOTH)
    # The name of a server's own usual selector is asked for in any case.
    known = keys[1] is not None and keys[1].key.selector == "dkim"
    assert asked.queries - plain.queries == (0 if known else 1)
    assert plain.other_key is None
    assert all(not is_of_other_key(finding) for finding in plain.findings)


@pytest.mark.parametrize("keys", [NEXT, FORMER, DONE])
def test_what_was_seen_of_the_other_key_is_kept_with_the_report(keys: Case) -> None:
    report = report_of(keys, BOTH)
    kept = load_report(dump_report(report))
    assert kept.other_key == report.other_key
    assert kept.findings == report.findings


TEXTS = st.sampled_from([None, "", "hello", OLD.record.text, NEW.record.text, *DAMAGED.values()])


@given(
    keys=st.sampled_from([NEXT, FORMER, DONE]),
    at_old=TEXTS,
    at_new=TEXTS,
    rest=st.sampled_from([MX + SPF + DMARC, MX + SPF, MX]),
)
def test_what_is_said_of_all_else_does_not_depend_on_the_other_key(
    keys: Case, at_old: str | None, at_new: str | None, rest: str
) -> None:
    lines = [
        published(key, text) for key, text in ((OLD, at_old), (NEW, at_new)) if text is not None
    ]
    changing = report_of(keys, *lines, rest=rest)
    plain = report_of((keys[0], None), *lines, rest=rest)
    for one, other in zip(changing.results, plain.results, strict=True):
        assert one.check is other.check
        if one.check is not Check.DMARC:  # which depends on whether any key is found anywhere
            assert one.is_proven is other.is_proven
        if one.check not in {Check.DKIM, Check.DMARC}:
            assert one.status is other.status
    known = {"dkim-next-missing", "dkim-next-differs", "dkim-former-missing", "dkim-former-left"}
    assert {finding.code for finding in said_of_other_key(changing)} <= known
    assert all(finding.harmless for finding in said_of_other_key(changing))


def test_a_record_that_a_change_waits_for_is_a_step_though_it_is_no_fault() -> None:
    for keys, lines in ((NEXT, published(OLD)), (DONE, BOTH)):
        report = report_of(keys, lines)
        assert report.steps == tuple(said_of_other_key(report))
        assert not any(step in report.remarks for step in report.steps)
        assert summary_of(report) == "to_do"
    right = report_of(NEXT, BOTH)
    assert right.steps == ()
    assert summary_of(right) == "all_right"
