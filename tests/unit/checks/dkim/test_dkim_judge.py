"""What the judge says of the key record at the selector (RFC 6376)."""

from __future__ import annotations

import dns.name
import dns.rdata
import pytest
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.dkim.judge import is_absent, judge, key_names
from bot.checks.finding import FixAction, Status
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown, NoKeyYet
from bot.records.expected import expect
from dkim_zones import (
    DOMAIN,
    HANDED_OUT,
    KNOWN,
    NAME,
    OTHER,
    SERVER,
    expected_with,
    look,
    missing,
    only,
    say,
    txt,
)


def test_the_name_asked_is_the_selector_below_domainkey() -> None:
    assert key_names(expected_with(KNOWN)) == (dns.name.from_text(NAME),)


def test_a_domain_too_long_for_a_selector_leaves_the_member_nothing_to_do() -> None:
    long = Domain(dns.name.from_text(".".join(["a" * 60] * 4)))
    expected = expect(SERVER, long)
    assert key_names(expected) == ()
    finding = only(judge(expected, Observation.of(long, [])))
    assert (finding.code, finding.severity) == ("server-side", Status.INFO)
    assert not judge(expected, Observation.of(long, [])).is_proven


def test_the_handed_out_record_passes() -> None:
    verdict = look(txt(NAME, HANDED_OUT))
    assert (verdict.status, verdict.note) == (Status.PASS, None)
    assert verdict.expected == verdict.found == (HANDED_OUT,)


@pytest.mark.parametrize("other", ["site-verification=abc", "v=spf1 -all", "", "v=DMARC1; p=none"])
def test_any_other_text_beside_the_key_is_to_be_deleted(other: str) -> None:
    verdict = look(txt(NAME, other, HANDED_OUT))
    finding = only(verdict)
    assert (finding.code, finding.severity) == ("dkim-multiple", Status.WARN)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.DELETE, other)]
    assert "Delete it." in say(verdict)
    assert "()" not in say(verdict)


def test_several_other_texts_are_counted_and_named() -> None:
    verdict = look(txt(NAME, "one", "two", "three", "four", HANDED_OUT))
    assert [f.value for f in only(verdict).fixes] == ["one", "two", "three", "four"]
    assert "(one, two and three and so on)" in say(verdict)


def test_what_stands_beside_a_key_that_nobody_knows_goes_as_well() -> None:
    findings = look(txt(NAME, "v=spf1 -all", HANDED_OUT), KeyUnknown()).findings
    assert [f.code for f in findings] == ["dkim-multiple", "dkim-unverified"]
    assert [f.value for f in findings[0].fixes] == ["v=spf1 -all"]


def test_a_broken_key_comes_before_what_stands_beside_it() -> None:
    findings = look(txt(NAME, "v=spf1 -all", f"v=DKIM1; p={OTHER}")).findings
    assert [f.code for f in findings] == ["dkim-key-mismatch", "dkim-multiple"]


@pytest.mark.parametrize("outcome", [Outcome.NODATA, Outcome.NXDOMAIN])
def test_a_known_key_that_is_not_there_is_missing(outcome: Outcome) -> None:
    finding = only(look(missing(NAME, outcome)))
    assert (finding.code, finding.severity) == ("dkim-missing", Status.FAIL)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, HANDED_OUT)]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_a_failed_answer_is_never_called_missing(outcome: Outcome, code: str) -> None:
    finding = only(look(missing(NAME, outcome)))
    assert (finding.code, finding.severity) == (code, Status.UNKNOWN)
    assert (finding.facts["name"], finding.facts["type"]) == (NAME, "TXT")


def test_a_question_never_asked_is_unknown() -> None:
    verdict = judge(expected_with(KNOWN), Observation.of(DOMAIN, []))
    assert only(verdict).code == "dns-timeout"


def test_an_alias_that_leads_nowhere_is_replaced() -> None:
    target = dns.name.from_text("dkim.old.example")
    finding = only(look(missing(NAME, chain=(target,))))
    assert (finding.code, finding.facts["target"]) == ("dkim-cname-broken", "dkim.old.example")
    assert [(f.action, f.type) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME"),
        (FixAction.ADD, "TXT"),
    ]


def test_an_alias_in_a_circle_is_broken() -> None:
    target = dns.name.from_text("a.friend.example")
    looping = missing(NAME, Outcome.SERVFAIL, chain=(target,), alias_loop=True)
    assert only(look(looping)).code == "dkim-cname-broken"


def test_an_alias_to_itself_is_broken() -> None:
    finding = only(look(missing(NAME, Outcome.SERVFAIL, alias_loop=True)))
    assert (finding.code, finding.facts["target"]) == ("dkim-cname-broken", NAME)


@pytest.mark.parametrize("text", [HANDED_OUT[:255], "v=DKIM1; p=", f"{HANDED_OUT};t=y"])
def test_what_is_wrong_behind_an_alias_is_mended_by_a_record_in_its_place(text: str) -> None:
    finding = only(look(txt(NAME, text, chain=("k.old.example",))))
    assert [(f.action, f.type, f.value, f.old) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", "k.old.example.", None),
        (FixAction.ADD, "TXT", HANDED_OUT, None),
    ]


def test_of_two_keys_behind_an_alias_none_is_the_members_to_keep() -> None:
    finding = only(look(txt(NAME, HANDED_OUT, "v=DKIM1; p=", chain=("k.old.example",))))
    assert [(f.action, f.type) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME"),
        (FixAction.ADD, "TXT"),
    ]


def test_an_alias_lent_by_a_wildcard_leaves_the_key_missing() -> None:
    target = dns.name.from_text("edge.site.example")
    lent = Answer(Question.of(f"*.{DOMAIN.ascii}", "A"), Outcome.RECORDS, chain=(target,))
    answers = [missing(NAME, chain=(target,)), lent]
    observed = Observation.of(DOMAIN, answers, probe=lent.question.name)
    finding = only(judge(expected_with(KNOWN), observed))
    assert finding.code == "wildcard-cname"
    assert [fix.action for fix in finding.fixes] == [FixAction.ADD]


def test_an_alias_to_the_right_key_passes() -> None:
    answer = txt(NAME, HANDED_OUT, chain=("friend.dkim.cow.example",))
    assert look(answer).status is Status.PASS


def test_without_a_key_on_the_server_nothing_is_missing() -> None:
    assert only(look(missing(NAME), NoKeyYet())).code == "dkim-no-key"
    assert only(look(txt(NAME, HANDED_OUT), NoKeyYet())).facts["published"] is True


def test_no_key_known_and_none_published_is_unknown_to_the_bot() -> None:
    finding = only(look(missing(NAME), KeyUnknown()))
    assert (finding.code, finding.severity) == ("dkim-unknown", Status.INFO)


def test_two_keys_are_told_apart_by_their_ends() -> None:
    verdict = look(txt(NAME, f"v=DKIM1;k=rsa;p={OTHER}", HANDED_OUT))
    finding = only(verdict)
    assert (finding.code, finding.facts["tail"]) == ("dkim-multiple", OTHER[-12:])
    assert [(f.action, f.value) for f in finding.fixes] == [
        (FixAction.DELETE, f"v=DKIM1;k=rsa;p={OTHER}")
    ]
    assert f"Delete the one that ends in {OTHER[-12:]}" in say(verdict)


def test_two_keys_none_of_them_right_are_replaced() -> None:
    finding = only(look(txt(NAME, f"v=DKIM1;p={OTHER}", "v=DKIM1; p=")))
    assert [f.action for f in finding.fixes] == [FixAction.REPLACE, FixAction.DELETE]


def test_two_unknown_keys_are_left_to_the_admin() -> None:
    finding = only(look(txt(NAME, f"v=DKIM1;p={OTHER}", HANDED_OUT), KeyUnknown()))
    assert (finding.code, finding.fixes) == ("dkim-multiple", ())


def test_one_text_split_in_two_ways_is_one_record() -> None:
    raw = HANDED_OUT.encode()
    rdatas = tuple(TXT(IN, RdataType.TXT, [raw[:cut], raw[cut:]]) for cut in (200, 250))
    answer = Answer(Question.of(NAME, "TXT"), Outcome.RECORDS, rdatas)
    assert look(answer).status is Status.PASS


def test_the_policy_in_force_is_named() -> None:
    verdict = look(missing(NAME), dmarc="v=DMARC1; p=reject")
    assert only(verdict).facts["policy"] == "reject"
    assert "your DMARC policy is reject" in say(verdict)


def test_a_policy_that_is_only_tested_is_not_named() -> None:
    verdict = look(missing(NAME), dmarc="v=DMARC1; p=reject; t=y")
    assert only(verdict).facts["policy"] == ""


def test_absence_is_proven_by_an_answer_only() -> None:
    expected = expected_with(KNOWN)
    for answer, absent in (
        (missing(NAME), True),
        (txt(NAME, "v=spf1 -all"), True),
        (missing(NAME, Outcome.SERVFAIL), False),
        (txt(NAME, "v=DKIM1; p="), False),
        (missing(NAME, chain=(dns.name.from_text("dkim.old.example"),)), False),
    ):
        assert is_absent(expected, Observation.of(DOMAIN, [answer])) is absent


def test_dkim_is_proven_by_the_known_key_only() -> None:
    for text, key, proven in (
        (HANDED_OUT, KNOWN, True),
        (HANDED_OUT, KeyUnknown(), False),
        (HANDED_OUT, NoKeyYet(), False),
        (f"v=DKIM1; p={OTHER}", KNOWN, False),
        ("v=spf1 -all", KeyUnknown(), False),
    ):
        assert look(txt(NAME, text), key).is_proven is proven


def test_no_more_texts_are_shown_than_fit() -> None:
    verdict = look(txt(NAME, *(f"text {i}" for i in range(60))))
    assert len(verdict.found) <= 11


@given(st.lists(st.binary(max_size=600), max_size=4))
def test_no_octets_raise_or_pass(texts: list[bytes]) -> None:
    for key in (KNOWN, KeyUnknown(), NoKeyYet()):
        verdict = look(txt(NAME, *texts), key)
        assert verdict.status is not Status.PASS
