"""The mail host's name: its zone, addresses, reverse names and TLSA records."""

from __future__ import annotations

import dataclasses

import dns.name
import dns.rdata
import pytest

from bot.checks.finding import Status, Verdict
from bot.checks.server.host_name import (
    is_generic,
    judge_address,
    judge_dane,
    judge_reverse,
    judge_zone,
)
from bot.checks.server.server_observation import NameServerReply
from bot.words import Words
from observed_server import HOST, IP4, IP6, PTR4, PTR6, WORLD, ZONE, observe, only, typed


def test_one_address_type_that_failed_is_doubt_and_the_other_is_judged() -> None:
    observed = observe(f"{HOST} A {IP4}\n{HOST} AAAA ?\n{PTR4} PTR -\n")
    assert only(judge_address(observed), "dns-timeout").facts["type"] == "AAAA"
    assert only(judge_reverse(observed), "server-ptr-missing").facts["address"] == IP4


def test_a_host_without_ipv4_cannot_be_reached_by_many() -> None:
    observed = observe(f"{HOST} A -\n{HOST} AAAA {IP6}\n")
    assert only(judge_address(observed), "server-no-ipv4").severity is Status.FAIL


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "127.0.0.1", "100.64.0.1", "169.254.1.1", "192.168.1.1", "0.0.0.0"]
)
def test_a_private_address_is_deleted_beside_a_public_one(address: str) -> None:
    observed = observe(WORLD + f"{HOST} A {address}\n")
    finding = only(judge_address(observed), "server-private-address")
    assert finding.facts["alone"] is False
    assert typed(finding) == [{"action": "delete", "name": "mx1", "type": "A", "value": address}]
    assert not judge_address(dataclasses.replace(observed, allow_private=True)).findings


def test_the_only_ipv4_address_is_not_deleted_for_being_private() -> None:
    observed = observe(f"{HOST} A 10.0.0.1\n{HOST} AAAA {IP6}\n")
    finding = only(judge_address(observed), "server-private-address")
    assert (finding.facts["alone"], finding.fixes) == (True, ())


def test_a_host_that_is_an_alias_gets_addresses_in_its_place() -> None:
    finding = only(judge_address(observe(WORLD + f"{HOST} CNAME cloud.example.\n")), "server-alias")
    assert finding.severity is Status.FAIL
    assert [(fix.action.value, fix.type, fix.value) for fix in finding.fixes] == [
        ("delete", "CNAME", "cloud.example."),
        ("add", "A", IP4),
        ("add", "AAAA", IP6),
    ]


def test_an_address_without_reverse_name_is_the_hosters_to_set() -> None:
    finding = only(
        judge_reverse(observe(WORLD.replace(f"{PTR6} PTR {HOST}.", f"{PTR6} PTR -"))),
        "server-ptr-missing",
    )
    assert (finding.severity, finding.fixes) == (Status.FAIL, ())
    said = Words().finding(finding, {})
    assert "Ask the company that the address is from" in said
    assert f"to set it to {HOST}" in said


def reverse(*lines: str) -> Verdict:
    text = f"{HOST} A {IP4}\n{HOST} AAAA -\n{ZONE}" + "".join(f"{line}\n" for line in lines)
    return judge_reverse(observe(text))


def test_a_reverse_name_that_does_not_lead_back_is_refused() -> None:
    verdict = reverse(f"{PTR4} PTR a.isp.example.", "a.isp.example A -", "a.isp.example AAAA -")
    assert only(verdict, "server-ptr-unconfirmed").severity is Status.FAIL


def test_a_reverse_name_that_nobody_could_follow_is_unknown() -> None:
    verdict = reverse(f"{PTR4} PTR a.isp.example.", "a.isp.example A ?", "a.isp.example AAAA -")
    assert only(verdict, "dns-timeout").severity is Status.UNKNOWN
    assert only(reverse(f"{PTR4} PTR ?"), "dns-timeout").severity is Status.UNKNOWN


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("static-198-51-100-25.isp.example", "server-ptr-generic"),
        ("mail.cow.example", None),
        ("mail.other.example", "server-ptr-other-name"),
    ],
)
def test_another_name_that_leads_back_is_right_unless_it_is_anybodys(
    name: str, code: str | None
) -> None:
    verdict = reverse(f"{PTR4} PTR {name}.", f"{name} A {IP4}")
    assert [f.code for f in verdict.findings] == ([code] if code else [])


def test_several_reverse_names_are_a_risk_where_one_leads_astray() -> None:
    ours = f"{PTR4} PTR {HOST}."
    other = f"{PTR4} PTR a.isp.example."
    fine = only(reverse(ours, other, f"a.isp.example A {IP4}"), "server-ptr-several")
    assert fine.severity is Status.INFO
    astray = ("a.isp.example A 192.0.2.7", "a.isp.example AAAA -")
    finding = only(reverse(ours, other, *astray), "server-ptr-several")
    assert (finding.severity, finding.facts["astray"]) == (Status.WARN, ("a.isp.example",))


@pytest.mark.parametrize(
    ("name", "address", "generic"),
    [
        ("static-1-2-3-4.isp.example", "1.2.3.4", True),
        ("4.3.2.1.rev.isp.example", "1.2.3.4", True),
        ("c6336419.isp.example", "198.51.100.25", True),
        ("dyn17.isp.example", "1.2.3.4", True),
        ("cust-99.dsl.isp.example", "1.2.3.4", True),
        ("mx1.cow.example", "1.2.3.4", False),
        ("mail25.cow.example", "198.51.100.25", False),
        ("host1.cow.example", "1.2.3.4", False),
        ("dynamo.example", "1.2.3.4", False),
        ("static.example", "1.2.3.4", False),
        ("20010db8002500000000000000000025.isp.example", IP6, True),
        ("2001-db8-25-0-0-0-0-25.isp.example", IP6, True),
        ("mx1.cow.example", IP6, False),
        ("198-51.isp.example", "198.51.100.25", True),
        ("100-25.isp.example", "198.51.100.25", True),
        ("25-100.isp.example", "198.51.100.25", True),
        ("198-051-100-025.isp.example", "198.51.100.25", True),
        ("198.isp.example", "198.51.100.25", False),
        ("198-100.isp.example", "198.51.100.25", False),
        ("0-0.isp.example", "192.0.0.25", True),
        ("2001-db8-25.isp.example", IP6, True),
        ("db8-0025-0.isp.example", IP6, True),
        ("2001-db8.isp.example", IP6, False),
        ("20010db80025.isp.example", IP6, True),
        ("20010db8002.isp.example", IP6, False),
        ("20010db80026.isp.example", IP6, False),
    ],
)
def test_a_name_made_of_the_address_is_nobodys_own(name: str, address: str, generic: bool) -> None:
    assert is_generic(dns.name.from_text(name), address) is generic


def test_name_servers_that_nobody_tells_are_unknown() -> None:
    unknown = WORLD + "cow.example NS ?\n"
    assert only(judge_zone(observe(unknown)), "dns-timeout").severity is Status.UNKNOWN
    silent = WORLD + f"{HOST} SOA ?\n"
    assert only(judge_zone(observe(silent)), "dns-timeout").severity is Status.UNKNOWN


def test_lost_name_servers_are_named_and_counted() -> None:
    lost = "".join(
        f"cow.example NS ns{n}.dns.example.\nns{n}.dns.example A -\nns{n}.dns.example AAAA -\n"
        for n in (2, 3)
    )
    facts = only(judge_zone(observe(ZONE + lost)), "server-ns-lost").facts
    assert (facts["names"], facts["count"]) == (("ns2.dns.example", "ns3.dns.example"), 2)
    assert facts["zone"] == "cow.example"


def test_of_two_name_servers_that_nobody_could_follow_one_is_told() -> None:
    unsure = ZONE.replace("A 192.0.2.53", "A ?") + (
        "cow.example NS ns2.dns.example.\nns2.dns.example A ?\nns2.dns.example AAAA ?\n"
    )
    verdict = judge_zone(observe(unsure))
    assert only(verdict, "dns-timeout").severity is Status.UNKNOWN
    assert verdict.found == ("ns1.dns.example.", "ns2.dns.example.")


def test_name_servers_without_address_are_lost() -> None:
    one = ZONE + "cow.example NS ns2.dns.example.\nns2.dns.example A -\nns2.dns.example AAAA -\n"
    assert only(judge_zone(observe(one)), "server-ns-lost").severity is Status.WARN
    alone = ZONE.replace("A 192.0.2.53", "A -")
    assert only(judge_zone(observe(alone)), "server-ns-lost").severity is Status.FAIL
    unsure = ZONE.replace("A 192.0.2.53", "A ?")
    assert only(judge_zone(observe(unsure)), "dns-timeout").severity is Status.UNKNOWN


@pytest.mark.parametrize("silent", [True, False])
def test_a_name_server_that_says_nothing_beside_one_that_knows_is_a_risk(silent: bool) -> None:
    ns1, ns2 = (dns.name.from_text(f"ns{number}.dns.example") for number in (1, 2))
    name_servers = (
        NameServerReply(ns1, knows=True, silent=False),
        NameServerReply(ns2, knows=False, silent=silent),
    )
    finding = only(judge_zone(observe(name_servers=name_servers)), "server-ns-dumb")
    assert (finding.severity, finding.facts["names"]) == (Status.WARN, ("ns2.dns.example",))
    assert finding.facts["silent"] is silent


def test_a_network_that_lets_no_questions_out_is_no_fault_of_the_zone() -> None:
    ns1 = dns.name.from_text("ns1.dns.example")
    assert not judge_zone(
        observe(name_servers=(NameServerReply(ns1, knows=False, silent=True),))
    ).findings


def test_one_server_that_was_named_says_nothing_of_the_delegation() -> None:
    finding = only(judge_zone(observe(single_server=True)), "delegation-not-checked")
    assert finding.severity is Status.INFO


def test_tlsa_records_are_told_of_and_never_judged() -> None:
    assert only(judge_dane(observe()), "server-dane").facts["present"] is False
    text = f"_25._tcp.{HOST} TLSA 3 1 1 {'11' * 32}\n"
    there = judge_dane(observe(text))
    assert only(there, "server-dane").facts["present"] is True
    assert there.found == (f"3 1 1 {'11' * 32}",)
    silent = only(judge_dane(observe(f"_25._tcp.{HOST} TLSA ?\n")), "dns-timeout")
    assert silent.severity is Status.UNKNOWN
