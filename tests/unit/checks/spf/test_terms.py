"""Our own reading of SPF terms, and records merged by it."""

from __future__ import annotations

import asyncio

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.checks.spf.merge import (
    count_lookups,
    find_open_door,
    merge,
    strictness,
    terms_after_all,
)
from bot.checks.spf.terms import (
    Term,
    TermFault,
    TermFaultKind,
    names_own_mx,
    plain,
    read,
    same_record,
)
from bot.checks.spf.texts import SpfTextKind, find_strange_character, sort_texts
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import SpfStep, evaluate
from bot.dns.spf_grammar import is_valid_term

VALUE = "v=spf1 include:_spf.cow.example -all"
OURS = ("198.51.100.25", "2001:db8:25::25")


async def ask_server_only(
    name: str | dns.name.Name, rdtype: str | dns.rdatatype.RdataType, member: str = ""
) -> Answer:
    """Answer for a world of the mail server's SPF record and a member's."""
    question = Question.of(name, rdtype)
    texts = {
        Question.of("_spf.cow.example", "TXT"): "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all",
        Question.of("friend.example", "TXT"): member,
    }
    if question not in texts:
        return Answer(question, Outcome.NXDOMAIN)
    raw = texts[question].encode()
    parts = [raw[i : i + 255] for i in range(0, len(raw), 255)]
    wire = b"".join(bytes([len(part)]) + part for part in parts)
    rdata = dns.rdata.from_wire("IN", "TXT", wire, 0, len(wire))
    return Answer(question, Outcome.RECORDS, (rdata,))


def results_of(record: str) -> set[str]:
    async def ask(name: str | dns.name.Name, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        return await ask_server_only(name, rdtype, record)

    async def run() -> set[str]:
        came = [await evaluate(ask, address, "friend.example") for address in OURS]
        return {evaluation.result for evaluation in came}

    return asyncio.run(run())


names = st.sampled_from(["a.example", "spf.old.example", "_spf.cow.example", "x.y.example."])
mechanisms = st.one_of(
    st.sampled_from(["a", "mx", "ptr", "all", "a/24", "mx//64", "ip4:0.0.0.0/0", "ip6:::/0"]),
    st.builds("{}:{}".format, st.sampled_from(["a", "mx", "include", "exists", "ptr"]), names),
    st.builds("ip4:{}".format, st.ip_addresses(v=4)),
    st.builds("ip6:{}".format, st.ip_addresses(v=6)),
)
terms = st.one_of(
    st.builds("{}{}".format, st.sampled_from(["", "+", "-", "~", "?"]), mechanisms),
    st.builds("{}={}".format, st.sampled_from(["redirect", "exp", "include", "op", "v"]), names),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12),
    st.sampled_from(["include:", "a", "–all", "-", "ip4:", "redirect:a.example", "inlcude:a.b"]),
)
records = st.lists(terms, max_size=14).map(lambda words: " ".join(["v=spf1", *words]))
values = st.sampled_from(
    [
        VALUE,
        "v=spf1 include:_spf.cow.example ~all",
        "v=spf1 redirect=_spf.cow.example",
        "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all",
    ]
)


@settings(deadline=None, max_examples=150)
@given(value=values, texts=st.lists(records, max_size=3))
def test_a_merged_record_lets_our_server_pass_whatever_it_was_merged_of(
    value: str, texts: list[str]
) -> None:
    merged = merge(value, texts, {})
    assert results_of(merged.text) == {"pass"}
    assert read(merged.text).faults == ()
    assert not find_open_door("friend.example", merged.text, {})
    assert terms_after_all(merged.text) == ()


@settings(deadline=None, max_examples=150)
@given(text=records)
def test_merging_twice_changes_nothing(text: str) -> None:
    merged = merge(VALUE, [text], {}).text
    assert merge(VALUE, [merged], {}).text == merged


@settings(deadline=None, max_examples=300)
@given(word=terms | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF), max_size=20))
def test_a_record_without_faults_follows_the_grammar(word: str) -> None:
    reading = read(f"v=spf1 {word}")
    if not reading.faults:
        assert all(is_valid_term(part) for part in word.split(" ") if part)
    assert all(is_valid_term(term.raw) for term in reading.terms)


def test_all_valid_senders_are_kept_in_their_order_and_once() -> None:
    texts = (
        "v=spf1 a mx:x.example ip4:192.0.2.1 ~include:y.example ~all",
        "v=spf1 +A ip4:192.0.2.1/32 include:Y.example. exp=e.example redirect=z.example",
    )
    merged = merge(VALUE, texts, {})
    kept = ("a", "mx:x.example", "ip4:192.0.2.1", "~include:y.example", "include:z.example")
    assert merged.kept == kept
    joined = " ".join(kept)
    assert merged.text == f"v=spf1 include:_spf.cow.example {joined} exp=e.example -all"
    assert not merged.over_limit


def test_a_redirect_beside_all_is_not_kept() -> None:
    assert merge(VALUE, ["v=spf1 redirect=z.example -all"], {}).text == VALUE


def test_includes_that_let_everybody_pass_are_not_kept() -> None:
    policies = {"x.example": "v=spf1 include:y.example", "y.example": "v=spf1 +all"}
    assert merge(VALUE, ["v=spf1 include:x.example -all"], policies).text == VALUE


def test_terms_that_were_dropped_are_not_kept() -> None:
    merged = merge(VALUE, ["v=spf1 include:Gone.example a -all"], {}, {"include:gone.example"})
    assert merged.kept == ("a",)


def test_lookups_are_counted_through_known_includes() -> None:
    policies = {"x.example": "v=spf1 a mx include:y.example", "y.example": "v=spf1 exists:z.w"}
    assert count_lookups("v=spf1 include:x.example ip4:192.0.2.1 -all", policies) == 5
    eleven = " ".join(f"a:h{i}.example" for i in range(11))
    assert merge(VALUE, [f"v=spf1 {eleven}"], {}).over_limit


def test_records_that_include_each_other_many_times_are_read_once() -> None:
    chain = {
        f"p{i}.example": "v=spf1 " + f"include:p{i + 1}.example " * 10 + "-all" for i in range(20)
    }
    assert find_open_door("friend.example", "v=spf1 include:p0.example", chain) == ()
    assert count_lookups("v=spf1 include:p0.example", chain) > 10


def test_the_way_through_an_open_door_is_told() -> None:
    policies = {"x.example": "v=spf1 redirect=y.example", "y.example": "v=spf1 a all"}
    assert find_open_door("f.example", "v=spf1 mx include:x.example -all", policies) == (
        SpfStep("f.example", "include:x.example"),
        SpfStep("x.example", "redirect=y.example"),
        SpfStep("y.example", "all"),
    )
    assert find_open_door("f.example", "v=spf1 mx -include:x.example -all", policies) == ()
    assert find_open_door("f.example", "v=spf1 -all +all", {}) == ()


@pytest.mark.parametrize(
    ("text", "strict"),
    [
        ("v=spf1 -all", 3),
        ("v=spf1 a ~all +all", 2),
        ("v=spf1", 1),
        ("v=spf1 redirect=x.example", 3),
        ("v=spf1 redirect=unknown.example", None),
        ("v=spf1 redirect=loop.example", None),
    ],
)
def test_strictness_follows_redirects(text: str, strict: int | None) -> None:
    policies = {"x.example": "v=spf1 -all", "loop.example": "v=spf1 redirect=loop.example"}
    assert strictness(text, policies) == strict


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


def test_a_terms_parts_are_told_apart() -> None:
    term = Term.of("~MX:x.example/24//64")
    assert (term.qualifier, term.name, term.separator, term.value) == (
        "~",
        "mx",
        ":",
        "x.example/24//64",
    )


def test_texts_are_sorted_by_what_they_are() -> None:
    texts = (b"v=spf1", b" v=spf1 a", b"v=spf1\xa0a", b"v=spf1\ta", b"v=spf1,mx", b"spf2.0/pra mx")
    assert [text.kind for text in sort_texts(texts)] == [
        SpfTextKind.RECORD,
        SpfTextKind.LEADING_SPACE,
        SpfTextKind.NON_ASCII,
        SpfTextKind.CONTROL,
        SpfTextKind.VERSION,
    ]


@pytest.mark.parametrize(
    ("text", "number", "looks", "meant"),
    [
        ("v=spf1 —all", "U+2014", "dash", "-all"),
        ("v=spf1 a\u00a0-all", "U+00A0", "blank", "a -all"),
        ("v=spf1 \u200b-all", "U+200B", "invisible", "-all"),
        ("v=spf1 ”mx", "U+201D", "quote", "mx"),
        ("v=spf1 include:køl.example", "U+00F8", "letter", "include:køl.example"),
    ],
)
def test_the_first_strange_character_is_named(
    text: str, number: str, looks: str, meant: str
) -> None:
    strange = find_strange_character(text)
    assert strange is not None
    assert (strange.number, strange.looks, strange.meant) == (number, looks, meant)


def test_plain_text_has_no_strange_character() -> None:
    assert find_strange_character(VALUE) is None
    assert plain("v=spf1\u3000include\uff1aa.example \uff0dall") == "v=spf1 include:a.example -all"
