"""For how long caches keep what a check rests on."""

from __future__ import annotations

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from bot.checks.finding import Check
from bot.checks.observation import Observation
from bot.checks.record_ttls import find_ttls
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown
from bot.records.expected import expect
from request_parts import SERVER

FRIEND = Domain.from_ascii("friend.example")
EXPECTED = expect(SERVER, FRIEND, KeyUnknown())


def answer(label: str, rdtype: str, ttl: int | None, *texts: str) -> Answer:
    """Return an answer with these records, or a denial; a failure where there is no TTL."""
    name = f"{label}.friend.example." if label else "friend.example."
    kind = dns.rdatatype.from_text(rdtype)
    rdatas = tuple(dns.rdata.from_text("IN", kind, text) for text in texts)
    outcome = Outcome.RECORDS if rdatas else Outcome.NODATA if ttl else Outcome.TIMEOUT
    return Answer(Question.of(name, kind), outcome, rdatas, ttl)


def ttl_of(check: Check, *answers: Answer) -> int | None:
    return find_ttls(EXPECTED, Observation.of(FRIEND, answers))[check]


@pytest.mark.parametrize(
    ("check", "label", "rdtype"),
    [
        (Check.MX, "", "MX"),
        (Check.SPF, "", "TXT"),
        (Check.DKIM, "dkim._domainkey", "TXT"),
        (Check.DMARC, "_dmarc", "TXT"),
        (Check.DELEGATION, "", "NS"),
        (Check.WEBMAIL, "mail", "AAAA"),
        (Check.AUTOCONFIG, "autoconfig", "A"),
        (Check.AUTODISCOVER, "autodiscover", "A"),
        (Check.SRV, "_imaps._tcp", "SRV"),
        (Check.MTA_STS, "_mta-sts", "TXT"),
        (Check.TLS_RPT, "_smtp._tls", "TXT"),
        (Check.DNSSEC, "", "DS"),
        (Check.CAA, "", "CAA"),
    ],
)
def test_a_denial_lasts_as_long_as_caches_keep_it(check: Check, label: str, rdtype: str) -> None:
    assert ttl_of(check, answer(label, rdtype, 900)) == 900


def test_a_record_lasts_as_long_as_the_resolver_has_it_left() -> None:
    assert ttl_of(Check.SPF, answer("", "TXT", 77, '"v=spf1 -all"')) == 77


def test_the_ttl_of_a_failure_is_not_known() -> None:
    assert ttl_of(Check.SPF, answer("", "TXT", None)) is None


def test_what_was_not_asked_has_none() -> None:
    assert ttl_of(Check.SPF) is None
    assert ttl_of(Check.SERVER, answer("", "TXT", 900)) is None


def test_the_addresses_of_an_mx_count_as_the_record_itself_does() -> None:
    mx = answer("", "MX", 60, "10 mx.friend.example.")
    assert ttl_of(Check.MX, mx, answer("mx", "A", 3600, "192.0.2.1")) == 3600
    assert ttl_of(Check.MX, mx, answer("mx", "A", 5, "192.0.2.1")) == 60


def test_an_answer_of_a_short_life_does_not_hide_one_that_stays() -> None:
    assert ttl_of(Check.WEBMAIL, answer("mail", "A", 60), answer("mail", "AAAA", 600)) == 600
