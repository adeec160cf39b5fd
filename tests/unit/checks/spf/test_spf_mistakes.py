"""Mistakes in the writing of an SPF record, and what was meant by them."""

from __future__ import annotations

import pytest

from spf_zones import VALUE, only, replacement, say


@pytest.mark.parametrize(
    ("text", "term", "what", "suggestion"),
    [
        (
            "include: _spf.cow.example -all",
            "include:",
            "blank-after-colon",
            "include:_spf.cow.example",
        ),
        ("include _spf.cow.example -all", "include", "blank-for-colon", "include:_spf.cow.example"),
        ("mx - all", "-", "blank-after-sign", "-all"),
        (
            "include=_spf.cow.example -all",
            "include=_spf.cow.example",
            "equals-for-colon",
            "include:_spf.cow.example",
        ),
        (
            "redirect:_spf.cow.example",
            "redirect:_spf.cow.example",
            "colon-for-equals",
            "redirect=_spf.cow.example",
        ),
        ("mx -all.", "-all.", "punctuation", "-all"),
        ("mx, -all", "mx,", "punctuation", "mx"),
        ("ip4:198.51.100 -all", "ip4:198.51.100", "bad-address", ""),
        ("ip4:198.51.100.0/33 -all", "ip4:198.51.100.0/33", "bad-prefix", ""),
        ("ip4:2001:db8:25::25 -all", "ip4:2001:db8:25::25", "wrong-family", "ip6:2001:db8:25::25"),
        (
            "ip4:mx1.cow.example -all",
            "ip4:mx1.cow.example",
            "name-for-address",
            "a:mx1.cow.example",
        ),
        ("a:198.51.100.25 -all", "a:198.51.100.25", "address-for-name", "ip4:198.51.100.25"),
        ("198.51.100.25 -all", "198.51.100.25", "address-for-name", "ip4:198.51.100.25"),
        ("include:spf -all", "include:spf", "bad-name", ""),
        ("mx include -all", "include", "missing-value", ""),
        (
            "inlcude:_spf.cow.example -all",
            "inlcude:_spf.cow.example",
            "misspelt",
            "include:_spf.cow.example",
        ),
        ("exp=a.example exp=b.example -all", "exp=b.example", "twice", ""),
        ("mx v=spf1 a -all", "v=spf1", "version-twice", ""),
        ("hello -all", "hello", "unknown-word", ""),
    ],
)
async def test_a_mistake_is_named_with_its_term_and_what_was_meant(
    text: str, term: str, what: str, suggestion: str
) -> None:
    finding = await only(f"v=spf1 {text}")
    assert finding.code == "spf-syntax"
    assert (finding.facts["term"], finding.facts["what"]) == (term, what)
    assert finding.facts["suggestion"] == suggestion
    assert replacement(finding).startswith("v=spf1 include:_spf.cow.example ")
    assert "nothing that SPF knows" not in say(finding) or what == "unknown-word"


async def test_what_was_meant_is_kept_in_the_fix() -> None:
    finding = await only("v=spf1 include=spf.old.example -all")
    merged = "v=spf1 include:_spf.cow.example include:spf.old.example -all"
    assert replacement(finding) == merged


@pytest.mark.parametrize(
    ("text", "code", "what"),
    [
        (b"v=spf1;include:_spf.cow.example -all", "spf-syntax", "version"),
        (b"v=spf1include:_spf.cow.example -all", "spf-blank-lost", None),
        (b"v = spf1 include:_spf.cow.example -all", "spf-syntax", "version"),
        (b"spf1 include:_spf.cow.example -all", "spf-syntax", "version"),
        (b"v=spf1\tinclude:_spf.cow.example -all", "spf-syntax", "control-character"),
        (b"v=spf1 include:_spf.cow.example\n-all", "spf-syntax", "control-character"),
        (b"  v=spf1 include:_spf.cow.example -all", "spf-leading-space", None),
        (b"v=spf1 include:_spf.cow.example \xe2\x80\x93all", "spf-non-ascii", None),
        (b"v=spf1 include:_spf.cow.example \x96all", "spf-non-ascii", None),
        (b"v=spf1\xc2\xa0include:_spf.cow.example -all", "spf-non-ascii", None),
        (b"\xef\xbb\xbfv=spf1 include:_spf.cow.example -all", "spf-non-ascii", None),
        ("v=spf1 include:_spf.cow.example “-all”".encode(), "spf-non-ascii", None),
    ],
)
async def test_a_near_miss_is_repaired(text: bytes, code: str, what: str | None) -> None:
    finding = await only(text)
    assert (finding.code, finding.facts.get("what")) == (code, what)
    assert replacement(finding) == VALUE


async def test_the_long_dash_is_named() -> None:
    finding = await only("v=spf1 include:_spf.cow.example –all")
    facts = {"character": "U+2013", "looks": "dash", "term": "–all", "suggestion": "-all"}
    assert finding.facts.items() >= facts.items()
    assert (finding.facts["kept_count"], finding.facts["left_out_count"]) == (0, 0)


@pytest.mark.parametrize("text", ["spf2.0/pra mx -all", "v=spf10", "spfoo", "about v=spf1 and all"])
async def test_other_texts_are_no_near_misses(text: str) -> None:
    assert (await only(text)).code == "spf-missing"


async def test_a_record_that_begins_with_something_else_is_no_record_but_meant_as_one() -> None:
    finding = await only("include:spf.old.example v=spf1 -all")
    assert (finding.code, finding.facts["what"]) == ("spf-syntax", "version")
    assert replacement(finding) == "v=spf1 include:_spf.cow.example include:spf.old.example -all"


@pytest.mark.parametrize("value", ["https://_spf.cow.example", "me@_spf.cow.example"])
async def test_a_link_or_an_address_is_no_domain_to_include(value: str) -> None:
    finding = await only(f"v=spf1 include:{value} -all")
    assert (finding.code, finding.facts["what"]) == ("spf-syntax", "bad-name")
    assert finding.facts["suggestion"] == "include:_spf.cow.example"
