"""What is said of name servers that disagree, are silent, or do not hold the zone."""

from __future__ import annotations

from typing import Any

import dns.name
import dns.rdata
import pytest

from bot.checks.authority_view import (
    AuthorityView,
    Delegation,
    NameServer,
    NameServerState,
    network_of,
)
from bot.checks.finding import Finding, Status
from bot.checks.zone.name_servers import judge_name_servers
from bot.dns.answer import Answer, DirectAnswer, Outcome, Question
from observed_domain import CONTEXT, DOMAIN, WORDS, answered, seen, unfound

MX = Question.of("friend.example", "MX")


def server(
    number: int,
    condition: NameServerState = NameServerState.ANSWERS,
    *,
    serial: int = 1,
    mx: str = "mx1.cow.example.",
    address: str = "192.0.2.53",
    addresses: tuple[str, ...] = (),
) -> NameServer:
    soa = answered(
        "friend.example", "SOA", f"ns1.dns.example. admin.dns.example. {serial} 3600 600 86400 300"
    )
    rdata = dns.rdata.from_text("IN", "MX", f"10 {mx}")
    told = {MX: DirectAnswer(Answer(MX, Outcome.RECORDS, (rdata,), 300, authoritative=True))}
    name = dns.name.from_text(f"ns{number}.dns.example")
    return NameServer(name, address, condition, soa, told, addresses)


def addresses_of(servers: tuple[NameServer, ...]) -> list[Answer]:
    """Return what the resolver says of where these are."""
    return [
        answered(
            one.name.to_text(),
            rdtype,
            *(address for address in one.addresses if (":" in address) is (rdtype == "AAAA")),
        )
        for one in servers
        for rdtype in ("A", "AAAA")
    ]


def judge(
    *servers: NameServer,
    disputed: bool = False,
    unclear: bool = False,
    answers: tuple[Answer, ...] = (),
    **more: Any,
) -> list[Finding]:
    disputes = (MX,) if disputed else ()
    source = AuthorityView(DOMAIN.name, servers, disputed=disputes, unclear=unclear, **more)
    findings = judge_name_servers(seen(*addresses_of(servers), *answers, source=source))
    for finding in findings:
        assert WORDS.finding(finding, CONTEXT)
    return list(findings)


def test_nothing_is_said_where_nobody_was_asked_or_all_agree() -> None:
    assert judge_name_servers(seen()) == ()
    assert judge(server(1), server(2)) == []


def test_servers_that_disagree_are_named_with_their_serials_and_the_older_one_behind() -> None:
    (finding,) = judge(
        server(1, serial=8), server(2, serial=7, mx="mx.old.example."), disputed=True
    )
    assert (finding.code, finding.severity) == ("ns-disagree", Status.WARN)
    assert finding.facts["servers"] == (
        "ns1.dns.example (serial 8)",
        "ns2.dns.example (serial 7)",
    )
    assert (finding.facts["type"], finding.facts["behind"]) == ("MX", ("ns2.dns.example",))


def test_where_the_serials_tell_nothing_no_server_is_called_older() -> None:
    (finding,) = judge(server(1, serial=8), server(2, serial=7), disputed=True, unclear=True)
    assert finding.facts["behind"] == ()


def test_a_server_that_does_not_hold_the_zone_is_told_from_one_without_address() -> None:
    findings = judge(
        server(1),
        server(2, NameServerState.LAME),
        server(3, NameServerState.NO_ADDRESS, address=""),
    )
    assert [(f.code, f.facts["names"], f.facts["nowhere"]) for f in findings] == [
        ("ns-lame", ("ns2.dns.example",), False),
        ("ns-lame", ("ns3.dns.example",), True),
    ]


def test_a_silent_server_is_only_told_of_beside_one_that_answers() -> None:
    (finding,) = judge(server(1), server(2, NameServerState.SILENT))
    assert (finding.code, finding.severity) == ("ns-silent", Status.INFO)
    assert finding.facts["names"] == ("ns2.dns.example",)
    assert judge(server(1, NameServerState.SILENT), server(2, NameServerState.SILENT)) == []
    assert judge(server(1), server(2, NameServerState.SILENT, address="2001:db8::53")) == []


def test_the_odd_one_of_three_is_named_where_serials_are_the_same() -> None:
    old = server(2, mx="mx.old.example.")
    (finding,) = judge(server(1), old, server(3), disputed=True)
    assert finding.facts["odd"] == ("ns2.dns.example",)
    assert finding.facts["says"] == (
        "10 mx1.cow.example",
        "10 mx.old.example",
        "10 mx1.cow.example",
    )
    said = WORDS.finding(finding, CONTEXT)
    assert "ns2.dns.example (serial 1) says 10 mx.old.example." in said


def test_two_against_two_are_not_decided() -> None:
    servers = [server(n, mx=f"mx{n // 3}.cow.example.") for n in (1, 2, 3, 4)]
    (finding,) = judge(*servers, disputed=True, unclear=True)
    assert (finding.facts["odd"], finding.facts["behind"]) == ((), ())
    assert "could not tell which is right" in WORDS.finding(finding, CONTEXT)


NETWORKS = [
    ((("1.2.3.4",), ("1.2.3.99",)), "1.2.3.0/24"),
    ((("1.2.3.4",), ("1.2.4.4",)), ""),
    ((("1.2.3.4", "2a01:4f8::1"), ("1.2.3.5", "2a01:4f8:0:2::1")), "1.2.3.0/24"),
    ((("1.2.3.4", "2a01:4f8::1"), ("1.2.3.5", "2a01:4f8:7::1")), ""),
    ((("2a01:4f8::1",), ("2a01:4f8::2",)), "2a01:4f8::/48"),
    ((("1.2.3.4",), ()), ""),  # nobody knows where the other is
    ((("127.0.0.2",), ("127.0.0.3",)), ""),  # a network of one's own tells nothing
]


@pytest.mark.parametrize(("addresses", "network"), NETWORKS)
def test_servers_in_one_network_are_told_of(
    addresses: tuple[tuple[str, ...], ...], network: str
) -> None:
    servers = [server(n, addresses=found) for n, found in enumerate(addresses, 1)]
    names = tuple(one.name for one in servers)
    findings = judge(*servers, names=names)
    assert [f.facts["network"] for f in findings] == ([network] if network else [])
    # Of servers that were not asked nobody knows where they are.
    assert judge(*servers, names=(*names, dns.name.from_text("ns9.dns.example"))) == []


@pytest.mark.parametrize("rdtype", ["A", "AAAA"])
def test_servers_are_in_one_network_only_where_all_their_addresses_are_known(rdtype: str) -> None:
    servers = [server(n, addresses=(f"1.2.3.{n}",)) for n in (1, 2)]
    names = tuple(one.name for one in servers)
    for outcome in (Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.REFUSED):
        failed = unfound("ns2.dns.example", rdtype, outcome)
        assert judge(*servers, names=names, answers=(failed,)) == []
    assert [f.code for f in judge(*servers, names=names)] == ["ns-single"]


@pytest.mark.parametrize(("own", "above"), [((1,), (1, 2)), ((1, 2), (1,)), ((1,), (2,))])
def test_a_server_that_one_list_names_beside_the_other_is_not_alone(
    own: tuple[int, ...], above: tuple[int, ...]
) -> None:
    names, others = ([server(number).name for number in some] for some in (own, above))
    delegation = Delegation(dns.name.from_text("example"), tuple(others))
    found = judge(server(1), names=tuple(names), delegation=delegation)
    assert [f.code for f in found] == ["ns-parent-differs"]


def test_nothing_is_said_of_no_server_at_all() -> None:
    assert judge() == []
    assert network_of([]) == ""


def test_one_server_alone_is_worth_knowing_and_not_more() -> None:
    (finding,) = judge(server(1), names=(server(1).name,))
    assert (finding.code, finding.severity) == ("ns-single", Status.INFO)
    assert "only one name server" in WORDS.finding(finding, CONTEXT)


def test_servers_that_are_all_lame_or_nowhere_are_the_end_of_the_zone() -> None:
    servers = (
        server(1, NameServerState.LAME),
        server(2, NameServerState.NO_ADDRESS, address=""),
    )
    names = tuple(one.name for one in servers)
    above = Delegation(dns.name.from_text("example"), names)
    (finding,) = judge(*servers, names=names, delegation=above)
    assert (finding.code, finding.severity) == ("ns-all-lame", Status.FAIL)
    for other in (NameServerState.SILENT, NameServerState.UNASKED):
        third = server(3, other)
        found = judge(*servers, third, names=names, delegation=above)
        assert {f.code for f in found} == {"ns-lame"}


def test_lame_servers_are_not_all_there_are_where_the_zone_above_may_name_others() -> None:
    servers = (server(1, NameServerState.LAME), server(2, NameServerState.LAME))
    names = tuple(one.name for one in servers)
    more = (*names, dns.name.from_text("ns3.dns.example"))
    parent = dns.name.from_text("example")
    assert {f.code for f in judge(*servers, names=names)} == {"ns-lame"}
    for zone, above in ((names, more), (more, names), (more, more)):
        found = judge(*servers, names=zone, delegation=Delegation(parent, above))
        assert "ns-all-lame" not in {f.code for f in found}


def test_the_lists_above_and_in_the_zone_are_compared() -> None:
    one, two = (dns.name.from_text(f"ns{n}.dns.example") for n in (1, 2))
    parent = dns.name.from_text("example")
    assert (
        judge(server(1), server(2), names=(one, two), delegation=Delegation(parent, (two, one)))
        == []
    )
    servers = (server(1), server(2))
    (finding,) = judge(*servers, names=(one, two), delegation=Delegation(parent, (one,)))
    assert (finding.code, finding.severity) == ("ns-parent-differs", Status.WARN)
    said = WORDS.finding(finding, CONTEXT)
    assert "ns2.dns.example only in your zone." in said
    (finding,) = judge(server(1), names=(one,), delegation=Delegation(parent, (one, two)))[:1]
    assert "ns2.dns.example only at the registry" in WORDS.finding(finding, CONTEXT)
