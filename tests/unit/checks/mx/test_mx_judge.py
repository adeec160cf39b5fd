"""The MX judge on hand-made observations: what the targets are."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.answers import MOST_STEPS
from bot.checks.finding import FixAction, Status
from bot.checks.mx import judge as mx_judge
from bot.checks.mx.targets import targets_to_resolve
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.expected import expect
from host_answers import (
    OLD,
    OURS,
    answered,
    both,
    codes,
    deletion,
    host,
    judge,
    only,
    replacement,
    say,
    unfound,
)
from observed_domain import DOMAIN, EXPECTED, HOST, SERVER


def test_our_host_alone_passes_whatever_its_case_and_priority() -> None:
    verdict = judge("0 MX1.Cow.Example.")
    assert verdict.status is Status.PASS
    assert verdict.findings == ()
    assert verdict.expected == ("10 mx1.cow.example.",)
    assert verdict.found == ("0 MX1.Cow.Example.",)


def test_a_null_record_is_replaced_by_ours() -> None:
    finding = only(judge("0 ."), "mx-null")
    assert finding.fixes == (replacement("."),)
    assert say(finding)


def test_a_null_record_beside_ours_is_deleted() -> None:
    finding = only(judge("0 .", "10 mx1.cow.example."), "mx-null-mixed")
    assert finding.severity is Status.FAIL
    assert finding.fixes == (deletion(".", 0),)
    assert say(finding)


@pytest.mark.parametrize(
    "target",
    [
        "198.51.100.25.",
        "198.51.100.25.friend.example.",
        "2001:db8:25::25.",
        "2001:db8:25::25.friend.example.",
        "[198.51.100.25].",
    ],
)
def test_an_ip_address_is_no_target(target: str) -> None:
    finding = only(judge(f"10 {target}"), "mx-is-ip")
    assert finding.fixes == (replacement(target),)
    assert "cannot go to the IP address" in say(finding)


@pytest.mark.parametrize(
    "target",
    [
        r"10\032mx1.cow.example.",
        r"10\032mx1.cow.example.friend.example.",
        r"10\009mx1.cow.example.",
        r"10\194\160mx1.cow.example.",
        r"10\092032mx1.cow.example.",
        r"10\032.",
        "10.mx1.cow.example.",
        "10mx1.cow.example.",
        r"10\032198.51.100.25.",
    ],
)
def test_a_priority_inside_the_target_is_seen_in_any_form(target: str) -> None:
    finding = only(judge(f"0 {target}"), "mx-priority-in-target")
    assert finding.fixes[0].value == HOST
    assert finding.fixes[0].priority == 10
    assert "Priority box" in say(finding)


def test_a_priority_inside_the_target_is_shown_as_it_was_typed() -> None:
    finding = only(judge(r"0 10\032mx1.cow.example."), "mx-priority-in-target")
    assert finding.facts["typed"] == "10 mx1.cow.example"


@pytest.mark.parametrize(
    "target", [r"mx1.cow.example\032.", r"https://mx1.cow.example.", r"mx1\044b.example.", "*."]
)
def test_a_target_that_is_no_server_name_is_said_to_be_none(target: str) -> None:
    finding = only(judge(f"10 {target}"), "mx-target-invalid")
    assert "no server name can have" in say(finding)


def test_a_domain_appended_by_the_provider_is_recognised() -> None:
    finding = only(judge("10 mx1.cow.example.friend.example."), "mx-domain-appended")
    assert finding.fixes == (replacement("mx1.cow.example.friend.example."),)
    assert "mx1.cow.example." in say(finding).split()


def test_a_zone_appended_to_the_record_of_a_subdomain_is_recognised() -> None:
    domain = Domain.from_ascii("post.friend.example")
    answer = answered("post.friend.example.", "MX", "10 mx1.cow.example.friend.example.")
    verdict = mx_judge.judge(expect(SERVER, domain), Observation.of(domain, (answer, *OURS)))
    assert codes(verdict) == ["mx-domain-appended"]


def test_an_alias_of_ours_is_no_target() -> None:
    aliased = (
        answered("mail.friend.example.", "A", "198.51.100.25", chain=(HOST,)),
        unfound("mail.friend.example.", "AAAA", Outcome.TIMEOUT),
    )
    finding = only(judge("10 mail.friend.example.", answers=aliased), "mx-to-cname")
    assert finding.facts["leads"] == "ours"
    assert finding.fixes == (replacement("mail.friend.example."),)
    assert "of the mail server" in say(finding)


@pytest.mark.parametrize(
    ("answers", "leads"),
    [
        ((answered("x.example.", "A", "203.0.113.9", chain=("y.example.",)),), "elsewhere"),
        (both("x.example.", Outcome.NXDOMAIN, ("y.example.",)), "nowhere"),
        (both("x.example.", Outcome.NODATA, ("y.example.",)), "nowhere"),
        (both("x.example.", Outcome.SERVFAIL, ("y.example.", "x.example."), loop=True), "circle"),
        (both("x.example.", Outcome.SERVFAIL, ("y.example.",)), "unknown"),
    ],
)
def test_an_alias_is_no_target_wherever_it_leads(answers: tuple[Answer, ...], leads: str) -> None:
    finding = only(judge("10 x.example.", answers=answers), "mx-to-cname")
    assert finding.facts["leads"] == leads
    assert say(finding)


def test_a_target_that_does_not_exist_looks_like_a_slip_where_it_is_close_to_ours() -> None:
    missing = both("mx1.cow.exmaple.", Outcome.NXDOMAIN)
    finding = only(judge("10 mx1.cow.exmaple.", answers=missing), "mx-target-nxdomain")
    assert finding.facts["like_ours"] is True
    assert "typing mistake" in say(finding)


def test_a_target_that_does_not_exist_is_proven_by_one_answer() -> None:
    answers = (
        unfound("mx.elsewhere.example.", "A", Outcome.NXDOMAIN),
        unfound("mx.elsewhere.example.", "AAAA", Outcome.TIMEOUT),
    )
    finding = only(judge("10 mx.elsewhere.example.", answers=answers), "mx-target-nxdomain")
    assert finding.facts["like_ours"] is False
    assert "slip" not in say(finding)


def test_a_target_without_an_address_is_not_called_missing() -> None:
    empty = both("mx.old.example.", Outcome.NODATA)
    finding = only(judge("10 mx.old.example.", answers=empty), "mx-target-no-address")
    assert "no address" in say(finding)


def test_another_server_is_not_ours_and_the_web_host_is_named() -> None:
    answers = host("mail.friend.example.", "203.0.113.80")
    finding = only(judge("10 mail.friend.example.", answers=answers), "mx-not-ours")
    assert finding.facts["addresses"] == ("203.0.113.80",)
    assert finding.facts["website"] is True
    assert finding.fixes == (replacement("mail.friend.example."),)
    assert "mail.friend.example at 203.0.113.80 (your web host), so your mail" in say(finding)


def test_the_first_of_several_foreign_records_is_replaced_and_the_rest_deleted() -> None:
    answers = (*OLD, *host("mx2.old.example.", "203.0.113.61"))
    verdict = judge("20 mx2.old.example.", "10 mx.old.example.", answers=answers)
    finding = only(verdict, "mx-not-ours")
    assert finding.fixes == (replacement("mx.old.example."), deletion("mx2.old.example.", 20))
    assert "mx.old.example and mx2.old.example, so your mail" in say(finding)


LABELS = st.binary(min_size=1, max_size=20) | st.sampled_from(
    [b"10 mx1", b"10", b"mx1", b"198", b"51", b"100", b"25", b"::1", b"cow", b"example", b"friend"]
)
NAMES = st.one_of(
    st.lists(LABELS, max_size=6).map(lambda labels: dns.name.Name((*labels, b""))),
    st.sampled_from(
        [
            HOST,
            ".",
            "mx.old.example.",
            "mx1.cow.example.friend.example.",
            "198.51.100.25.",
            "friend.example.",
            "example.",
        ]
    ).map(dns.name.from_text),
)
ADDRESSES = {
    dns.rdatatype.A: st.sampled_from(["198.51.100.25", "203.0.113.80"]),
    dns.rdatatype.AAAA: st.sampled_from(["2001:db8:25::25", "2001:db8::80"]),
}


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    outcomes = st.sampled_from(Outcome)
    chains = st.lists(NAMES, max_size=2).map(tuple)
    targets = draw(st.lists(NAMES, max_size=12))
    records = tuple(
        dns.rdata.from_text("IN", "MX", f"{draw(st.integers(0, 3))} {target.to_text()}")
        for target in targets
    )
    question = Question.of(DOMAIN.name, dns.rdatatype.MX)
    answers = [Answer(question, draw(outcomes), records, chain=draw(chains))]
    for name in (*targets, SERVER.host):
        for rdtype, values in ADDRESSES.items():
            if draw(st.booleans()):
                outcome = draw(outcomes)
                rdatas: tuple[dns.rdata.Rdata, ...] = ()
                if outcome is Outcome.RECORDS and draw(st.integers(0, 9)):
                    rdatas = (dns.rdata.from_text("IN", rdtype, draw(values)),)
                asked = Question.of(name, rdtype)
                loop = outcome is Outcome.SERVFAIL and draw(st.booleans())
                answers.append(Answer(asked, outcome, rdatas, 1, draw(chains), alias_loop=loop))
    return Observation.of(DOMAIN, answers)


@given(observed=observations())
def test_no_records_and_answers_make_the_judge_raise_or_pass_without_proof(
    observed: Observation,
) -> None:
    verdict = mx_judge.judge(EXPECTED, observed)
    answer = observed.answer(DOMAIN.name, "MX")
    assert answer is not None
    assert len(targets_to_resolve(EXPECTED, answer)) <= 8
    names = {getattr(rdata, "exchange", None) for rdata in answer.rdatas}
    if verdict.status in {Status.PASS, Status.INFO}:
        assert SERVER.host in names
    if "mx-missing" in codes(verdict):
        assert answer.absent
    fixes = [fix for finding in verdict.findings for fix in finding.fixes]
    assert len(fixes) <= MOST_STEPS
    assert sum(fix.action is not FixAction.DELETE for fix in fixes) <= 1
    for finding in verdict.findings:
        assert say(finding)


def test_a_target_that_is_an_alias_for_itself_leads_in_a_circle() -> None:
    answers = both("mail.friend.example.", Outcome.SERVFAIL, loop=True)
    finding = only(judge("10 mail.friend.example.", answers=answers), "mx-to-cname")
    assert finding.facts["leads"] == "circle"


def test_a_name_with_our_address_and_another_one_is_not_ours() -> None:
    name = "mail.friend.example."
    answers = (answered(name, "A", "198.51.100.25"), answered(name, "AAAA", "2001:db8::80"))
    finding = only(judge(f"10 {name}", answers=answers), "mx-not-ours")
    assert finding.facts["addresses"] == ("2001:db8::80",)
