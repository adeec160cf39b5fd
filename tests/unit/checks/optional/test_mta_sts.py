"""MTA-STS judged: the record, what fetching the policy came to, and whom the policy names."""

from __future__ import annotations

from typing import Any

import dns.name
import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import Finding, FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.optional import mta_sts
from bot.checks.optional.mta_sts_policy import (
    MtaStsPolicy,
    PolicyFault,
    fault_of,
    is_record,
    mend_record,
    parse_policy,
    patterns_of,
)
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.net.page import FetchOutcome, Page
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.records.presentation import quoted_parts
from bot.words import Words

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject",
)
DOMAIN = Domain.from_ascii("friend.example")
EXPECTED = expect(SERVER, DOMAIN)
WORDS = Words()
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
NAME = "_mta-sts.friend.example"
RECORD = "v=STSv1; id=20261123"
PROBE = dns.name.from_text("xprobe.friend.example.")


def answered(name: str, rdtype: str, *texts: str, **more: Any) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, text) for text in texts)
    outcome = Outcome.RECORDS if rdatas else Outcome.NODATA
    return Answer(Question.of(name, rdtype), outcome, rdatas, 3600, **more)


def policy(*mx: str, mode: str = "enforce", age: int = 604800) -> bytes:
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {name}" for name in mx), f"max_age: {age}"]
    return "\r\n".join(lines).encode() + b"\r\n"


def page(body: bytes, media: str = "text/plain") -> Page:
    return Page(FetchOutcome.PAGE, body, 200, media)


def look(
    *texts: str,
    got: Page | None = None,
    mx: tuple[str, ...] = ("mx1.cow.example.",),
    more: tuple[Answer, ...] = (),
    chain: tuple[dns.name.Name, ...] = (),
) -> Verdict:
    text = answered(NAME, "TXT", *map(quoted_parts, texts), chain=chain)
    servers = answered("friend.example", "MX", *(f"10 {name}" for name in mx))
    return mta_sts.judge(EXPECTED, Observation.of(DOMAIN, (text, servers, *more), policy=got))


def only(verdict: Verdict, code: str, severity: Status) -> Finding:
    assert [(f.code, f.severity) for f in verdict.findings] == [(code, severity)]
    assert WORDS.finding(verdict.findings[0], CONTEXT)
    return verdict.findings[0]


def test_a_policy_that_names_our_server_passes() -> None:
    for pattern in ("mx1.cow.example", "*.cow.example", "MX1.Cow.Example."):
        assert look(RECORD, got=page(policy(pattern))).status is Status.PASS


def test_the_old_providers_policy_is_stale_and_its_words_say_that_mail_is_lost() -> None:
    got = page(policy("mx.old.example", "*.old.example"))
    finding = only(look(RECORD, got=got), "mta-sts-stale", Status.WARN)
    assert [(f.action, f.value) for f in finding.fixes] == [(FixAction.DELETE, RECORD)]
    said = WORDS.finding(finding, CONTEXT)
    assert "lost" in said
    assert "mx.old.example" in said
    assert "7 more days" in said
    assert finding.facts["published"] is True
    tried = only(
        look(RECORD, got=page(policy("mx.old.example", mode="testing"))),
        "mta-sts-stale",
        Status.WARN,
    )
    assert "lost" not in WORDS.finding(tried, CONTEXT)


def test_a_stale_policy_at_an_alias_is_left_by_deleting_the_alias() -> None:
    chain = (dns.name.from_text("sts.old.example."),)
    verdict = look(RECORD, got=page(policy("mx.old.example")), chain=chain)
    finding = only(verdict, "mta-sts-stale", Status.WARN)
    assert [(f.action, f.type, f.value) for f in finding.fixes] == [
        (FixAction.DELETE, "CNAME", "sts.old.example.")
    ]


def test_every_mx_has_to_be_named_and_every_name_should_be_an_mx() -> None:
    verdict = look(
        RECORD,
        got=page(policy("mx1.cow.example", "gone.example")),
        mx=("mx1.cow.example.", "mx.other.example."),
    )
    missing, unused = verdict.findings
    assert (missing.code, missing.facts["names"]) == ("mta-sts-mx-missing", ("mx.other.example",))
    assert (unused.code, unused.facts["names"]) == ("mta-sts-unused-mx", ("gone.example",))
    assert (missing.severity, unused.severity) == (Status.WARN, Status.INFO)


def test_a_policy_that_is_off_or_tried_out_is_only_told() -> None:
    only(look(RECORD, got=page(policy(mode="none"))), "mta-sts-off", Status.INFO)
    tried = page(policy("mx1.cow.example", mode="testing"))
    only(look(RECORD, got=tried), "mta-sts-testing", Status.INFO)


@pytest.mark.parametrize(
    ("reached", "code", "severity"),
    [
        (FetchOutcome.NO_ADDRESS, "mta-sts-no-policy", Status.WARN),
        (FetchOutcome.STATUS, "mta-sts-no-policy", Status.WARN),
        (FetchOutcome.PRIVATE, "mta-sts-private-address", Status.WARN),
        (FetchOutcome.OTHER_NAME, "mta-sts-certificate", Status.WARN),
        (FetchOutcome.INVALID, "mta-sts-certificate", Status.WARN),
        (FetchOutcome.REDIRECT, "mta-sts-redirect", Status.WARN),
        (FetchOutcome.TOO_BIG, "mta-sts-too-big", Status.WARN),
        (FetchOutcome.NO_ANSWER, "mta-sts-no-answer", Status.UNKNOWN),
    ],
)
def test_a_policy_that_is_not_got_is_told_by_its_cause(
    reached: FetchOutcome, code: str, severity: Status
) -> None:
    finding = only(look(RECORD, got=Page(reached, status=404)), code, severity)
    assert finding.facts == {
        "name": "mta-sts.friend.example",
        "url": "https://mta-sts.friend.example/.well-known/mta-sts.txt",
        "status": 404,
        "what": reached.value,
    }
    is_given_up = code in {"mta-sts-no-policy", "mta-sts-private-address"}
    assert [f.value for f in finding.fixes] == [RECORD] * is_given_up


def test_a_policy_that_nobody_fetched_is_unknown() -> None:
    facts = only(look(RECORD), "mta-sts-no-answer", Status.UNKNOWN).facts
    assert (facts["status"], facts["what"]) == (0, "")


def test_a_policy_of_another_media_type_may_not_be_taken() -> None:
    got = page(policy("mx1.cow.example"), "text/html")
    assert (
        only(look(RECORD, got=got), "mta-sts-wrong-type", Status.WARN).facts["media"] == "text/html"
    )


def test_without_record_a_policy_is_looked_at_all_the_same() -> None:
    only(look(), "optional-missing", Status.INFO)
    only(look(got=Page(FetchOutcome.STATUS, status=404)), "optional-missing", Status.INFO)
    only(look(got=page(b"<html>")), "optional-missing", Status.INFO)
    finding = only(look(got=page(policy("mx1.cow.example"))), "mta-sts-no-record", Status.WARN)
    assert [(f.action, fault_of(f.value)) for f in finding.fixes] == [(FixAction.ADD, None)]


def test_a_lone_policy_of_the_old_provider_is_stale_too() -> None:
    host = answered("mta-sts.friend.example", "A", "203.0.113.60")
    verdict = look(got=page(policy("mx.old.example")), more=(host,))
    finding = only(verdict, "mta-sts-stale", Status.WARN)
    assert [(f.action, f.type, f.value) for f in finding.fixes] == [
        (FixAction.DELETE, "A", "203.0.113.60")
    ]


def test_several_records_are_none_and_all_but_one_go() -> None:
    finding = only(look(RECORD, "v=STSv1; id=2"), "mta-sts-multiple", Status.WARN)
    assert len(finding.fixes) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("v=stsv1; id=1", "version"),
        ("v=STSv1 id=1", "version"),
        ('"v=STSv1; id=1"', "version"),
        ("v=STSv1;", "no-id"),
        ("v=STSv1; id=", "id"),
        ("v=STSv1; id=2026-11-23", "id"),
        ("v=STSv1; id=1; nonsense", "other"),
    ],
)
def test_a_record_that_nobody_reads_is_mended(text: str, what: str) -> None:
    finding = only(look(text), "mta-sts-syntax", Status.WARN)
    (fix,) = finding.fixes
    assert (finding.facts["what"], fix.action, fix.old) == (what, FixAction.REPLACE, text)
    assert fault_of(fix.value) is None


@pytest.mark.parametrize("text", ["v=spf1 -all", "hello", "STSv1"])
def test_other_texts_such_as_a_wildcards_count_as_not_there(text: str) -> None:
    only(look(text), "optional-missing", Status.INFO)


def test_a_failed_question_is_unknown() -> None:
    failed = Answer(Question.of(NAME, "TXT"), Outcome.TIMEOUT)
    verdict = mta_sts.judge(EXPECTED, Observation.of(DOMAIN, (failed,)))
    only(verdict, "dns-timeout", Status.UNKNOWN)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", PolicyFault.VERSION),
        (b"<html></html>", PolicyFault.VERSION),
        (b"version: STSv2\nmode: enforce", PolicyFault.VERSION),
        (b"version: STSv1\nmode: Enforce\nmax_age: 1\nmx: a.example", PolicyFault.MODE),
        (b"version: STSv1\nmode: enforce\nmx: a.example", PolicyFault.MAX_AGE),
        (b"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1", PolicyFault.MAX_AGE),
        (b"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 31557601", PolicyFault.MAX_AGE),
        (b"version: STSv1\nmode: enforce\nmax_age: 1", PolicyFault.NO_MX),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\nmx: a b", PolicyFault.MX),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\nmx: a.*.example", PolicyFault.MX),
    ],
)
def test_a_policy_that_does_not_count_says_what_is_wrong(body: bytes, fault: PolicyFault) -> None:
    assert parse_policy(body) is fault
    finding = only(look(RECORD, got=page(body)), "mta-sts-policy-syntax", Status.WARN)
    assert finding.facts["what"] == fault.value


def test_the_first_of_two_keys_counts_and_unknown_ones_are_passed_over() -> None:
    body = b"version: STSv1\nnew: x\nmode: testing\nmode: enforce\nmx: A.example\nmax_age: 86400\n"
    assert parse_policy(body) == MtaStsPolicy("testing", ("a.example",), 86400)


@pytest.mark.parametrize(("age", "sound"), [(31_557_600, True), (31_557_601, False), (0, True)])
def test_a_policy_lasts_a_year_at_most(age: int, *, sound: bool) -> None:
    parsed = parse_policy(policy("mx1.cow.example", age=age))
    assert (parsed == MtaStsPolicy("enforce", ("mx1.cow.example",), age)) is sound
    assert sound or parsed is PolicyFault.MAX_AGE


@pytest.mark.parametrize(("lines", "sound"), [(1000, True), (1001, False)])
def test_a_policy_has_no_more_lines_than_anybody_needs(lines: int, *, sound: bool) -> None:
    body = policy(*(f"mx{number}.example" for number in range(lines - 3)))
    assert len(body.splitlines()) == lines
    assert isinstance(parse_policy(body), MtaStsPolicy) is sound
    assert sound or parse_policy(body) is PolicyFault.LINES


def test_a_policy_that_is_off_needs_no_server_and_others_do() -> None:
    assert parse_policy(policy(mode="none")) == MtaStsPolicy("none", (), 604800)
    assert parse_policy(policy(mode="testing")) is PolicyFault.NO_MX


@pytest.mark.parametrize(("length", "sound"), [(255, True), (256, False)])
def test_a_server_in_a_policy_is_no_longer_than_a_name(length: int, *, sound: bool) -> None:
    name = ("a" * 61 + ".") * 4
    name += "b" * (length - len(name))
    assert len(name) == length
    assert isinstance(parse_policy(policy(name)), MtaStsPolicy) is sound


def test_an_id_that_is_too_long_is_cut_to_what_it_may_be() -> None:
    assert mend_record("v=STSv1; id=" + "1" * 40) == "v=STSv1; id=" + "1" * 32
    assert fault_of("v=STSv1; id=" + "1" * 32) is None
    assert mend_record("v=STSv1; id=...") == "v=STSv1; id=1"


@pytest.mark.parametrize(("age", "days"), [(86_400, 1), (86_401, 2), (604_800, 7), (1, 1)])
def test_days_that_a_stale_policy_lasts_are_rounded_up(age: int, days: int) -> None:
    got = page(policy("mx.old.example", age=age))
    assert only(look(RECORD, got=got), "mta-sts-stale", Status.WARN).facts["days"] == days


@pytest.mark.parametrize(
    ("pattern", "host", "same"),
    [
        ("mx.cow.example", "mx.cow.example", True),
        ("*.cow.example", "mx.cow.example", True),
        ("*.cow.example", "a.mx.cow.example", False),
        ("*.cow.example", "cow.example", False),
        ("cow.example", "mx.cow.example", False),
    ],
)
def test_a_star_stands_for_one_label(pattern: str, host: str, *, same: bool) -> None:
    assert (pattern in patterns_of(host)) is same


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_page_breaks_the_reader(body: bytes) -> None:
    assert isinstance(parse_policy(body), MtaStsPolicy | PolicyFault)
    assert look(
        RECORD, got=page(b"version: STSv1\nmode: enforce\nmax_age: 1\nmx: " + body)
    ).status in {
        Status.PASS,
        Status.INFO,
        Status.WARN,
    }


def test_an_id_in_capital_letters_is_kept_when_the_record_is_mended() -> None:
    assert mend_record("v=STSv1; ID=20260101;;") == "v=STSv1; id=20260101"


@given(st.text(max_size=80))
def test_what_is_mended_is_sound(text: str) -> None:
    assert is_record(mend_record(text))
    assert fault_of(mend_record(f"v=STSv1; id={text}")) is None


def test_a_host_that_a_wildcard_lends_serves_no_policy() -> None:
    none = answered(NAME, "TXT")
    own = answered("mta-sts.friend.example", "A", "203.0.113.60")
    lent = Answer(Question.of(PROBE, "A"), Outcome.RECORDS, own.rdatas)
    nothing = Answer(Question.of(PROBE, "A"), Outcome.NXDOMAIN)
    assert mta_sts.wants_policy(none, own, nothing)
    assert not mta_sts.wants_policy(none, own, lent)
    assert not mta_sts.wants_policy(none, answered("mta-sts.friend.example", "A"), nothing)
    record = answered(NAME, "TXT", quoted_parts(RECORD))
    assert mta_sts.wants_policy(record, own, lent)
