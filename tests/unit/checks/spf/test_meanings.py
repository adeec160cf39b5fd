"""What a faulty term was meant to be: only what is certain, and nothing of it lost."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.spf.address_forms import MOST_OF_RANGE, read_addresses
from bot.checks.spf.term_reading import read
from bot.dns.spf_grammar import is_valid_term
from examples import examples


@pytest.mark.parametrize(
    ("word", "what", "meant"),
    [
        ("ip:203.0.113.77", "misspelt", "ip4:203.0.113.77"),
        ("ipv6:2001:db8::7", "misspelt", "ip6:2001:db8::7"),
        ("ipv4=203.0.113.77", "equals-for-colon", "ip4:203.0.113.77"),
        ("~include=:spf.old.example", "punctuation", "~include:spf.old.example"),
        ("-redirect:spf.old.example", "colon-for-equals", "redirect=spf.old.example"),
        ("?ip6:203.0.113.7", "wrong-family", "?ip4:203.0.113.7"),
        ("ip4:192.0.2.1,192.0.2.2", "list", "ip4:192.0.2.1 ip4:192.0.2.2"),
        ("a,mx;ip4:192.0.2.1", "list", "a mx ip4:192.0.2.1"),
        ("~include:a.example,b.example", "list", "~include:a.example ~include:b.example"),
        ("ip4:192.0.2.0/255.255.255.240", "netmask", "ip4:192.0.2.0/28"),
        ("ip4:192.0.2.0/0.0.0.255", "netmask", "ip4:192.0.2.0/24"),
        ("203.0.*.*", "wildcard", "ip4:203.0.0.0/16"),
        ("ip4:203.0.113.x", "wildcard", "ip4:203.0.113.0/24"),
        ("ip4:10.20/16", "bad-address", "ip4:10.20.0.0/16"),
        ("mx:203.0.113.0-255", "range", "ip4:203.0.113.0/24"),
        ("2001:db8::4-2001:db8::7", "range", "ip6:2001:db8::4/126"),
        ("include:<spf.old.example>", "brackets", "include:spf.old.example"),
        ("ip6:[2001:db8::1]", "brackets", "ip6:2001:db8::1"),
        ("exists:(x.example)", "brackets", "exists:x.example"),
        ("mx:mail.old.example:25", "bad-name", "mx:mail.old.example"),
        ("redirect:<spf.old.example>", "colon-for-equals", "redirect=spf.old.example"),
        ("include::spf.old.example", "punctuation", "include:spf.old.example"),
    ],
)
def test_what_was_meant_is_told(word: str, what: str, meant: str) -> None:
    reading = read(f"v=spf1 {word} -all")
    (fault,) = reading.faults
    assert (fault.term, fault.what.value, fault.suggestion) == (word, what, meant)
    assert [term.raw for term in reading.terms] == [*meant.split(), "-all"]
    assert fault.left_out == ()


@pytest.mark.parametrize(
    ("word", "what"),
    [
        ("spf.old.example", "bare-name"),
        ("<spf.old.example>", "bare-name"),
        ("https://spf.old.example/x", "bare-name"),
        ("spf.a.example,spf.b.example", "bare-name"),
        ("ip4:203.0.113.1-254", "range"),
        ("ip4:203.0.113.9-2", "bad-address"),
        ("ip4:203.0.113/25", "bad-address"),
        ("ip4:203.0.*", "bad-address"),
        ("a:203.0.113.77-254", "range"),
        ("include:203.0.113.9-2", "address-for-name"),
        ("a:", "missing-value"),
        ("include:spf..old.example", "bad-name"),
        ("hello", "unknown-word"),
    ],
)
def test_what_is_not_certain_is_not_made_up(word: str, what: str) -> None:
    reading = read(f"v=spf1 {word} -all")
    (fault,) = reading.faults
    assert (fault.what.value, fault.suggestion, fault.left_out) == (what, None, (word,))
    assert [term.raw for term in reading.terms] == ["-all"]


def test_the_parts_of_a_list_that_mean_nothing_are_told_apart() -> None:
    (fault,) = read("v=spf1 ip4:192.0.2.1,junk!,ip4:192.0.2.300,include:a.example -all").faults
    assert fault.suggestion == "ip4:192.0.2.1 include:a.example"
    assert fault.left_out == ("junk!", "ip4:192.0.2.300")


def test_a_blank_before_a_prefix_length_belongs_to_the_network() -> None:
    reading = read("v=spf1 ip4:192.0.2.0 /24 a:mail.example /28 ip4:192.0.2.0 mx /99 -all")
    assert [term.raw for term in reading.terms] == [
        *("ip4:192.0.2.0/24", "a:mail.example/28", "ip4:192.0.2.0", "mx", "-all")
    ]
    assert [fault.left_out for fault in reading.faults] == [(), (), ("/99",)]


@pytest.mark.parametrize(
    "word",
    [
        *("ra=postmaster", "rp=100", "x=%{h}", "a:x_y.example", "exists:%{i}._spf.%{d}"),
        *("include:_spf.a-b.example", "a:*.example", "a:1.2.3.example", "mx/24//64"),
        *("ptr:x.xn--p1ai", "redirect=spf.x1.example.", "exists:a+b.example"),
    ],
)
def test_terms_that_people_do_use_are_no_faults(word: str) -> None:
    assert read(f"v=spf1 {word} -all").faults == ()


@given(first=st.ip_addresses(v=4), more=st.integers(0, 300))
def test_a_range_comes_to_just_its_addresses_or_to_nothing(first: object, more: int) -> None:
    start = int(first)  # type: ignore[call-overload]  # an address is a number as well
    end = min(start + more, 2**32 - 1)
    last = f"{end >> 24}.{end >> 16 & 255}.{end >> 8 & 255}.{end & 255}"
    form = read_addresses(f"{first}-{last}")
    assert form is not None
    assert len(form.terms) <= MOST_OF_RANGE
    sizes = [2 ** (32 - int(term.partition("/")[2] or 32)) for term in form.terms]
    assert sum(sizes) == (end - start + 1 if form.terms else 0)


@given(text=st.text(st.sampled_from("0123456789./*-x:,af"), max_size=24))
@examples(2.0)
def test_addresses_are_read_into_valid_terms_whatever_is_written(text: str) -> None:
    form = read_addresses(text)
    if form is not None:
        assert all(is_valid_term(term) for term in form.terms)


def test_the_longest_records_are_read_in_time() -> None:
    for word in ("ip4:1.2.3.4,", "x.y,", "<", "a:b,", "1-", "....", "include:http://a@b,", "/24 "):
        text = f"v=spf1 {word * (4_000 // len(word))} -all"
        assert min(_time_of_reading(text) for _ in range(3)) < 0.25  # once Python may tidy up


def _time_of_reading(text: str) -> float:
    started = time.process_time()
    read(text)
    return time.process_time() - started


@pytest.mark.parametrize(("before", "meant"), [(19, "include:a.b"), (20, "inclde=a.b")])
def test_only_so_many_unknown_modifiers_are_compared_to_known_ones(before: int, meant: str) -> None:
    unknown = [f"x{number}=y" for number in range(before)]
    reading = read(" ".join(["v=spf1", *unknown, "inclde=a.b", "-all"]))
    assert reading.terms[-2].raw == meant
