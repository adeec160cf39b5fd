"""The grammar of SPF terms and records, beside spftrace's reading of it."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import spftrace_evaluation
from bot.dns.spf_grammar import SpfTerm, is_valid_term, read_record, read_term
from bot.dns.spf_target import target_of
from spf_strategies import spf_terms

PARTS = (
    *("a", "mx", "ptr", "all", "include", "exists", "ip4", "ip6", "redirect", "exp", "x"),
    *("-", "+", "~", "?", ":", "=", "/", "//", ".", "..", "%", "{", "}", "%%", "%_", "%-"),
    *("%{d}", "%{ir}", "%{l1r-}", "%{d0}", "%{d00}", "%{c}", "%{S}", "%{q}", "%{h10r+,/_=}"),
    *("0", "1", "24", "32", "33", "128", "129", "255", "256", "01", "192.0.2.1", "2001:db8::"),
    *("::", "foo.example", "com", "9.9", "a-b", "-b", "b-", "_", "!", "é", "\x7f", "\t"),
    *("\u017f", "\u212a", "\u0130", "\u0131", "%{\u017f}"),  # letters in lower or upper case only
    *("x" * 63, "x" * 64, "y." * 120),
)
heads = st.sampled_from(
    ["", "a:", "mx:", "include:", "exists:", "ptr:", "ip4:", "ip6:", "a/", "redirect=", "exp=", "-"]
)
glued = st.builds("{}{}".format, heads, st.lists(st.sampled_from(PARTS), max_size=5).map("".join))


@given(term=glued | spf_terms)
def test_terms_are_valid_where_spftrace_takes_them(term: str) -> None:
    # It reads zone ids as parts of addresses, and trips over them in its own evaluation.
    if not re.search(r"ip6:.*%", term, re.IGNORECASE):
        assert is_valid_term(term) is spftrace_evaluation.is_valid_term(term)


@pytest.mark.parametrize("letter", ["\u017f", "\u212a", "\u0130", "\u0131"])
@pytest.mark.parametrize(
    "term", ["a:{}.example", "{}=a", "x=%{{{}}}", "a:b.{}x", "a:%{{d}}.{}", "a:{}.%{{d}}"]
)
def test_letters_whose_other_case_is_of_ascii_break_the_grammar(term: str, letter: str) -> None:
    assert not is_valid_term(term.format(letter))


@pytest.mark.parametrize(
    ("raw", "term"),
    [
        ("-ALL", SpfTerm("-ALL", "all", "-")),
        ("mx", SpfTerm("mx", "mx", "+")),
        ("a/24//64", SpfTerm("a/24//64", "a", "+", None, length4=24, length6=64)),
        (
            "a:x/y.example",
            SpfTerm("a:x/y.example", "a", "+", "x/y.example", target=target_of("x/y.example")),
        ),
        (
            "exists:%{i}.b.example",
            SpfTerm("exists:%{i}.b.example", "exists", "+", "%{i}.b.example"),
        ),
        ("ip4:192.0.2.1/31", SpfTerm("ip4:192.0.2.1/31", "ip4", "+", None, 0xC0000201, 31)),
        ("~ip6:::1", SpfTerm("~ip6:::1", "ip6", "~", None, 1)),
        (
            "Redirect=A.example.",
            SpfTerm(
                "Redirect=A.example.", "redirect", "", "A.example.", target=target_of("A.example")
            ),
        ),
    ],
)
def test_terms_are_read_into_their_parts(raw: str, term: SpfTerm) -> None:
    assert read_term(raw) == term


@pytest.mark.parametrize(
    ("text", "faulty"),
    [
        ("v=spf1 mx  -all ", None),
        ("v=spf1 mx include: foo", "include:"),
        ("v=spf1 exp=a.example redirect=a.example EXP=b.example", "EXP=b.example"),
        ("v=spf1 x=1 x=2 -all", None),
        ("v=spf1 ip6:fe80::1%1/128 -all", "ip6:fe80::1%1/128"),
        ("v=spf1 a:x.ip6:%{i}.example -all", None),
    ],
)
def test_the_first_term_that_breaks_the_grammar_is_told(text: str, faulty: str | None) -> None:
    assert read_record(text).faulty == faulty


@pytest.mark.parametrize(
    "piece", ["a", "1", "-", ".", "/", "//1", "%%", "%{d", "%{d0", "%{d}", "x.", "a/1", ":", "="]
)
@pytest.mark.parametrize("head", ["", "a:", "redirect=", "x=", "ip4:", "ip6:", "x.example/"])
def test_reading_a_long_term_takes_time_in_proportion(head: str, piece: str) -> None:
    started = time.process_time()
    read_record(f"v=spf1 {head}{piece * (16_384 // len(piece))}!")
    assert time.process_time() - started < 0.1
