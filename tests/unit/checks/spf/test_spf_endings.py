"""How an SPF record ends: too open, too soft, too early or not at all."""

from __future__ import annotations

import pytest

from bot.checks.finding import Status
from spf_zones import VALUE, judge, only, replacement


@pytest.mark.parametrize(
    ("text", "term", "through"),
    [
        ("include:_spf.cow.example +all", "+all", ""),
        ("include:_spf.cow.example all", "all", ""),
        ("include:_spf.cow.example ip4:0.0.0.0/0 -all", "ip4:0.0.0.0/0", ""),
        ("include:_spf.cow.example ip6:::/0 -all", "ip6:::/0", ""),
        ("include:_spf.cow.example include:open.example -all", "+all", "include:open.example"),
        ("include:open.example -all", "+all", "include:open.example"),
        ("mx redirect=open.example", "+all", "redirect=open.example"),
    ],
)
async def test_a_record_that_lets_everybody_send_is_refused(
    text: str, term: str, through: str
) -> None:
    finding = await only(f"v=spf1 {text}")
    assert (finding.code, finding.severity) == ("spf-plus-all", Status.FAIL)
    assert (finding.facts["term"], finding.facts["through"]) == (term, through)
    assert replacement(finding) in {VALUE, "v=spf1 include:_spf.cow.example mx -all"}


async def test_plus_all_is_seen_without_a_strangers_evaluation() -> None:
    finding = await only("v=spf1 include:_spf.cow.example +all", stranger=False)
    assert finding.code == "spf-plus-all"


async def test_our_include_after_all_is_not_read() -> None:
    finding = await only("v=spf1 mx:spf.old.example -all include:_spf.cow.example")
    assert finding.code == "spf-after-all"
    assert finding.facts["terms"] == ("include:_spf.cow.example",)
    merged = "v=spf1 include:_spf.cow.example mx:spf.old.example -all"
    assert replacement(finding) == merged


async def test_other_senders_after_all_are_brought_before_it() -> None:
    finding = await only("v=spf1 mx -all include:spf.old.example")
    assert finding.code == "spf-after-all"
    merged = "v=spf1 include:_spf.cow.example mx include:spf.old.example -all"
    assert replacement(finding) == merged


async def test_terms_after_all_are_not_the_cause_where_none_of_them_is_ours() -> None:
    assert (await only("v=spf1 a -all ip4:192.0.2.1")).code == "spf-not-authorised"


async def test_an_exp_after_all_is_fine() -> None:
    verdict = await judge("v=spf1 include:_spf.cow.example -all exp=why.friend.example")
    assert verdict.status is Status.PASS


@pytest.mark.parametrize(
    ("text", "neutral"),
    [("v=spf1 include:_spf.cow.example", False), ("v=spf1 mx ?all", True)],
)
async def test_a_record_without_an_end_warns(text: str, *, neutral: bool) -> None:
    finding = await only(text)
    assert (finding.code, finding.severity) == ("spf-no-all", Status.WARN)
    assert finding.facts["neutral"] is neutral
    assert replacement(finding).endswith(" -all")


async def test_softfail_is_worth_knowing_only() -> None:
    finding = await only("v=spf1 include:_spf.cow.example ~all")
    assert (finding.code, finding.severity, finding.fixes) == ("spf-softfail", Status.INFO, ())


async def test_softfail_is_right_where_it_is_handed_out() -> None:
    value = "v=spf1 include:_spf.cow.example ~all"
    assert (await judge(value, value=value)).findings == ()
    assert (await judge("v=spf1 mx ~all", value=value)).findings == ()
    finding = await only("v=spf1 include:spf.old.example -all", value=value)
    assert replacement(finding).endswith(" include:spf.old.example ~all")


@pytest.mark.parametrize(
    "value", ["v=spf1 mx ?all", "v=spf1 mx", "v=spf1 redirect=_spf.cow.example"]
)
async def test_the_record_handed_out_is_never_found_fault_with(value: str) -> None:
    assert (await judge(value, value=value)).findings == ()


async def test_a_redirect_handed_out_becomes_an_include_beside_others() -> None:
    value = "v=spf1 redirect=_spf.cow.example"
    finding = await only("v=spf1 include:spf.old.example ~all", value=value)
    merged = "v=spf1 include:_spf.cow.example include:spf.old.example -all"
    assert replacement(finding) == merged
