"""DKIM judged in made-up answers, with the keys that the tests share."""

from __future__ import annotations

import base64
import itertools
import math
from functools import cache
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from dns.rdataclass import IN
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT

from bot.checks.dkim.judge import judge
from bot.checks.observation import Observation
from bot.dns.answer import Answer, Outcome, Question
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, DkimRecord, KnownKey
from bot.records.expected import expect
from bot.records.mail_server import MailServer
from bot.words import Words

if TYPE_CHECKING:
    from bot.checks.finding import Finding, Verdict
    from bot.records.expected import Expected

KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs10yxa7pMgU6O1IaTmrfpZVHZUM8If2+XSwxN0jMjqgz"
    "oK7+zJaXzEACf89ljg2if04/JzGcMhdKD/dkh75oKdXieopIqlxJbJJIBaTLgUw9UVo1JIL+ICBqlKOv9Qw3FoAw"
    "Bp4U2oY3sEXG0Pq0PODI8yshwxggOmpIRYFxnfGLhfrgZDLbbLHxmq/Gfl91cjhlPzPKRm3fAqjI5rj8EBgPy7aJ"
    "HLXo4zvbvhk+FcE1GA6xwWCyUSYS2VeIbK6uB/HmM5uYefIe6FaDpSf+JIOtVEhzvT+9ckjzdJYW5uceRaxwW/cJ"
    "6bg58i6gdxZPoGQUVTwbobbdCknSLkcFQQIDAQAB"
)
OTHER = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArIJh1nk49cYkJKJwANRKFiCByuIqfFh+/6Hmn3hfbZKz"
    "o49YDclEa2T8ZKOsrcYFinEpkGLIm84dHJ1TMhoWiabUzGmTPy9yULAg3vTbcYz37T0tb7Y8Yt33TVnn29Ej2q9T"
    "qgV+COpSn0bGjTdrD2h0wjfNI8RxdmtqrjOWanRRVG3nZwIalSCdLn9f4LbcX7EgOaWLd1M5/aH1ov+bQo1xUWQ4"
    "6qdopzKfwgQXUf2hhh5t5qglqzR2PI/M2tAwCMtZem7JXRmLpC8+ivW+mkCU9m6uUD5Li/AUGmQNADFXE+YC/LTc"
    "cxr/c+bisUpfglWh8DH3HLSn2GNPiPWopwIDAQAB"
)
HANDED_OUT = f"v=DKIM1;k=rsa;t=s;s=email;p={KEY}"
DOMAIN = Domain.from_ascii("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
KNOWN = KnownKey("dkim", DkimRecord.parse(HANDED_OUT), "--dkim")
NAME = "dkim._domainkey.friend.example"


@cache
def make_key(bits: int) -> str:
    """Return a public key of this length, the same each time."""
    half = bits // 2
    primes = (find_prime(3 << (half - 2)), find_prime(7 << (half - 3)))
    public = RSAPublicNumbers(65537, math.prod(primes)).public_key()
    assert public.key_size == bits
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def find_prime(least: int) -> int:
    """Return the next number that is as good as certainly a prime (Fermat's test)."""
    return next(
        number for number in itertools.count(least | 1, 2) if pow(2, number - 1, number) == 1
    )


def bare(key: str) -> str:
    """Return a key as RSAPublicKey (PKCS#1) instead of SubjectPublicKeyInfo."""
    loaded = load_der_public_key(base64.b64decode(key))
    return base64.b64encode(loaded.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()


def txt(name: str, *texts: str | bytes, chain: tuple[str, ...] = ()) -> Answer:
    rdatas = tuple(
        TXT(IN, RdataType.TXT, [raw[i : i + 255] for i in range(0, len(raw) or 1, 255)])
        for raw in (text if isinstance(text, bytes) else text.encode() for text in texts)
    )
    outcome = Outcome.RECORDS if rdatas else Outcome.NODATA
    names = tuple(dns.name.from_text(alias) for alias in chain)
    return Answer(Question.of(name, "TXT"), outcome, rdatas, chain=names)


def missing(name: str, outcome: Outcome = Outcome.NXDOMAIN, **rest: object) -> Answer:
    return Answer(Question.of(name, "TXT"), outcome, **rest)  # type: ignore[arg-type]  # by name


def expected_with(key: DkimKnowledge) -> Expected:
    return expect(SERVER, DOMAIN, key)


def look(answer: Answer, key: DkimKnowledge = KNOWN, dmarc: str = "v=DMARC1; p=none") -> Verdict:
    observed = Observation.of(DOMAIN, [answer, txt("_dmarc.friend.example", dmarc)])
    verdict = judge(expected_with(key), observed)
    context = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    for finding in verdict.findings:
        assert Words().finding(finding, context)
    if verdict.note is not None:
        assert Words().note(verdict.note, context)
    return verdict


def only(verdict: Verdict) -> Finding:
    assert len(verdict.findings) == 1, verdict.findings
    return verdict.findings[0]


def say(verdict: Verdict) -> str:
    context = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
    return Words().finding(only(verdict), context)
