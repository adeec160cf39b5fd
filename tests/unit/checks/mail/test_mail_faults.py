"""Test mails with a fault: its cause is named, and none of them passes; odd right ones do."""

from __future__ import annotations

import pytest

from bot.checks.mail.mail_verdict import AuthResult
from mail_faults import FAULTS, RIGHT
from signed_mails import codes, judge


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_first_and_the_mail_does_not_pass(name: str) -> None:
    fault = FAULTS[name]
    verdict = judge(fault.make(), fault.world(), **fault.options)
    assert not verdict.passed
    assert codes(verdict)[0] == fault.code
    said = [*codes(verdict), *(remark.code for remark in verdict.remarks)]
    assert not fault.also or fault.also in said
    assert len(said) == len(set(said))


@pytest.mark.parametrize("name", RIGHT)
def test_a_mail_that_is_right_passes_however_odd_it_is(name: str) -> None:
    make, options = RIGHT[name]
    verdict = judge(make(), **options)
    assert verdict.passed, verdict.causes
    assert verdict.causes == ()
    assert verdict.dmarc in {AuthResult.PASS, AuthResult.NONE}


def test_there_are_more_than_twenty_five_faults() -> None:
    assert len(FAULTS) > 25
