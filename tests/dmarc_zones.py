"""DMARC judged in made-up answers: the rest of the domain is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name
import dns.rdata
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT

from bot.checks.dkim import judge as dkim_judge
from bot.checks.dmarc.judge import judge
from bot.checks.dmarc.record import walk_names
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KnownKey
from bot.records.expected import Expected, expect
from bot.records.mail_server import MailServer
from bot.words import Words

if TYPE_CHECKING:
    from bot.checks.finding import Finding, Verdict

KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs10yxa7pMgU6O1IaTmrfpZVHZUM8If2+XSwxN0jMjqgz"
    "oK7+zJaXzEACf89ljg2if04/JzGcMhdKD/dkh75oKdXieopIqlxJbJJIBaTLgUw9UVo1JIL+ICBqlKOv9Qw3FoAw"
    "Bp4U2oY3sEXG0Pq0PODI8yshwxggOmpIRYFxnfGLhfrgZDLbbLHxmq/Gfl91cjhlPzPKRm3fAqjI5rj8EBgPy7aJ"
    "HLXo4zvbvhk+FcE1GA6xwWCyUSYS2VeIbK6uB/HmM5uYefIe6FaDpSf+JIOtVEhzvT+9ckjzdJYW5uceRaxwW/cJ"
    "6bg58i6gdxZPoGQUVTwbobbdCknSLkcFQQIDAQAB"
)
HANDED_OUT_KEY = f"v=DKIM1;k=rsa;t=s;s=email;p={KEY}"
STRICT = "v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example"
RELAXED = "v=DMARC1; p=none; sp=none; rua=mailto:dmarc@cow.example"
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc=STRICT,
    dmarc_rua="mailto:dmarc@cow.example",
)
KNOWN = KnownKey("dkim", DkimRecord.parse(HANDED_OUT_KEY), "--dkim")
OWN = "_dmarc.friend.example"
PROBE = dns.name.from_text("random.friend.example")
SELECTOR = "dkim._domainkey.friend.example"
AGREED = "friend.example._report._dmarc.cow.example"
OLD = "friend.example._report._dmarc.old.example"
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}


def txt(name: str, *texts: str | bytes, chain: tuple[str, ...] = ()) -> Answer:
    rdatas = tuple(
        TXT(IN, RdataType.TXT, [raw[i : i + 255] for i in range(0, len(raw) or 1, 255)])
        for raw in (text if isinstance(text, bytes) else text.encode() for text in texts)
    )
    outcome = Outcome.RECORDS if rdatas else Outcome.NXDOMAIN
    names = tuple(dns.name.from_text(alias) for alias in chain)
    return Answer(Question.of(name, "TXT"), outcome, rdatas, chain=names)


def cname(name: str, target: str) -> Answer:
    rdata = dns.rdata.from_text(IN, RdataType.CNAME, f"{target}.")
    return Answer(Question.of(name, "CNAME"), Outcome.RECORDS, (rdata,))


def failed(name: str, outcome: Outcome = Outcome.SERVFAIL) -> Answer:
    return Answer(Question.of(name, "TXT"), outcome)


def observe(domain: str, *answers: Answer) -> Observation:
    """DKIM and the report authorisation of the server are right, nothing else exists."""
    name = Domain.from_ascii(domain)
    world = [
        *(txt(each.to_text()) for each in walk_names(name)),
        txt(f"dkim._domainkey.{domain}", HANDED_OUT_KEY),
        txt(f"{domain}._report._dmarc.cow.example", "v=DMARC1;"),
    ]
    return Observation.of(name, [*world, *answers], probe=PROBE)


def look(
    *answers: Answer,
    domain: str = "friend.example",
    dkim: DkimKnowledge = KNOWN,
    stage: str | None = "reject",
    server: MailServer = SERVER,
    spf_proven: bool = True,
) -> Verdict:
    """Return the verdict on a domain whose admin approved `p=reject`, or another stage."""
    expected = expect(server, Domain.from_ascii(domain), dkim, stage)
    observed = observe(domain, *answers)
    dkim_proven = dkim_judge.judge(expected, observed).is_proven
    verdict = judge(expected, observed, spf_proven=spf_proven, dkim_proven=dkim_proven)
    for finding in verdict.findings:
        assert Words().finding(finding, CONTEXT)
    if verdict.note is not None:
        assert Words().note(verdict.note, CONTEXT)
    return verdict


def only(verdict: Verdict) -> Finding:
    assert len(verdict.findings) == 1, verdict.findings
    return verdict.findings[0]


def say(finding: Finding) -> str:
    return Words().finding(finding, CONTEXT)


def codes(verdict: Verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


def expected_of(domain: str = "friend.example", stage: str | None = None) -> Expected:
    """Return what is handed out where SPF and DKIM are proven."""
    expected = expect(SERVER, Domain.from_ascii(domain), KNOWN, stage)
    return expected.with_proof(spf_proven=True, dkim_proven=True)
