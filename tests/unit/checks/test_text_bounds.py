"""Texts that are too long to be judged, and answers with too many records: what is said of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.checks.compile import compile_report
from bot.checks.export.wording import say_fix
from bot.checks.finding import Check, Finding, FixAction, Status
from bot.checks.observe.domain import observe
from bot.checks.observe.report_consent import find_missing_consents
from bot.checks.text_bounds import MOST_TEXTS, begins_as
from bot.dns.answer import LONGEST_TEXT, MOST_RECORDS
from bot.records.expected import expect
from bot.records.providers import choose_provider
from bot.words import Words
from hostile_texts import (
    APEX,
    HEALTHY,
    KEY,
    POLICY,
    REPORTS,
    SELECTOR,
    STS,
    filled,
    with_records,
    with_texts,
)
from zone_reports import CONTEXT, DKIM, DMARC, DOMAIN, NOW, SERVER, SPF, LinesAsk, codes, result
from zone_reports import KEY as KNOWN

if TYPE_CHECKING:
    from bot.checks.report import Report

RELAXED = "v=DMARC1; p=none; sp=none; rua=mailto:dmarc@cow.example"


def report_on(ask: LinesAsk) -> Report:
    expected = expect(SERVER, DOMAIN, KNOWN)
    return compile_report(expected, asyncio.run(observe(ask, expected)), NOW, 7)


def only(report: Report) -> Finding:
    assert [code for code in codes(report) if code != "optional-missing"] == ["txt-too-long"]
    return next(finding for finding in report.findings if finding.code == "txt-too-long")


def say(finding: Finding) -> str:
    return Words().finding(finding, CONTEXT)


def long(beginning: bytes, size: int = LONGEST_TEXT + 1) -> bytes:
    return filled(beginning, b"a;", size)


@pytest.mark.parametrize(
    ("check", "name", "beginning", "value"),
    [
        (Check.SPF, APEX, b"v=spf1 ", "v=spf1 include:_spf.cow.example -all"),
        (Check.DKIM, SELECTOR, KEY, KNOWN.record.text),
        (Check.DKIM, SELECTOR, b"anything", KNOWN.record.text),
        (Check.DMARC, POLICY, b"v=DMARC1;p=reject;", RELAXED),
        (Check.DMARC, POLICY, b"anything", RELAXED),
        (Check.MTA_STS, STS, b"v=STSv1; id=20260101;", "v=STSv1; id=20260101"),
        (Check.TLS_RPT, REPORTS, b"v=TLSRPTv1; rua=mailto:a@b.example;", None),
    ],
)
def test_a_text_of_ours_that_is_too_long_is_not_judged(
    check: Check, name: str, beginning: bytes, value: str | None
) -> None:
    report = report_on(with_texts(HEALTHY, {name: [long(beginning)]}))
    finding = only(report)
    optional = check in {Check.MTA_STS, Check.TLS_RPT}
    assert finding.check is check
    assert finding.severity is (Status.WARN if optional else Status.FAIL)
    assert (finding.facts["name"], finding.facts["octets"]) == (name, LONGEST_TEXT + 1)
    assert [fix.value for fix in finding.fixes] == ([] if value is None else [value])
    assert all(fix.action is FixAction.REPLACE for fix in finding.fixes)
    assert "4097 bytes" in say(finding)
    assert "at most 4096" in say(finding)
    (shown,) = result(report, check).found
    assert len(shown) == 100


@pytest.mark.parametrize("name", [APEX, SELECTOR, POLICY, STS, REPORTS])
def test_a_text_of_just_the_length_is_judged(name: str) -> None:
    ask = with_texts(HEALTHY, {name: [long(b"v=spf1 ", LONGEST_TEXT)]})
    assert "txt-too-long" not in codes(report_on(ask))


@pytest.mark.parametrize("count", [1, 15])
def test_other_peoples_long_texts_at_the_domain_are_left_alone(count: int) -> None:
    proofs = [long(b"site-verification=%d" % number) for number in range(count)]
    spf = b"v=spf1 include:_spf.cow.example -all"
    assert codes(report_on(with_texts(HEALTHY, {APEX: [*proofs, spf]}))) == []
    without = with_texts(HEALTHY.replace(SPF, ""), {APEX: proofs})
    assert codes(report_on(without)) == ["spf-missing"]


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (Check.SPF, b"v=spf1 mx"),
        (Check.SPF, b" \t" * 9_000 + b"V=SPF1 mx"),
        (Check.SPF, b'"v=spf1 mx'),
        (Check.SPF, b"\xef\xbb\xbfv = spf1 mx"),
        (Check.SPF, b"spf1 mx"),
        (Check.DKIM, b"v=DKIM1; p=MIIB"),
        (Check.DKIM, b"p=MIIBIjANBgkq"),
        (Check.DKIM, b"k=rsa; p=MIIBIjANBgkq"),
        (Check.DMARC, b"v=DMARC1; p=none"),
        (Check.DMARC, b'\\"v=dmarc1\\; p=none'),
        (Check.DMARC, b"p=reject; rua=mailto:a@b.example"),
        (Check.MTA_STS, b"v=STSv1; id=1"),
        (Check.TLS_RPT, b"v=TLSRPTv1; rua=mailto:a@b.example"),
    ],
)
def test_a_text_is_known_by_its_beginning_whatever_stands_before_it(
    check: Check, text: bytes
) -> None:
    assert begins_as(check, text)
    others = {Check.SPF, Check.DKIM, Check.DMARC, Check.MTA_STS, Check.TLS_RPT} - {check}
    assert not any(begins_as(other, text) for other in others)


@pytest.mark.parametrize(
    ("name", "missing", "check", "value"),
    [
        ("mail.friend.example", SPF, Check.SPF, "v=spf1 include:_spf.cow.example -all"),
        ("dkim.friend.example", DKIM, Check.DKIM, KNOWN.record.text),
        ("dkim.domainkey.friend.example", DKIM, Check.DKIM, KNOWN.record.text),
        ("mailcow._domainkey.friend.example", DKIM, Check.DKIM, KNOWN.record.text),
        ("_dmarc.friend.example.friend.example", DMARC, Check.DMARC, RELAXED),
        ("dmarc.friend.example", DMARC, Check.DMARC, RELAXED),
        ("_dmarc.example", DMARC, Check.DMARC, RELAXED),
    ],
)
def test_a_long_text_in_a_wrong_place_is_told_with_the_record_to_add(
    name: str, missing: str, check: Check, value: str
) -> None:
    beginnings = {Check.SPF: b"v=spf1 ", Check.DKIM: b"v=DKIM1; p=", Check.DMARC: b"v=DMARC1;"}
    lines = HEALTHY.replace(missing, "").replace("mail.friend.example CNAME mx1.cow.example.", "")
    finding = only(report_on(with_texts(lines, {name: [long(beginnings[check])]})))
    assert (finding.check, finding.facts["name"]) == (check, name)
    assert [(fix.action, fix.value) for fix in finding.fixes] == [(FixAction.ADD, value)]
    right = finding.fixes[0].owner.to_text(omit_final_dot=True)
    assert f"Your own record belongs at {right}" in say(finding)


def test_a_key_that_is_too_long_is_neither_there_nor_absent() -> None:
    """A strict policy is not called too early, as if no key were there."""
    report = report_on(with_texts(HEALTHY, {SELECTOR: [long(KEY, 60_000)]}))
    assert codes(report) == ["txt-too-long"]
    assert result(report, Check.DMARC).status is Status.PASS


def test_a_policy_and_a_key_that_are_too_long_give_way_to_one_that_is_not_too_early() -> None:
    texts = {SELECTOR: [long(KEY)], POLICY: [long(b"v=DMARC1;p=reject;")]}
    report = report_on(with_texts(HEALTHY, texts))
    assert codes(report) == ["txt-too-long", "txt-too-long"]
    assert [fix.value for f in report.findings for fix in f.fixes if f.check is Check.DMARC] == [
        RELAXED
    ]


def test_texts_that_are_too_many_are_told_by_their_number_and_sum() -> None:
    texts = [b"v=DMARC1; p=none; x=%d" % number for number in range(MOST_TEXTS + 1)]
    finding = only(report_on(with_texts(HEALTHY, {POLICY: texts})))
    assert (finding.facts["count"], finding.facts["octets"]) == (17, sum(map(len, texts)))
    assert "17 TXT records at _dmarc.friend.example have" in say(finding)
    first, *rest = finding.fixes
    assert (first.action, first.value, first.old) == (FixAction.REPLACE, RELAXED, texts[0].decode())
    assert {fix.action for fix in rest} == {FixAction.DELETE}
    assert len(rest) == 9


def test_texts_that_are_too_long_together_are_not_judged() -> None:
    texts = [long(KEY + b";%d" % number, LONGEST_TEXT) for number in range(3)]
    finding = only(report_on(with_texts(HEALTHY, {SELECTOR: texts})))
    assert (finding.facts["count"], finding.facts["octets"]) == (3, 3 * LONGEST_TEXT)


def test_what_a_wildcard_lends_is_no_record_that_is_too_long() -> None:
    lines = HEALTHY.replace(DKIM, "").replace(DMARC, "")
    proof = [long(b"site-verification=1")]
    names = (SELECTOR, POLICY, STS, REPORTS)
    ask = _Wild(with_texts(lines, dict.fromkeys(names, proof)), proof)
    assert codes(report_on(ask)) == ["wildcard-txt", "wildcard-txt"]


class _Wild(LinesAsk):
    """Gives every name that has nothing of its own some texts, as a wildcard does."""

    def __init__(self, base: LinesAsk, texts: list[bytes]) -> None:
        super().__init__("")
        self.records = base.records
        self._lent = with_texts("", {"lent.example": texts})

    async def __call__(self, name: object, rdtype: object) -> object:  # type: ignore[override]
        answer = await super().__call__(name, rdtype)  # type: ignore[arg-type]
        if not answer.absent or answer.question.rdtype.name != "TXT":
            return answer
        lent = await self._lent("lent.example", "TXT")
        return type(lent)(answer.question, lent.outcome, lent.rdatas, lent.ttl)


CONSENT = "friend.example._report._dmarc.other.example"
TO_OTHERS = DMARC.replace("dmarc@cow.example", "a@other.example")


def test_a_consent_that_is_too_long_is_no_consent() -> None:
    lines = HEALTHY.replace(DMARC, TO_OTHERS)
    assert codes(report_on(with_texts(lines, {CONSENT: [b"v=DMARC1;"]}))) == []
    report = report_on(with_texts(lines, {CONSENT: [long(b"v=DMARC1;")]}))
    assert codes(report) == ["dmarc-rua-not-authorised"]
    (finding,) = (f for f in report.findings if f.code == "dmarc-rua-not-authorised")
    assert f"the TXT record at {CONSENT} is too long to be read" in say(finding)


async def test_the_admins_own_consent_that_is_too_long_is_missing() -> None:
    name = "friend.example._report._dmarc.cow.example"
    ask = with_texts(HEALTHY, {name: [long(b"v=DMARC1;")]})
    missing = await find_missing_consents(DOMAIN, SERVER, ask)
    assert missing == (dns.name.from_text("cow.example"),)


def test_an_include_that_is_too_long_is_named() -> None:
    lines = HEALTHY.replace('"v=spf1 include:_spf.cow.example', '"v=spf1 include:long.example')
    report = report_on(with_texts(lines, {"long.example": [long(b"v=spf1 ")]}))
    assert codes(report) == ["spf-too-big"]
    (finding,) = (f for f in report.findings if f.code == "spf-too-big")
    assert finding.severity is Status.UNKNOWN
    assert "I gave up at long.example" in say(finding)


@pytest.mark.parametrize(
    ("rdtype", "record", "check"),
    [
        ("MX", "{n} m{n}.friend.example.", Check.MX),
        ("TXT", '"{n}"', Check.SPF),
        ("CAA", '0 issue "{n}"', Check.CAA),
    ],
)
def test_an_answer_with_too_many_records_is_not_known(
    rdtype: str, record: str, check: Check
) -> None:
    records = [record.format(n=n) for n in range(MOST_RECORDS + 1)]
    report = report_on(with_records(HEALTHY, APEX, rdtype, records))
    assert result(report, check).status is Status.UNKNOWN
    (finding,) = (f for f in report.findings if f.check is check)
    assert (finding.code, finding.severity) == ("dns-too-many", Status.UNKNOWN)
    assert f"{rdtype} records of friend.example holds 257 records" in say(finding)
    just = report_on(with_records(HEALTHY, APEX, rdtype, records[:-1]))
    assert "dns-too-many" not in codes(just)


def test_records_that_are_too_long_are_not_known() -> None:
    records = [f'0 issue "{"x" * 17_000}"']
    report = report_on(with_records(HEALTHY, APEX, "CAA", records))
    assert codes(report) == ["dns-too-many"]


def test_a_long_record_of_the_old_type_is_as_good_as_none() -> None:
    ask = LinesAsk(HEALTHY.replace(SPF, ""))
    assert codes(report_on(ask)) == ["spf-missing"]
    typed = f'{APEX} SPF "{"v=spf1 " + "x" * 200}" "{"x" * 255}" ' + f'"{"x" * 255}" ' * 20
    assert codes(report_on(LinesAsk(HEALTHY.replace(SPF, "") + typed))) == ["spf-missing"]


def test_people_are_shown_the_beginning_of_a_text_that_is_too_long() -> None:
    """Whoever reads the JSON is given all of it, to tell it from other records of the name."""
    texts = [long(start + b"\xff", 60_000) for start in (b"v=DMARC1;", b"v=DMARC1 ;")]
    finding = only(report_on(with_texts(HEALTHY, {POLICY: texts})))
    words, neutral = Words(), choose_provider(None, ())
    replace, delete = finding.fixes
    whole = {text.decode("utf-8", "replace") for text in texts}
    assert {replace.old, delete.value} == whole
    fields = dict(say_fix(replace, DOMAIN.name, neutral, words).fields)
    gone = dict(say_fix(delete, DOMAIN.name, neutral, words).fields)
    shown = {fields[words.label("headings", "old")], gone[words.label("headings", "value")]}
    assert shown == {text[: LONGEST_TEXT - 1] + "…" for text in whole}
