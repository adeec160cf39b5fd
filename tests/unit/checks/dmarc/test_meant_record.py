"""What was meant by a DMARC record outlives any slip: its policy, its alignment, its addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from bot.checks.dmarc.faults import find_report_faults, find_tag_faults
from bot.checks.dmarc.record import parse_record
from bot.checks.dmarc.repair import DmarcRepair
from bot.checks.dmarc.slips import read_meant
from dmarc_zones import OWN, expected_of, look, txt
from examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.checks.dmarc.record import DmarcRecord


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
    # A policy of none is raised to the approved stage, which is the one rule for all.
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
    repair = DmarcRepair(expected_of(stage="reject"), early=False)
    value = repair.mend(text)
    after = parse_record(value)
    assert after is not None, (text, value)
    assert lost(before, after) == [], (text, value)
    assert (find_tag_faults(after), find_report_faults(after)) == ((), ()), (text, value)
    assert repair.mend(value) == value


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
    repair = DmarcRepair(expected_of(stage="reject"), early=False)
    for each in (text, f"v=DMARC1;{text}", f"v=DMARC1;p=none;rua={text}"):
        value = repair.mend(each)
        record = parse_record(value)
        assert record is not None
        assert find_tag_faults(record) == ()
        assert find_report_faults(record) == ()
        assert repair.mend(value) == value
        read_meant(each)
