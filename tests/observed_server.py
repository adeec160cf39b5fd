"""Builders of what was observed of the mail server, for the tests of its judges."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdata

from bot.checks.export.as_json import fix_as_dict
from bot.checks.observation import Observation
from bot.checks.server.server_observation import ServerObservation
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import STRANGER, SpfEvaluation
from bot.names import Domain
from bot.records.mail_server import MailServer

if TYPE_CHECKING:
    from bot.checks.finding import Finding, Verdict

HOST = "mx1.cow.example"
IP4, IP6 = "198.51.100.25", "2001:db8:25::25"
SERVER = MailServer(
    host=dns.name.from_text(HOST),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
MEMBER = Domain.from_ascii("test-1.example")
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
    seen = Observation.of(Domain.from_ascii(HOST), answers_of(text), single_server=single_server)
    values = {"server": SERVER, "member": MEMBER, "handed_out": spf, "helo": helo, **more}
    return ServerObservation(seen, **values)


def only(verdict: Verdict, code: str) -> Finding:
    (finding,) = verdict.findings
    assert finding.code == code
    return finding


def typed(finding: Finding) -> list[dict[str, object]]:
    return [fix_as_dict(fix, dns.name.from_text("cow.example")) for fix in finding.fixes]
