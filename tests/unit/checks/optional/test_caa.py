"""CAA records: which let the configured authority issue, and which keep it from it."""

from __future__ import annotations

from dataclasses import replace

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.optional import caa
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.expected import Expected, expect
from observed_domain import (
    CONTEXT,
    DOMAIN,
    EXPECTED,
    HOST,
    HOST_ANSWERS,
    SERVER,
    WORDS,
    alias,
    answered,
    only,
    seen,
    typed,
    unfound,
)

OTHER_CA = '0 issue "ca.example"'
LETSENCRYPT = '0 issue "letsencrypt.org"'


def look_caa(
    *records: str, more: tuple[Answer, ...] = (), expected: Expected = EXPECTED
) -> Verdict:
    answers = (answered("friend.example", "CAA", *records), *alias("autoconfig"), *more)
    return caa.judge(expected, seen(*answers))


@pytest.mark.parametrize(
    "records",
    [
        (LETSENCRYPT,),
        (OTHER_CA, '0 ISSUE "LetsEncrypt.org; "'),
        ('0 issue ";"', LETSENCRYPT),
        ('0 iodef "mailto:a@b.example"',),
        ('0 issuewild ";"',),
        (LETSENCRYPT, '0 unknown "x"'),
        ('0 issue "letsencrypt.org; validationmethods=dns-01,http-01"',),
    ],
)
def test_caa_records_that_let_our_authority_issue_pass(records: tuple[str, ...]) -> None:
    assert look_caa(*records).status is Status.PASS


@pytest.mark.parametrize("records", [(OTHER_CA,), ('0 issue ";"',), ('0 issue ""',)])
def test_caa_records_that_forbid_our_authority_are_added_to(records: tuple[str, ...]) -> None:
    finding = only(look_caa(*records), "caa-blocks", Status.WARN)
    assert finding.facts["names"] == ("autoconfig.friend.example",)
    assert typed(finding) == [(FixAction.ADD, "friend.example.", LETSENCRYPT, None)]
    assert look_caa(*records, LETSENCRYPT).status is Status.PASS


def test_a_critical_record_that_nobody_knows_forbids_all_and_is_deleted() -> None:
    finding = only(look_caa(LETSENCRYPT, '128 tbs "x"'), "caa-blocks", Status.WARN)
    assert typed(finding) == [(FixAction.DELETE, "friend.example.", '128 tbs "x"', None)]


def test_who_may_issue_and_what_nobody_knows_are_named_and_both_are_mended() -> None:
    verdict = look_caa(OTHER_CA, '0 issue "b.example"', '128 tbs "x"', '0 iodef "mailto:a@b.c"')
    finding = only(verdict, "caa-blocks", Status.WARN)
    assert finding.facts["allowed"] == ("ca.example", "b.example")
    assert (finding.facts["critical"], finding.facts["at"]) == ("tbs", "friend.example")
    assert [(action, value) for action, _, value, _ in typed(finding)] == [
        (FixAction.DELETE, '128 tbs "x"'),
        (FixAction.ADD, LETSENCRYPT),
    ]
    assert verdict.expected == (LETSENCRYPT,)
    assert OTHER_CA in verdict.found


def test_records_above_the_members_zone_are_not_theirs_to_change() -> None:
    domain = Domain.from_ascii("cow.friend.example")
    led = {"chain": (dns.name.from_text(HOST),)}
    name = "autoconfig.cow.friend.example"
    answers = [
        *HOST_ANSWERS,
        answered(name, "A", "198.51.100.25", **led),
        answered(name, "AAAA", **led),
        answered("friend.example", "CAA", OTHER_CA),
    ]
    own = answered("cow.friend.example", "CAA")
    below = Observation.of(domain, [*answers, own])
    finding = only(caa.judge(expect(SERVER, domain), below), "caa-blocks", Status.WARN)
    assert (finding.facts["at"], finding.fixes) == ("friend.example", ())
    above = Observation.of(domain, [*answers, replace(own, zone=domain.name.parent())])
    finding = only(caa.judge(expect(SERVER, domain), above), "caa-blocks", Status.WARN)
    assert typed(finding) == [(FixAction.ADD, "friend.example.", LETSENCRYPT, None)]


def test_a_domain_that_needs_no_certificate_of_ours_is_only_told() -> None:
    observed = seen(answered("friend.example", "CAA", OTHER_CA))
    assert not only(caa.judge(EXPECTED, observed), "caa-not-needed", Status.INFO).fixes


def test_an_alias_goes_by_the_records_where_it_leads() -> None:
    chain = (dns.name.from_text(HOST),)
    allowed = answered("autoconfig.friend.example", "CAA", LETSENCRYPT, chain=chain)
    only(look_caa(OTHER_CA, more=(allowed,)), "caa-not-needed", Status.INFO)
    # Where there are none, the authority climbs from the alias and not from where it leads.
    none = answered("autoconfig.friend.example", "CAA", chain=chain)
    only(look_caa(OTHER_CA, more=(none,)), "caa-blocks", Status.WARN)


def test_records_at_the_end_of_an_alias_are_named_by_where_they_stand() -> None:
    led = answered(
        "friend.example", "CAA", OTHER_CA, chain=(dns.name.from_text("caa.other.example."),)
    )
    verdict = caa.judge(EXPECTED, seen(led, *alias("autoconfig")))
    finding = only(verdict, "caa-blocks", Status.WARN)
    assert (finding.facts["at"], finding.fixes) == ("caa.other.example", ())


def test_conditions_beside_the_authority_are_only_told() -> None:
    account = '0 issue "letsencrypt.org; accounturi=https://acme.example/1"'
    only(look_caa(account), "caa-restricted", Status.INFO)
    only(
        look_caa('0 issue "letsencrypt.org;validationmethods=dns-01"'),
        "caa-restricted",
        Status.INFO,
    )


def test_caa_records_further_up_count_where_there_are_none_below() -> None:
    domain = Domain.from_ascii("a.b.friend.example")
    names = [name.to_text() for name in caa.climb(domain)]
    assert names == ["a.b.friend.example.", "b.friend.example.", "friend.example."]
    answers = [answered(names[0], "CAA"), answered(names[1], "CAA", OTHER_CA)]
    observed = Observation.of(
        domain, [*HOST_ANSWERS, *answers, answered(names[2], "CAA", LETSENCRYPT)]
    )
    verdict = caa.judge(expect(SERVER, domain), observed)
    assert only(verdict, "caa-not-needed", Status.INFO).facts["at"] == "b.friend.example"


def test_another_issuer_may_be_configured() -> None:
    other = expect(replace(SERVER, cert_issuer="ca.example"), DOMAIN)
    assert look_caa(OTHER_CA, expected=other).status is Status.PASS
    finding = only(look_caa(LETSENCRYPT, expected=other), "caa-blocks", Status.WARN)
    assert typed(finding)[0][2] == OTHER_CA


def test_no_caa_records_are_no_fault_and_a_failed_question_is_unknown() -> None:
    only(look_caa(), "optional-missing", Status.INFO)
    failed = seen(unfound("friend.example", "CAA", Outcome.SERVFAIL))
    only(caa.judge(EXPECTED, failed), "servfail", Status.UNKNOWN)
    only(caa.judge(EXPECTED, seen()), "dns-timeout", Status.UNKNOWN)


@given(st.lists(st.binary(max_size=60), max_size=4), st.integers(0, 255), st.booleans())
def test_no_caa_value_breaks_the_judge(values: list[bytes], flags: int, known: bool) -> None:
    tag = b"issue" if known else b"odd"
    rdatas = []
    for value in values:
        wire = bytes([flags, len(tag)]) + tag + value
        rdatas.append(dns.rdata.from_wire("IN", "CAA", wire, 0, len(wire)))
    question = Question.of("friend.example", "CAA")
    answer = Answer(question, Outcome.RECORDS if rdatas else Outcome.NODATA, tuple(rdatas), 60)
    verdict = caa.judge(EXPECTED, seen(answer, *alias("autoconfig")))
    assert verdict.status in {Status.PASS, Status.INFO, Status.WARN}
    for finding in verdict.findings:
        assert WORDS.finding(finding, CONTEXT)
