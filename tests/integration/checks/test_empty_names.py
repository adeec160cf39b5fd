"""A name inside an existing zone that has no records yet: all of them at once, and then green."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from bot.checks.export.as_json import report_as_dict
from bot.checks.finding import Check, Finding, FixAction, Status
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimKnowledge, KeyUnknown, NoKeyYet
from bot.services.domain_check import Checker
from bot.words import Words
from deceiving_zones import FILE, KNOWN, SERVER
from mended_zone import mend, read_zone, right
from strategies import RSA_1024

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.report import Report
    from mended_zone import Zone

MOST_ROUNDS = 3
NO_ZONES: Mapping[str, str] = MappingProxyType({})


def write_zone(zone: Zone) -> str:
    return "\n".join(f"{r.owner} {r.type} {r.rdata.to_text()}" for r in zone)


WEBSITE = "@ A 203.0.113.80\nwww A 203.0.113.80\n@ NS ns1.hyp.net.\n"
STRICT = '_dmarc TXT "v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example"\n'
OTHER_KEY = f'dkim._domainkey TXT "v=DKIM1; p={RSA_1024}"'
ZONES = {
    "only a website beside it": ("post.friend.example", WEBSITE),
    "a working domain above it": (
        "lists.friend.example",
        write_zone(right(dkim=OTHER_KEY)),
    ),
    "only a host below it": ("post.friend.example", WEBSITE + "printer.post A 203.0.113.81\n"),
    "a strict policy above it": ("news.friend.example", WEBSITE + STRICT),
    "two labels deep": ("mail.club.friend.example", WEBSITE),
    "of letters beyond ascii": ("xn--bcher-kva.friend.example", WEBSITE),
}


async def check(
    domain: str,
    zone: str,
    dkim: DkimKnowledge = KNOWN,
    more: Mapping[str, str] = NO_ZONES,
    stage: str | None = None,
) -> Report:
    zones = Zones.of({**FILE.base_zones, "friend.example": zone, **more})
    async with ZoneServer(zones) as server, Resolver([Server(*server.address)]) as resolver:
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        report = await checker.check(Domain.from_ascii(domain), dkim, stage)
    assert report.queries <= 60
    return report


def grave(report: Report) -> list[Finding]:
    return [f for f in report.findings if f.severity.rank > Status.INFO.rank]


def say(report: Report) -> str:
    row = report_as_dict(report, SERVER, Words())["findings"]
    assert isinstance(row, list)
    return str(row[0]["message"])


@pytest.mark.parametrize("stage", [None, "reject"])
@pytest.mark.parametrize(("domain", "zone"), ZONES.values(), ids=ZONES)
def test_all_records_are_told_at_once_and_typing_them_is_enough(
    domain: str, zone: str, stage: str | None
) -> None:
    report = asyncio.run(check(domain, zone, stage=stage))
    (finding,) = grave(report)
    label = domain.removesuffix(".friend.example")
    assert (finding.check, finding.code) == (Check.DELEGATION, "no-records-yet")
    assert "spelling" not in say(report)
    assert f"dkim._domainkey.{label}" in say(report)
    kinds = [(fix.action, fix.type) for fix in finding.fixes]
    wanted = ["MX", "TXT", "TXT", "TXT", "CNAME", "CNAME", "SRV", "CNAME"]
    assert sorted(kinds) == sorted((FixAction.ADD, kind) for kind in wanted)
    records = read_zone(zone)
    for _ in range(MOST_ROUNDS):
        records = mend(records, [fix for f in grave(report) for fix in f.fixes])
        report = asyncio.run(check(domain, write_zone(records), stage=stage))
        if not grave(report):
            break
    assert grave(report) == []
    policies = [r.rdata.to_text() for r in records if str(r.owner) == f"_dmarc.{domain}."]
    assert len(policies) == 1
    assert f"p={stage or 'none'};" in policies[0]


def test_no_strict_policy_is_handed_out_before_spf_and_dkim_work() -> None:
    for key in (KNOWN, NoKeyYet(), KeyUnknown()):
        report = asyncio.run(check("post.friend.example", WEBSITE, key, stage="reject"))
        policies = [fix.value for fix in grave(report)[0].fixes if "DMARC1" in fix.value]
        assert policies == ["v=DMARC1; p=none; sp=none; rua=mailto:dmarc@cow.example"]


def test_a_policy_that_is_inherited_is_not_weakened_for_a_key_that_nobody_knows() -> None:
    report = asyncio.run(check("post.friend.example", WEBSITE + STRICT, KeyUnknown()))
    assert [fix.type for fix in grave(report)[0].fixes][:2] == ["MX", "TXT"]
    assert not [fix for fix in grave(report)[0].fixes if "DMARC1" in fix.value]
    assert next(r for r in report.results if r.check is Check.DMARC).status is Status.PASS


def test_each_check_says_that_its_records_are_told_together() -> None:
    report = asyncio.run(check("post.friend.example", WEBSITE))
    results = {result.check: result for result in report.results}
    told = (Check.MX, Check.SPF, Check.DKIM, Check.DMARC, Check.WEBMAIL, Check.AUTODISCOVER)
    for mail in told:
        note = results[mail].note
        assert results[mail].status is Status.UNKNOWN
        assert note is not None
        assert note.facts == {"code": "no-records-yet"}
        assert results[mail].expected
    assert results[Check.DELEGATION].status is Status.FAIL
    assert [f.code for f in report.findings].count("optional-missing") == len(
        {"srv", "mta-sts", "tls-rpt", "dnssec", "caa"}
    )


def test_a_key_alone_at_the_zones_apex_is_moved_to_the_name() -> None:
    key = f"dkim._domainkey TXT {right()[3].rdata.to_text()}\n"
    report = asyncio.run(check("post.friend.example", WEBSITE + key))
    moved = next(f for f in grave(report) if f.code == "dkim-wrong-name").fixes
    assert [fix.action for fix in moved] == [FixAction.RENAME]


def test_what_was_typed_below_a_name_is_not_nothing() -> None:
    key = f"dkim._domainkey.post TXT {right()[3].rdata.to_text()}\n"
    report = asyncio.run(check("post.friend.example", WEBSITE + key))
    assert [f.code for f in grave(report)] == ["mx-missing", "spf-missing", "dmarc-missing"]


def test_a_zone_below_the_name_is_not_nothing() -> None:
    below = {"_domainkey.post.friend.example": "@ NS ns1.keys.example."}
    report = asyncio.run(check("post.friend.example", WEBSITE, more=below))
    assert "no-records-yet" not in {f.code for f in report.findings}


def test_a_name_that_a_wildcard_gives_an_address_gets_its_mail_there() -> None:
    report = asyncio.run(check("post.friend.example", WEBSITE + "* A 203.0.113.80\n"))
    assert grave(report)[0].code == "mx-missing"
    assert "203.0.113.80" in say(report)


@pytest.mark.parametrize("domain", ["nobody.example", "nobody.co.uk", "post.nobody.example"])
def test_a_domain_that_no_registry_knows_is_not_found(domain: str) -> None:
    report = asyncio.run(check(domain, WEBSITE))
    assert [f.code for f in report.findings] == ["domain-not-found"]
    assert report.findings[0].fixes == ()


def test_the_records_of_the_domain_above_are_said_not_to_count() -> None:
    above = WEBSITE + '@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 include:_spf.cow.example -all"\n'
    assert "of friend.example do not count" in say(asyncio.run(check("post.friend.example", above)))
    assert "count" not in say(asyncio.run(check("post.friend.example", WEBSITE)))


def test_what_the_domain_above_has_for_itself_is_left_there() -> None:
    report = asyncio.run(check("post.friend.example", write_zone(right())))
    assert grave(report)[0].code == "no-records-yet"
    assert {fix.action for fix in grave(report)[0].fixes} == {FixAction.ADD}
    assert "of friend.example do not count" in say(report)


def test_the_key_of_the_domain_above_is_added_beside_records_that_are_there() -> None:
    zone = write_zone(right()) + "\npost MX 10 mx1.cow.example.\n"
    report = asyncio.run(check("post.friend.example", zone))
    key = next(f for f in grave(report) if f.code == "dkim-wrong-name")
    assert [(fix.action, fix.owner.labels[:2]) for fix in key.fixes] == [
        (FixAction.ADD, (b"dkim", b"_domainkey"))
    ]
