"""The second round: asked only where something is missing, in bounds, and not simply believed."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.checks.finding import FixAction, Status
from bot.checks.observe.second_round import MOST_FURTHER
from bot.config.loading import load_settings
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.presentation import quoted_parts
from bot.services.domain_check import Checker
from bot.words import Words
from strategies import RSA_2048

if TYPE_CHECKING:
    from bot.checks.finding import Finding
    from bot.checks.report import Report
    from conftest import CaseFile

WEBSITE = "@ A 203.0.113.80\nwww A 203.0.113.80\n"


async def check(file: CaseFile, zone: str, domain: str = "friend.example") -> Report:
    zones = Zones.of({**file.base_zones, "friend.example": zone})
    key = KnownKey("dkim", DkimRecord.parse(file.dkim), "--dkim")
    server = load_settings(file.environment).mail_server()
    async with ZoneServer(zones) as dns, Resolver([Server(*dns.address)]) as resolver:
        checker = Checker(resolver.ask, server, lambda: datetime.now(UTC), single_server=True)
        return await checker.check(Domain.from_ascii(domain), key)


def find(report: Report, code: str) -> Finding:
    return next(finding for finding in report.findings if finding.code == code)


def zone_of(file: CaseFile, case_id: str) -> str:
    return next(case.zone for case in file.cases if case.id == case_id)


async def test_a_right_zone_is_asked_nothing_further(case_file: CaseFile) -> None:
    right = await check(case_file, zone_of(case_file, "C00"))
    spelled = await check(case_file, zone_of(case_file, "C01"))
    empty = await check(case_file, WEBSITE)
    assert right.status in {Status.PASS, Status.INFO}
    assert right.queries == spelled.queries
    # The includes and the report address are not there to be followed, the wrong places are asked.
    assert right.queries < empty.queries <= right.queries + MOST_FURTHER


async def test_a_key_below_the_zone_instead_of_the_subdomain_is_found(case_file: CaseFile) -> None:
    key = f"dkim._domainkey TXT {quoted_parts(case_file.dkim)}\npost A 203.0.113.80\n"
    report = await check(case_file, WEBSITE + key, "post.friend.example")
    finding = find(report, "dkim-wrong-name")
    assert finding.facts["others"] == ("dkim._domainkey.friend.example",)
    assert finding.facts["shorts"] == ("dkim._domainkey.post",)
    assert [fix.action for fix in finding.fixes] == [FixAction.RENAME]


async def test_a_full_name_typed_inside_a_zone_is_found_behind_it(case_file: CaseFile) -> None:
    zone = f"{WEBSITE}post A 203.0.113.80\npost.friend.example MX 10 mx1.cow.example.\n"
    finding = find(await check(case_file, zone, "post.friend.example"), "name-doubled")
    assert finding.facts["others"] == ("post.friend.example.friend.example",)
    assert finding.facts["shorts"] == ("post",)


async def test_records_at_the_zones_apex_are_named_and_left_to_it(case_file: CaseFile) -> None:
    spf = f"@ TXT {quoted_parts('v=spf1 include:_spf.cow.example -all')}\n"
    zone = f"{WEBSITE}@ MX 10 mx1.cow.example.\n{spf}post A 203.0.113.80\n"
    report = await check(case_file, zone, "post.friend.example")
    for code in ("mx-wrong-name", "spf-wrong-name"):
        finding = find(report, code)
        assert finding.facts["others"] == ("friend.example",)
        assert finding.facts["shorts"] == ("post",)
        assert [fix.action for fix in finding.fixes] == [FixAction.ADD]
        said = Words().finding(finding, {"domain": "post.friend.example"})
        assert re.search(r"Add one at post\b", said)


async def test_the_records_of_a_zone_with_mail_of_its_own_are_no_subdomains(
    case_file: CaseFile,
) -> None:
    spf = f"@ TXT {quoted_parts('v=spf1 include:_spf.cow.example -all')}\n"
    key = f"dkim._domainkey TXT {quoted_parts(f'v=DKIM1; p={RSA_2048}')}\n"
    zone = f"{WEBSITE}@ MX 10 mx1.cow.example.\n{spf}{key}post A 203.0.113.80\n"
    report = await check(case_file, zone, "post.friend.example")
    codes = {finding.code for finding in report.findings}
    assert {"mx-missing", "spf-missing", "dkim-missing"} <= codes


async def test_the_key_of_the_zone_itself_is_no_subdomains(case_file: CaseFile) -> None:
    text = quoted_parts(f"v=DKIM1; p={RSA_2048}")
    key = f"dkim._domainkey TXT {text}\npost A 203.0.113.80\n"
    report = await check(case_file, WEBSITE + key, "post.friend.example")
    assert find(report, "dkim-missing").fixes[0].action is FixAction.ADD
    assert not any(fix.action is FixAction.DELETE for f in report.findings for fix in f.fixes)


async def test_what_a_wildcard_lends_every_name_is_at_no_wrong_place(case_file: CaseFile) -> None:
    wild = f"* MX 10 mx1.cow.example.\n* TXT {quoted_parts(case_file.dkim)}\n"
    report = await check(case_file, f"@ A 203.0.113.80\n{wild}")
    codes = {finding.code for finding in report.findings}
    assert not {code for code in codes if code.endswith("wrong-name") or code == "name-doubled"}


async def test_a_host_with_mail_of_its_own_is_not_taken_for_the_domain(case_file: CaseFile) -> None:
    zone = f'{WEBSITE}www MX 10 mx.old.example.\nwww TXT "v=spf1 a -all"\n'
    report = await check(case_file, zone)
    assert {"mx-missing", "spf-missing"} <= {finding.code for finding in report.findings}


def test_of_two_keys_at_wrong_names_the_right_one_is_moved(case_file: CaseFile) -> None:
    cut = quoted_parts(case_file.dkim[:-8])
    whole = quoted_parts(case_file.dkim)
    for first, second in ((cut, whole), (whole, cut)):
        zone = f"{WEBSITE}dkim TXT {first}\n_domainkey TXT {second}\n"
        report = asyncio.run(check(case_file, zone))
        moved = find(report, "dkim-wrong-name").fixes
        assert [(fix.action, fix.value) for fix in moved] == [(FixAction.RENAME, case_file.dkim)]
        assert moved[0].old is None


def test_a_host_typed_in_place_of_the_key_is_asked_whether_it_holds_the_key(
    case_file: CaseFile,
) -> None:
    for host, said in (("friend.dkim.cow.example.", True), ("www.friend.example.", False)):
        zone = f'{WEBSITE}dkim._domainkey TXT "{host}"\n'
        finding = find(asyncio.run(check(case_file, zone)), "dkim-syntax")
        assert finding.facts["what"] == "host"
        assert finding.facts["holds"] is said
