"""Nobody is lost when SPF is mended: whatever the new record lacks is named, and it is a sound one.

Records are made of terms whose meaning is known here, not of what our own reading makes of them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spftrace import parse

from bot.checks.finding import Check, FixAction
from bot.checks.spf.terms import Term, terms_of
from bot.records.presentation import quoted_parts
from bot.words import Words
from examples import examples
from zone_reports import ALIASES, CONTEXT, DKIM, DMARC, HOST, MX, WORLD, report_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.checks.finding import Finding
    from bot.checks.report import Report

OTHERS = """
spf.old.example TXT "v=spf1 ip4:203.0.113.0/24 ~all"
spf.new.example TXT "v=spf1 ip4:192.0.2.0/24 ~all"
mail.new.example A 192.0.2.7
new.example MX 10 mail.new.example.
friend.example A 203.0.113.80
"""
# Terms that are kept as they stand.
SOUND = [
    "a",
    "mx",
    "a/28",
    "mx:new.example",
    "a:mail.new.example",
    "ip4:192.0.2.1",
    "ip4:192.0.2.0/24",
    "~ip4:192.0.2.9",
    "-ip4:192.0.2.66",
    "ip6:2001:db8:7::/48",
    "include:spf.old.example",
    "?include:spf.new.example",
    "exists:%{i}._l.new.example",
    "include:_spf.cow.example",
]
# What people write, and what they mean by it.
SLIPS = {
    "ip:203.0.113.77": "ip4:203.0.113.77",
    "ipv4:203.0.113.78": "ip4:203.0.113.78",
    "ip4=203.0.113.79": "ip4:203.0.113.79",
    "~ip:203.0.113.71": "~ip4:203.0.113.71",
    "ip6:203.0.113.72": "ip4:203.0.113.72",
    "ip4:2001:db8:9::1": "ip6:2001:db8:9::1",
    "ip4:192.0.2.21,192.0.2.22": "ip4:192.0.2.21 ip4:192.0.2.22",
    "ip4:192.0.2.23,ip6:2001:db8:9::2;a:mail.new.example": (
        "ip4:192.0.2.23 ip6:2001:db8:9::2 a:mail.new.example"
    ),
    "include:spf.old.example,spf.new.example": "include:spf.old.example include:spf.new.example",
    "include:spf.old.example,include:spf.new.example": (
        "include:spf.old.example include:spf.new.example"
    ),
    "ip4:203.0.113.0/255.255.255.0": "ip4:203.0.113.0/24",
    "ip4:203.0.112.*": "ip4:203.0.112.0/24",
    "203.0.111.*": "ip4:203.0.111.0/24",
    "ip4:203.0.110.0/24.": "ip4:203.0.110.0/24",
    "ip4:203.0.109/24": "ip4:203.0.109.0/24",
    "ip4:203.0.113.77-80": "ip4:203.0.113.77 ip4:203.0.113.78/31 ip4:203.0.113.80",
    "a:203.0.113.4-203.0.113.7": "ip4:203.0.113.4/30",
    "203.0.113.33": "ip4:203.0.113.33",
    "a:203.0.113.34": "ip4:203.0.113.34",
    "ip4:mail.new.example": "a:mail.new.example",
    "include:<spf.old.example>": "include:spf.old.example",
    "<include:spf.new.example>": "include:spf.new.example",
    "include:[spf.old.example](http://spf.old.example)": "include:spf.old.example",
    "include:http://spf.old.example/": "include:spf.old.example",
    "include:mailto:me@spf.new.example": "include:spf.new.example",
    "include: spf.old.example": "include:spf.old.example",
    "include spf.new.example": "include:spf.new.example",
    "include;spf.new.example": "include:spf.new.example",
    "inlcude:spf.old.example": "include:spf.old.example",
    "ip4:192.0.2.128 /25": "ip4:192.0.2.128/25",
    "mx,": "mx",
}
# Terms that are in no new record, so that they have to be named.
LOST = [
    "spf.old.example",
    "mail.new.example",
    "https://www.new.example/",
    "me@new.example",
    "hello",
    "v=spf2",
    "ip4:203.0.113",
    "ip4:203.0.113.0/33",
    "ip4:203.0.113.1-254",
    "ip4:203.000.113.7",
    "ip6:2001:db8::g",
    "include:spf",
    "include:spf..old.example",
    "include:%{x}.new.example",
    "0123456789abcdef",
    "@everyone",
    "`code`",
    "exists:%{l}.new.example",
    "ip4:0.0.0.0/0",
    "redirect=spf.old.example",
    "({{7*7}})",
]
ENDINGS = ("-all", "~all", "?all", "-all.", "- all")
OURS = ("ip4:198.51.100.25", "a:mx1.cow.example", "ip6:2001:db8:25::25/128", "mx1.cow.example")

words = st.one_of(
    st.sampled_from(SOUND),
    st.sampled_from(tuple(SLIPS)),
    st.sampled_from(LOST),
    st.sampled_from(OURS),
)
records = st.tuples(st.lists(words, max_size=7, unique=True), st.sampled_from(ENDINGS))


def report_of(texts: Sequence[str]) -> Report:
    lines = "".join(f"friend.example TXT {quoted_parts(text)}\n" for text in texts)
    return report_on(MX, DKIM, DMARC, ALIASES, lines, world=HOST + WORLD + OTHERS)


def fixing(report: Report) -> Finding | None:
    found = [f for f in report.findings if f.check is Check.SPF and f.fixes]
    assert len(found) <= 1
    return found[0] if found else None


def typed(texts: Sequence[str], finding: Finding) -> list[str]:
    left = list(texts)
    for fix in finding.fixes:
        if fix.action in {FixAction.REPLACE, FixAction.DELETE}:
            left.remove(fix.value if fix.old is None else fix.old)
        if fix.action in {FixAction.REPLACE, FixAction.ADD}:
            left.append(fix.value)
    return left


def meanings(word: str) -> list[str]:
    return SLIPS.get(word, word).split(" ")


def is_in(meant: str, record: str) -> bool:
    term = Term.of(meant)
    return term.key in {other.key for other in terms_of(record)}


@given(st.lists(records, min_size=1, max_size=3, unique_by=repr))
@examples(0.5)
def test_no_term_disappears_without_being_named(
    drawn: list[tuple[list[str], str]],
) -> None:
    texts = [" ".join(["v=spf1", *each, ending]) for each, ending in drawn]
    texts = list(dict.fromkeys(texts))
    finding = fixing(report_of(texts))
    if finding is None:
        return
    (record,) = typed(texts, finding)
    parse(record)
    said = Words().finding(finding, CONTEXT)
    written = {word for each, _ in drawn for word in each} - {*OURS}
    missing = {word for word in written if not all(is_in(m, record) for m in meanings(word))}
    assert missing <= {*LOST}
    unnamed = {word for word in missing if Words().code(word) not in said}
    shown, count = finding.facts["left_out"], finding.facts["left_out_count"]
    assert isinstance(shown, tuple)
    assert isinstance(count, int)
    assert len(unnamed) <= count - len(shown), (unnamed, said)


def lost(count: int, length: int = 12) -> list[str]:
    return [f"{number:0{length}}x" for number in range(count)]


@pytest.mark.parametrize(
    ("words", "named", "more"),
    [
        (lost(12), 12, "more"),
        (lost(13), 12, "and 1 more are left out"),
        (lost(9, 90), 5, "and 4 more are left out"),
    ],
)
def test_a_dozen_lost_terms_are_named_unless_they_are_long(
    words: list[str], named: int, more: str
) -> None:
    finding = fixing(report_of([" ".join(["v=spf1", *words, "-all"])]))
    assert finding is not None
    said = Words().finding(finding, CONTEXT)
    assert [word in said for word in words].count(True) == named
    assert (more in said) is (named < len(words))
    assert finding.facts["left_out_every"] == tuple(words)


@given(st.lists(records, min_size=1, max_size=3, unique_by=repr))
@examples(0.25)
def test_mending_what_was_mended_proposes_nothing(drawn: list[tuple[list[str], str]]) -> None:
    texts = list(dict.fromkeys(" ".join(["v=spf1", *each, end]) for each, end in drawn))
    finding = fixing(report_of(texts))
    mended = typed(texts, finding) if finding else texts
    assert fixing(report_of(mended)) is None
    if finding:
        again = dataclasses.replace(finding, fixes=())
        assert "left out" in Words().finding(again, CONTEXT) or not finding.facts["left_out"]
