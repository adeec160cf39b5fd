"""Who may send by the SPF record of a domain, and whom the record to be typed keeps."""

from __future__ import annotations

import pytest

from bot.checks.finding import FixAction, Status
from bot.words import Words
from spf_zones import DOMAIN, OURS, VALUE, judge, only, replacement, say


async def test_the_record_that_was_handed_out_passes() -> None:
    verdict = await judge(VALUE, "google-site-verification=1")
    assert (verdict.status, verdict.findings, verdict.note) == (Status.PASS, (), None)
    assert (verdict.expected, verdict.found) == ((VALUE,), (VALUE,))


async def test_it_passes_in_another_spelling_without_a_note() -> None:
    verdict = await judge("V=SPF1  +include:_SPF.Cow.Example.   -ALL ")
    assert (verdict.status, verdict.note) == (Status.PASS, None)


async def test_another_record_that_allows_us_passes_with_a_note() -> None:
    verdict = await judge("v=spf1 mx -all")
    assert verdict.status is Status.PASS
    assert verdict.note is not None
    assert (verdict.note.code, dict(verdict.note.facts)) == (
        "spf-written-differently",
        {"term": "mx"},
    )
    text = Words().note(verdict.note, {})
    assert text == "written differently, but it allows our server (mx)"


@pytest.mark.parametrize(
    "text", ["v=spf1 redirect=_spf.cow.example", "v=spf1 include:spf.old.example mx/24 -all"]
)
async def test_redirects_and_other_senders_are_fine(text: str) -> None:
    assert (await judge(text)).status is Status.PASS


async def test_a_missing_record_is_added() -> None:
    finding = await only("something else")
    assert (finding.code, finding.severity) == ("spf-missing", Status.FAIL)
    (fix,) = finding.fixes
    assert (fix.action, fix.value, fix.owner) == (FixAction.ADD, VALUE, DOMAIN.name)
    assert (await only()).code == "spf-missing"


async def test_two_records_become_one_that_keeps_the_other_sender() -> None:
    other = "v=spf1 include:spf.registrar.example ~all"
    finding = await only(other, VALUE)
    assert (finding.code, finding.facts["count"]) == ("spf-multiple", 2)
    first, second = finding.fixes
    assert (first.action, first.old) == (FixAction.REPLACE, other)
    assert first.value == "v=spf1 include:_spf.cow.example include:spf.registrar.example -all"
    assert (second.action, second.value) == (FixAction.DELETE, VALUE)


async def test_of_two_records_the_right_one_stays() -> None:
    finding = await only("v=spf1 -all", VALUE)
    assert [(fix.action, fix.value) for fix in finding.fixes] == [(FixAction.DELETE, "v=spf1 -all")]


async def test_an_old_record_that_does_not_allow_us_is_merged() -> None:
    finding = await only("v=spf1 include:spf.old.example ~all")
    assert (finding.code, finding.severity) == ("spf-not-authorised", Status.FAIL)
    assert finding.facts["addresses"] == OURS
    assert (finding.facts["allowed"], finding.facts["result"]) == ((), "softfail")
    assert finding.facts["kept"] == ("include:spf.old.example",)
    merged = "v=spf1 include:_spf.cow.example include:spf.old.example -all"
    assert replacement(finding) == merged


async def test_only_the_address_that_is_refused_is_named() -> None:
    finding = await only("v=spf1 ip4:198.51.100.25 -all")
    assert finding.code == "spf-not-authorised"
    assert (finding.facts["addresses"], finding.facts["allowed"]) == (OURS[1:], OURS[:1])
    assert OURS[1] in say(finding)


@pytest.mark.parametrize(
    "own", ["ip4:198.51.100.25", "ip4:198.51.100.25/32 a:MX1.cow.example.", "ip6:2001:DB8:25:0::25"]
)
async def test_the_mail_host_itself_is_no_other_sender(own: str) -> None:
    finding = await only(f"v=spf1 {own} ?mx ip4:192.0.2.1 ?all")
    merged = "v=spf1 include:_spf.cow.example ?mx ip4:192.0.2.1 -all"
    assert replacement(finding) == merged
    assert finding.facts["kept"] == ("?mx", "ip4:192.0.2.1")


async def test_other_senders_that_are_not_named_are_counted() -> None:
    finding = await only("v=spf1 " + " ".join(f"ip4:192.0.2.{i}" for i in range(8)) + " -all")
    assert finding.facts["kept_count"] == 8
    assert "keeps ip4:192.0.2.0, ip4:192.0.2.1, ip4:192.0.2.2 and 5 more:" in say(finding)


async def test_the_obsolete_type_is_made_again_as_txt() -> None:
    finding = await only("site=1", obsolete=[b"v=spf1 include:spf.old.example -all"])
    assert finding.code == "spf-type99"
    (fix,) = finding.fixes
    assert (fix.action, fix.type) == (FixAction.ADD, "TXT")
    assert fix.value == "v=spf1 include:_spf.cow.example include:spf.old.example -all"


async def test_the_obsolete_type_beside_txt_does_not_matter() -> None:
    assert (await judge(VALUE, obsolete=[b"v=spf1 -all"])).status is Status.PASS
