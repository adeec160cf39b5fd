"""DNSSEC of the domain, and DANE of the mail server, which rests on it."""

from __future__ import annotations

from dataclasses import replace

import dns.name
import dns.rdata
import dns.rdatatype

from bot.checks.finding import Status
from bot.checks.zone import dnssec
from bot.dns.answer import Answer, Outcome
from observed_domain import DOMAIN, EXPECTED, HOST, answered, only, seen, unfound

DS = "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
TLSA = f"3 1 1 {'11' * 32}"
TLSA_NAME = "_25._tcp.mx1.cow.example"
NO_DS = answered("friend.example", "DS")
SIGNED = answered("friend.example", "DS", DS)


def mx(*, authenticated: bool) -> Answer:
    return answered("friend.example", "MX", f"10 {HOST}", authenticated=authenticated)


def test_dnssec_passes_only_by_a_resolver_that_is_trusted() -> None:
    answers = (SIGNED, mx(authenticated=True))
    assert dnssec.judge(EXPECTED, seen(*answers, trust_ad=True)).status is Status.PASS
    only(dnssec.judge(EXPECTED, seen(*answers)), "dnssec-unverified", Status.INFO)
    unproven = seen(SIGNED, mx(authenticated=False), trust_ad=True)
    only(dnssec.judge(EXPECTED, unproven), "dnssec-unverified", Status.INFO)


def test_a_domain_without_ds_is_not_signed_unless_only_its_own_server_was_asked() -> None:
    only(dnssec.judge(EXPECTED, seen(NO_DS)), "optional-missing", Status.INFO)
    alone = dnssec.judge(EXPECTED, seen(NO_DS, single_server=True))
    only(alone, "dnssec-not-checked", Status.INFO)
    failed = unfound("friend.example", "DS", Outcome.TIMEOUT)
    only(dnssec.judge(EXPECTED, seen(failed)), "dns-timeout", Status.UNKNOWN)


def test_a_ds_record_says_nothing_of_the_zone_and_its_servers() -> None:
    parent = dns.name.from_text("example.")
    denial = replace(NO_DS, zone=parent)
    observed = seen(denial, unfound("friend.example", "MX", Outcome.TIMEOUT))
    assert observed.zone == DOMAIN.name
    assert [a.question.rdtype for a in observed.apex_answers()] == [dns.rdatatype.MX]


def test_dane_is_the_servers_matter_and_never_worse_than_info() -> None:
    signed = answered(TLSA_NAME, "TLSA", TLSA, authenticated=True)
    verdict = dnssec.judge_dane(EXPECTED, seen(signed, mx(authenticated=True), trust_ad=True))
    assert (verdict.status, verdict.note) == (Status.PASS, None)
    lonely = dnssec.judge_dane(EXPECTED, seen(signed, mx(authenticated=False), trust_ad=True))
    assert lonely.note is not None
    assert (lonely.status, lonely.note.code) == (Status.PASS, "dane-needs-dnssec")
    only(dnssec.judge_dane(EXPECTED, seen(signed)), "dane-unverified", Status.INFO)
    open_ = seen(replace(signed, authenticated=False), trust_ad=True)
    only(dnssec.judge_dane(EXPECTED, open_), "dane-not-signed", Status.INFO)
    absent = seen(answered(TLSA_NAME, "TLSA"))
    only(dnssec.judge_dane(EXPECTED, absent), "optional-missing", Status.INFO)
    failed = seen(unfound(TLSA_NAME, "TLSA", Outcome.SERVFAIL))
    only(dnssec.judge_dane(EXPECTED, failed), "servfail", Status.UNKNOWN)
