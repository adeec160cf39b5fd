"""Evaluations that ended in permerror: whose fault it is, and what is left out of the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.checks.finding import Status
from bot.checks.spf.case import SpfCase
from bot.checks.spf.permerror import is_error, judge_behind_ours, judge_error, judge_others
from bot.checks.spf.texts import SpfText, sort_texts
from bot.dns.answer import Answer, Outcome
from bot.dns.spf_evaluate import STRANGER, SpfCause, SpfEvaluation, SpfStep
from observed_domain import CONTEXT, EXPECTED, OURS, WORDS, seen, unfound

if TYPE_CHECKING:
    from bot.checks.finding import Finding

OWN = "include:_spf.cow.example"


def text_of(record: str) -> SpfText:
    (text,) = sort_texts([record.encode()])
    return text


def broken(cause: SpfCause, *path: SpfStep, address: str = OURS, **more: Any) -> SpfEvaluation:
    return SpfEvaluation(
        address,
        "friend.example",
        "permerror",
        cause=cause,
        path=path,
        **more,
    )


def at_domain(term: str) -> SpfStep:
    return SpfStep("friend.example", term)


def judge(record: str, error: SpfEvaluation, *answers: Answer) -> Finding:
    case = SpfCase.of(EXPECTED, seen(*answers, spf=(error,)))
    finding = judge_error(case, text_of(record), error)
    assert WORDS.finding(finding, CONTEXT)
    return finding


@pytest.mark.parametrize("cause", [SpfCause.NONE, SpfCause.BUDGET, SpfCause.TEMPERROR])
def test_what_receivers_do_not_take_for_broken_is_no_error(cause: SpfCause) -> None:
    assert not is_error(broken(cause))
    assert is_error(broken(SpfCause.SYNTAX))


def test_a_fault_behind_our_own_include_is_the_servers() -> None:
    error = broken(
        SpfCause.SYNTAX, at_domain(OWN), SpfStep("_spf.cow.example", "ip4:1"), policies=()
    )
    finding = judge(f"v=spf1 mx {OWN} -all", error)
    assert (finding.code, finding.facts["what"]) == ("server-side", "spf-include")


def test_a_limit_reached_at_our_own_include_is_the_members_unless_it_comes_first() -> None:
    error = broken(SpfCause.TOO_MANY_LOOKUPS, at_domain(OWN), lookups=11)
    assert judge(f"v=spf1 mx {OWN} -all", error).code == "spf-too-many-lookups"
    assert judge(f"v=spf1 {OWN} mx -all", error).code == "server-side"


def test_an_include_of_a_domain_without_record_is_left_out_of_the_fix() -> None:
    error = broken(SpfCause.INCLUDE_MISSING, at_domain("include:gone.example"))
    finding = judge("v=spf1 include:gone.example ip4:192.0.2.1 -all", error)
    assert (finding.code, finding.facts["target"]) == ("spf-include-missing", "gone.example")
    assert [fix.value for fix in finding.fixes] == [f"v=spf1 {OWN} ip4:192.0.2.1 -all"]


def test_a_foreign_record_that_is_faulty_today_is_kept_in_the_fix() -> None:
    foreign = SpfStep("spf.other.example", "include:gone.example")
    error = broken(SpfCause.INCLUDE_MISSING, at_domain("include:spf.other.example"), foreign)
    finding = judge("v=spf1 include:spf.other.example -all", error)
    assert (finding.facts["own"], finding.facts["through"]) == (False, "include:spf.other.example")
    assert finding.facts["kept"] == ("include:spf.other.example",)


def test_of_too_many_empty_lookups_those_that_find_nothing_are_left_out() -> None:
    nothing = [
        unfound(f"{label}.friend.example", rdtype, Outcome.NXDOMAIN)
        for label in ("old", "older")
        for rdtype in ("A", "AAAA")
    ]
    error = broken(
        SpfCause.TOO_MANY_VOIDS,
        at_domain("a:older.friend.example"),
        void_names=("old.friend.example", "older.friend.example"),
    )
    record = "v=spf1 a:old.friend.example a:older.friend.example a:new.friend.example -all"
    finding = judge(record, error, *nothing)
    assert finding.facts["left_out"] == ("a:old.friend.example", "a:older.friend.example")
    assert finding.facts["kept"] == ("a:new.friend.example",)


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ("include:gone.example", "spf-include-missing"),
        (OWN, "server-side"),
        ("include:%{d}.gone.example", "spf-others-fail"),
        ("include:%{i}.gone.example", None),  # it may be there for those who are meant
    ],
)
def test_an_error_that_only_strangers_meet_is_said_of_the_term_that_leads_to_it(
    term: str, code: str | None
) -> None:
    stranger = broken(SpfCause.INCLUDE_MISSING, at_domain(term), address=STRANGER)
    case = SpfCase.of(EXPECTED, seen(spf=(stranger,)))
    text = text_of(f"v=spf1 {OWN} {term} -all")
    finding = judge_behind_ours(case, text) or judge_others(case, text)
    assert (finding.code if finding else None) == code
    if finding and code == "spf-others-fail":
        assert WORDS.finding(finding, CONTEXT)
        assert (finding.severity, finding.facts["through"]) == (Status.WARN, term)
        assert [fix.value for fix in finding.fixes] == [f"v=spf1 {OWN} -all"]


def test_names_without_an_ipv6_address_are_no_error_for_those_who_have_none() -> None:
    path = at_domain("a:three.friend.example")
    stranger = broken(SpfCause.TOO_MANY_VOIDS, path, address="2a00:1::1")
    case = SpfCase.of(EXPECTED, seen(spf=(stranger,)))
    assert judge_others(case, text_of(f"v=spf1 {OWN} a:three.friend.example -all")) is None
