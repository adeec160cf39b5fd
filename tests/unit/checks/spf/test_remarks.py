"""What is said of SPF records that work: of ptr, and of a redirect that nobody follows."""

from __future__ import annotations

import pytest

from bot.checks.finding import Status
from spf_zones import WORLD, judge, only, replacement, say

REVERSED = (
    WORLD.rstrip()
    + """
25.100.51.198.in-addr.arpa PTR mx1.cow.example.
5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx1.cow.example."""
)


@pytest.mark.parametrize(
    "terms",
    [
        "include:_spf.cow.example ptr",
        "ptr:cow.example include:_spf.cow.example",
        "ptr:cow.example ip4:198.51.100.25 ip6:2001:db8:25::25",
        "mx ptr:friend.example",
    ],
)
async def test_ptr_is_remarked_on_where_something_else_lets_our_server_pass(terms: str) -> None:
    finding = await only(f"v=spf1 {terms} -all", world=REVERSED)
    assert (finding.code, finding.severity, finding.fixes) == ("spf-ptr", Status.INFO, ())
    assert finding.harmless
    assert "our server passes without it" in say(finding)


async def test_ptr_alone_is_warned_of_and_kept_behind_our_own_terms() -> None:
    finding = await only("v=spf1 ptr:cow.example -all", world=REVERSED)
    assert (finding.code, finding.severity) == ("spf-ptr", Status.WARN)
    assert not finding.harmless
    assert replacement(finding) == "v=spf1 include:_spf.cow.example ptr:cow.example -all"
    assert "Only ptr:cow.example" in say(finding)
    after = await only(replacement(finding), world=REVERSED)
    assert (after.code, after.severity) == ("spf-ptr", Status.INFO)


async def test_ptr_in_the_record_that_is_handed_out_is_not_the_members_to_mend() -> None:
    value = "v=spf1 ptr:cow.example -all"
    assert (await judge(value, value=value, world=REVERSED)).findings == ()


@pytest.mark.parametrize("text", ["-all redirect=spf.old.example", "redirect=spf.old.example ~all"])
async def test_a_redirect_beside_all_is_said_to_do_nothing(text: str) -> None:
    verdict = await judge(f"v=spf1 include:_spf.cow.example {text}")
    finding = verdict.findings[-1]
    assert (finding.code, finding.severity, finding.fixes) == (
        "spf-redirect-ignored",
        Status.INFO,
        (),
    )
    assert finding.harmless
    assert "put include:spf.old.example before all" in say(finding)


async def test_a_redirect_without_all_is_followed_and_no_remark() -> None:
    assert (await judge("v=spf1 redirect=_spf.cow.example")).findings == ()


async def test_a_mend_leaves_the_ignored_redirect_out_and_says_so() -> None:
    finding = await only("v=spf1 ip4:192.0.2.1 redirect=spf.old.example -all")
    assert finding.code == "spf-not-authorised"
    assert replacement(finding) == "v=spf1 include:_spf.cow.example ip4:192.0.2.1 -all"
    assert "redirect=spf.old.example is left out" in say(finding)
