"""What is said of name servers that disagree, are silent, or do not hold the zone."""

from __future__ import annotations

import dns.name
import dns.rdata

from bot.checks.authority_view import AuthorityView, NameServer, NameServerState
from bot.checks.finding import Finding, Status
from bot.checks.zone.name_servers import judge_name_servers
from bot.dns.answer import Answer, DirectAnswer, Outcome, Question
from observed_domain import CONTEXT, DOMAIN, WORDS, answered, seen

MX = Question.of("friend.example", "MX")


def server(
    number: int,
    condition: NameServerState = NameServerState.ANSWERS,
    *,
    serial: int = 1,
    mx: str = "mx1.cow.example.",
    address: str = "192.0.2.53",
) -> NameServer:
    soa = answered(
        "friend.example", "SOA", f"ns1.dns.example. admin.dns.example. {serial} 3600 600 86400 300"
    )
    rdata = dns.rdata.from_text("IN", "MX", f"10 {mx}")
    told = {MX: DirectAnswer(Answer(MX, Outcome.RECORDS, (rdata,), 300, authoritative=True))}
    return NameServer(dns.name.from_text(f"ns{number}.dns.example"), address, condition, soa, told)


def judge(*servers: NameServer, disputed: bool = False, unclear: bool = False) -> list[Finding]:
    source = AuthorityView(
        DOMAIN.name, servers, disputed=(MX,) if disputed else (), unclear=unclear
    )
    findings = judge_name_servers(seen(source=source))
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
