"""Whose the records of a name are: its own, those of a wildcard above it, or of a DNAME's target.

Wildcards answer below the closest name that exists (RFC 4592 section 3.3.1).
"""

from __future__ import annotations

import dns.name
import dns.rdata
import pytest

from bot.checks.lent_record import (
    Redirection,
    is_lent,
    is_lent_by_any,
    probe_below,
    probe_beside,
    redirection_of,
    wildcard_over,
)
from bot.checks.observation import Observation
from bot.checks.zone_cut import servers_of, zone_holding, zones_below
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain

DOMAIN = Domain.from_ascii("friend.example")
PROBE = dns.name.from_text("x1.friend.example")
KEY = dns.name.from_text("dkim._domainkey.friend.example")
APEX = Answer(Question.of("friend.example", "NS"), Outcome.NODATA, zone=DOMAIN.name)


def records(name: str, rdtype: str, *values: str) -> Answer:
    rdatas = tuple(dns.rdata.from_text("IN", rdtype, value) for value in values)
    return Answer(Question.of(name, rdtype), Outcome.RECORDS if values else Outcome.NODATA, rdatas)


def alias(name: str, target: str, rdtype: str = "TXT", dname: str = "") -> Answer:
    chain = (dns.name.from_text(target),)
    above = dns.name.from_text(dname) if dname else None
    return Answer(Question.of(name, rdtype), Outcome.NXDOMAIN, chain=chain, dname=above)


def look(*answers: Answer, domain: Domain = DOMAIN) -> Observation:
    return Observation.of(domain, [APEX, *answers], probe=PROBE)


OWN = records("dkim._domainkey.friend.example", "TXT", '"a"', '"b"')
SAME = ('"b"', '"a"')


def test_the_probes_are_below_a_name_and_beside_it() -> None:
    assert str(probe_below(look(), KEY)) == "x1.dkim._domainkey.friend.example."
    assert str(probe_beside(look(), KEY)) == "x1._domainkey.friend.example."
    long = dns.name.from_text(".".join(["a" * 62] * 4))
    assert probe_below(look(), long) is None
    assert probe_below(Observation.of(DOMAIN, []), KEY) is None


@pytest.mark.parametrize("probe", ["x1.dkim._domainkey", "x1._domainkey", "x1"])
def test_a_name_is_lent_what_a_probe_has_as_well(probe: str) -> None:
    theirs = records(f"{probe}.friend.example", "TXT", *SAME)
    assert is_lent(look(OWN, theirs), KEY)
    above = probe != "x1.dkim._domainkey"
    assert is_lent_by_any(look(OWN, theirs), KEY, OWN.question.rdtype) is above


def test_a_name_is_its_own_where_no_probe_has_the_same() -> None:
    assert not is_lent(look(OWN), KEY)
    assert not is_lent(look(OWN, records("x1._domainkey.friend.example", "TXT", '"a"')), KEY)
    assert not is_lent(look(OWN, records("x1._domainkey.friend.example", "TXT")), KEY)
    assert not is_lent(look(OWN, records("x1.friend.example", "MX", "5 a.example.")), KEY)


def test_a_name_that_exists_is_its_own_though_the_wildcard_says_the_same() -> None:
    below = records("x1.dkim._domainkey.friend.example", "TXT")
    beside = records("x1._domainkey.friend.example", "TXT", *SAME)
    assert not is_lent(look(OWN, below, beside), KEY)


def test_a_probe_that_was_not_answered_tells_nothing() -> None:
    silent = Answer(Question.of("x1.dkim._domainkey.friend.example", "TXT"), Outcome.TIMEOUT)
    assert not is_lent(look(OWN, silent), KEY)
    assert is_lent(look(OWN, silent, records("x1._domainkey.friend.example", "TXT", *SAME)), KEY)


def test_an_alias_is_lent_whatever_type_was_asked_for() -> None:
    own = alias("dkim._domainkey.friend.example", "edge.site.example")
    lent = alias("x1.friend.example", "edge.site.example", "A")
    other = alias("x1.friend.example", "www.site.example", "A")
    assert is_lent(look(own, lent), KEY)
    assert not is_lent(look(own, other), KEY)


def test_the_domain_is_lent_nothing_by_a_wildcard_of_its_own() -> None:
    own = records("friend.example", "MX", "5 a.example.")
    lent = records("x1.friend.example", "MX", "5 a.example.")
    assert not is_lent(look(own, lent), DOMAIN.name)


def test_the_wildcard_is_the_domains_where_its_probe_says_the_same() -> None:
    beside = records("x1._domainkey.friend.example", "TXT", *SAME)
    assert str(wildcard_over(look(OWN, beside), KEY)) == "_domainkey.friend.example."
    domains = records("x1.friend.example", "TXT", *SAME)
    assert str(wildcard_over(look(OWN, beside, domains), KEY)) == "friend.example."


@pytest.mark.parametrize(
    ("domain", "probes", "above"),
    [
        ("m.friend.example", ["x1"], "friend.example."),
        ("m.friend.example", ["x1", "x1.m", "x1._dmarc.m"], "friend.example."),
        ("a.m.friend.example", ["x1.m", "x1"], "friend.example."),
        ("a.m.friend.example", ["x1.m"], "m.friend.example."),
    ],
)
def test_a_wildcard_that_lends_the_domain_itself_is_named_where_it_is(
    domain: str, probes: list[str], above: str
) -> None:
    lent = [records(f"{probe}.friend.example", "TXT", *SAME) for probe in probes]
    names = (domain, f"_dmarc.{domain}")
    denied = Answer(Question.of(domain, "MX"), Outcome.NODATA, zone=DOMAIN.name)
    answers = [denied, *(records(name, "TXT", *SAME) for name in names), *lent]
    probe = dns.name.from_text(f"x1.{domain}")
    observed = Observation.of(Domain.from_ascii(domain), answers, probe=probe)
    assert {str(wildcard_over(observed, dns.name.from_text(name))) for name in names} == {above}


def test_the_domains_wildcard_is_named_only_where_it_says_the_same_in_every_type() -> None:
    address = records("dkim._domainkey.friend.example", "A", "192.0.2.1")
    other = records("x1.friend.example", "A", "192.0.2.9")
    domains = records("x1.friend.example", "TXT", *SAME)
    assert str(wildcard_over(look(OWN, address, other, domains), KEY)) == (
        "_domainkey.friend.example."
    )


def test_a_dname_is_told_from_the_first_alias_that_it_makes() -> None:
    made = alias(
        "dkim._domainkey.friend.example", "dkim.keys.old.example", dname="_domainkey.friend.example"
    )
    found = redirection_of(look(made), dns.name.from_text("other._domainkey.friend.example"))
    owner, target = map(dns.name.from_text, ("_domainkey.friend.example", "keys.old.example"))
    assert found == Redirection(owner, target)
    assert redirection_of(look(made), owner) is None
    assert redirection_of(look(made), DOMAIN.name) is None


def test_a_dname_is_told_from_a_question_for_the_alias_itself() -> None:
    question = Question.of("dkim._domainkey.friend.example", "CNAME")
    rdata = dns.rdata.from_text("IN", "CNAME", "dkim._domainkey.site.example.")
    made = Answer(question, Outcome.RECORDS, (rdata,), dname=DOMAIN.name)
    assert redirection_of(look(made), KEY) == Redirection(
        DOMAIN.name, dns.name.from_text("site.example")
    )


def test_a_zone_below_is_the_one_that_a_denial_names() -> None:
    zone = dns.name.from_text("_domainkey.friend.example")
    denied = Answer(Question.of(KEY, OWN.question.rdtype), Outcome.NXDOMAIN, zone=zone)
    below = zones_below(look(denied))
    assert below == (zone,)
    assert zone_holding(KEY, below) == zone
    # It is in the domain's own zone.
    assert zone_holding(dns.name.from_text("_dmarc.friend.example"), below) is None


def test_an_alias_and_the_zones_above_name_no_zone_below() -> None:
    above = Answer(Question.of("_dmarc.friend.example", "TXT"), Outcome.NODATA, zone=DOMAIN.name)
    away = alias("dkim._domainkey.friend.example", "a.b.friend.example")
    assert zones_below(look(above, away)) == ()


def test_a_name_with_an_soa_is_the_apex_of_its_zone() -> None:
    soa = records("_tcp.friend.example", "SOA", "a. b. 1 2 3 4 5")
    servers = records("_tcp.friend.example", "NS", "ns2.keys.example.", "ns1.keys.example.")
    zone = dns.name.from_text("_tcp.friend.example")
    below = zones_below(look(soa))
    assert zone_holding(dns.name.from_text("_imaps._tcp.friend.example"), below) == zone
    assert servers_of(look(soa, servers), zone) == ("ns1.keys.example", "ns2.keys.example")
    assert servers_of(look(soa), zone) == ()
