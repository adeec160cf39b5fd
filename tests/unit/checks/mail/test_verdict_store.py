"""A verdict is kept as JSON: the same comes back, and odd texts give none."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bot.checks.mail.verdict_store import MOST_OCTETS, dump_verdict, load_verdict
from mail_faults import FAULTS, RIGHT
from signed_mails import good_mail, judge


@pytest.mark.parametrize("name", ["plain", "forged results below", "from an own mailbox"])
def test_a_verdict_that_passed_comes_back(name: str) -> None:
    make, options = RIGHT[name]
    verdict = judge(make(), **options)
    assert load_verdict(dump_verdict(verdict)) == verdict


@pytest.mark.parametrize("name", FAULTS)
def test_a_verdict_with_causes_comes_back(name: str) -> None:
    fault = FAULTS[name]
    verdict = judge(fault.make(), fault.world(), **fault.options)
    assert load_verdict(dump_verdict(verdict)) == verdict


def test_fields_of_a_later_version_are_passed_over_and_those_of_an_earlier_one_have_defaults() -> (
    None
):
    row = json.loads(dump_verdict(judge(good_mail())))
    later = json.dumps({**row, "arc": "pass", "more": {"a": [1]}})
    assert load_verdict(later) == load_verdict(json.dumps(row))
    for name in ("remarks", "selector", "receiver", "last_hop", "last_hop_tls", "arrived_at"):
        del row[name]
    earlier = load_verdict(json.dumps(row))
    assert earlier is not None
    assert (earlier.passed, earlier.last_hop_tls) == (True, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "nonsense",
        "[" * 100_000,
        " " * (MOST_OCTETS + 1),
        '{"passed": true}',
    ],
)
def test_a_text_that_is_no_verdict_gives_none(text: str) -> None:
    assert load_verdict(text) is None


def test_a_pass_with_a_cause_or_an_unknown_result_gives_none() -> None:
    row = json.loads(dump_verdict(judge(good_mail())))
    assert load_verdict(json.dumps({**row, "causes": [{"code": "x", "facts": {}}]})) is None
    assert load_verdict(json.dumps({**row, "spf": "better"})) is None
    later = [{"code": "mail-of-tomorrow", "facts": {}}]
    assert load_verdict(json.dumps({**row, "remarks": later})) is None
    odd = load_verdict(json.dumps({**row, "passed": "yes"}))
    assert odd is not None
    assert not odd.passed


def test_what_is_kept_is_bounded() -> None:
    verdict = judge(good_mail())
    long = dataclasses.replace(
        verdict, from_address="\u202e" * 10**6, signatures=verdict.signatures * 10_000
    )
    assert len(dump_verdict(long)) < MOST_OCTETS
