"""The optional records in a whole check, over real sockets: DNS and the web server of a policy."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import pytest

from authority import Authority
from bot.checks.finding import EXTRAS, Check, Status
from bot.checks.observe.optional_records import OptionalSources
from bot.checks.report import is_all_right
from bot.demo.zone_server import ZoneServer
from bot.dns.answer import Question
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.net.https import HttpsFetcher
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.mail_server import MailServer
from bot.services.domain_check import Checker
from bot.words import Words
from web_page import WebPage

if TYPE_CHECKING:
    from pathlib import Path

    from bot.checks.report import Report
    from bot.demo.zones import Zones
    from conftest import CaseFile

DOMAIN = Domain.from_ascii("friend.example")
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}
STS = '_mta-sts TXT "v=STSv1; id=1"\nmta-sts A 127.0.0.1\n'
POLICY = b"version: STSv1\nmode: enforce\nmx: mx1.cow.example\nmax_age: 86400\n"


class Validator(ZoneServer):
    """A resolver that finds the signatures of some names broken, unless it is told not to look."""

    def __init__(self, broken: Zones, bare: Zones) -> None:
        super().__init__(broken)
        self._bare = ZoneServer(bare)
        self.unchecked = 0

    def reply(self, wire: bytes, *, udp: bool) -> bytes | None:
        if wire[3] & 0x10:  # CD
            self.unchecked += 1
            return self._bare.reply(wire, udp=udp)
        return super().reply(wire, udp=udp)


def healthy(case_file: CaseFile) -> str:
    return next(case.zone for case in case_file.cases if case.id == "C00")


async def check(
    server: ZoneServer,
    case_file: CaseFile,
    sources: OptionalSources | None = None,
    *,
    unchecked: bool = False,
) -> Report:
    key = KnownKey("dkim", DkimRecord.parse(case_file.dkim), "--dkim")
    async with Resolver([Server(*server.address)]) as resolver:
        if unchecked:
            sources = OptionalSources(unchecked=resolver.ask_unchecked)
        checker = Checker(
            resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC), sources=sources
        )
        return await checker.check(DOMAIN, key)


def grave(report: Report) -> list[str]:
    lesser = {Status.PASS, Status.INFO}
    return [finding.code for finding in report.findings if finding.severity not in lesser]


async def look(case_file: CaseFile, zone: str, sources: OptionalSources | None = None) -> Report:
    async with ZoneServer(case_file.with_zone(healthy(case_file) + zone)) as server:
        return await check(server, case_file, sources)


async def test_a_domain_that_follows_the_guide_has_only_small_remarks(case_file: CaseFile) -> None:
    async with ZoneServer(case_file.with_zone(healthy(case_file))) as server:
        report = await check(server, case_file)
        asked = set(server.asked)
    assert grave(report) == []
    assert is_all_right(report)
    more = {
        Question.of(f"{label}.friend.example", "SRV") for label in ("_imap._tcp", "_pop3s._tcp")
    }
    assert not more & asked
    # Sixteen are kept for a second round, ten for the zone's own name servers.
    assert report.queries <= 60 - 16 - 10
    assert {r.check for r in report.results if r.status is Status.INFO} <= EXTRAS


async def test_broken_signatures_are_proven_by_an_answer_without_them(case_file: CaseFile) -> None:
    right = case_file.with_zone(healthy(case_file))
    broken = case_file.with_zone(healthy(case_file), servfail=("friend.example",))
    async with Validator(broken, right) as server:
        report = await check(server, case_file, unchecked=True)
        assert (server.unchecked, report.findings[0].code) == (1, "servfail")
        assert len(server.asked) + server.unchecked == report.queries
    assert report.findings[0].facts["proven"] is True
    said = Words().finding(report.findings[0], CONTEXT)
    assert "left behind" in said
    assert "DS record" in said


async def test_a_server_that_fails_in_any_case_proves_nothing(case_file: CaseFile) -> None:
    broken = case_file.with_zone(healthy(case_file), servfail=("friend.example",))
    async with Validator(broken, broken) as server:
        report = await check(server, case_file, unchecked=True)
        assert server.unchecked == 1
    assert "proven" not in report.findings[0].facts
    assert "left behind" not in Words().finding(report.findings[0], CONTEXT)


async def test_a_domain_that_answers_is_not_asked_about_without_a_check(
    case_file: CaseFile,
) -> None:
    right = case_file.with_zone(healthy(case_file))
    async with Validator(right, right) as server:
        await check(server, case_file, unchecked=True)
        assert server.unchecked == 0


async def test_equal_questions_with_and_without_a_check_are_two(case_file: CaseFile) -> None:
    right = case_file.with_zone(healthy(case_file))
    broken = case_file.with_zone(healthy(case_file), servfail=("friend.example",))
    async with Validator(broken, right) as server, Resolver([Server(*server.address)]) as resolver:
        checked, unchecked, again = await asyncio.gather(
            resolver.ask("friend.example", "MX"),
            resolver.ask_unchecked("friend.example", "MX"),
            resolver.ask_unchecked("friend.example", "MX"),
        )
        assert (checked.failed, unchecked.found, again) == (True, True, unchecked)
        assert server.unchecked == 1


async def test_a_policy_is_fetched_with_its_certificate_checked(
    case_file: CaseFile, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    page = WebPage.of(POLICY)
    async with page.serving(authority.serving("mta-sts.friend.example")):
        fetch = HttpsFetcher(allow_private=True, port=page.port, context=authority.trusting())
        report = await look(case_file, STS, OptionalSources(fetch=fetch))
        guarded = HttpsFetcher(allow_private=False, port=page.port, context=authority.trusting())
        private = await look(case_file, STS, OptionalSources(fetch=guarded))
        page.answer = WebPage.of(POLICY.replace(b"mx1.cow", b"mx.old")).answer
        stale = await look(case_file, STS, OptionalSources(fetch=fetch))
    assert grave(report) == []
    assert {r.check: r.status for r in report.results}[Check.MTA_STS] is Status.PASS
    assert grave(private) == ["mta-sts-private-address"]
    assert grave(stale) == ["mta-sts-stale"]
    assert stale.status is Status.WARN
    assert len(page.requests) == 2


@pytest.mark.parametrize("zone", ["", "* A 127.0.0.1\n", "* CNAME mx1.cow.example.\n"])
async def test_nothing_is_fetched_where_nobody_speaks_of_a_policy(
    case_file: CaseFile, tmp_path: Path, zone: str
) -> None:
    authority = Authority(tmp_path)
    page = WebPage.of(POLICY)
    async with page.serving(authority.serving("mta-sts.friend.example")):
        fetch = HttpsFetcher(allow_private=True, port=page.port, context=authority.trusting())
        await look(case_file, zone, OptionalSources(fetch=fetch))
    assert page.requests == []


async def test_a_caa_record_of_another_authority_is_named_with_what_to_add(
    case_file: CaseFile,
) -> None:
    report = await look(case_file, '@ CAA 0 issue "ca.example"\n')
    assert grave(report) == ["caa-blocks"]
    (fix,) = report.findings[0].fixes
    assert (fix.type, fix.value) == ("CAA", '0 issue "letsencrypt.org"')
    mended = await look(case_file, '@ CAA 0 issue "ca.example"\n@ CAA 0 issue "letsencrypt.org"\n')
    assert grave(mended) == []


async def test_one_srv_record_leads_to_a_look_at_the_others(case_file: CaseFile) -> None:
    zone = "_imaps._tcp SRV 0 1 993 mx1.cow.example.\n_imap._tcp SRV 0 1 143 imap.old.example.\n"
    report = await look(case_file, zone)
    assert grave(report) == ["srv-foreign"]


async def test_a_name_server_that_fails_at_new_types_leaves_them_unknown(
    case_file: CaseFile,
) -> None:
    zones = case_file.with_zone(healthy(case_file), servfail=("_smtp._tls.friend.example",))
    async with ZoneServer(zones) as server:
        report = await check(server, case_file)
    assert grave(report) == ["servfail"]
    assert (report.findings[0].check, report.status) == (Check.TLS_RPT, Status.UNKNOWN)
