"""Slips of the hand in DMARC records: each is named, and nothing that was meant gets lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.checks.dmarc.faults import find_report_faults, find_tag_faults
from bot.checks.dmarc.record import parse_record
from bot.checks.dmarc.repair import DmarcRepair
from bot.checks.dmarc.slips import read_meant
from bot.checks.finding import Status
from dmarc_zones import OWN, SELECTOR, STRICT, expected_of, look, say, txt
from examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.checks.dmarc.record import DmarcRecord

RUA = "rua=mailto:dmarc@cow.example"


@pytest.mark.parametrize(
    ("text", "what", "words", "value"),
    [
        (f"v=DMARC1; p=reject; sp=; {RUA}", "empty", "sp= at", STRICT),
        (f"v=DMARC1; p=reject; np=; {RUA}", "empty", "np= at", STRICT),
        (f"v=DMARC1; p=; {RUA}", "empty", "p= at _dmarc.friend.example is empty", STRICT),
        (f"v=DMARC1; p=none; sp=; {RUA}", "empty", "sp= at", f"v=DMARC1; p=none; {RUA}"),
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
            f"v=DMARC1; p=quarantine; {RUA}",
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


@dataclass(frozen=True, slots=True)
class Slip:
    """A change of a right record that leaves clear what was meant."""

    name: str
    make: Callable[[str], str]


def first_entry(change: Callable[[str], str]) -> Callable[[str], str]:
    """Return what changes the first address of the record."""

    def make(text: str) -> str:
        head, tag, rest = text.partition("rua=")
        entry = rest.partition(",")[0].partition(";")[0]
        return f"{head}{tag}{change(entry)}{rest[len(entry) :]}" if tag else text

    return make


SLIPS = (
    Slip("version in small letters", lambda t: t.replace("v=DMARC1", "v=dmarc1")),
    Slip("version lost", lambda t: t.removeprefix("v=DMARC1; ")),
    Slip("version last", lambda t: f"{t.removeprefix('v=DMARC1; ')}; v=DMARC1"),
    Slip("version misspelt", lambda t: t.replace("v=DMARC1", "v=DMRAC1")),
    Slip("blank in front", lambda t: f" {t}"),
    Slip("commas", lambda t: t.replace("; ", ", ")),
    Slip("semicolons lost", lambda t: t.replace("; ", " ")),
    Slip("semicolon lost behind p", lambda t: t.replace("reject; ", "reject ")),
    Slip("semicolon twice", lambda t: t.replace("; ", ";; ", 1)),
    Slip("colon", lambda t: t.replace("; p=", "; p:")),
    Slip("colons", lambda t: t.replace("=", ":")),
    Slip("policy", lambda t: t.replace("; p=", "; policy=")),
    Slip("upper case", lambda t: t.replace("p=reject", "P=Reject").replace("none", "NONE")),
    Slip("curly quotes", lambda t: f"\u201c{t}\u201d"),
    Slip("quotes", lambda t: f'"{t}"'),
    Slip("backslashes", lambda t: t.replace(";", "\\;")),
    Slip("quoted policy", lambda t: t.replace("=reject", "=\u201creject\u201d")),
    Slip("empty sp", lambda t: t.replace("; p=", "; sp=; p=")),
    Slip("no-break spaces", lambda t: t.replace(" ", "\u00a0")),
    Slip("words", lambda t: t.replace("kim=s", "kim=strict").replace("spf=s", "spf=STRICT")),
    Slip("fo with commas", lambda t: f"{t}; fo=1,d"),
    Slip("comma behind", first_entry(lambda e: f"{e},")),
    Slip("comma in front", first_entry(lambda e: f",{e}")),
    Slip("mailto lost", first_entry(lambda e: e.removeprefix("mailto:"))),
    Slip("subject", first_entry(lambda e: f"{e}?subject=dmarc")),
    Slip("size", first_entry(lambda e: f"{e}!10m")),
    Slip("slashes", first_entry(lambda e: e.replace("mailto:", "mailto://"))),
    Slip("blank", first_entry(lambda e: e.replace("mailto:", "mailto: "))),
    Slip("brackets", first_entry(lambda e: e.replace("mailto:", "mailto:<") + ">")),
    Slip("blanks for commas", lambda t: t.replace(",mailto", " mailto")),
    Slip("semicolons for commas", lambda t: t.replace(",mailto", ";mailto")),
    Slip("colon behind rua", lambda t: t.replace("rua=", "rua:")),
)
# Two at once that leave nothing by which to tell what was meant.
ADDRESSES = (
    "a@friend.example",
    "b.c+d@friend.example",
    "dmarc@cow.example",
    "o'neil@friend.example",
)


@st.composite
def records(draw: st.DrawFn) -> str:
    """Return a record without any fault."""
    parts = ["v=DMARC1", f"p={draw(st.sampled_from(('none', 'quarantine', 'reject')))}"]
    parts += [f"adkim={mode}" for mode in draw(st.sampled_from(("", "r", "s")))]
    parts += [f"aspf={mode}" for mode in draw(st.sampled_from(("", "r", "s")))]
    for tag in ("rua", "ruf"):
        addresses = draw(st.lists(st.sampled_from(ADDRESSES), max_size=3, unique=True))
        if addresses:
            parts.append(f"{tag}={','.join(f'mailto:{address}' for address in addresses)}")
    return "; ".join(parts)


def meaning(record: DmarcRecord) -> dict[str, object]:
    modes = {tag: record.get(tag) or "r" for tag in ("adkim", "aspf")}
    return {"p": record.policy("p"), **modes}


def addresses_of(record: DmarcRecord, tag: str) -> set[str]:
    return {entry.address for entry in record.addresses(tag)}


def lost(before: DmarcRecord, after: DmarcRecord) -> list[str]:
    """Return what one record says and the other does not."""
    old, new = meaning(before), meaning(after)
    # A policy of none is raised where the domain is ready, which is the one rule for all.
    allowed = {old["p"], "reject"} if old["p"] == "none" else {old["p"]}
    faults = [] if new["p"] in allowed else ["p"]
    faults += [tag for tag in ("adkim", "aspf") if old[tag] != new[tag]]
    lists = ("rua", "ruf")
    return faults + [t for t in lists if not addresses_of(before, t) <= addresses_of(after, t)]


@given(records(), st.lists(st.sampled_from(SLIPS), min_size=1, max_size=2, unique=True))
@examples(2)
def test_no_slip_loses_what_was_meant(right: str, slips: list[Slip]) -> None:
    text = right
    for slip in slips:
        text = slip.make(text)
    before = parse_record(right)
    assert before is not None
    repair = DmarcRepair(expected_of(), ready=True, early=False)
    value = repair.mend(text)
    after = parse_record(value)
    assert after is not None, (text, value)
    assert lost(before, after) == [], (text, value)
    assert (find_tag_faults(after), find_report_faults(after)) == ((), ()), (text, value)
    # A sound record of none is raised, a void one is mended first: the admin is asked in between.
    again = repair.mend(value)
    assert again == value or (after.policy("p") == "none" and repair.mend(again) == again)


@given(records(), st.sampled_from(SLIPS))
def test_every_slip_that_matters_is_said_and_its_mend_has_no_fault(right: str, slip: Slip) -> None:
    text = slip.make(right)
    first, second = look(txt(OWN, text)), look(txt(OWN, right))
    said = {finding.code for finding in first.findings}
    values = {fix.value for finding in first.findings for fix in finding.fixes}
    assert len(values) <= 1
    for value in values:
        again = {finding.code for finding in look(txt(OWN, value)).findings}
        assert not again & {"dmarc-syntax", "dmarc-odd-tag", "dmarc-rua-syntax", "dmarc-missing"}
    assert said or not second.findings


@given(st.text(max_size=200))
@example("v=DMARC1; \u0661=\u0661")
@example("v=DMARC1; rua=mailto:@,@;@=@")
def test_no_text_raises_and_every_mend_is_a_record(text: str) -> None:
    repair = DmarcRepair(expected_of(), ready=True, early=False)
    for each in (text, f"v=DMARC1;{text}", f"v=DMARC1;p=none;rua={text}"):
        value = repair.mend(each)
        record = parse_record(value)
        assert record is not None
        assert find_tag_faults(record) == ()
        assert find_report_faults(record) == ()
        assert repair.mend(value) == value
        read_meant(each)
