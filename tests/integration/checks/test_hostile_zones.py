"""Zones made to hurt: no check raises, asks more than sixty questions, takes long, or says pass."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.export.as_json import context_of, report_as_dict
from bot.checks.finding import Status
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeyUnknown, KnownKey
from bot.records.mail_server import MailServer
from bot.records.presentation import quoted_parts
from bot.services.domain_check import Checker
from bot.words import Words
from examples import examples
from strategies import RSA_2048

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.checks.report import Report
    from bot.dns.answer import Question

DOMAIN = Domain.from_ascii("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
KNOWN = KnownKey("dkim", DkimRecord.parse(f"v=DKIM1; p={RSA_2048}"), "--dkim")
COW = """
mx1 A 198.51.100.25
mx1 AAAA 2001:db8:25::25
_spf TXT "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"
*._report._dmarc TXT "v=DMARC1"
"""
OWNERS = ("@", "dkim._domainkey", "_dmarc", "*", "mail", "autoconfig", "_autodiscover._tcp")
EVERY_LINK = [f"include:{c}.bomb.example" for c in "abcdefghij"]
EVERYBODY = ",".join(f"mailto:a@d{i}.example" for i in range(200))
LONGEST = ".".join(["x" * 63, "y" * 63, "z" * 63, "w" * 46, "friend.example."])
NASTY = "\\027[2J\\007`{{7*7}}`\\046\\046\\000a\\.b\\@c\\\\d\\(\\)\\226\\128\\174.example."
SLOWEST = 8.0  # seconds, on a busy machine


async def check(
    lines: Iterable[str],
    *,
    world: Callable[[], dict[str, str]] = dict,
    lose: Callable[[Question], bool] | None = None,
    known: bool = True,
) -> Report:
    zones = Zones.of({"cow.example": COW, DOMAIN.ascii: "\n".join(lines), **world()})
    async with (
        ZoneServer(zones, lose=lose) as server,
        Resolver([Server(*server.address)], timeout=1.0) as resolver,
    ):
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        started = time.monotonic()
        report = await checker.check(DOMAIN, KNOWN if known else KeyUnknown())
        assert time.monotonic() - started < SLOWEST
    assert report.queries <= 60
    # Once a round: the end of a long chain of aliases is looked up for the wrong places again. Once
    # more where a busy machine answers too late.
    assert max(server.asked_udp.values(), default=0) <= (6 if lose else 3)
    assert_can_be_said(report)
    return report


def assert_can_be_said(report: Report) -> None:
    """Every finding and note has its words, short and without control characters."""
    assert report_as_dict(report, SERVER, Words())["domain"] == DOMAIN.ascii
    for finding in report.findings:
        message = Words().finding(finding, context_of(report, SERVER))
        assert message.isprintable()
        assert len(message) < 2000
        assert len(finding.fixes) <= 14
    assert [len(result.found) <= 11 for result in report.results]


def bomb() -> dict[str, str]:
    """Return a zone whose ten records each include all ten."""
    lines = [f"{c} TXT {quoted_parts('v=spf1 ' + ' '.join(EVERY_LINK))}" for c in "abcdefghij"]
    mx = [f"many MX {i} h{i}.bomb.example." for i in range(60)]
    pointers = [f"h{i} A 192.0.2.{i}" for i in range(60)]
    long = [f"long TXT {quoted_parts('v=spf1 ' + 'a:x.bomb.example ' * 3000)}"]
    return {
        "bomb.example": "\n".join([*lines, *mx, *pointers, *long]),
        "100.51.198.in-addr.arpa": "\n".join(f"25 PTR h{i}.bomb.example." for i in range(60)),
    }


ZONES = {
    "four kilobytes of text at every name": [
        f"{owner} TXT {quoted_parts(start + 'x' * 4096)}"
        for owner in OWNERS
        for start in ("v=spf1 ", "v=DKIM1; p=", "v=DMARC1; p=", "")
    ],
    "sixty texts at every name": [
        f'{owner} TXT "{start}{i}"'
        for owner in OWNERS
        for start in ("v=spf1 a:", "v=DKIM1; p=", "v=DMARC1; p=none; rua=mailto:a@b")
        for i in range(60)
    ],
    "sixty exchanges": [f"@ MX {i} m{i}.friend.example." for i in range(60)],
    "sixty exchanges that are aliases in a circle": [
        *(f"@ MX {i} m{i}.friend.example." for i in range(60)),
        *(f"m{i} CNAME m{(i + 1) % 60}.friend.example." for i in range(60)),
    ],
    "sixty addresses and services": [
        *(f"{owner} A 192.0.2.{i}" for owner in ("@", *OWNERS[3:6]) for i in range(60)),
        *(f"_autodiscover._tcp SRV {i} 0 443 s{i}.friend.example." for i in range(60)),
    ],
    "circles everywhere": [
        f"{name} CNAME {name}.friend.example." for name in OWNERS if name not in "@*"
    ],
    "the domain an alias of itself": ["@ CNAME friend.example."],
    "a long chain of aliases": [
        *(f"{owner} CNAME c0.friend.example." for owner in OWNERS[1:]),
        *(f"c{i} CNAME c{i + 1}.friend.example." for i in range(40)),
    ],
    "includes that include each other": [
        "@ MX 10 mx1.cow.example.",
        f'@ TXT "v=spf1 {" ".join(EVERY_LINK[:6])} -all"',
    ],
    "names that are not there": [
        f"@ TXT {quoted_parts('v=spf1 ' + ' '.join(f'a:v{i}.friend.example' for i in range(60)))}"
    ],
    "exchanges and pointers to follow": [
        '@ TXT "v=spf1 ptr:bomb.example mx:many.bomb.example ptr mx -all"'
    ],
    "macros": ['@ TXT "v=spf1 exists:%{ir}.%{l1r-}.%{d9r}.%{h}.%{s} include:%{p}.%{v}.x -all"'],
    "a record too long to read": ['@ TXT "v=spf1 include:long.bomb.example -all"'],
    "escapes, backticks and dots in labels": [
        f"@ MX 1 {NASTY}",
        f"@ MX 2 10\\032{NASTY}",
        f"mail CNAME {NASTY}",
        f"dkim._domainkey CNAME {NASTY}",
        f"_dmarc CNAME {NASTY}",
        f"_autodiscover._tcp SRV 0 0 443 {NASTY}",
        f"@ TXT {quoted_parts('v=spf1 include:' + NASTY + ' -all')}",
    ],
    "the domain an alias of such a name": [f"@ CNAME {NASTY}"],
    "the longest names there can be": [
        f"@ MX 1 {LONGEST}",
        f"mail CNAME {LONGEST}",
        f"dkim._domainkey CNAME {LONGEST}",
        f"_autodiscover._tcp SRV 0 0 443 {LONGEST}",
        f"@ TXT {quoted_parts(f'v=spf1 include:{LONGEST} redirect={LONGEST}')}",
        f"_dmarc TXT {quoted_parts(f'v=DMARC1; p=reject; rua=mailto:a@{LONGEST}')}",
    ],
    "octets that are no text": [
        f'{owner} TXT "{start}\\255\\254\\000\\027[31m\\226\\128\\174 x"'
        for owner in OWNERS
        for start in ("v=spf1 ", "v=DKIM1; p=", "v=DMARC1; p=", "")
    ],
    "reports to everybody": [f"_dmarc TXT {quoted_parts(f'v=DMARC1; p=reject; rua={EVERYBODY}')}"],
}


@pytest.mark.parametrize("known", [True, False], ids=["key known", "key unknown"])
@pytest.mark.parametrize("lines", ZONES.values(), ids=ZONES)
async def test_a_hostile_zone_is_judged_in_bounds(lines: list[str], known: bool) -> None:
    report = await check(lines, world=bomb, known=known)
    assert report.status in {Status.FAIL, Status.UNKNOWN}


async def test_a_domain_that_nobody_answers_for_is_unknown_in_time() -> None:
    def lose(question: Question) -> bool:
        return question.name.is_subdomain(DOMAIN.name)

    report = await check(["@ A 192.0.2.1"], lose=lose)
    assert [(f.code, f.severity) for f in report.findings] == [("dns-timeout", Status.UNKNOWN)]
    assert {result.status for result in report.results} == {Status.UNKNOWN}


async def test_includes_that_nobody_answers_for_leave_the_rest_judged() -> None:
    def lose(question: Question) -> bool:
        return question.name.is_subdomain(dns.name.from_text("bomb.example"))

    lines = ["@ MX 10 mx.old.example.", '@ TXT "v=spf1 include:a.bomb.example -all"']
    report = await check(lines, world=bomb, lose=lose)
    codes = {finding.code for finding in report.findings}
    assert {"mx-target-nxdomain", "dkim-missing", "dns-timeout"} <= codes
    assert "spf-missing" not in codes


octets = st.binary(max_size=120).map(
    lambda raw: '"' + "".join(f"\\{octet:03d}" for octet in raw) + '"'
)
texts = st.builds(
    lambda start, rest: f'"{start}" {rest}',
    st.sampled_from(("", "v=spf1 ", "v=DKIM1; p=", "v=DMARC1; p=reject; rua=", "v=DMARC1;")),
    octets,
)
labels = st.binary(min_size=1, max_size=20).map(
    lambda raw: "".join(f"\\{octet:03d}" for octet in raw)
)
names = st.builds(
    lambda label, zone: f"{label}.{zone}",
    labels,
    st.sampled_from(("friend.example.", "cow.example.", "example.", "mx1.cow.example.")),
)
lines = st.one_of(
    st.builds(lambda owner, text: f"{owner} TXT {text}", st.sampled_from(OWNERS), texts),
    st.builds(lambda owner, name: f"{owner} CNAME {name}", st.sampled_from(OWNERS), names),
    st.builds(lambda number, name: f"@ MX {number} {name}", st.integers(0, 65535), names),
    st.builds(lambda name: f"_autodiscover._tcp SRV 0 0 443 {name}", names),
    st.builds(lambda owner: f"{owner} AAAA 2001:db8::1", st.sampled_from(OWNERS)),
)


@given(st.lists(lines, max_size=12), st.booleans())
@examples(0.25)
def test_no_zone_raises_or_is_found_right(zone: list[str], known: bool) -> None:
    report = asyncio.run(check(zone, known=known))
    assert report.status in {Status.FAIL, Status.UNKNOWN}
