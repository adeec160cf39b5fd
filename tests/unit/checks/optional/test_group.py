"""The judges of SRV, TLS-RPT, DNSSEC, DANE and CAA on hand-made observations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import Check, Finding, Fix, FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.optional import caa, tls_rpt
from bot.checks.optional import group as extras
from bot.checks.optional import srv as services
from bot.checks.report import EXTRAS
from bot.checks.zone import dnssec
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.expected import Expected, expect
from bot.records.mail_server import MailServer
from bot.records.presentation import quoted_parts
from bot.words import Words

HOST = "mx1.cow.example."
SERVER = MailServer(
    host=dns.name.from_text(HOST),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
DOMAIN = Domain.of("friend.example")
EXPECTED = expect(SERVER, DOMAIN)
WORDS = Words()
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
OURS = "198.51.100.25"


def answered(name: str, rdtype: str, *texts: str, **more: Any) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, text) for text in texts)
    outcome = Outcome.RECORDS if rdatas else Outcome.NODATA
    return Answer(Question.of(name, rdtype), outcome, rdatas, 3600, **more)


def unfound(name: str, rdtype: str, outcome: Outcome) -> Answer:
    return Answer(Question.of(name, rdtype), outcome)


def alias(label: str) -> tuple[Answer, Answer]:
    chain = (dns.name.from_text(HOST),)
    name = f"{label}.friend.example"
    return answered(name, "A", OURS, chain=chain), answered(name, "AAAA", chain=chain)


HOST_ANSWERS = (answered(HOST, "A", OURS), answered(HOST, "AAAA"))


def seen(*answers: Answer, **more: Any) -> Observation:
    return Observation.of(DOMAIN, (*HOST_ANSWERS, *answers), **more)


def only(verdict: Verdict, code: str, severity: Status) -> Finding:
    assert [(f.code, f.severity) for f in verdict.findings] == [(code, severity)]
    assert WORDS.finding(verdict.findings[0], CONTEXT)
    return verdict.findings[0]


def typed(finding: Finding) -> list[tuple[FixAction, str, str, str | None]]:
    return [(f.action, f.owner.to_text(), f.value, f.old) for f in finding.fixes]


# --- SRV ---


def srv(label: str, *texts: str) -> Answer:
    return answered(f"{label}._tcp.friend.example", "SRV", *texts)


NO_SRV = tuple(srv(label) for label in ("_imaps", "_submission"))
IMAPS = srv("_imaps", "0 1 993 mx1.cow.example.")
SUBMISSIONS = srv("_submissions", "0 1 465 mx1.cow.example.")


def look_srv(*answers: Answer, expected: Expected = EXPECTED) -> Verdict:
    return services.judge(expected, seen(*NO_SRV, *answers))


def test_no_srv_records_are_no_fault_and_the_usual_two_are_offered() -> None:
    finding = only(look_srv(), "optional-missing", Status.INFO)
    assert [(f.action, f.owner.to_text(), f.value) for f in finding.fixes] == [
        (FixAction.ADD, "_imaps._tcp.friend.example.", f"0 1 993 {HOST}"),
        (FixAction.ADD, "_submissions._tcp.friend.example.", f"0 1 465 {HOST}"),
    ]


def test_srv_records_that_lead_to_us_pass() -> None:
    verdict = look_srv(IMAPS, SUBMISSIONS, srv("_pop3s", "10 5 995 MX1.cow.example."))
    assert verdict.status is Status.PASS
    assert verdict.found[0] == f"_imaps._tcp 0 1 993 {HOST}"


def test_an_srv_record_that_leads_elsewhere_is_replaced() -> None:
    verdict = look_srv(IMAPS, srv("_submission", "0 1 587 smtp.old.example."))
    finding = only(verdict, "srv-foreign", Status.WARN)
    owner = "_submission._tcp.friend.example."
    assert typed(finding) == [
        (FixAction.REPLACE, owner, f"0 1 587 {HOST}", "0 1 587 smtp.old.example.")
    ]
    assert finding.facts["targets"] == ("smtp.old.example",)


def test_a_foreign_srv_record_beside_ours_is_deleted() -> None:
    verdict = look_srv(srv("_imaps", f"0 1 993 {HOST}", "0 1 993 imap.old.example."))
    finding = only(verdict, "srv-foreign", Status.WARN)
    owner = "_imaps._tcp.friend.example."
    assert typed(finding) == [(FixAction.DELETE, owner, "0 1 993 imap.old.example.", None)]


def test_another_name_of_our_server_and_another_port_are_told_apart() -> None:
    own = srv("_imaps", "0 1 993 mail.friend.example.")
    only(look_srv(own, *alias("mail")), "srv-other-name", Status.WARN)
    finding = only(look_srv(srv("_imaps", f"0 1 143 {HOST}")), "srv-wrong-port", Status.WARN)
    assert finding.facts["ports"] == ("993",)


def test_a_lone_dot_is_right_where_the_other_way_is_there() -> None:
    assert look_srv(IMAPS, srv("_imap", "0 0 0 .")).status is Status.PASS
    assert look_srv(IMAPS, srv("_pop3s", "0 0 0 .")).status is Status.PASS
    finding = only(look_srv(srv("_imaps", "0 0 0 .")), "srv-not-offered", Status.WARN)
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
    asked = {str(q.name) for q in services.other_questions(without)}
    assert "_pop3s._tcp.friend.example." not in asked
    both = {str(q.name) for q in services.other_questions(EXPECTED)}
    assert both - asked == {"_pop3s._tcp.friend.example."}


# --- TLS-RPT ---


def look_tls(*texts: str) -> Verdict:
    quoted = (quoted_parts(text) for text in texts)
    return tls_rpt.judge(EXPECTED, seen(answered("_smtp._tls.friend.example", "TXT", *quoted)))


@pytest.mark.parametrize(
    "text",
    [
        "v=TLSRPTv1; rua=mailto:tls@friend.example",
        "v=TLSRPTv1;rua=https://r.example/tls",
        "v=TLSRPTv1 ; rua=mailto:a@b.example , https://r.example ;",
    ],
)
def test_a_sound_tls_rpt_record_passes(text: str) -> None:
    assert look_tls(text).status is Status.PASS


@pytest.mark.parametrize("texts", [(), ("v=spf1 -all",), ("hello",)])
def test_other_texts_are_no_tls_rpt_record(texts: tuple[str, ...]) -> None:
    only(look_tls(*texts), "optional-missing", Status.INFO)


@pytest.mark.parametrize(
    ("text", "what", "value"),
    [
        ("v=tlsrptv1; rua=mailto:a@b.example", "version", "v=TLSRPTv1; rua=mailto:a@b.example"),
        ("v=TLSRPTv1 rua=mailto:a@b.example", "no-rua", None),
        ("v=TLSRPTv1;", "no-rua", None),
        ("v=TLSRPTv1; rua=a@b.example", "rua", None),
        (
            "v=TLSRPTv1; rua=mailto:a@b.example,http://c.example",
            "rua",
            "v=TLSRPTv1; rua=mailto:a@b.example",
        ),
    ],
)
def test_a_tls_rpt_record_that_nobody_reads_is_mended_or_deleted(
    text: str, what: str, value: str | None
) -> None:
    finding = only(look_tls(text), "tls-rpt-syntax", Status.WARN)
    assert finding.facts["what"] == what
    ((action, _, typed_value, old),) = typed(finding)
    if value is None:
        assert (action, typed_value) == (FixAction.DELETE, text)
    else:
        assert (action, typed_value, old) == (FixAction.REPLACE, value, text)
        assert look_tls(value).status is Status.PASS


def test_of_several_tls_rpt_records_a_sound_one_is_kept() -> None:
    sound = "v=TLSRPTv1; rua=mailto:z@b.example"
    finding = only(look_tls("v=TLSRPTv1; rua=a", sound), "tls-rpt-multiple", Status.WARN)
    assert [fix.value for fix in finding.fixes] == ["v=TLSRPTv1; rua=a"]


def test_a_failed_tls_rpt_question_is_unknown() -> None:
    failed = unfound("_smtp._tls.friend.example", "TXT", Outcome.SERVFAIL)
    only(tls_rpt.judge(EXPECTED, seen(failed)), "servfail", Status.UNKNOWN)


# --- DNSSEC and DANE ---

DS = "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
TLSA = f"3 1 1 {'11' * 32}"
TLSA_NAME = "_25._tcp.mx1.cow.example"
NO_DS = answered("friend.example", "DS")
SIGNED = answered("friend.example", "DS", DS)


def mx(*, authenticated: bool) -> Answer:
    return answered("friend.example", "MX", f"10 {HOST}", authenticated=authenticated)


def test_dnssec_passes_only_by_a_resolver_that_is_trusted() -> None:
    answers = (SIGNED, mx(authenticated=True))
    assert dnssec.judge(EXPECTED, seen(*answers, trust_ad=True)).status is Status.PASS
    only(dnssec.judge(EXPECTED, seen(*answers)), "dnssec-unverified", Status.INFO)
    unproven = seen(SIGNED, mx(authenticated=False), trust_ad=True)
    only(dnssec.judge(EXPECTED, unproven), "dnssec-unverified", Status.INFO)


def test_a_domain_without_ds_is_not_signed_unless_only_its_own_server_was_asked() -> None:
    only(dnssec.judge(EXPECTED, seen(NO_DS)), "optional-missing", Status.INFO)
    alone = dnssec.judge(EXPECTED, seen(NO_DS, single_server=True))
    only(alone, "dnssec-not-checked", Status.INFO)
    failed = unfound("friend.example", "DS", Outcome.TIMEOUT)
    only(dnssec.judge(EXPECTED, seen(failed)), "dns-timeout", Status.UNKNOWN)


def test_a_ds_record_says_nothing_of_the_zone_and_its_servers() -> None:
    parent = dns.name.from_text("example.")
    denial = replace(NO_DS, zone=parent)
    observed = seen(denial, unfound("friend.example", "MX", Outcome.TIMEOUT))
    assert observed.zone == DOMAIN.name
    assert [a.question.rdtype for a in observed.apex_answers()] == [dns.rdatatype.MX]


def test_dane_is_the_servers_matter_and_never_worse_than_info() -> None:
    signed = answered(TLSA_NAME, "TLSA", TLSA, authenticated=True)
    verdict = dnssec.judge_dane(EXPECTED, seen(signed, mx(authenticated=True), trust_ad=True))
    assert (verdict.status, verdict.note) == (Status.PASS, None)
    lonely = dnssec.judge_dane(EXPECTED, seen(signed, mx(authenticated=False), trust_ad=True))
    assert lonely.note is not None
    assert (lonely.status, lonely.note.code) == (Status.PASS, "dane-needs-dnssec")
    only(dnssec.judge_dane(EXPECTED, seen(signed)), "dane-unverified", Status.INFO)
    open_ = seen(replace(signed, authenticated=False), trust_ad=True)
    only(dnssec.judge_dane(EXPECTED, open_), "dane-not-signed", Status.INFO)
    absent = seen(answered(TLSA_NAME, "TLSA"))
    only(dnssec.judge_dane(EXPECTED, absent), "optional-missing", Status.INFO)
    failed = seen(unfound(TLSA_NAME, "TLSA", Outcome.SERVFAIL))
    only(dnssec.judge_dane(EXPECTED, failed), "servfail", Status.UNKNOWN)


# --- CAA ---

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


def test_conditions_beside_the_authority_are_only_told() -> None:
    account = '0 issue "letsencrypt.org; accounturi=https://acme.example/1"'
    only(look_caa(account), "caa-restricted", Status.INFO)
    only(
        look_caa('0 issue "letsencrypt.org;validationmethods=dns-01"'),
        "caa-restricted",
        Status.INFO,
    )


def test_caa_records_further_up_count_where_there_are_none_below() -> None:
    domain = Domain.of("a.b.friend.example")
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


def test_nothing_here_is_ever_worse_than_a_warning() -> None:
    failed = [replace(a, outcome=Outcome.TIMEOUT, rdatas=()) for a in (NO_DS, IMAPS, *NO_SRV)]
    for verdict in extras.judge(EXPECTED, seen(*failed)):
        assert verdict.check in EXTRAS
        assert verdict.status is not Status.FAIL
    assert [v.check for v in extras.judge(EXPECTED, seen())] == [
        check for check in Check if check in EXTRAS
    ]


def test_the_first_questions_are_few() -> None:
    questions = extras.first_questions(EXPECTED)
    assert len(questions) == len(set(questions)) == 8
    fix = Fix(FixAction.ADD, DOMAIN.name, "CAA", LETSENCRYPT)
    assert dns.rdata.from_text("IN", fix.type, fix.value).to_text() == LETSENCRYPT
