"""SPF records put together: what is kept, what it costs, and whom it lets pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.spf.left_out import LeftOut, LeftOutReason
from bot.checks.spf.merge import (
    count_lookups,
    find_open_terms,
    merge,
    strictness,
    terms_after_all,
)
from bot.checks.spf.term_reading import read
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import SpfStep, evaluate
from spf_strategies import spf_records

if TYPE_CHECKING:
    from bot.dns.owner_name import AnyName

VALUE = "v=spf1 include:_spf.cow.example -all"
OURS = ("198.51.100.25", "2001:db8:25::25")


async def ask_server_only(
    name: AnyName, rdtype: str | dns.rdatatype.RdataType, member: str = ""
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
    async def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        return await ask_server_only(name, rdtype, record)

    async def run() -> set[str]:
        came = [await evaluate(ask, address, "friend.example") for address in OURS]
        return {evaluation.result for evaluation in came}

    return asyncio.run(run())


values = st.sampled_from(
    [
        VALUE,
        "v=spf1 include:_spf.cow.example ~all",
        "v=spf1 redirect=_spf.cow.example",
        "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all",
    ]
)


@given(value=values, texts=st.lists(spf_records, max_size=3))
def test_a_merged_record_lets_our_server_pass_whatever_it_was_merged_of(
    value: str, texts: list[str]
) -> None:
    merged = merge(value, texts, {})
    assert results_of(merged.text) == {"pass"}
    assert read(merged.text).faults == ()
    assert not find_open_terms("friend.example", merged.text, {})
    assert terms_after_all(merged.text) == ()


@given(text=spf_records)
def test_merging_twice_changes_nothing(text: str) -> None:
    merged = merge(VALUE, [text], {}).text
    assert merge(VALUE, [merged], {}).text == merged


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
    merged = merge(
        VALUE,
        ["v=spf1 include:Gone.example a -all"],
        {},
        {"include:gone.example": LeftOutReason.NOWHERE},
    )
    assert merged.kept == ("a",)
    assert merged.left_out == (LeftOut("include:Gone.example", LeftOutReason.NOWHERE),)


def test_lookups_are_counted_through_known_includes() -> None:
    policies = {"x.example": "v=spf1 a mx include:y.example", "y.example": "v=spf1 exists:z.w"}
    assert count_lookups("v=spf1 include:x.example ip4:192.0.2.1 -all", policies) == 5
    eleven = " ".join(f"a:h{i}.example" for i in range(11))
    assert merge(VALUE, [f"v=spf1 {eleven}"], {}).over_limit


def test_records_that_include_each_other_many_times_are_read_once() -> None:
    chain = {
        f"p{i}.example": "v=spf1 " + f"include:p{i + 1}.example " * 10 + "-all" for i in range(20)
    }
    assert find_open_terms("friend.example", "v=spf1 include:p0.example", chain) == ()
    assert count_lookups("v=spf1 include:p0.example", chain) > 10


def test_the_way_through_an_open_door_is_told() -> None:
    policies = {"x.example": "v=spf1 redirect=y.example", "y.example": "v=spf1 a all"}
    assert find_open_terms("f.example", "v=spf1 mx include:x.example -all", policies) == (
        SpfStep("f.example", "include:x.example"),
        SpfStep("x.example", "redirect=y.example"),
        SpfStep("y.example", "all"),
    )
    assert find_open_terms("f.example", "v=spf1 mx -include:x.example -all", policies) == ()
    assert find_open_terms("f.example", "v=spf1 -all +all", {}) == ()


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
