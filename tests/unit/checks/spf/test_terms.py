"""SPF terms: their parts, their faults, and records compared by what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.spf.term_faults import TermFault, TermFaultKind
from bot.checks.spf.term_reading import read
from bot.checks.spf.terms import Term, names_own_mx, same_record
from bot.dns.spf_grammar import is_valid_term
from spf_strategies import spf_terms


@given(
    word=spf_terms | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF), max_size=20)
)
def test_a_record_without_faults_follows_the_grammar(word: str) -> None:
    reading = read(f"v=spf1 {word}")
    if not reading.faults:
        assert all(is_valid_term(part) for part in word.split(" ") if part)
    assert all(is_valid_term(term.raw) for term in reading.terms)


def test_records_are_compared_by_what_they_say() -> None:
    assert same_record("v=spf1 +MX  ip4:192.0.2.1/32 -all", "V=SPF1 mx ip4:192.0.2.1 -all")
    assert same_record("v=spf1 ip6:2001:DB8:0::1", "v=spf1 ip6:2001:db8::1/128")
    assert not same_record("v=spf1 mx -all", "v=spf1 mx ~all")
    assert not same_record("v=spf1 a mx", "v=spf1 mx a")
    assert not same_record("v=spf1 redirect=a.example", "v=spf1 include:a.example")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("v=spf1 mx -all", True),
        ("v=spf1 a MX/24 -all", True),
        ("v=spf1 mx:other.example -all", False),
        ("v=spf1 -all mx", False),
        ("v=spf1 ?mx -all", False),
        ("mx", False),
    ],
)
def test_a_record_that_rests_on_the_domains_mx_is_known(text: str, *, named: bool) -> None:
    assert names_own_mx(text) is named


def test_unknown_modifiers_are_no_fault() -> None:
    assert read("v=spf1 ra=postmaster rp=100 -all").faults == ()


def test_a_fault_does_not_swallow_the_words_after_it() -> None:
    reading = read("v=spf1 include: _spf.cow.example a: mx - -all")
    assert [term.raw for term in reading.terms] == ["include:_spf.cow.example", "mx", "-all"]
    assert reading.faults == (
        TermFault("include:", TermFaultKind.BLANK_AFTER_COLON, "include:_spf.cow.example"),
        TermFault("a:", TermFaultKind.MISSING_VALUE),
        TermFault("-", TermFaultKind.UNKNOWN_WORD),
    )


def test_a_network_that_has_host_bits_is_an_address_all_the_same() -> None:
    (fault,) = read("v=spf1 a:192.0.2.5/24 -all").faults
    assert (fault.what, fault.suggestion) == (TermFaultKind.ADDRESS_FOR_NAME, "ip4:192.0.2.5/24")


def test_a_terms_parts_are_told_apart() -> None:
    term = Term.of("~MX:x.example/24//64")
    assert (term.qualifier, term.name, term.separator, term.value) == (
        "~",
        "mx",
        ":",
        "x.example/24//64",
    )
