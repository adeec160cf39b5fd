"""Doing what a report says, step by step, mends the domain: faults from the wild and made up."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
import yaml
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.txtbase import TXTBase
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.finding import Check, FixAction, Status
from bot.config.settings import load_settings
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.presentation import quoted_parts, rdata_text
from bot.services.domain_check import Checker
from dkim_zones import bare
from examples import examples
from strategies import ED25519, RSA_1024, RSA_2048

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.checks.finding import Finding, Fix
    from bot.checks.report import Report

CASES: Any = yaml.safe_load(
    (Path(__file__).parents[2] / "data" / "cases.yaml").read_text(encoding="utf-8")
)
KEY: str = CASES["dkim_expected"]
P = KEY.partition("p=")[2]
SPF: str = CASES["environment"]["MAIL_SPF"]
SERVER = load_settings(CASES["environment"], None).mail_server()
KNOWN = KnownKey("dkim", DkimRecord.parse(KEY), "--dkim")
DOMAIN = Domain.from_ascii(CASES["domain"])
APEX = DOMAIN.name
GRAVE = frozenset({Status.UNKNOWN, Status.WARN, Status.FAIL})
MOST_ROUNDS = (
    3  # a strict DMARC policy comes after the key, the next fault of an SPF after the last
)
CODES = {
    Status.FAIL: """
        domain-not-found apex-cname mx-missing mx-not-ours mx-domain-appended mx-to-cname mx-is-ip
        mx-priority-in-target mx-target-nxdomain mx-null mx-null-mixed mx-foreign-preferred
        spf-missing spf-multiple spf-not-authorised spf-syntax spf-non-ascii spf-leading-space
        spf-after-all spf-plus-all spf-open spf-too-many-lookups spf-include-missing spf-loop
        spf-type99
        dkim-missing dkim-truncated dkim-key-mismatch dkim-revoked dkim-multiple dkim-cname-broken
        dkim-quotes-in-key dkim-weak-key dmarc-before-dkim dmarc-multiple dmarc-syntax
        name-doubled mx-wrong-name spf-wrong-name dkim-wrong-name dmarc-wrong-name
        txt-literal-quotes txt-literal-backslash spf-blank-lost wildcard-txt wildcard-cname
        proxied-mail txt-too-long
    """,
    Status.WARN: """
        mx-foreign-backup mx-other-name spf-no-all dkim-weak-key dkim-test-flag dkim-multiple
        dmarc-missing spf-others-fail
        dmarc-policy-none dmarc-testing dmarc-rua-not-authorised dmarc-rua-syntax
        dmarc-cname-and-txt dmarc-subdomain-weaker dmarc-odd-tag dmarc-pct dmarc-psd
        webmail-wrong-target autodiscover-foreign autoconfig-foreign dkim-cname-and-txt
        wildcard-txt wildcard-cname proxied-mail
    """,
    Status.UNKNOWN: "servfail dns-timeout",
    Status.INFO: """
        spf-softfail spf-follows-mx dkim-unverified dkim-unknown dkim-no-key dmarc-policy-none
        dmarc-removed-tags optional-missing server-side wildcard-cname wildcard-address
    """,
}
ALL_CODES = frozenset(" ".join(CODES.values()).split())

RIGHT = {
    "site": "@ A 203.0.113.80",
    "mx": "@ MX 10 mx1.cow.example.",
    "spf": f"@ TXT {quoted_parts(SPF)}",
    "dkim": f"dkim._domainkey TXT {quoted_parts(KEY)}",
    "dmarc": f"_dmarc TXT {quoted_parts(SERVER.dmarc)}",
    "webmail": "mail CNAME mx1.cow.example.",
    "autoconfig": "autoconfig CNAME mx1.cow.example.",
    "autodiscover": "autodiscover CNAME mx1.cow.example.",
    "srv": "_autodiscover._tcp SRV 0 1 443 mx1.cow.example.",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the domain's zone."""

    owner: dns.name.Name
    type: str
    rdata: dns.rdata.Rdata

    @classmethod
    def of(cls, owner: str | dns.name.Name, rdtype: str, text: str) -> Record:
        name = dns.name.from_text(owner, APEX) if isinstance(owner, str) else owner
        rdata = dns.rdata.from_text("IN", rdtype, text, APEX, relativize=False)
        return cls(name, rdtype, rdata)

    def is_meant(self, fix: Fix, value: str) -> bool:
        """Whether it is the record that a fix speaks of."""
        if (self.owner, self.type) != (fix.owner, fix.type):
            return False
        if isinstance(self.rdata, TXTBase):
            raw = b"".join(self.rdata.strings)
            return value in {raw.decode("utf-8", "replace"), raw.decode("cp1252", "replace")}
        if isinstance(self.rdata, MX):
            priority = fix.priority if fix.action is FixAction.DELETE else None
            same = priority in {None, self.rdata.preference}
            return same and self.rdata.exchange == dns.name.from_text(value)
        return self.rdata.to_text().lower() == value.lower()


Zone = tuple[Record, ...]


def read_zone(text: str) -> Zone:
    lines = (line.split(maxsplit=2) for line in text.splitlines() if line.strip())
    return tuple(Record.of(*line) for line in lines)


def right(**changes: str | Iterable[str]) -> Zone:
    """Return the right zone with other records in place of some, values as a zone file has them."""
    lines = [line if isinstance(line, str) else "\n".join(line) for line in changes.values()]
    kept = [line for key, line in RIGHT.items() if key not in changes]
    return read_zone("\n".join([*kept, *lines]))


def mend(zone: Zone, fixes: Iterable[Fix]) -> Zone:
    """Type what the fixes say; a step that cannot be done fails the test."""
    records = list(zone)
    for fix in dict.fromkeys(fixes):
        if fix.action is FixAction.RENAME:
            assert fix.old_owner is not None
            there = dataclasses.replace(fix, owner=fix.old_owner)
            moved = [record for record in records if record.is_meant(there, fix.old or fix.value)]
            assert moved, f"there is no such record to move: {fix}"
            records.remove(moved[0])
        if fix.action in {FixAction.REPLACE, FixAction.DELETE}:
            value = fix.value if fix.old is None else fix.old
            meant = [record for record in records if record.is_meant(fix, value)]
            assert meant, f"there is no such record to {fix.action}: {fix}"
            records.remove(meant[0])
        if fix.action is not FixAction.DELETE:
            data = rdata_text(fix.type, fix.value, fix.priority)
            record = Record.of(fix.owner, fix.type, data)
            assert record not in records, f"it is there already: {fix}"
            records.append(record)
    return tuple(records)


def clashes(zone: Zone) -> set[dns.name.Name]:
    """Return the names that hold a CNAME and something else."""
    aliases = {record.owner for record in zone if record.type == "CNAME"}
    counts = Counter(record.owner for record in zone)
    return {owner for owner in aliases if counts[owner] > 1}


async def check(zone: Zone, more: Mapping[str, str], servfail: Iterable[str] = ()) -> Report:
    text = "\n".join(f"{r.owner} {r.type} {r.rdata.to_text()}" for r in zone)
    zones = Zones.of({**CASES["base_zones"], **more, DOMAIN.ascii: text}, servfail=servfail)
    async with ZoneServer(zones) as server, Resolver([Server(*server.address)]) as resolver:
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        return await checker.check(DOMAIN, KNOWN)


def grave(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity in GRAVE]


def assert_consistent(report: Report) -> None:
    """A status is the worst of its findings, and every status but pass has one."""
    alone = {"blocked", "follows-from"}  # unknown, as the domain itself is not to be judged
    for result in report.results:
        severities = [f.severity for f in report.findings if f.check is result.check]
        if not severities and result.note is not None and result.note.code in alone:
            assert result.status is Status.UNKNOWN
            assert {f.check for f in grave(report)} >= {Check.DELEGATION}
        else:
            worst = max(severities, key=lambda s: s.rank, default=Status.PASS)
            assert result.status is worst, result
    for finding in report.findings:
        known = CODES[finding.severity].split()
        assert finding.code in known or finding.code not in ALL_CODES, finding
    ranks = [finding.severity.rank for finding in report.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert report.queries <= 60


def assert_mended(zone: Zone, more: Mapping[str, str], report: Report) -> None:
    """Doing all that is said, a few times at most, leaves nothing worse than info.

    But for what only the member can decide, or somebody else has to mend: the other senders.
    """
    for _ in range(MOST_ROUNDS):
        if not any(f.code != "spf-others-fail" or f.fixes for f in grave(report)):
            return
        fixes = [fix for finding in report.findings for fix in finding.fixes]
        assert fixes, [finding.code for finding in grave(report)]
        olds = Counter((f.owner, f.type, f.old) for f in dict.fromkeys(fixes) if f.old)
        assert max(olds.values(), default=1) == 1, "two ways to mend one record"
        before, zone = clashes(zone), mend(zone, fixes)
        assert clashes(zone) <= before
        report = asyncio.run(check(zone, more))
        assert_consistent(report)
    assert grave(report) == []


@dataclass(frozen=True, slots=True)
class Fault:
    """A zone, what is found first in it (None: nothing grave), and the world it needs."""

    title: str
    code: str | None
    zone: Zone
    more: Mapping[str, str] = field(default_factory=dict)


def spf(code: str | None, *texts: str, title: str = "", **more: str) -> Fault:
    lines = [f"@ TXT {quoted_parts(text)}" for text in texts]
    zones = {"good.example": "\n".join(more.values())} if more else {}
    return Fault(f"spf {title or ' + '.join(texts)}", code, right(spf=lines), zones)


def mx(code: str | None, *values: str, webmail: str = RIGHT["webmail"]) -> Fault:
    zone = right(mx=[f"@ MX {value}" for value in values], webmail=webmail)
    return Fault(f"mx {' + '.join(values)} {webmail}", code, zone)


def dkim(code: str | None, *texts: str, title: str) -> Fault:
    lines = [f"dkim._domainkey TXT {quoted_parts(text)}" for text in texts]
    return Fault(f"dkim {title}", code, right(dkim=lines))


def dmarc(code: str | None, *texts: str) -> Fault:
    zone = right(dmarc=[f"_dmarc TXT {quoted_parts(text)}" for text in texts])
    world = {"good.example": f'{DOMAIN.ascii}._report._dmarc TXT "v=DMARC1"'}
    return Fault(f"dmarc {' + '.join(texts)}", code, zone, world)


def alias(code: str | None, target: str, title: str) -> Fault:
    zone = right(dkim=f"dkim._domainkey CNAME {target}")
    return Fault(f"dkim alias {title}", code, zone, {"good.example": GOOD})


def other(title: str, code: str | None, **changes: str) -> Fault:
    return Fault(title, code, right(**changes), {"good.example": GOOD})


GOOD = f"""
other TXT "v=DKIM1; p={RSA_1024}"
cut TXT {quoted_parts(KEY[:255])}
revoked TXT "v=DKIM1; p="
two TXT {quoted_parts(KEY)}
two TXT "v=DKIM1; p={RSA_1024}"
testing TXT {quoted_parts(KEY.replace("t=s", "t=y"))}
none._dmarc TXT "v=DMARC1; p=none"
typo._dmarc TXT "v=DMARC1; p=rejected"
two._dmarc TXT "v=DMARC1; p=none"
two._dmarc TXT "v=DMARC1; p=reject"
strict._dmarc TXT "v=DMARC1; p=reject"
site A 203.0.113.81
site MX 10 mx.old.example.
site TXT "v=spf1 include:spf.old.example -all"
"""
RUA = "rua=mailto:dmarc@cow.example"
SERVICES = [f"include:s{i}.big.example" for i in range(12)]
FAULTS = (
    mx("mx-target-nxdomain", "10 mx1.cow.exmaple."),
    mx("mx-target-nxdomain", "10 mx.cow.example."),
    mx("mx-target-nxdomain", "10 mx1.cow.friend.example."),
    mx("mx-target-nxdomain", "10 mx1."),
    mx("mx-to-cname", "10 mail.friend.example."),
    mx("mx-to-cname", "10 mx1.cow.example.", "20 mail.friend.example."),
    mx("mx-to-cname", "10 mail.friend.example.", webmail="mail CNAME mx.old.example."),
    mx("mx-to-cname", "10 mail.friend.example.", webmail="mail CNAME gone.old.example."),
    mx("mx-to-cname", "10 mail.friend.example.", webmail="mail CNAME mail.friend.example."),
    mx("mx-foreign-backup", "10 mx1.cow.example.", "20 mx.old.example.", "30 mx2.old.example."),
    mx("mx-foreign-preferred", "10 mx1.cow.example.", "10 mx.old.example."),
    mx("mx-not-ours", "10 mx.old.example.", "20 mx2.old.example."),
    mx("proxied-mail", "10 p.cdn.example."),
    mx("proxied-mail", "10 mail.friend.example.", webmail="mail CNAME p.cdn.example."),
    mx("proxied-mail", "10 mail.friend.example.", webmail="mail A 104.16.1.1"),
    mx("mx-not-ours", "10 friend.example."),
    mx("mx-not-ours", "10 mail.friend.example.", webmail="mail A 192.0.2.200"),
    mx(
        "mx-not-ours",
        "10 mail.friend.example.",
        webmail="mail A 198.51.100.25\nmail AAAA 2001:db8::80",
    ),
    mx("mx-other-name", "10 mail.friend.example.", webmail="mail A 198.51.100.25"),
    mx("mx-other-name", "10 cow.example."),
    mx("mx-null", "0 ."),
    mx("mx-null-mixed", "0 .", "10 mx1.cow.example."),
    mx("mx-domain-appended", "10 mx1.cow.example.friend.example.", "20 mx1.cow.example."),
    mx("mx-is-ip", "10 198.51.100.25.friend.example."),
    mx("mx-priority-in-target", "10 10.mx1.cow.example."),
    mx("mx-target-no-address", "10 _spf.cow.example."),
    Fault("mx none, spf by mx", "mx-missing", right(mx=(), spf='@ TXT "v=spf1 mx -all"')),
    Fault("spf of the obsolete type", "spf-type99", right(spf=f'@ SPF "{SPF}"')),
    Fault("spf of both types", None, right(obsolete=f'@ SPF "{SPF}"')),
    Fault(
        "spf with a tab", "spf-syntax", right(spf=f'@ TXT "{SPF.replace(" ", chr(92) + "009")}"')
    ),
    spf("spf-leading-space", f" {SPF}"),
    spf(None, SPF.replace("-all", "~all")),
    spf(None, SPF.upper()),
    spf(None, SPF, f'"{SPF}"'),
    spf("txt-literal-quotes", f'"{SPF}"'),
    spf("txt-literal-quotes", f'"{SPF}'),
    spf("txt-literal-quotes", f'"{SPF[:20]}" "{SPF[20:]}"'),
    spf("txt-literal-quotes", f"'{SPF}'"),
    spf("txt-literal-quotes", 'v=spf1 "include:_spf.cow.example" -all'),
    spf("txt-literal-backslash", SPF.replace("-all", "\\-all")),
    spf("spf-blank-lost", SPF.replace(" -all", "-all")),
    spf("spf-blank-lost", SPF.replace("v=spf1 ", "v=spf1")),
    spf("spf-blank-lost", "v=spf1 include:spf.old.exampleinclude:_spf.cow.example -all"),
    spf("spf-blank-lost", "v=spf1 ip4:192.0.2.1include:_spf.cow.example -all"),
    spf("spf-no-all", SPF.replace("-all", "?all")),
    spf("spf-no-all", "v=spf1 include:_spf.cow.example"),
    spf("spf-after-all", "v=spf1 -all include:_spf.cow.example"),
    spf("spf-syntax", "include:_spf.cow.example v=spf1 -all"),
    spf("spf-syntax", "v=spf1 include=_spf.cow.example -all"),
    spf("spf-syntax", "v=spf1 include:https://_spf.cow.example -all"),
    spf("spf-syntax", "v=spf1 include:admin@cow.example -all"),
    spf("spf-syntax", "v=spf1; include:_spf.cow.example; -all"),
    spf("spf-syntax", "v=spf1 mx -all v=spf1 include:_spf.cow.example -all"),
    spf("spf-syntax", "v=spf1 ip4:mx1.cow.example -all"),
    spf("spf-syntax", "v=spf1 inlcude:_spf.cow.example - all"),
    spf("spf-syntax", "v=spf1 include:bad.good.example -all", bad='bad TXT "v=spf1 hello -all"'),
    spf("spf-include-missing", "v=spf1 include:_spf.cow.exmaple -all"),
    spf("spf-include-missing", f"v=spf1 include:gone.old.example include:site.example {SPF[7:]}"),
    spf("spf-include-missing", "v=spf1 include:_spf.cow.example include:gone.old.example -all"),
    spf("spf-loop", "v=spf1 include:loop.big.example -all"),
    spf("spf-loop", "v=spf1 include:_spf.cow.example include:loop.big.example -all"),
    spf("spf-loop", "v=spf1 include:friend.example include:_spf.cow.example -all"),
    spf("spf-too-many-voids", "v=spf1 a:a.old.example a:b.old.example a:c.old.example -all"),
    spf(
        "spf-too-many-voids",
        f"v=spf1 {' '.join(f'a:{n}.old.example' for n in 'abcdefg')} mx:h.old.example {SPF[7:]}",
    ),
    spf("spf-too-many-lookups", f"v=spf1 {' '.join(SERVICES)} {SPF[7:]}", title="12 services"),
    spf("spf-others-fail", f"{SPF[:-5]} {' '.join(SERVICES)} -all", title="12 services behind"),
    spf("spf-multiple", SPF, "v=spf1 mx -all", "v=spf1 include:spf.registrar.example ~all"),
    spf("spf-multiple", SPF, SPF.upper()),
    spf(None, "v=spf1 redirect=_spf.cow.example"),
    spf("spf-not-authorised", "v=spf1 redirect=spf.old.example"),
    spf("spf-not-authorised", "v=spf1 ip4:198.51.100.25 -all"),
    spf("spf-not-authorised", "v=spf1 -include:_spf.cow.example -all"),
    spf("spf-not-authorised", "v=spf1"),
    spf(None, "v=spf1 include:_spf.cow.example exists:%{i}._spf.old.example -all"),
    spf(None, "v=spf1 ptr:cow.example -all"),
    spf("spf-open", "v=spf1 exists:mx1.cow.example -all"),
    spf("spf-open", "v=spf1 include:_spf.cow.example a/2 mx//8 -all"),
    spf(
        "spf-open", "v=spf1 include:_spf.cow.example ip4:0.0.0.0/3 ip4:64.0.0.0/3 ip4:9.9.9.9 -all"
    ),
    spf("spf-open", "v=spf1 include:_spf.cow.example a:%{h} exists:%{l}.friend.example ~all"),
    spf(
        "spf-others-fail",
        "v=spf1 include:_spf.cow.example include:%{o}.old.example a:mx.old.example -all",
    ),
    spf(
        "spf-others-fail",
        f"v=spf1 include:_spf.cow.example {' '.join(f'a:{n}.old.example' for n in 'abc')} -all",
    ),
    spf("spf-plus-all", "v=spf1 include:open.good.example -all", open='open TXT "v=spf1 +all"'),
    spf("spf-non-ascii", "v=spf1 include:_spf.cow.example\u00a0-all"),
    spf("spf-non-ascii", "\u201cv=spf1 include:_spf.cow.example -all\u201d"),
    dkim("dkim-truncated", KEY[:254], title="cut at 254"),
    dkim("dkim-truncated", KEY[:256], title="cut at 256"),
    dkim("dkim-truncated", KEY[:255], KEY[255:], title="in two records"),
    dkim("dkim-quotes-in-key", f'{KEY[:255]}" "{KEY[255:]}', title="with quotes inside"),
    dkim("txt-literal-quotes", f'"{KEY}"', title="in quotes"),
    dkim("txt-literal-backslash", KEY.replace(";", "\\;"), title="with backslashes"),
    dkim("dkim-key-mismatch", KEY[:100] + KEY[101:], title="with a character lost"),
    dkim("dkim-key-mismatch", f"v=DKIM1; k=ed25519; p={ED25519}", title="of another type"),
    dkim("dkim-test-flag", KEY.replace("t=s", "t=y:s"), title="being tested"),
    dkim("dkim-multiple", KEY, f"v=DKIM1; p={RSA_2048}", title="twice"),
    dkim("dkim-multiple", KEY, "v=spf1 -all", title="beside an SPF record"),
    dkim("dkim-multiple", KEY, "", title="beside an empty text"),
    dkim("dkim-syntax", f"v=DKIM1; p={bare(P)}", title="in bare form"),
    dkim("dkim-syntax", KEY.replace("s=email", "h=sha1"), title="for sha1 only"),
    dkim("dkim-syntax", KEY.replace("s=email", "s=tlsrpt"), title="for another service"),
    dkim(None, f"v=DKIM1; p={P[:200]} {P[200:]}", title="with a blank in the key"),
    dkim(None, KEY.removeprefix("v=DKIM1;"), title="without version"),
    dkim(None, KEY.replace("s=email", "s=*"), title="for every service"),
    alias(None, "friend.dkim.cow.example.", "to the right key"),
    alias("dkim-cname-broken", "gone.dkim.cow.example.", "to nothing"),
    alias("dkim-cname-broken", "friend.dkim.cow.example.friend.example.", "with the domain added"),
    alias("dkim-cname-broken", "dkim._domainkey.friend.example.", "to itself"),
    alias("dkim-cname-broken", "site.example.", "to another text"),
    dkim("txt-too-long", KEY + ";" * 5_000, title="with many semicolons"),
    dkim("txt-too-long", *(f"{KEY};n={n}{'n' * 900}" for n in range(9)), title="nine times"),
    dmarc("txt-too-long", f"v=DMARC1; p=reject; {RUA}{' ' * 5_000};"),
    spf("txt-too-long", f"{SPF[:-4]}{'a:site.example ' * 400}-all", title="too long"),
    alias("dkim-key-mismatch", "other.good.example.", "to another key"),
    alias("dkim-truncated", "cut.good.example.", "to a cut key"),
    alias("dkim-revoked", "revoked.good.example.", "to an empty key"),
    alias("dkim-multiple", "two.good.example.", "to two keys"),
    alias("dkim-test-flag", "testing.good.example.", "to a key being tested"),
    dmarc("dmarc-policy-none", f"v=DMARC1; p=none; {RUA}"),
    dmarc(None, f"v=DMARC1; p=quarantine; {RUA}"),
    dmarc(None, f"v=DMARC1; p=reject; sp=reject; {RUA}; rf=afrf; pct=100; ri=86400"),
    dmarc(None, "v=DMARC1; p=reject; rua=mailto:me@good.example"),
    dmarc("dmarc-testing", f"v=DMARC1; p=reject; t=y; {RUA}"),
    dmarc("dmarc-subdomain-weaker", f"v=DMARC1; p=reject; sp=none; {RUA}"),
    dmarc("dmarc-subdomain-weaker", f"v=DMARC1; p=reject; np=quarantine; {RUA}"),
    dmarc("dmarc-pct", f"v=DMARC1; p=reject; sp=reject; pct=0; {RUA}"),
    dmarc("dmarc-pct", f"v=DMARC1; p=quarantine; pct=50; rf=afrf; {RUA}"),
    dmarc("dmarc-psd", f"v=DMARC1; p=reject; psd=y; {RUA}"),
    dmarc("txt-literal-quotes", f'"v=DMARC1; p=reject; {RUA}"'),
    dmarc("txt-literal-backslash", f"v=DMARC1\\; p=reject\\; {RUA}"),
    dmarc("txt-literal-backslash", f"v=DMARC1; p=reject\\; {RUA}"),
    dmarc("dmarc-multiple", "v=DMARC1; p=none", f"v=DMARC1; p=reject; {RUA}"),
    dmarc("dmarc-syntax", f"p=reject; {RUA}"),
    dmarc("dmarc-syntax", "v=DMARC1 p=reject"),
    dmarc("dmarc-syntax", "p=reject; v=DMARC1"),
    dmarc("dmarc-syntax", f"v=DMARC1; p=reject sp=reject; {RUA}"),
    dmarc("dmarc-syntax", "v=DMARC1"),
    dmarc("dmarc-syntax", f"v=DMARC1; p=reject {RUA}"),
    dmarc("dmarc-odd-tag", f"v=DMARC1; p=reject; adkim=s aspf=s; {RUA}; hello"),
    dmarc("dmarc-rua-syntax", "v=DMARC1; p=reject; rua=dmarc@cow.example"),
    dmarc("dmarc-rua-syntax", f"v=DMARC1; p=reject; {RUA}; mailto:me@friend.example"),
    dmarc("dmarc-rua-not-authorised", "v=DMARC1; p=reject; rua=mailto:me@rua.registrar.example"),
    other("srv to another", "srv-foreign", imaps="_imaps._tcp SRV 0 1 993 imap.old.example."),
    other(
        "srv at another port", "srv-wrong-port", imaps="_imaps._tcp SRV 0 1 143 mx1.cow.example."
    ),
    other("srv refused", "srv-not-offered", imaps="_imaps._tcp SRV 0 0 0 ."),
    other("caa of another", "caa-blocks", caa='@ CAA 0 issue "ca.example"'),
    other("caa of nobody", "caa-blocks", caa='@ CAA 0 issue ";"'),
    other("caa for critics", "caa-blocks", caa='@ CAA 128 tbs "x"'),
    other("caa for reports", None, caa='@ CAA 0 iodef "mailto:a@b.example"'),
    other("tls reports", None, tls='_smtp._tls TXT "v=TLSRPTv1; rua=mailto:a@b.example"'),
    other("tls reports nowhere", "tls-rpt-syntax", tls='_smtp._tls TXT "v=TLSRPTv1; rua=a"'),
    other("a policy by alias", None, dmarc="_dmarc CNAME strict._dmarc.good.example."),
    other("none by alias", "dmarc-policy-none", dmarc="_dmarc CNAME none._dmarc.good.example."),
    other("a typo by alias", "dmarc-syntax", dmarc="_dmarc CNAME typo._dmarc.good.example."),
    other("two by alias", "dmarc-multiple", dmarc="_dmarc CNAME two._dmarc.good.example."),
    other("an alias to no policy", "dmarc-missing", dmarc="_dmarc CNAME gone.good.example."),
    other(
        "strict by alias, no key",
        "dmarc-before-dkim",
        dkim="",
        dmarc="_dmarc CNAME strict._dmarc.good.example.",
    ),
    other(
        "quarantine, no key",
        "dmarc-before-dkim",
        dkim="",
        dmarc='_dmarc TXT "v=DMARC1; p=quarantine"',
    ),
    other("a text for all", "wildcard-txt", dkim="", dmarc="", webmail='* TXT "hello there"'),
    other("mx for all", "mx-missing", mx="* MX 10 mx1.cow.example.", webmail=""),
    other("mx at www", "mx-wrong-name", mx="www MX 10 mx1.cow.example."),
    other("spf at www", "spf-wrong-name", spf=f'www TXT "{SPF}"'),
    other("spf at www with more", "spf-wrong-name", spf=f'www TXT "{SPF[:-4]}a:site.example -all"'),
    other("another spf at www", "spf-missing", spf='www TXT "v=spf1 -all"'),
    other("key at the domain", "dkim-wrong-name", dkim=f"@ TXT {quoted_parts(KEY)}"),
    other("key at _domainkey", "dkim-wrong-name", dkim=f"_domainkey TXT {quoted_parts(KEY)}"),
    other("key, no underscore", "dkim-wrong-name", dkim=f"dkim.domainkey TXT {quoted_parts(KEY)}"),
    other(
        "key at a usual selector",
        "dkim-wrong-name",
        dkim=f"mailcow._domainkey TXT {quoted_parts(KEY)}",
    ),
    other(
        "another's key at a usual selector",
        "dmarc-before-dkim",
        dkim=f'default._domainkey TXT "v=DKIM1; p={RSA_1024}"',
    ),
    other("cut key at its selector", "dkim-wrong-name", dkim=f"dkim TXT {quoted_parts(KEY[:255])}"),
    other("dmarc, no underscore", "dmarc-wrong-name", dmarc='dmarc TXT "v=DMARC1; p=reject"'),
    other(
        "all names in full",
        "name-doubled",
        mx="friend.example MX 10 mx1.cow.example.",
        spf=f'friend.example TXT "{SPF}"',
        dkim=f"dkim._domainkey.friend.example TXT {quoted_parts(KEY)}",
        dmarc=f"_dmarc.friend.example TXT {quoted_parts(SERVER.dmarc)}",
    ),
    other("dmarc in full", "name-doubled", dmarc='_dmarc.friend.example TXT "v=DMARC1; p=reject"'),
    other(
        "a key and an alias",
        "dkim-cname-and-txt",
        dkim=f"{RIGHT['dkim']}\ndkim._domainkey CNAME k.old.example.",
    ),
    other("none, no key", "dkim-missing", dkim="", dmarc='_dmarc TXT "v=DMARC1; p=none"'),
    other(
        "an old address beside ours",
        "webmail-wrong-target",
        webmail="mail A 198.51.100.25\nmail AAAA 2001:db8::80",
    ),
    other("webmail by address", None, webmail="mail A 198.51.100.25"),
    other("webmail in a circle", "webmail-wrong-target", webmail="mail CNAME mail.friend.example."),
    other("webmail by a wildcard", None, webmail="* A 203.0.113.80"),
    other("webmail by an alias of all", None, webmail="* CNAME edge.site.example."),
    other("webmail behind a proxy", "proxied-mail", webmail="mail CNAME p.cdn.example."),
    other(
        "all by a wildcard",
        "wildcard-cname",
        dkim="",
        dmarc="",
        srv="",
        webmail="* CNAME edge.site.example.",
    ),
    other(
        "autoconfig elsewhere",
        "autoconfig-foreign",
        autoconfig="autoconfig A 203.0.113.62\nautoconfig A 203.0.113.63",
    ),
    other(
        "a service elsewhere",
        "autodiscover-foreign",
        srv="_autodiscover._tcp SRV 0 0 443 autodiscover.old.example.",
    ),
    other(
        "one service elsewhere",
        "autodiscover-foreign",
        srv=f"{RIGHT['srv']}\n_autodiscover._tcp SRV 5 0 443 mx.old.example.",
    ),
    other("no service", None, srv="_autodiscover._tcp SRV 0 0 0 ."),
    other(
        "an alias for the domain", "apex-cname", site="@ CNAME edge.site.example.", mx="", spf=""
    ),
    other(
        "an alias with its own mail", "apex-cname", site="@ CNAME site.good.example.", mx="", spf=""
    ),
    other("an alias to the mail server", "apex-cname", site="@ CNAME cow.example.", mx="", spf=""),
    other("an alias to nothing", "apex-cname", site="@ CNAME gone.site.example.", mx="", spf=""),
    other("an alias to itself", "apex-cname", site="@ CNAME friend.example.", mx="", spf=""),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.title)
def test_a_fault_is_named_first_and_mended_by_what_is_said(fault: Fault) -> None:
    report = asyncio.run(check(fault.zone, fault.more))
    assert_consistent(report)
    found = [finding.code for finding in grave(report)]
    assert found[:1] == ([] if fault.code is None else [fault.code])
    assert_mended(fault.zone, fault.more, report)


def test_every_case_is_mended_by_what_is_said(case: Any) -> None:
    zone = read_zone(case.zone)
    report = asyncio.run(check(zone, {}, case.servfail))
    assert_consistent(report)
    assert [finding.code for finding in grave(report)][:1] == ([case.code] if case.code else [])
    if not case.servfail:
        assert_mended(zone, {}, report)


@st.composite
def damaged_zones(draw: st.DrawFn) -> Zone:
    """Return the right zone with some records dropped, doubled with a slip, or cut."""
    records: list[Record] = []
    for record in right():
        harm = draw(st.sampled_from(("none",) * 6 + ("drop", "double", "cut")))
        if harm == "drop" and record.type != "A":
            continue
        if harm in {"none", "double"} or not isinstance(record.rdata, TXTBase):
            records.append(record)
        if isinstance(record.rdata, TXTBase) and harm in {"double", "cut"}:
            text = b"".join(record.rdata.strings).decode()
            cut = text[: draw(st.integers(1, len(text) - 1))]
            records.append(Record.of(record.owner, "TXT", quoted_parts(cut)))
        if isinstance(record.rdata, MX) and harm == "double":
            target = draw(st.sampled_from(("mx.old.example.", "mail.friend.example.", ".")))
            records.append(Record.of(record.owner, "MX", f"{draw(st.integers(0, 20))} {target}"))
    return tuple(dict.fromkeys(records))


@given(damaged_zones())
@examples(0.25)
def test_whatever_was_dropped_doubled_or_cut_is_mended(zone: Zone) -> None:
    report = asyncio.run(check(zone, {}))
    assert_consistent(report)
    assert_mended(zone, {}, report)
