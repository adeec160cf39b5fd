"""What the judge says of DMARC records (RFC 9989)."""

from __future__ import annotations

import dns.name
import dns.rdata
import pytest
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.dmarc.judge import judge, own_names
from bot.checks.dmarc.record import mean_the_same, parse_record
from bot.checks.finding import FixAction, Status
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from dmarc_zones import (
    HANDED_OUT_KEY,
    KNOWN,
    OLD,
    OWN,
    PROBE,
    RELAXED,
    SELECTOR,
    SERVER,
    STRICT,
    cname,
    codes,
    expected_of,
    failed,
    look,
    only,
    say,
    txt,
)


@pytest.mark.parametrize(
    "text",
    [
        STRICT,
        f"{STRICT}; rf=afrf; pct=100; ri=86400",
        "v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:dmarc@cow.example",
        "v=DMARC1;p=reject;rua=mailto:dmarc@cow.example;aspf=s;adkim=s",
    ],
)
def test_a_strict_record_in_any_spelling_passes(text: str) -> None:
    verdict = look(txt(OWN, text))
    assert (verdict.status, verdict.note) == (Status.PASS, None)
    assert (verdict.expected, verdict.found) == ((STRICT,), (text,))


def test_other_texts_at_the_name_are_nothing() -> None:
    assert look(txt(OWN, "v=spf1 -all", STRICT)).status is Status.PASS


def test_no_record_anywhere_is_missing() -> None:
    finding = only(look())
    assert (finding.code, finding.severity) == ("dmarc-missing", Status.WARN)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, STRICT)]
    assert "the admin approved its policy, reject" in say(finding)


@pytest.mark.parametrize("stage", [None, "none", "quarantine", "reject"])
def test_a_first_record_is_one_of_none_until_dkim_is_proven(stage: str | None) -> None:
    verdict = look(txt(SELECTOR), stage=stage)
    finding = only(verdict)
    assert finding.code == "dmarc-missing"
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, RELAXED)]
    assert verdict.expected == (RELAXED,)
    assert "with p=none it has no mail refused" in say(finding)


def test_a_first_record_is_one_of_none_until_the_admin_approves_more() -> None:
    for stage, value in ((None, RELAXED), ("none", RELAXED), ("reject", STRICT)):
        verdict = look(stage=stage)
        assert [fix.value for fix in only(verdict).fixes] == [value]
        assert verdict.expected == (value,)


def test_the_text_of_a_wildcard_is_no_record() -> None:
    assert only(look(txt(OWN, "v=spf1 -all"))).code == "dmarc-missing"


def test_an_alias_that_leads_nowhere_is_deleted_first() -> None:
    finding = only(look(txt(OWN, chain=("_dmarc.old.example",))))
    assert (finding.code, finding.facts["target"]) == ("dmarc-missing", "_dmarc.old.example")
    assert [(f.action, f.type) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME"),
        (FixAction.ADD, "TXT"),
    ]


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.SERVFAIL, "servfail"),
        (Outcome.TIMEOUT, "dns-timeout"),
        (Outcome.REFUSED, "dns-refused"),
    ],
)
def test_a_failed_answer_is_never_called_missing(outcome: Outcome, code: str) -> None:
    finding = only(look(failed(OWN, outcome)))
    assert (finding.code, finding.severity) == (code, Status.UNKNOWN)
    assert (finding.facts["name"], finding.facts["type"]) == (OWN, "TXT")


def test_a_question_never_asked_is_unknown() -> None:
    verdict = judge(expected_of(), Observation.of(Domain.from_ascii("friend.example"), []))
    assert only(verdict).code == "dns-timeout"


def test_a_domain_too_long_for_a_record_is_unknown() -> None:
    long = Domain(dns.name.from_text(".".join(["a" * 60] * 4 + ["bcde"])))
    assert own_names(long) == ()
    assert judge(expect(SERVER, long), Observation.of(long, [])).status is Status.UNKNOWN


def test_a_parent_that_does_not_answer_leaves_it_open() -> None:
    verdict = look(failed(OWN), domain="a.friend.example")
    assert (only(verdict).code, verdict.status) == ("servfail", Status.UNKNOWN)


def test_what_keeps_the_gate_shut_brings_no_strict_policy() -> None:
    """DKIM that is only warned of, or SPF that is not proven, is no ground for a strict one."""
    beside = txt(SELECTOR, HANDED_OUT_KEY, "v=spf1 -all")
    assert [f.value for f in only(look(txt(OWN), beside)).fixes] == [RELAXED]
    assert [f.value for f in only(look(txt(OWN), spf_proven=False)).fixes] == [RELAXED]
    assert [f.value for f in only(look(txt(OWN))).fixes] == [STRICT]
    broken = look(txt(OWN, "v=DMARC1; p=rejct"), spf_proven=False)
    assert only(broken).fixes[0].value == "v=DMARC1; p=none"
    unknown = look(txt(OWN), dkim=KeyUnknown())
    assert [f.value for f in only(unknown).fixes] == [RELAXED]


def test_a_record_from_above_is_enough() -> None:
    verdict = look(txt(OWN, STRICT), domain="a.friend.example")
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert (verdict.note.code, dict(verdict.note.facts)) == (
        "dmarc-inherited",
        {"parent": "friend.example", "policy": "reject"},
    )


def test_a_void_record_above_protects_nobody() -> None:
    verdict = look(txt(OWN, "v=DMARC1; p=nope"), domain="a.friend.example")
    assert codes(verdict) == ["dmarc-missing"]


def test_a_strict_policy_without_dkim_goes_back_to_none() -> None:
    answer = txt(OWN, "v=DMARC1; p=reject; adkim=s; rua=mailto:dmarc@cow.example")
    finding = only(look(answer, txt(SELECTOR)))
    assert (finding.code, finding.severity) == ("dmarc-before-dkim", Status.FAIL)
    kept = "v=DMARC1; p=none; adkim=s; rua=mailto:dmarc@cow.example"
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.REPLACE, kept)]


def test_a_strict_policy_from_above_without_dkim_gets_an_own_record() -> None:
    finding = only(
        look(
            txt(OWN, "v=DMARC1; p=none; sp=quarantine"),
            txt("dkim._domainkey.a.friend.example"),
            domain="a.friend.example",
        )
    )
    assert (finding.code, finding.facts["parent"]) == ("dmarc-before-dkim", "friend.example")
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, RELAXED)]
    assert finding.fixes[0].owner == dns.name.from_text("_dmarc.a.friend.example")


@pytest.mark.parametrize("text", ["v=DMARC1; p=reject; t=y", "v=DMARC1; p=none"])
def test_a_policy_that_is_not_in_force_is_not_too_early(text: str) -> None:
    assert "dmarc-before-dkim" not in codes(look(txt(OWN, text), txt(SELECTOR)))


def test_dkim_that_could_not_be_asked_is_not_called_absent() -> None:
    assert look(txt(OWN, STRICT), failed(SELECTOR)).status is Status.PASS


def test_a_dkim_record_that_is_only_wrong_is_not_absent() -> None:
    assert codes(look(txt(OWN, STRICT), txt(SELECTOR, "v=DKIM1; p="))) == []


def test_of_two_records_the_right_one_stays() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=none", STRICT)))
    assert (finding.code, finding.severity) == ("dmarc-multiple", Status.FAIL)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.DELETE, "v=DMARC1; p=none")]


@pytest.mark.parametrize(
    ("text", "code", "certain"),
    [
        (f'"{STRICT}"', "txt-literal-quotes", True),
        ('"v=DMARC1; p=reject"', "txt-literal-quotes", False),
        ("v=DMARC1\\; p=reject", "txt-literal-backslash", False),
        (STRICT.replace("reject;", "reject\\;"), "txt-literal-backslash", True),
    ],
)
def test_marks_of_a_zone_file_are_named(text: str, code: str, *, certain: bool) -> None:
    finding = look(txt(OWN, text)).findings[0]
    assert (finding.code, finding.facts["certain"]) == (code, certain)
    assert finding.fixes[0].value == (STRICT if certain else "v=DMARC1; p=reject")


def test_of_two_wrong_records_one_is_replaced() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=none", "v=DMARC1; p=quarantine")))
    assert [f.action for f in finding.fixes] == [FixAction.REPLACE, FixAction.DELETE]
    assert finding.fixes[0].value == STRICT


def test_a_policy_of_none_is_a_warning_with_a_way_on() -> None:
    finding = only(look(txt(OWN, RELAXED)))
    assert (finding.code, finding.severity) == ("dmarc-policy-none", Status.WARN)
    assert finding.fixes[0].value == STRICT


def test_a_policy_of_none_stays_while_dkim_is_missing() -> None:
    finding = only(look(txt(OWN, RELAXED), txt(SELECTOR)))
    assert (finding.severity, finding.fixes) == (Status.INFO, ())


@pytest.mark.parametrize("text", [STRICT, "v=DMARC1; p=quarantine; rua=mailto:dmarc@cow.example"])
@pytest.mark.parametrize("stage", [None, "none"])
def test_a_stricter_record_that_works_is_right_and_stays(text: str, stage: str | None) -> None:
    verdict = look(txt(OWN, text), stage=stage)
    assert (verdict.status, verdict.findings) == (Status.PASS, ())
    assert verdict.expected == (RELAXED,)
    assert verdict.note is not None
    assert verdict.note.code == "dmarc-stricter-than-handed-out"


@pytest.mark.parametrize("fault", ["; adkim=x", "; psd=y", "; pct=50", "; sp=none"])
def test_a_fault_beside_a_stricter_policy_in_force_does_not_weaken_it(fault: str) -> None:
    text = f"v=DMARC1; p=reject; rua=mailto:dmarc@cow.example{fault}"
    finding = only(look(txt(OWN, text), stage=None))
    assert finding.fixes[0].value == STRICT


def test_a_tested_policy_becomes_none_until_the_admin_approves_more() -> None:
    finding = only(look(txt(OWN, f"{STRICT}; t=y"), stage=None))
    assert (finding.code, finding.severity) == ("dmarc-testing", Status.WARN)
    assert [fix.value for fix in finding.fixes] == [RELAXED]
    assert "ask the admin before you make it stricter" in say(finding)


def test_a_policy_of_none_that_the_admin_approved_is_only_said() -> None:
    finding = only(look(txt(OWN, RELAXED), stage="none"))
    assert (finding.code, finding.severity, finding.fixes) == (
        "dmarc-policy-none",
        Status.INFO,
        (),
    )


def test_a_tested_policy_is_a_warning() -> None:
    finding = only(look(txt(OWN, f"{STRICT}; t=y")))
    assert (finding.code, finding.severity) == ("dmarc-testing", Status.WARN)
    assert finding.fixes[0].value == STRICT


@pytest.mark.parametrize("tag", ["sp", "np"])
def test_a_weaker_policy_for_names_below_is_a_warning(tag: str) -> None:
    text = f"v=DMARC1; p=reject; {tag}=none; rua=mailto:dmarc@cow.example"
    finding = only(look(txt(OWN, text)))
    assert (finding.code, finding.facts["tag"]) == ("dmarc-subdomain-weaker", tag)
    assert finding.fixes[0].value == STRICT


def test_a_weaker_policy_than_handed_out_is_only_remarked() -> None:
    verdict = look(txt(OWN, "v=DMARC1; p=quarantine; rua=mailto:dmarc@cow.example"))
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert verdict.note.code == "dmarc-weaker-than-handed-out"


def test_an_alias_beside_the_record_is_deleted() -> None:
    finding = only(look(txt(OWN, STRICT), cname(OWN, "_dmarc.old.example")))
    assert (finding.code, finding.severity) == ("dmarc-cname-and-txt", Status.WARN)
    assert [(f.action, f.type, f.value) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", "_dmarc.old.example.")
    ]


def test_an_alias_to_a_good_record_is_fine() -> None:
    answer = txt(OWN, STRICT, chain=("_dmarc.cow.example",))
    assert look(answer, cname(OWN, "_dmarc.cow.example")).status is Status.PASS


def test_removed_tags_are_said_of_other_records_only() -> None:
    text = "v=DMARC1; p=reject; pct=100; ri=3600; adkim=s; rua=mailto:dmarc@cow.example"
    finding = only(look(txt(OWN, text)))
    assert (finding.code, finding.severity) == ("dmarc-removed-tags", Status.INFO)
    assert finding.facts["tags"] == ("pct", "ri")
    handed_out = f"{STRICT}; rf=afrf; pct=100; ri=86400"
    assert look(txt(OWN, handed_out)).findings == ()


@pytest.mark.parametrize("share", [0, 1, 50, 99])
@pytest.mark.parametrize("more", ["", "; rf=afrf; ri=86400"])
def test_a_policy_for_a_part_of_the_mail_is_warned_of(share: int, more: str) -> None:
    finding = only(look(txt(OWN, f"{STRICT}; pct={share}{more}")))
    assert (finding.code, finding.severity) == ("dmarc-pct", Status.WARN)
    assert finding.facts["share"] == share
    assert finding.fixes[0].value == STRICT
    assert f"pct={share}" in say(finding)


@pytest.mark.parametrize("value", ["", "101", "999", "-1", "1.5", "all", "100%", "0x10"])
def test_a_share_that_is_none_is_an_odd_tag(value: str) -> None:
    finding = only(look(txt(OWN, f"{STRICT}; pct={value}")))
    assert (finding.code, finding.facts["tag"]) == ("dmarc-odd-tag", "pct")
    assert finding.facts["value"] == value
    assert finding.fixes[0].value == STRICT


@pytest.mark.parametrize(
    ("more", "what"), [("; pct=\u0661", "odd"), ("; fo=0\u00a0", "odd"), (";; adkim=r", "blank")]
)
def test_what_no_tag_may_hold_is_odd(more: str, what: str) -> None:
    finding = only(look(txt(OWN, f"{STRICT}{more}")))
    assert (finding.code, finding.facts["what"]) == ("dmarc-odd-tag", what)
    mended, wanted = parse_record(finding.fixes[0].value), parse_record(STRICT)
    assert mended is not None
    assert wanted is not None
    assert mean_the_same(mended, wanted)


def test_a_share_from_above_counts_for_the_names_below() -> None:
    verdict = look(txt(OWN, "v=DMARC1; p=reject; pct=10"), domain="a.friend.example")
    finding = only(verdict)
    assert (finding.code, finding.facts["parent"]) == ("dmarc-pct", "friend.example")
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.ADD, STRICT)]
    early = look(txt(OWN, "v=DMARC1; p=reject; pct=10"), domain="a.friend.example", stage=None)
    assert (only(early).code, only(early).fixes) == ("dmarc-pct", ())
    assert "Ask whoever looks after friend.example" in say(only(early))


def test_the_share_that_the_operator_hands_out_is_not_the_members_fault() -> None:
    server = MailServer(SERVER.host, SERVER.spf, "v=DMARC1; p=reject; pct=50")
    assert look(txt(OWN, "v=DMARC1; p=reject; pct=50"), server=server).findings == ()
    finding = only(look(txt(OWN, "v=DMARC1; p=reject; pct=20"), server=server))
    assert finding.fixes[0].value == "v=DMARC1; p=reject; pct=50"


@pytest.mark.parametrize("value", ["y", "Y"])
def test_an_ordinary_domain_is_no_public_suffix(value: str) -> None:
    finding = only(look(txt(OWN, f"{STRICT}; psd={value}")))
    assert (finding.code, finding.severity) == ("dmarc-psd", Status.WARN)
    assert finding.fixes[0].value == STRICT


@pytest.mark.parametrize("value", ["n", "u"])
def test_other_words_on_public_suffixes_are_fine(value: str) -> None:
    assert look(txt(OWN, f"v=DMARC1; p=reject; psd={value}")).status is Status.PASS


def test_a_public_suffix_may_say_that_it_is_one() -> None:
    verdict = look(txt("_dmarc.co.uk", f"{STRICT}; psd=y"), domain="co.uk")
    assert verdict.status is Status.PASS


@pytest.mark.parametrize("stage", [None, "none"])
def test_a_handed_out_record_of_none_is_only_said(stage: str | None) -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=none"), stage=stage))
    assert (finding.severity, finding.fixes) == (Status.INFO, ())
    assert "ask the admin for a stricter one" in say(finding)


@given(st.lists(st.binary(max_size=400), max_size=4))
def test_no_octets_raise_or_pass(texts: list[bytes]) -> None:
    assert look(txt(OWN, *texts)).status is not Status.PASS


PARTS = [
    "v=DMARC1", "p=", "reject", "none", "sp=", ";", " ", "rua=", "mailto:", "a@old.example", ",",
    "t=y", "\\", '"', "é", "psd=y", "p=reject", "; ", "dmarc@cow.example", "np=none",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.booleans())
def test_only_a_policy_in_force_passes(parts: list[str], known: bool) -> None:
    text = "".join(parts)
    verdict = look(txt(OWN, text), txt(OLD), dkim=KNOWN if known else KeyUnknown())
    if verdict.status is Status.PASS:
        record = parse_record(text)
        assert record is not None
        assert record.policy("p") in {"reject", "quarantine"}
    for finding in verdict.findings:
        for fix in finding.fixes:
            assert fix.action is FixAction.DELETE or parse_record(fix.value) is not None


@pytest.mark.parametrize("texts", [[RELAXED], ["v=DMARC1; p=rejected"], [STRICT, RELAXED]])
def test_what_is_wrong_behind_an_alias_is_mended_by_a_record_in_its_place(texts: list[str]) -> None:
    finding = only(look(txt(OWN, *texts, chain=("_dmarc.old.example",))))
    assert [(f.action, f.type, f.old) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", None),
        (FixAction.ADD, "TXT", None),
    ]


def test_an_alias_lent_by_a_wildcard_is_not_there_to_delete() -> None:
    target = dns.name.from_text("edge.site.example")
    lent = Answer(Question.of(PROBE, RdataType.A), Outcome.RECORDS, chain=(target,))
    nothing = Answer(Question.of(OWN, "TXT"), Outcome.NODATA, chain=(target,))
    finding = only(look(nothing, cname(OWN, "edge.site.example"), lent))
    assert finding.code == "wildcard-cname"
    assert [fix.action for fix in finding.fixes] == [FixAction.ADD]
