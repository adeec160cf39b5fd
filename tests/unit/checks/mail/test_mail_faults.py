"""Test mails with a fault: its cause is named, and none of them passes; odd right ones do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dkim
import pytest

from bot.checks.mail.mail_verdict import Alignment, AuthResult
from mail_faults import FAULTS, RIGHT
from signed_mails import codes, compose, deliver, hand_in, judge, sign, txt, zone
from template_facts import EN
from zone_reports import LinesAsk

if TYPE_CHECKING:
    from collections.abc import Callable

LARGE = {"10 MB", "blanks"}  # of which the library takes the square of a run of blanks


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


def test_a_mail_without_signature_that_passes_by_spf_is_told_what_that_is_worth() -> None:
    by_spf = judge(FAULTS["unsigned"].make())
    assert by_spf.dmarc is AuthResult.PASS
    assert by_spf.causes[0].facts["by_spf"] is True
    fault = FAULTS["SPF fails"]
    failed = judge(fault.make(), fault.world())
    assert failed.dmarc is AuthResult.FAIL
    assert failed.causes[0].facts["by_spf"] is False


@pytest.mark.parametrize("strict", [True, False])
def test_spf_of_a_name_below_counts_unless_the_record_is_strict(strict: bool) -> None:
    dmarc = "v=DMARC1; p=none; aspf=s" if strict else "v=DMARC1; p=none"
    world = zone(txt("mail.friend.example", "v=spf1 ip4:198.51.100.25 -all"), dmarc=dmarc)
    verdict = judge(deliver(hand_in(compose()), sender="b@mail.friend.example"), world)
    assert (verdict.spf, verdict.spf_alignment) == (AuthResult.PASS, Alignment.RELAXED)
    assert codes(verdict)[1:] == (["mail-spf-not-aligned"] if strict else [])
    assert all(cause.facts.get("relaxed", True) for cause in verdict.causes)
    passed = judge(deliver(hand_in(sign(compose())), sender="b@mail.friend.example"), world)
    assert len(passed.remarks) == strict


def test_spf_of_a_sender_who_is_not_told_could_not_be_looked_at() -> None:
    untold = judge(FAULTS["nothing of the receiver"].make())
    assert (untold.spf, untold.spf_alignment) == (AuthResult.TEMPERROR, Alignment.UNKNOWN)
    local = judge(deliver(hand_in(sign(compose())), sender="root@localhost"))
    assert (local.spf, local.spf_alignment) == (AuthResult.NONE, Alignment.NONE)
    assert local.passed
    assert [remark.code for remark in local.remarks] == ["mail-spf-none"]


def texts_of(world: str) -> Callable[..., bytes | None]:
    """Return how the library asks for a key, answered from a world's lines."""
    ask = LinesAsk(world)

    def find(name: bytes, **_timeout: object) -> bytes | None:
        answer = asyncio.run(ask(name.decode(), "TXT"))
        return next(iter(answer.texts()), None)

    return find


@pytest.mark.parametrize("name", sorted(RIGHT.keys() - LARGE))
def test_the_library_alone_says_the_same_of_a_right_mail(name: str) -> None:
    make, options = RIGHT[name]
    raw, world = make(), options.get("world", zone())
    verifier = dkim.DKIM(raw)
    count = raw.count(b"DKIM-Signature:")
    assert any(verifier.verify(idx=at, dnsfunc=texts_of(world)) for at in range(count))


# A mail whose header cannot be read for sure is refused by the library as a whole.
@pytest.mark.parametrize("name", [n for n, f in FAULTS.items() if f.code != "mail-header-odd"])
def test_no_signature_passes_that_the_library_alone_refuses(name: str) -> None:
    fault = FAULTS[name]
    raw, world = fault.make(), fault.world()
    for at, one in enumerate(judge(raw, world, **fault.options).signatures):
        if one.outcome is AuthResult.PASS:
            assert dkim.DKIM(raw).verify(idx=at, dnsfunc=texts_of(world))


def test_every_code_of_a_mail_is_met_here() -> None:
    make, options = RIGHT["no DMARC record"]
    said = {remark.code for remark in judge(make(), **options).remarks}
    said.add("mail-changed-key")  # in test_changed_keys.py
    said |= {code for fault in FAULTS.values() for code in (fault.code, fault.also) if code}
    assert said == {path.stem for path in (EN / "findings").glob("mail-*.j2")}
