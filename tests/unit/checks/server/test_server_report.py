"""The judges of the mail server itself: each fault, its remedy, and what is no fault."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdata
import pytest

from bot.checks.dmarc.report_addresses import handed_out_hosts
from bot.checks.export.as_json import fix_as_dict
from bot.checks.finding import Check, ServerCheck, Status
from bot.checks.observation import Observation
from bot.checks.server.handed_out_dmarc import judge_dmarc, judge_reports
from bot.checks.server.handed_out_spf import judge_helo, judge_spf
from bot.checks.server.host_name import (
    is_generic,
    judge_address,
    judge_dane,
    judge_reverse,
    judge_zone,
)
from bot.checks.server.server_observation import Heard, ServerObservation
from bot.checks.server.server_report import (
    compile_server_report,
    found_nothing_out,
    server_report_as_dict,
)
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import STRANGER, SpfCause, SpfEvaluation, SpfStep
from bot.names import Domain
from bot.records.mail_server import MailServer
from bot.words import Medium, Words

if TYPE_CHECKING:
    from bot.checks.finding import Finding, Verdict
    from bot.checks.report import Report

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOST = "mx1.cow.example"
IP4, IP6 = "198.51.100.25", "2001:db8:25::25"
SERVER = MailServer(
    host=dns.name.from_text(HOST),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
MEMBER = Domain.of("test-1.example")
LIST = f"v=spf1 ip4:{IP4} ip6:{IP6} -all"
PTR4, PTR6 = "25.100.51.198.in-addr.arpa", f"5.2.0.0.{'0.' * 16}5.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
ADDRESSES = f"{HOST} A {IP4}\n{HOST} AAAA {IP6}\n"
REVERSE = f"{PTR4} PTR {HOST}.\n{PTR6} PTR {HOST}.\n"
ZONE = """
cow.example NS ns1.dns.example.
ns1.dns.example A 192.0.2.53
ns1.dns.example AAAA -
"""
HELO = f'{HOST} TXT "v=spf1 a -all"\n'
CONSENT = 'test-1.example._report._dmarc.cow.example TXT "v=DMARC1;"\n'
REPORTS = CONSENT + "cow.example MX 10 mx1.cow.example.\n"
DANE = f"_25._tcp.{HOST} TLSA -\n"
WORLD = ADDRESSES + REVERSE + ZONE + HELO + REPORTS + DANE


def evaluation(address: str, result: str = "pass", **more: Any) -> SpfEvaluation:
    policies = ((MEMBER.ascii, SERVER.spf), ("_spf.cow.example", LIST))
    values = {"policies": policies, "lookups": 1, **more}
    return SpfEvaluation(address, MEMBER.ascii, result, **values)


SPF = (evaluation(IP4), evaluation(IP6), evaluation(STRANGER, "fail"))


def answers_of(text: str) -> list[Answer]:
    """Return answers: a line a record, `-` for none, `?` for nobody answering."""
    records: dict[Question, list[dns.rdata.Rdata]] = defaultdict(list)
    failed = set()
    for line in filter(str.strip, text.splitlines()):
        owner, rdtype, rdata = line.split(maxsplit=2)
        question = Question.of(owner, rdtype)
        found = records[question]
        if rdata == "?":
            failed.add(question)
        elif rdata != "-":
            found.append(dns.rdata.from_text("IN", rdtype, rdata))
    apex = dns.name.from_text("cow.example")
    soa = Question.of(HOST, "SOA")
    records.setdefault(soa, [])
    outcomes = {True: Outcome.RECORDS, False: Outcome.NODATA}
    return [
        Answer(
            question,
            Outcome.TIMEOUT if question in failed else outcomes[bool(found)],
            tuple(found),
            60,
            zone=None if found or not question.name.is_subdomain(apex) else apex,
        )
        for question, found in records.items()
    ]


def observe(
    text: str = WORLD,
    *,
    spf: tuple[SpfEvaluation, ...] = SPF,
    helo: tuple[SpfEvaluation, ...] = SPF,
    single_server: bool = False,
    **more: Any,
) -> ServerObservation:
    seen = Observation.of(Domain.of(HOST), answers_of(text), single_server=single_server)
    values = {"server": SERVER, "member": MEMBER, "handed_out": spf, "helo": helo, **more}
    return ServerObservation(seen, **values)


def only(verdict: Verdict, code: str) -> Finding:
    (finding,) = verdict.findings
    assert finding.code == code
    return finding


def compiled(observed: ServerObservation) -> Report:
    report = compile_server_report(observed, NOW, 7)
    context = {"domain": HOST, "host": HOST, "service": "Mailcow"}
    for finding in report.findings:
        for medium in Medium:
            assert Words(medium).finding(finding, context)
    return report


def typed(finding: Finding) -> list[dict[str, object]]:
    return [fix_as_dict(fix, dns.name.from_text("cow.example")) for fix in finding.fixes]


def test_a_server_that_is_right_has_nothing_to_mend() -> None:
    report = compiled(observe())
    assert [(r.check, r.status) for r in report.results if r.status is not Status.PASS] == [
        (ServerCheck.DANE, Status.INFO)
    ]
    assert report.status is Status.INFO
    assert report.zone == dns.name.from_text("cow.example")
    assert not found_nothing_out(report)


def test_the_json_has_the_shape_of_a_domains() -> None:
    row = server_report_as_dict(compiled(observe()), SERVER, Words())
    assert list(row) == [
        *("schema", "server", "checked_at", "status", "checks", "findings"),
        *("queries", "elapsed_ms"),
    ]
    assert (row["schema"], row["server"]) == (1, HOST)
    assert list(row["checks"]) == [check.value for check in ServerCheck]  # type: ignore[call-overload]


def test_every_check_has_a_label() -> None:
    words = Words()
    for check in (*ServerCheck, *Check):
        assert words.label("checks", check.value)


def test_a_host_without_address_is_the_one_thing_to_mend() -> None:
    lost = f"{HOST} A -\n{HOST} AAAA -\n" + ZONE + HELO + REPORTS + DANE
    report = compiled(observe(lost, spf=SPF[-1:], helo=SPF[-1:]))
    assert [f.code for f in report.findings] == ["server-no-address", "server-dane"]
    blocked = [r for r in report.results if r.status is Status.UNKNOWN]
    assert [r.check for r in blocked] == [ServerCheck.REVERSE, ServerCheck.SPF, ServerCheck.HELO]
    assert all(r.note and r.note.code == "follows-from" for r in blocked)


def test_a_host_that_nobody_answers_for_is_unknown_and_not_missing() -> None:
    report = compiled(observe(f"{HOST} A ?\n{HOST} AAAA ?\n{HOST} SOA ?\n", spf=(), helo=()))
    assert "server-no-address" not in {f.code for f in report.findings}
    assert found_nothing_out(report)
    assert report.status is Status.UNKNOWN


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
    # Nobody is told to have a private address made right elsewhere.
    assert [f.code for f in compiled(observed).findings] == [
        "server-private-address",
        "server-dane",
    ]
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
    assert "Ask the company that your server's address is from" in said
    assert f"of {IP6} to {HOST}" in said


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
    ],
)
def test_a_name_made_of_the_address_is_nobodys_own(name: str, address: str, generic: bool) -> None:
    assert is_generic(dns.name.from_text(name), address) is generic


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
    heard = (Heard(ns1, knows=True, silent=False), Heard(ns2, knows=False, silent=silent))
    finding = only(judge_zone(observe(heard=heard)), "server-ns-dumb")
    assert (finding.severity, finding.facts["names"]) == (Status.WARN, ("ns2.dns.example",))
    assert finding.facts["silent"] is silent


def test_a_network_that_lets_no_questions_out_is_no_fault_of_the_zone() -> None:
    ns1 = dns.name.from_text("ns1.dns.example")
    assert not judge_zone(observe(heard=(Heard(ns1, knows=False, silent=True),))).findings


def test_one_server_that_was_named_says_nothing_of_the_delegation() -> None:
    finding = only(judge_zone(observe(single_server=True)), "delegation-not-checked")
    assert finding.severity is Status.INFO


def spf(*evaluations: SpfEvaluation, server: MailServer = SERVER) -> Verdict:
    return judge_spf(observe(spf=evaluations, server=server))


def test_an_address_that_the_handed_out_value_refuses_is_added_to_its_list() -> None:
    policies = ((MEMBER.ascii, SERVER.spf), ("_spf.cow.example", f"v=spf1 ip4:{IP4} -all"))
    refused = evaluation(IP6, "fail", policies=policies)
    stranger = evaluation(STRANGER, "fail", policies=policies)
    verdict = spf(evaluation(IP4, policies=policies), refused, stranger)
    finding = only(verdict, "server-spf-refuses")
    assert finding.severity is Status.FAIL
    assert typed(finding) == [
        {
            "action": "replace",
            "name": "_spf",
            "type": "TXT",
            "value": f"v=spf1 ip6:{IP6} ip4:{IP4} -all",
            "old": f"v=spf1 ip4:{IP4} -all",
            "ttl": 3600,
        }
    ]


def test_a_value_without_include_is_mended_in_the_configuration() -> None:
    server = dataclasses.replace(SERVER, spf=f"v=spf1 ip4:{IP4} -all")
    policies = ((MEMBER.ascii, server.spf),)
    each = (evaluation(e.address, e.result, policies=policies) for e in (SPF[0], SPF[2]))
    verdict = spf(*each, evaluation(IP6, "fail", policies=policies), server=server)
    finding = only(verdict, "server-spf-refuses")
    assert (finding.facts["target"], finding.fixes) == ("", ())
    assert "MAIL_SPF; all members" in Words().finding(finding, {})


def test_an_include_that_leads_nowhere_gets_the_list_of_our_addresses() -> None:
    path = (SpfStep(MEMBER.ascii, "include:_spf.cow.example"),)
    broken = {"cause": SpfCause.INCLUDE_MISSING, "path": path}
    broken["policies"] = ((MEMBER.ascii, SERVER.spf),)
    verdict = spf(*(evaluation(a, "permerror", **broken) for a in (IP4, IP6, STRANGER)))
    finding = only(verdict, "server-spf-broken")
    assert [(fix["name"], fix["value"]) for fix in typed(finding)] == [("_spf", LIST)]


@pytest.mark.parametrize(
    "cause",
    [
        c
        for c in SpfCause
        if c.value
        in {"multiple", "syntax", "loop", "too-many-lookups", "too-many-voids", "too-many-mx"}
    ],
)
def test_a_value_that_receivers_take_for_broken_names_the_record_to_mend(cause: SpfCause) -> None:
    path = (
        SpfStep(MEMBER.ascii, "include:_spf.cow.example"),
        SpfStep("_spf.cow.example", "include:x.example"),
    )
    error = evaluation(STRANGER, "permerror", cause=cause, path=path, lookups=12)
    finding = only(spf(SPF[0], SPF[1], error), "server-spf-broken")
    assert finding.severity is Status.FAIL
    assert "_spf.cow.example" in Words().finding(finding, {})


def test_a_value_that_lets_strangers_pass_protects_nobody() -> None:
    path = (SpfStep(MEMBER.ascii, "include:_spf.cow.example"), SpfStep("_spf.cow.example", "+all"))
    verdict = spf(SPF[0], SPF[1], evaluation(STRANGER, "pass", path=path))
    finding = only(verdict, "server-spf-open")
    assert (finding.severity, finding.facts["term"]) == (Status.FAIL, "+all")


def test_many_lookups_leave_members_too_few() -> None:
    verdict = spf(SPF[0], SPF[1], evaluation(STRANGER, "fail", lookups=8))
    finding = only(verdict, "server-spf-many-lookups")
    assert (finding.severity, finding.facts["left"]) == (Status.WARN, 2)
    assert not spf(SPF[0], SPF[1], evaluation(STRANGER, "fail", lookups=6)).findings


def test_a_value_that_does_not_refuse_others_is_said() -> None:
    soft = dataclasses.replace(SERVER, spf="v=spf1 include:_spf.cow.example ~all")
    assert only(spf(*SPF, server=soft), "server-spf-no-all").severity is Status.INFO
    neutral = dataclasses.replace(SERVER, spf="v=spf1 include:_spf.cow.example ?all")
    assert only(spf(*SPF, server=neutral), "server-spf-no-all").severity is Status.WARN


def test_spf_that_could_not_be_evaluated_is_unknown() -> None:
    question = Question.of("_spf.cow.example", "TXT")
    failed = Answer(question, Outcome.SERVFAIL)
    unsure = evaluation(IP4, "temperror", cause=SpfCause.TEMPERROR, failed=failed)
    finding = only(spf(unsure, SPF[1], SPF[2]), "servfail")
    assert (finding.severity, finding.facts["name"]) == (Status.UNKNOWN, "_spf.cow.example")
    assert only(spf(SPF[0], SPF[2]), "dns-timeout").severity is Status.UNKNOWN
    budget = evaluation(IP4, "temperror", cause=SpfCause.BUDGET)
    assert only(spf(budget, SPF[1], SPF[2]), "server-spf-too-big").severity is Status.UNKNOWN


def test_the_hosts_own_spf_record_is_optional() -> None:
    verdict = judge_helo(observe(WORLD.replace(HELO, f"{HOST} TXT -\n"), helo=()))
    finding = only(verdict, "server-helo-missing")
    assert finding.severity is Status.INFO
    assert [fix["value"] for fix in typed(finding)] == ["v=spf1 a -all"]


@pytest.mark.parametrize(("result", "severity"), [("fail", Status.FAIL), ("softfail", Status.WARN)])
def test_the_hosts_own_spf_record_must_not_refuse_it(result: str, severity: Status) -> None:
    text = WORLD.replace(HELO, f'{HOST} TXT "v=spf1 mx ~all"\n{HOST} TXT "v=spf1 -all"\n')
    finding = only(
        judge_helo(observe(text, helo=(SPF[0], evaluation(IP6, result)))), "server-helo-refuses"
    )
    assert finding.severity is severity
    assert [fix["action"] for fix in typed(finding)] == ["replace", "delete"]


@pytest.mark.parametrize(
    ("value", "code", "severity"),
    [
        ("v=DMARC1; p=reject; rua=mailto:a@cow.example", None, Status.PASS),
        ("v=DMARC1; p=none", "server-dmarc-weak", Status.INFO),
        ("v=DMARC1; p=reject; t=y", "server-dmarc-weak", Status.INFO),
        ("v=DMARC1; p=rejct", "server-dmarc-faulty", Status.FAIL),
        ("v=DMARC1; p=reject; rua=a@cow.example", "server-dmarc-faulty", Status.WARN),
        ("p=reject; v=DMARC1", "server-dmarc-faulty", Status.FAIL),
    ],
)
def test_the_dmarc_value_that_is_handed_out_is_judged(
    value: str, code: str | None, severity: Status
) -> None:
    verdict = judge_dmarc(observe(server=dataclasses.replace(SERVER, dmarc=value)))
    assert (verdict.status, [f.code for f in verdict.findings]) == (
        severity,
        [code] if code else [],
    )


def test_reports_that_nobody_agreed_to_need_the_wildcard() -> None:
    text = WORLD.replace('"v=DMARC1;"', "-")
    finding = only(judge_reports(observe(text)), "server-reports-refused")
    assert finding.severity is Status.WARN
    assert typed(finding) == [
        {
            "action": "add",
            "name": "*._report._dmarc",
            "type": "TXT",
            "value": "v=DMARC1;",
            "ttl": 3600,
        }
    ]


def test_a_single_consent_takes_the_wildcard_from_its_neighbours() -> None:
    text = WORLD + (
        'friend.no._report._dmarc.cow.example TXT "v=DMARC1;"\n'
        "test-1.no._report._dmarc.cow.example TXT -\n"
    )
    members = (Domain.of("friend.no"),)
    finding = only(judge_reports(observe(text, members=members)), "server-reports-gap")
    assert finding.facts["names"] == ("no",)
    assert [fix["name"] for fix in typed(finding)] == ["*.no._report._dmarc"]


def test_a_member_that_the_wildcard_misses_gets_a_record_of_its_own() -> None:
    text = WORLD + (
        "friend.no._report._dmarc.cow.example TXT -\n"
        'test-1.no._report._dmarc.cow.example TXT "v=DMARC1;"\n'
    )
    members = (Domain.of("friend.no"),)
    finding = only(judge_reports(observe(text, members=members)), "server-reports-gap")
    assert [fix["name"] for fix in typed(finding)] == ["friend.no._report._dmarc"]


def test_a_consent_that_nobody_answered_about_is_unknown() -> None:
    text = WORLD.replace('"v=DMARC1;"', "?")
    assert only(judge_reports(observe(text)), "dns-timeout").severity is Status.UNKNOWN


def test_reports_need_a_domain_that_takes_mail() -> None:
    bare = "cow.example MX -\ncow.example A -\ncow.example AAAA -\n"
    text = CONSENT + bare
    finding = only(judge_reports(observe(text)), "server-reports-no-mx")
    assert [fix["action"] for fix in typed(finding)] == ["add"]
    null = only(judge_reports(observe(CONSENT + "cow.example MX 0 .\n")), "server-reports-no-mx")
    assert [fix["action"] for fix in typed(null)] == ["delete", "add"]
    # Without an MX the address of the name itself takes the mail.
    address = "cow.example MX -\ncow.example A 192.0.2.1\ncow.example AAAA -\n"
    assert not judge_reports(observe(CONSENT + address)).findings


def test_no_report_address_is_for_the_operator_to_decide() -> None:
    server = dataclasses.replace(SERVER, dmarc="v=DMARC1; p=reject", dmarc_rua="")
    assert handed_out_hosts(server) == ()
    finding = only(judge_reports(observe(server=server)), "server-reports-none")
    assert finding.severity is Status.INFO


def test_tlsa_records_are_told_of_and_never_judged() -> None:
    assert only(judge_dane(observe()), "server-dane").facts["present"] is False
    text = f"_25._tcp.{HOST} TLSA 3 1 1 {'11' * 32}\n"
    there = judge_dane(observe(text))
    assert only(there, "server-dane").facts["present"] is True
    assert there.found == (f"3 1 1 {'11' * 32}",)
    silent = only(judge_dane(observe(f"_25._tcp.{HOST} TLSA ?\n")), "dns-timeout")
    assert silent.severity is Status.UNKNOWN


def test_findings_come_worst_first_and_the_same_way_each_time() -> None:
    text = WORLD.replace('"v=DMARC1;"', "-").replace(f"{PTR4} PTR {HOST}.", f"{PTR4} PTR -")
    report = compiled(observe(text))
    assert [f.code for f in report.findings] == [
        "server-ptr-missing",
        "server-reports-refused",
        "server-dane",
    ]
    assert report.findings == compiled(observe(text)).findings
