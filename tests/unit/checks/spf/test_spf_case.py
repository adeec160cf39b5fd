"""What is known of one domain's SPF, and the steps that are made of it."""

from __future__ import annotations

from bot.checks.finding import FixAction, Status
from bot.checks.spf.case import SpfCase
from bot.checks.spf.terms import Term
from bot.checks.spf.texts import sort_texts
from bot.dns.answer import Answer, Outcome
from bot.dns.spf_evaluate import STRANGER, SpfEvaluation, SpfStep
from observed_domain import EXPECTED, OURS, answered, seen, unfound

VALUE = "v=spf1 include:_spf.cow.example -all"


def case(*answers: Answer, spf: tuple[SpfEvaluation, ...] = ()) -> SpfCase:
    return SpfCase.of(EXPECTED, seen(*answers, spf=spf))


def test_a_case_holds_what_is_to_be_published_and_who_was_evaluated() -> None:
    policies = (("Friend.Example.", "v=spf1 -all"), ("friend.example", "v=spf1 mx -all"))
    ours = SpfEvaluation(OURS, "friend.example", "pass", policies=policies)
    stranger = SpfEvaluation(STRANGER, "friend.example", "fail")
    found = case(spf=(stranger, ours))
    assert (found.value, found.domain, found.addresses) == (VALUE, "friend.example", (OURS,))
    assert (found.evaluations, found.stranger) == ((ours,), stranger)
    assert found.policies == {"friend.example": "v=spf1 -all"}  # the first one counts
    assert found.own_keys == {"include:_spf.cow.example"}


def test_the_fix_drops_what_names_the_mail_host_itself() -> None:
    texts = sort_texts([f"v=spf1 ip4:{OURS} a:mx1.cow.example ip4:192.0.2.1 -all".encode()])
    (fix,) = case().replace("spf-not-authorised", {}, texts[0]).fixes
    assert fix.action is FixAction.REPLACE
    assert fix.value == "v=spf1 include:_spf.cow.example ip4:192.0.2.1 -all"


def test_the_mail_hosts_own_address_stays_where_its_include_is_known_to_fail() -> None:
    record = f"v=spf1 include:_spf.cow.example ip4:{OURS} -all"
    by_address = SpfEvaluation(
        OURS,
        "friend.example",
        "pass",
        path=(SpfStep("friend.example", f"ip4:{OURS}"),),
        policies=(("friend.example", record),),
    )
    found = case(spf=(by_address,))
    assert found.is_refused_by_own_terms(by_address)
    (text,) = sort_texts([record.encode()])
    assert found.replace("spf-no-all", {}, text).facts["kept"] == (f"ip4:{OURS}",)


def test_an_address_that_passes_before_our_terms_are_tried_is_not_let_down() -> None:
    record = f"v=spf1 ip4:{OURS} include:_spf.cow.example -all"
    early = SpfEvaluation(
        OURS,
        "friend.example",
        "pass",
        path=(SpfStep("friend.example", f"ip4:{OURS}"),),
        policies=(("friend.example", record),),
    )
    assert not case(spf=(early,)).is_refused_by_own_terms(early)


def test_of_several_records_the_right_one_stays_and_the_others_go() -> None:
    texts = sort_texts([b"v=spf1 -all", VALUE.encode()])
    finding = case().replace_all("spf-multiple", {}, texts)
    assert finding.severity is Status.FAIL
    assert [(fix.action, fix.value) for fix in finding.fixes] == [(FixAction.DELETE, "v=spf1 -all")]


def test_a_term_leads_nowhere_only_where_an_answer_says_so() -> None:
    name = "old.friend.example"
    term = Term.of(f"a:{name}")
    assert not case().leads_nowhere(term)
    assert not case(unfound(name, "A", Outcome.TIMEOUT)).leads_nowhere(term)
    assert not case(answered(name, "A"), answered(name, "AAAA", "2001:db8::1")).leads_nowhere(term)
    assert case(unfound(name, "A", Outcome.NXDOMAIN)).leads_nowhere(term)
    assert case(answered(name, "A"), answered(name, "AAAA")).leads_nowhere(term)
    assert not case(answered("friend.example", "MX")).leads_nowhere(Term.of("mx"))


def test_words_are_stuck_together_for_certain_where_our_own_terms_come_out_of_them() -> None:
    glued = "v=spf1 ip4:192.0.2.1include:_spf.cow.example -all"
    assert case().is_glued(glued, "v=spf1 ip4:192.0.2.1 include:_spf.cow.example -all")
    name = "v=spf1 include:spf.my-all.example -all"
    assert not case().is_glued(name, name)
