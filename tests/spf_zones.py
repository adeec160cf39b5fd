"""SPF judged on observations that are made by evaluating in-memory zones."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype

from bot.checks.finding import FixAction
from bot.checks.observation import Observation
from bot.checks.spf import judge as spf_judge
from bot.dns.answer import Answer, Outcome, Question
from bot.dns.spf_evaluate import evaluate, evaluate_all
from bot.names import Domain
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.words import Medium, Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.checks.finding import Finding, Verdict
    from bot.dns.owner_name import AnyName
    from bot.records.expected import Expected

DOMAIN = Domain.from_ascii("friend.example")
HOST = dns.name.from_text("mx1.cow.example.")
HELO = "mx1.cow.example"
VALUE = "v=spf1 include:_spf.cow.example -all"
OURS = ("198.51.100.25", "2001:db8:25::25")
WORLD = """
    mx1.cow.example A 198.51.100.25
    mx1.cow.example AAAA 2001:db8:25::25
    _spf.cow.example TXT "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"
    spf.old.example TXT "v=spf1 ip4:203.0.113.0/24 ~all"
    spf.registrar.example TXT "v=spf1 ip4:192.0.2.0/24 ~all"
    open.example TXT "v=spf1 ip4:192.0.2.1 +all"
    broken.example TXT "v=spf1 ip4:192.0.2 -all"
    twice.example TXT "v=spf1 -all"
    twice.example TXT "v=spf1 mx -all"
    loop.example TXT "v=spf1 include:friend.example ~all"
    nested.example TXT "v=spf1 include:gone.example ~all"
    friend.example MX 10 mx1.cow.example.
"""


async def these(*addresses: str) -> tuple[str, ...]:
    """Return these addresses, as a look at the mail host finds them."""
    return addresses


class LinesAsk:
    """An Ask over lines of `owner TYPE rdata`; it keeps its answers as an observation does."""

    def __init__(self, lines: str, failing: dict[str, Outcome]) -> None:
        self.records: dict[Question, list[dns.rdata.Rdata]] = defaultdict(list)
        for line in lines.strip().splitlines():
            owner, rdtype, rdata = line.split(maxsplit=2)
            self.records[Question.of(owner, rdtype)].append(
                dns.rdata.from_text("IN", rdtype, rdata)
            )
        self.failing = failing
        self.answers: dict[Question, Answer] = {}

    def add_text(self, raw: bytes, rdtype: str = "TXT") -> None:
        """Put one more text at the domain."""
        parts = [raw[i : i + 255] for i in range(0, len(raw), 255)] or [b""]
        wire = b"".join(bytes([len(part)]) + part for part in parts)
        rdata = dns.rdata.from_wire("IN", rdtype, wire, 0, len(wire))
        self.records[Question.of("friend.example", rdtype)].append(rdata)

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        question = Question.of(name, rdtype)
        answer = self.answers.setdefault(question, self._answer(question))
        await asyncio.sleep(0)
        return answer

    def _answer(self, question: Question) -> Answer:
        name = question.name.to_text(omit_final_dot=True)
        kind = dns.rdatatype.to_text(question.rdtype)
        failure = self.failing.get(f"{name} {kind}", self.failing.get(name))
        if failure:
            return Answer(question, failure, server="192.0.2.53:53")
        if question in self.records:
            return Answer(question, Outcome.RECORDS, tuple(self.records[question]), ttl=60)
        known = any(q.name == question.name for q in self.records)
        return Answer(question, Outcome.NODATA if known else Outcome.NXDOMAIN)


async def observe(
    texts: Iterable[bytes | str],
    *,
    world: str = WORLD,
    failing: dict[str, Outcome] | None = None,
    obsolete: Iterable[bytes] = (),
    stranger: bool = True,
) -> Observation:
    """Return what is seen of a domain with these texts, and with `obsolete` ones of type SPF.

    What `failing` names, as `name` or `name TYPE`, is not answered.
    """
    zones = LinesAsk(world, failing or {})
    for text in texts:
        zones.add_text(text.encode() if isinstance(text, str) else text)
    for raw in obsolete:
        zones.add_text(raw, "SPF")
    for rdtype in ("TXT", "SPF"):
        await zones(DOMAIN.name, rdtype)
    hosts = [await zones(HOST, rdtype) for rdtype in ("A", "AAAA")]
    addresses = [rdata.to_text() for answer in hosts for rdata in answer.rdatas]
    if stranger:
        evaluations = await evaluate_all(zones, partial(these, *addresses), DOMAIN.ascii, HELO)
    else:
        evaluations = tuple([await evaluate(zones, a, DOMAIN.ascii, helo=HELO) for a in addresses])
    return Observation.of(DOMAIN, zones.answers.values(), spf=evaluations)


def expected_of(value: str = VALUE) -> Expected:
    """Return what the domain should publish where this SPF record is handed out."""
    server = MailServer(host=HOST, spf=value, dmarc="v=DMARC1; p=reject; sp=reject")
    return expect(server, DOMAIN)


async def judge(*texts: bytes | str, value: str = VALUE, **rest: object) -> Verdict:
    """Return the verdict on a domain with these texts; the rest are the keywords of `observe`."""
    verdict = spf_judge.judge(expected_of(value), await observe(texts, **rest))  # type: ignore[arg-type]
    for finding in verdict.findings:
        assert say(finding)
    return verdict


def say(finding: Finding) -> str:
    """Put a finding into words; a missing fact would raise."""
    context = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    for medium in Medium:
        words = Words(medium).finding(finding, context)
        assert words.endswith(".")
        assert "  " not in words
        assert "\x1b" not in words
    return Words().finding(finding, context)


async def only(*texts: bytes | str, **rest: object) -> Finding:
    """Return the one finding of the verdict."""
    verdict = await judge(*texts, **rest)  # type: ignore[arg-type]  # as above
    assert [f.code for f in verdict.findings] == [verdict.findings[0].code]
    return verdict.findings[0]


def replacement(finding: Finding) -> str:
    """Return the value that the one fix puts in place of the domain's record."""
    (fix,) = finding.fixes
    assert fix.action is FixAction.REPLACE
    assert (fix.owner, fix.type, fix.ttl) == (DOMAIN.name, "TXT", 3600)
    return fix.value
