"""Slips of the hand in DMARC records: each is named, and nothing that was meant gets lost."""

from __future__ import annotations

import time

import pytest

from bot.checks.dmarc.record import parse_record
from bot.checks.dmarc.slips import find_malformation, read_meant
from bot.checks.finding import Status
from dmarc_zones import OWN, SELECTOR, STRICT, look, say, txt

RUA = "rua=mailto:dmarc@cow.example"


@pytest.mark.parametrize(
    ("text", "what", "words", "value"),
    [
        (f"v=DMARC1; p=reject; sp=; {RUA}", "empty", "sp= at", STRICT),
        (f"v=DMARC1; p=reject; np=; {RUA}", "empty", "np= at", STRICT),
        (f"v=DMARC1; p=; {RUA}", "empty", "p= at _dmarc.friend.example is empty", STRICT),
        (f"v=DMARC1; p=none; sp=; {RUA}", "empty", "sp= at", STRICT),
        (f"v=DMARC1; p:reject; {RUA}", "colon", "a colon after p", STRICT),
        (f"v=DMARC1; policy=reject; {RUA}", "misnamed", "called p=", STRICT),
        (f"v=DMARC1; p=\u201creject\u201d; {RUA}", "quoted", "it has to be p=reject", STRICT),
        (f"v=DMARC1; \u201cp=reject\u201d; {RUA}", "no-policy", "add p=reject", STRICT),
        (f"v=DMARC1; p=rejectsp=reject; {RUA}", "semicolon", "after p=reject", STRICT),
        (f"\u201cv=DMARC1; p=reject; {RUA}\u201d", "quotes", "quote marks around it", STRICT),
        (
            f"v:DMARC1; p=quarantine; {RUA}",
            "version",
            "begins with v:DMARC1",
            f"v=DMARC1; p=quarantine; sp=quarantine; {RUA}",
        ),
        (
            f"p=quarantine; adkim=s; {RUA}",
            "unversioned",
            "v=DMARC1 is missing",
            f"v=DMARC1; p=quarantine; adkim=s; {RUA}",
        ),
        (
            "v=dmarc1; p=quarantine; rua=mailto:me@friend.example; ruf=mailto:f@friend.example",
            "version",
            "begins with v=dmarc1",
            ("v=DMARC1; p=quarantine; rua=mailto:me@friend.example; ruf=mailto:f@friend.example"),
        ),
        (
            f"v=DMARC1 p=quarantine, sp=reject, adkim=s, {RUA}",
            "glued",
            "A semicolon is missing after v=DMARC1",
            f"v=DMARC1; p=quarantine; sp=reject; adkim=s; {RUA}",
        ),
    ],
)
def test_what_makes_a_record_void_is_named_and_the_rest_kept(
    text: str, what: str, words: str, value: str
) -> None:
    finding = look(txt(OWN, text)).findings[0]
    assert (finding.code, finding.severity) == ("dmarc-syntax", Status.FAIL)
    assert (finding.facts["what"], finding.fixes[0].value) == (what, value)
    assert words in say(finding)
    assert ("no p= part" in say(finding)) == (what == "no-policy")


@pytest.mark.parametrize(
    ("more", "what", "words", "kept"),
    [
        ("adkim=strict", "word", "it has to be adkim=s", "adkim=s"),
        ("aspf=Relaxed", "word", "it has to be aspf=r", "aspf=r"),
        ("adkim=stric", "word", "it has to be adkim=s", "adkim=s"),
        ("fo=1,d", "word", "it has to be fo=1:d", "fo=1:d"),
        ("fo=0,1 s", "word", "it has to be fo=1:s", "fo=1:s"),
        ("adkim:s", "colon", "begin with adkim=", "adkim=s"),
        ("aspf=\u2018s\u2019", "quoted", "it has to be aspf=s", "aspf=s"),
        ("aspf=", "empty", "aspf= in the DMARC record", ""),
        ("fo=", "empty", "fo= in the DMARC record", ""),
        ("pct=", "empty", "pct= in the DMARC record", ""),
        ("adkim=x", "tag", "adkim=x in the DMARC record", ""),
        ("fo=all", "tag", "fo=all in the DMARC record", ""),
    ],
)
def test_what_receivers_leave_out_is_named_and_written_as_it_was_meant(
    more: str, what: str, words: str, kept: str
) -> None:
    finding = look(txt(OWN, f"v=DMARC1; p=quarantine; {more}")).findings[0]
    assert (finding.code, finding.severity) == ("dmarc-odd-tag", Status.WARN)
    assert finding.facts["what"] == what
    assert words in say(finding)
    wanted = "v=DMARC1; p=quarantine" + (f"; {kept}" if kept else "")
    assert finding.fixes[0].value == wanted


ME = "mailto:me@friend.example"


@pytest.mark.parametrize(
    ("reports", "what", "words", "kept"),
    [
        (f"rua={ME},", "comma", "a comma too many", f"rua={ME}"),
        (f"rua=,{ME}, ,{ME[:-8]}.example", "comma", "a comma too many", f"rua={ME}"),
        (
            f"rua=mailto:a@k\u00fche.example,{ME}",
            "idn",
            "has to be in its ASCII form",
            f"rua=mailto:a@xn--khe-hoa.example,{ME}",
        ),
        (
            f"rua=mailto:k\u00fche@friend.example,{ME}",
            "local",
            "leaves out mailto:k\u00fche@friend.example",
            f"rua={ME}",
        ),
        (f"rua={ME}?subject=DMARC", "query", "a question mark and more", f"rua={ME}"),
        (f"rua={ME}?subject=a%20b!10m", "query", "a question mark and more", f"rua={ME}"),
        ("rua=mailto://me@friend.example", "slashes", "slashes behind mailto:", f"rua={ME}"),
        (f"rua=mailto:{ME}", "twice", "says mailto: twice", f"rua={ME}"),
        ("rua=mailto: me@friend.example", "blank", "has a blank inside", f"rua={ME}"),
        ("rua=mailto:<me@friend.example>", "marks", "marks around the address", f"rua={ME}"),
        ("ruf=me@friend.example", "mailto", "needs mailto: in front of it", f"ruf={ME}"),
        (
            f"ruf={ME};mailto:b@friend.example",
            "spilled",
            "stands behind a semicolon",
            f"ruf={ME},mailto:b@friend.example",
        ),
        (f"rua=https://friend.example/r,{ME}", "scheme", "leaves out https", f"rua={ME}"),
        (f"rua=mailto:o\u2019neil@friend.example,{ME}", "local", "leaves out", f"rua={ME}"),
        (f"rua=mailto:first!last@friend.example,{ME}", "address", "leaves out", f"rua={ME}"),
    ],
)
def test_what_is_wrong_with_an_address_is_named_and_the_others_stay(
    reports: str, what: str, words: str, kept: str
) -> None:
    finding = look(txt(OWN, f"v=DMARC1; p=quarantine; {reports}")).findings[0]
    assert (finding.code, finding.severity) == ("dmarc-rua-syntax", Status.WARN)
    assert finding.facts["what"] == what
    assert words in say(finding)
    assert finding.fixes[0].value == f"v=DMARC1; p=quarantine; {kept}"


def test_each_kind_of_fault_in_a_list_of_addresses_is_named() -> None:
    text = f"v=DMARC1; p=reject; rua=a@friend.example,{ME}?x=y,mailto://c@friend.example,"
    findings = look(txt(OWN, text)).findings
    whats = [finding.facts["what"] for finding in findings]
    assert whats == ["mailto", "query", "slashes", "comma"]


@pytest.mark.parametrize("text", [f"v=DMARC1; p=reject; rua={ME}!10m", "v=DMARC1; p=Reject;"])
def test_what_receivers_pass_over_is_no_fault(text: str) -> None:
    """The size is obsolete, to be disregarded (RFC 9989 section 4.8); policies have any case."""
    assert look(txt(OWN, text)).findings == ()


def test_a_void_record_gets_no_stricter_policy_than_the_admin_approved() -> None:
    for text in ("v=DMARC1; p=rejct; sp=reject", "v=dmarc1; p=reject", "p=reject; adkim=s"):
        fix = look(txt(OWN, text), stage="quarantine").findings[0].fixes[0]
        mended = parse_record(fix.value)
        assert mended is not None
        assert mended.policy("p") == "quarantine"
        assert mended.policy("sp") in {None, "quarantine"}


def test_a_void_record_keeps_all_but_its_policy_before_dkim() -> None:
    text = f"v=dmarc1; p=reject; adkim=strict; rua={ME},b@friend.example; ruf={ME}"
    fix = look(txt(OWN, text), txt(SELECTOR)).findings[0].fixes[0]
    assert fix.value == f"v=DMARC1; p=none; adkim=s; rua={ME},mailto:b@friend.example; ruf={ME}"


@pytest.mark.parametrize("text", ["v" + " " * 16_000 + "x", "v =" + " \t" * 8_000 + "x"])
def test_thousands_of_blanks_are_read_in_no_time(text: str) -> None:
    started = time.process_time()
    find_malformation(text)
    read_meant(text)
    assert time.process_time() - started < 0.2
