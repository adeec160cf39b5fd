"""The optional names behind a web proxy: what can be typed, and what is only a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from bot.checks.finding import Check, Finding, FixAction, Status, Verdict
from bot.checks.observation import Observation
from bot.checks.optional import hosts
from bot.checks.proxies import has_proxy_switch, is_proxy
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.expected import expect
from bot.words import Words
from zone_reports import CONTEXT, SERVER

if TYPE_CHECKING:
    from bot.errors import Fact

DOMAIN = Domain.from_ascii("friend.example")
HOST = "mx1.cow.example."
NAME = "autoconfig.friend.example."


def answered(name: str, rdtype: str, *texts: str) -> Answer:
    return Answer(
        Question.of(name, rdtype),
        Outcome.RECORDS,
        tuple(dns.rdata.from_text("IN", rdtype, text) for text in texts),
    )


def unfound(name: str, rdtype: str, outcome: Outcome) -> Answer:
    return Answer(Question.of(name, rdtype), outcome)


OURS = (answered(HOST, "A", "198.51.100.25"), unfound(HOST, "AAAA", Outcome.NODATA))


def judge(*answers: Answer) -> Verdict:
    observed = Observation.of(DOMAIN, (*OURS, *answers))
    return hosts.judge_autoconfig(expect(SERVER, DOMAIN), observed)


@pytest.mark.parametrize(
    "addresses", [("104.21.9.9",), ("172.67.1.2", "104.21.9.9"), ("188.114.97.3",)]
)
def test_an_address_that_the_page_does_not_show_is_never_to_be_deleted(
    addresses: tuple[str, ...],
) -> None:
    servers = answered("friend.example", "NS", "ada.ns.cloudflare.com.")
    more = answered(NAME, "AAAA", "2606:4700:3033::ac43:1")
    verdict = judge(servers, answered(NAME, "A", *addresses), more)
    (finding,) = verdict.findings
    said = Words().finding(finding, CONTEXT)
    assert finding.code == "autoconfig-foreign"
    assert finding.fixes == ()
    assert "Switch the proxy off" in said
    assert "your provider's page does not show" in said


@pytest.mark.parametrize(
    ("servers", "switch"),
    [
        ((), None),
        (("ns1.company.example.",), None),
        (("ada.ns.cloudflare.com.", "bob.ns.cloudflare.com."), True),
        (("hydrogen.ns.hetzner.com.", "oxygen.ns.hetzner.com."), False),
    ],
)
def test_only_a_provider_known_to_have_no_switch_shows_the_address(
    servers: tuple[str, ...], *, switch: bool | None
) -> None:
    assert has_proxy_switch(servers) is switch


def test_of_a_provider_that_nobody_knows_no_switch_is_claimed() -> None:
    servers = answered("friend.example", "NS", "ns1.company.example.")
    address = answered(NAME, "A", "104.21.9.9")
    (finding,) = judge(servers, address, unfound(NAME, "AAAA", Outcome.NODATA)).findings
    said = Words().finding(finding, CONTEXT)
    assert finding.fixes == ()
    assert "your provider's page does not show" not in said
    assert "Switch the proxy off there (DNS only) or delete that address" in said


def test_a_finding_that_was_kept_without_a_word_on_the_switch_claims_none() -> None:
    facts: dict[str, Fact] = {"names": (NAME,), "targets": ("104.21.9.9",), "leads": "proxy"}
    facts["switch"] = True
    former = Finding(Check.AUTOCONFIG, "autoconfig-foreign", Status.WARN, facts)
    assert "(DNS only) or delete that address" in Words().finding(former, CONTEXT)


def test_an_address_that_somebody_typed_is_deleted() -> None:
    servers = answered("friend.example", "NS", "hydrogen.ns.hetzner.com.")
    verdict = judge(
        servers, answered(NAME, "A", "104.21.9.9"), unfound(NAME, "AAAA", Outcome.NODATA)
    )
    (finding,) = verdict.findings
    assert [fix.action for fix in finding.fixes] == [FixAction.DELETE, FixAction.ADD]
    assert "Switch" not in Words().finding(finding, CONTEXT)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((Outcome.TIMEOUT, Outcome.NXDOMAIN), "dns-timeout"),
        ((Outcome.NODATA, Outcome.NXDOMAIN), "optional-missing"),
        ((Outcome.NXDOMAIN, Outcome.TIMEOUT), "optional-missing"),
    ],
)
def test_a_denial_of_the_ipv6_address_alone_proves_nothing(
    outcomes: tuple[Outcome, Outcome], code: str
) -> None:
    four, six = outcomes
    (finding,) = judge(unfound(NAME, "A", four), unfound(NAME, "AAAA", six)).findings
    assert finding.code == code


@pytest.mark.parametrize(
    ("labels", "proxied"),
    [
        ((b"d1", b"CloudFront", b"net", b""), True),
        ((b"cloudfront", b"net", b""), True),
        ((b"www", b"cdn", b"old", b"example", b""), True),
        ((b"mycloudfront", b"net", b""), False),
        ((b"cloudfront", b"net", b"example", b""), False),
        ((b"x\x0acloudfront", b"net", b""), False),  # whose octets end as those of the second do
    ],
)
def test_a_proxy_is_told_by_whole_labels(labels: tuple[bytes, ...], *, proxied: bool) -> None:
    assert is_proxy([dns.name.Name(labels)], ()) is proxied
