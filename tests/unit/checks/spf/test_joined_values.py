"""Two values in one TXT record: where one ends, and what each of them is."""

from __future__ import annotations

import time

import pytest

from bot.checks.finding import FixAction, Status
from bot.checks.spf.joined_values import split_joined
from spf_zones import VALUE, judge, only, say

SPF = "v=spf1 mx -all"


@pytest.mark.parametrize(
    ("strings", "others"),
    [
        (["site-verification=abc", SPF], ["site-verification=abc"]),
        (["site-verification=abc" + SPF], ["site-verification=abc"]),
        (["MS=ms1 site-verification=abc " + SPF], ["MS=ms1", "site-verification=abc"]),
        (["MS=ms1\r\n" + SPF], ["MS=ms1"]),
        (["abc123", SPF], ["abc123"]),
        (["some words of mine ", SPF], ["some words of mine"]),
        ([SPF + "google-site-verification=abc"], ["google-site-verification=abc"]),
        ([SPF + " google-site-verification=abc"], ["google-site-verification=abc"]),
        (
            [SPF + "\ngoogle-site-verification=abc MS=ms1"],
            ["google-site-verification=abc", "MS=ms1"],
        ),
        (["v=spf1 mx MS=ms1 -all"], ["MS=ms1"]),
        ([SPF, "abc123"], ["abc123"]),
        ([f'"{SPF}" "MS=ms1"'], ["MS=ms1"]),
        ([f'{SPF}"MS=ms1'], ["MS=ms1"]),
        ([SPF + "brevo=abc"], ["brevo=abc"]),
    ],
)
def test_a_value_that_is_no_spf_is_taken_out_whole(strings: list[str], others: list[str]) -> None:
    joined = split_joined(strings)
    assert joined is not None
    assert (joined.spf, list(joined.others)) == (SPF, others)
    assert (joined.foreign, joined.unsure) == ((), ())


def test_a_proof_inside_a_word_is_taken_out_where_its_beginning_is_known() -> None:
    joined = split_joined(["v=spf1 include:x.exampleMS=ms1 ip4:192.0.2.1docusign=ab-c -all"])
    assert joined is not None
    assert joined.spf == "v=spf1 include:x.example ip4:192.0.2.1 -all"
    assert joined.others == ("MS=ms1", "docusign=ab-c")


@pytest.mark.parametrize(
    ("strings", "foreign"),
    [
        (["v=DMARC1; p=none; ", SPF], "v=DMARC1; p=none;"),
        ([SPF + "v=DMARC1; p=none"], "v=DMARC1; p=none"),
        ([SPF, "v=DKIM1; p=abc"], "v=DKIM1; p=abc"),
        ([SPF + " v=TLSRPTv1; rua=mailto:a@b.example"], "v=TLSRPTv1; rua=mailto:a@b.example"),
    ],
)
def test_a_record_of_another_kind_is_no_value_of_this_name(
    strings: list[str], foreign: str
) -> None:
    joined = split_joined(strings)
    assert joined is not None
    assert joined == (SPF, (), (foreign,), ())


def test_what_stands_before_the_version_without_a_border_is_not_guessed_at() -> None:
    joined = split_joined(["7f9c0ab1d2" + SPF])
    assert joined is not None
    assert joined == (SPF, (), (), ("7f9c0ab1d2",))


@pytest.mark.parametrize(
    "strings",
    [
        [SPF],
        ["v=spf1 include:a.exam", "ple ip4:192.0.2.1 -a", "ll"],
        ["v=spf1 mx", " -all"],
        ["v=spf1 mx -all", " exp=why.example"],
        ["v=spf1 a ", "include:x.example v=spf1 -all"],
        ["include:x.example v=spf1 -all"],
        ["v=spf1 mx x=y ra=postmaster rp=100 -all"],
        ["v=spf1 exists:%{i}._verification.example -all"],
        ["v=spf1 redirect=site-verification.example"],
        ["'v=spf1 mx -all'"],
        [f'"{SPF}"'],
        ["about v=spf1 and all"],
        ["site-verification=abc"],
        ["", ""],
    ],
)
def test_one_value_stays_one(strings: list[str]) -> None:
    assert split_joined(strings) is None


async def test_the_fix_makes_two_records_and_says_why() -> None:
    finding = await only("site-verification=abc" + VALUE)
    assert finding.code == "spf-syntax"
    first, second = finding.fixes
    assert (first.action, first.value, first.old) == (
        FixAction.REPLACE,
        VALUE,
        "site-verification=abc" + VALUE,
    )
    assert (second.action, second.value, second.owner) == (
        FixAction.ADD,
        "site-verification=abc",
        first.owner,
    )
    assert "another value, site-verification=abc, was typed into the same TXT record" in say(
        finding
    )


async def test_a_value_that_has_its_own_record_already_is_not_added_again() -> None:
    finding = await only(VALUE + "MS=ms1", "MS=ms1")
    assert [(fix.action, fix.value) for fix in finding.fixes] == [(FixAction.REPLACE, VALUE)]


@pytest.mark.parametrize("value", ["site-verification=é", "site-verification=" + "x" * 600])
async def test_a_value_that_nobody_can_type_is_named(value: str) -> None:
    finding = await only(f"{VALUE} {value}")
    assert [(fix.action, fix.value) for fix in finding.fixes] == [(FixAction.REPLACE, VALUE)]
    assert "is left out" in say(finding)


async def test_of_several_records_each_joined_value_is_kept() -> None:
    finding = await only("v=spf1 mx -allMS=ms1", VALUE)
    assert finding.code == "spf-multiple"
    assert [(fix.action, fix.value) for fix in finding.fixes] == [
        (FixAction.REPLACE, "v=spf1 include:_spf.cow.example mx -all"),
        (FixAction.ADD, "MS=ms1"),
        (FixAction.DELETE, VALUE),
    ]


PROOF = "google-site-verification=abc"


async def test_a_value_that_receivers_pass_over_does_the_record_no_harm() -> None:
    text = f"v=spf1 include:_spf.cow.example {PROOF} -all"
    finding = await only(text)
    assert (finding.code, finding.harmless) == ("spf-joined-value", True)
    assert finding.severity is Status.WARN
    assert [(fix.action, fix.value) for fix in finding.fixes] == [
        (FixAction.REPLACE, VALUE),
        (FixAction.ADD, PROOF),
    ]
    assert f"works, but another value, {PROOF}, stands in" in say(finding)


async def test_a_record_that_refuses_us_is_wrong_for_the_value_joined_to_it() -> None:
    finding = await only(f"v=spf1 ip4:192.0.2.1 {PROOF} -all")
    assert (finding.severity, finding.facts["what"]) == (Status.FAIL, "two-values")


async def test_a_value_inside_a_senders_name_is_wrong_though_we_come_first() -> None:
    finding = await only("v=spf1 include:_spf.cow.example include:spf.old.exampleMS=ms1 -all")
    assert (finding.severity, finding.facts["what"]) == (Status.FAIL, "two-values")


async def test_what_else_is_wrong_with_such_a_record_is_said_and_mends_both() -> None:
    finding = await only(f"v=spf1 include:_spf.cow.example {PROOF} +all")
    assert (finding.code, finding.severity) == ("spf-plus-all", Status.FAIL)
    assert [(fix.action, fix.value) for fix in finding.fixes] == [
        (FixAction.REPLACE, VALUE),
        (FixAction.ADD, PROOF),
    ]


async def test_a_remark_on_such_a_record_stands_beside_it() -> None:
    verdict = await judge(f"v=spf1 include:_spf.cow.example {PROOF} ~all")
    assert [finding.code for finding in verdict.findings] == ["spf-joined-value", "spf-softfail"]


@pytest.mark.parametrize("piece", ['a"', '" ', ' all"', '-all"a'])
def test_thousands_of_quote_marks_are_read_in_no_time(piece: str) -> None:
    text = "v=spf1 " + piece * (4096 // len(piece))
    started = time.process_time()
    split_joined([text])
    assert time.process_time() - started < 0.03
