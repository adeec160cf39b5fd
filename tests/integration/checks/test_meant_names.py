"""Names of a website or a server, where the domain above was meant, and names that are meant."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from bot.checks.finding import Check, Status
from bot.checks.report import Report, find_meant
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.services.domain_check import Checker
from bot.words import Words
from deceiving_zones import FILE, KNOWN, SERVER
from mended_zone import RIGHT

MX = "@ MX 10 mx1.cow.example.\n"
SITE = "@ A 203.0.113.80\n"
WORKING = "\n".join(RIGHT.values()) + "\n"


async def check(domain: str, zones: dict[str, str]) -> Report:
    world = Zones.of({**FILE.base_zones, **zones})
    async with ZoneServer(world) as server, Resolver([Server(*server.address)]) as resolver:
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        report = await checker.check(Domain.from_ascii(domain), KNOWN)
    assert report.queries <= 60
    return report


def meant(domain: str, zone: str, origin: str = "friend.example") -> str | None:
    finding = find_meant(asyncio.run(check(domain, {origin: zone})))
    return None if finding is None else str(finding.facts["meant"])


@pytest.mark.parametrize(
    ("domain", "zone"),
    [
        ("www.friend.example", SITE + MX + "www A 203.0.113.80"),
        ("www.friend.example", SITE + MX + "www CNAME friend.example."),
        ("www.friend.example", SITE + "www A 203.0.113.80"),  # new, without any mail yet
        ("mail.friend.example", WORKING),  # our own alias of the webmail
        ("mail.friend.example", SITE + MX),
        ("mail.friend.example", SITE + MX + "* A 203.0.113.80"),
        ("autodiscover.friend.example", WORKING),
        ("www.mail.friend.example", SITE + MX),
        ("smtp.club.friend.example", SITE + "club MX 10 mx1.cow.example."),
        ("imap.friend.example", SITE + MX + "imap CNAME imap.friend.example."),
    ],
)
def test_the_domain_above_a_hosts_name_was_meant(domain: str, zone: str) -> None:
    labels = domain.split(".")
    above = ".".join(labels[-3:] if "club" in labels else labels[-2:])
    assert meant(domain, zone) == above


@pytest.mark.parametrize(
    ("domain", "zone"),
    [
        ("friend.example", SITE),
        ("post.friend.example", SITE + MX),  # no name of a host
        ("www.friend.example", SITE + MX + "www MX 10 mx1.cow.example."),
        ("mail.club.friend.example", SITE + MX + "other.club A 203.0.113.80"),  # nothing above
        ("mail.nobody.example", SITE),  # not registered
    ],
)
def test_a_name_is_meant_that_has_mail_or_nothing_likelier_above(domain: str, zone: str) -> None:
    assert meant(domain, zone) is None


def test_a_registry_is_never_meant() -> None:
    assert meant("mail.co.uk", "@ NS ns1.hyp.net.", "mail.co.uk") is None
    assert meant("www.friend.co.uk", SITE, "friend.co.uk") == "friend.co.uk"


def test_the_question_is_asked_in_the_report_and_takes_nothing_from_it() -> None:
    report = asyncio.run(check("mail.friend.example", {"friend.example": SITE + MX}))
    finding = find_meant(report)
    assert finding is not None
    assert (finding.check, finding.severity, finding.fixes) == (Check.DELEGATION, Status.INFO, ())
    said = Words().finding(finding, {"domain": "mail.friend.example", "host": "", "service": ""})
    assert said.startswith("Did you mean friend.example?")
    assert report.findings[0].code == "no-records-yet"


def test_a_working_domain_costs_no_question_more() -> None:
    zones = {"post.friend.example": WORKING, "www.friend.example": WORKING}
    plain, host = (asyncio.run(check(domain, zones)) for domain in zones)
    assert plain.queries == host.queries
    assert host.status is Status.INFO


@pytest.mark.parametrize("alias", ["mx1.cow.example.", "friend.example.", "gone.site.example."])
def test_nobody_is_told_to_delete_the_alias_at_a_hosts_name(alias: str) -> None:
    zone = SITE + MX + f"mail CNAME {alias}"
    report = asyncio.run(check("mail.friend.example", {"friend.example": zone}))
    first = report.findings[0]
    assert (first.code, first.fixes) == ("apex-cname", ())
    context = {"domain": "mail.friend.example", "host": "mx1.cow.example", "service": "Mail"}
    assert "which is usual" in Words().finding(first, context)
    assert str(report.zone) == "friend.example."


def test_the_steps_at_an_alias_have_the_labels_of_its_zone() -> None:
    zone = SITE + MX + "post CNAME edge.site.example."
    report = asyncio.run(check("post.friend.example", {"friend.example": zone}))
    assert (report.findings[0].code, str(report.zone)) == ("apex-cname", "friend.example.")
    assert report.findings[0].fixes
