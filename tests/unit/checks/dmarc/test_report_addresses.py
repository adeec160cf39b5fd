"""Where DMARC reports go, and whether that domain wants them (RFC 9990)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import pytest
from dns.rdatatype import RdataType

from bot.checks.dmarc.judge import report_names
from bot.checks.dmarc.record import parse_record
from bot.checks.dmarc.report_addresses import (
    CONSENT,
    consent_name,
    consent_wildcard,
    handed_out_hosts,
)
from bot.checks.finding import Status
from bot.checks.observe.report_consent import find_missing_consents
from bot.names import Domain
from bot.records.mail_server import MailServer
from dmarc_zones import (
    AGREED,
    OLD,
    OWN,
    RELAXED,
    SERVER,
    STRICT,
    codes,
    expected_of,
    failed,
    look,
    observe,
    only,
    say,
    txt,
)

if TYPE_CHECKING:
    from bot.dns.answer import Answer


def test_reports_to_a_domain_that_did_not_agree_are_a_warning() -> None:
    finding = only(look(txt(OWN, "v=DMARC1; p=reject; rua=mailto:me@old.example"), txt(OLD)))
    assert (finding.code, finding.severity) == ("dmarc-rua-not-authorised", Status.WARN)
    assert (finding.facts["host"], finding.facts["authorisation"]) == ("old.example", OLD)
    assert finding.fixes[0].value == STRICT
    assert "Use rua=mailto:dmarc@cow.example" in say(finding)


def test_an_unwanted_address_beside_a_good_one_is_taken_out() -> None:
    text = "v=DMARC1; p=reject; rua=mailto:me@old.example,mailto:dmarc@cow.example"
    assert only(look(txt(OWN, text), txt(OLD))).fixes[0].value == STRICT


def test_a_domain_that_agreed_gets_reports() -> None:
    answer = txt(OWN, "v=DMARC1; p=reject; rua=mailto:me@old.example")
    assert look(answer, txt(OLD, "v=DMARC1")).status is Status.PASS
    assert codes(look(answer, txt(OLD, "no"))) == ["dmarc-rua-not-authorised"]


def test_the_operators_own_missing_agreement_is_no_members_matter() -> None:
    finding = only(look(txt(OWN, STRICT), txt(AGREED)))
    assert (finding.code, finding.severity) == ("server-side", Status.INFO)
    assert dict(finding.facts) == {"what": "report-authorisation", "name": AGREED}


def test_an_agreement_that_could_not_be_asked_is_unknown_where_nothing_is_worse() -> None:
    assert codes(look(txt(OWN, STRICT), failed(AGREED))) == ["servfail"]
    assert codes(look(txt(OWN, RELAXED), failed(AGREED))) == ["dmarc-policy-none"]


def test_an_address_in_the_same_organization_needs_no_agreement() -> None:
    for domain, address in (
        ("friend.example", "a@friend.example"),
        ("friend.example", "a@mail.friend.example"),
        ("a.friend.example", "a@friend.example"),
    ):
        own = txt(f"_dmarc.{domain}", f"v=DMARC1; p=reject; rua=mailto:{address}")
        observed = observe(domain, own)
        assert report_names(observed, expected_of(domain)) == ()
    sibling = observe(
        "a.friend.example",
        txt("_dmarc.a.friend.example", "v=DMARC1; p=reject; rua=mailto:a@b.friend.example"),
        txt(OWN, STRICT),
    )
    assert report_names(sibling, expected_of("a.friend.example")) == ()


def test_no_more_than_three_domains_are_asked_for_agreement() -> None:
    rua = ",".join(f"mailto:a@r{i}.example" for i in range(9))
    observed = observe("friend.example", txt(OWN, f"v=DMARC1; p=none; rua={rua}"))
    names = report_names(observed, expected_of())
    assert [n.to_text() for n in names] == [
        f"friend.example._report._dmarc.r{i}.example." for i in range(3)
    ]


def test_a_report_domain_too_long_to_agree_is_not_asked() -> None:
    host = ".".join(["b" * 60] * 3 + ["bbbbbbbbbbbb" * 4])
    answer = txt(OWN, f"v=DMARC1; p=reject; rua=mailto:a@{host}")
    assert report_names(observe("friend.example", answer), expected_of()) == ()
    assert only(look(answer)).code == "dmarc-rua-not-authorised"


def test_an_inherited_record_is_not_asked_about() -> None:
    observed = observe("a.friend.example", txt(OWN, "v=DMARC1; p=none; rua=mailto:a@old.example"))
    assert report_names(observed, expected_of("a.friend.example")) == ()


@pytest.mark.parametrize(
    ("domain", "host", "name"),
    [
        ("friend.example", "cow.example", "friend.example._report._dmarc.cow.example."),
        ("friend.example", "l" * 63 + "." + ".".join(["l" * 60] * 3), None),
    ],
)
def test_consent_stands_below_the_domain_that_gets_the_reports(
    domain: str, host: str, name: str | None
) -> None:
    found = consent_name(dns.name.from_text(domain), dns.name.from_text(host))
    assert (None if found is None else found.to_text()) == name


def test_one_wildcard_is_consent_to_the_reports_of_all() -> None:
    found = consent_wildcard(dns.name.from_text("cow.example"))
    assert found == dns.name.from_text("*._report._dmarc.cow.example")
    assert parse_record(CONSENT) is not None  # what is looked for is what is handed out


def test_of_the_handed_out_record_all_sound_addresses_count() -> None:
    server = MailServer(
        host=dns.name.from_text("mx1.cow.example"),
        spf="v=spf1 -all",
        dmarc="v=DMARC1; p=none; rua=mailto:a@a.example,b@b.example; ruf=mailto:c@c.example!10m",
        dmarc_rua="mailto:d@A.example,mailto:e@e.example",
    )
    hosts = ("a.example", "c.example", "e.example")
    assert handed_out_hosts(server) == tuple(map(dns.name.from_text, hosts))


@pytest.mark.parametrize(
    ("domain", "answers", "missing"),
    [
        ("friend.example", {}, ["cow.example."]),
        ("friend.example", {AGREED: "v=DMARC1"}, []),
        ("friend.example", {AGREED: "hello"}, ["cow.example."]),
        # One organization: RFC 9989 finds it by its record, and reports need no consent in it.
        ("friend.cow.example", {"_dmarc.cow.example": "v=DMARC1; p=none"}, []),
        ("a.friend.example", {"_dmarc.friend.example": "v=DMARC1; p=none"}, ["cow.example."]),
    ],
)
async def test_missing_consent_is_looked_for_outside_the_organization_alone(
    domain: str, answers: dict[str, str], missing: list[str]
) -> None:
    async def ask(name: dns.name.Name, rdtype: RdataType) -> Answer:
        assert rdtype == RdataType.TXT
        text = answers.get(name.to_text(omit_final_dot=True))
        return txt(name.to_text(), *([text] if text else []))

    found = await find_missing_consents(Domain.from_ascii(domain), SERVER, ask)
    assert [host.to_text() for host in found] == missing


async def test_a_host_that_does_not_answer_is_not_said_to_refuse() -> None:
    async def ask(name: dns.name.Name, rdtype: RdataType) -> Answer:
        return failed(name.to_text()) if b"_report" in name.labels else txt(name.to_text())

    assert await find_missing_consents(Domain.from_ascii("friend.example"), SERVER, ask) == ()
