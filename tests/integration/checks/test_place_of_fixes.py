"""Fixes are for records that are there, in the zone that has the name, and few questions find it.

A name may have the records of a wildcard (RFC 4592), of a DNAME's target (RFC 6672), or lie in a
zone of its own below the domain's.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards.fixes import show_fix
from bot.checks.export.archive import dump_report, load_report
from bot.checks.export.as_json import report_as_dict
from bot.checks.finding import Finding, FixAction, Status
from bot.checks.name_slip import WrongPlace, slips_of
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.presentation import quoted_parts
from bot.services.domain_check import Checker
from bot.words import Medium, Words
from deceiving_zones import DOMAIN, FILE, KNOWN, SERVER
from examples import examples
from mended_zone import APEX, KEY, SPF, Record, mend, right, zone_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.checks.report import Report
    from mended_zone import Zone

POST = Domain.from_ascii("post.friend.example")
GRAVE = frozenset({Status.UNKNOWN, Status.WARN, Status.FAIL})
RECORDS = {
    "dkim._domainkey": f"TXT {quoted_parts(KEY)}",
    "_dmarc": f"TXT {quoted_parts(SERVER.dmarc)}",
}


async def check(texts: Mapping[str, str], domain: Domain = DOMAIN) -> Report:
    zones = Zones.of({**FILE.base_zones, **texts})
    async with ZoneServer(zones) as server, Resolver([Server(*server.address)]) as resolver:
        checker = Checker(resolver.ask, SERVER, lambda: datetime(2026, 11, 23, tzinfo=UTC))
        return await checker.check(domain, KNOWN)


def look(zone: Zone, **below: str) -> Report:
    """Check the domain with this zone, and others below it by the label that they have there."""
    more = {f"{label}.{DOMAIN.ascii}": text for label, text in below.items()}
    return asyncio.run(check({**more, **zone_texts(zone)}))


def grave(report: Report) -> list[Finding]:
    return [finding for finding in report.findings if finding.severity in GRAVE]


def as_json(report: Report) -> dict[str, Any]:
    return report_as_dict(report, SERVER, Words())


def first_fix(report: Report) -> dict[str, Any]:
    fix: dict[str, Any] = as_json(report)["findings"][0]["fixes"][0]
    return fix


def test_a_fix_in_a_zone_below_is_told_relative_to_that_zone() -> None:
    report = look(right(dkim="", dmarc=""), _domainkey="")
    assert grave(report)[0].code == "dkim-missing"
    fix = first_fix(report)
    assert (fix["name"], fix["zone"]) == ("dkim", "_domainkey.friend.example")
    others = [f for finding in as_json(report)["findings"][1:] for f in finding["fixes"]]
    assert others
    assert not any("zone" in fix for fix in others)


def test_a_fix_at_the_apex_of_a_zone_below_is_told_with_the_sign() -> None:
    fix = first_fix(look(right(dmarc=""), _dmarc=""))
    assert (fix["name"], fix["zone"]) == ("@", "_dmarc.friend.example")


def test_a_record_that_is_there_is_mended_in_the_zone_that_has_it() -> None:
    report = look(right(), **{"_mta-sts": '@ TXT "v=STSv1; id=a-b"'})
    assert grave(report)[0].code == "mta-sts-syntax"
    fix = as_json(report)["findings"][0]["fixes"][0]
    assert (fix["name"], fix["zone"]) == ("@", "_mta-sts.friend.example")


def test_the_words_say_whose_zone_it_is_and_at_which_name_servers() -> None:
    report = look(right(dkim="", dmarc=""), _domainkey="@ NS ns7.keys.example.")
    said = as_json(report)["findings"][0]["message"]
    assert "in the zone _domainkey.friend.example" in said
    assert "ns7.keys.example" in said
    assert "in the zone of friend.example nobody would see it" in said


def test_a_card_shows_the_zone_and_no_words_of_the_domains_provider() -> None:
    report = look(right(dkim="", dmarc=""), _domainkey="")
    fix = report.findings[0].fixes[0]
    shown = show_fix(fix, report.zone, Words(Medium.DISCORD))
    assert "Zone `_domainkey.friend.example`" in shown
    assert re.search(r"Name `dkim`", shown)


def test_a_kept_report_has_the_zone_of_a_fix_still() -> None:
    report = look(right(dkim="", dmarc=""), _domainkey="")
    assert load_report(dump_report(report)).findings == report.findings


def test_a_report_kept_before_fixes_had_a_zone_is_read() -> None:
    raw = json.loads(dump_report(look(right(dkim="", dmarc=""))))
    for finding in raw["findings"]:
        for fix in finding["fixes"]:
            del fix["zone"]
    assert all(
        f.zone is None for found in load_report(json.dumps(raw)).findings for f in found.fixes
    )


def test_what_is_typed_beside_a_zone_below_is_added_there_and_deleted_here() -> None:
    report = look(right(dkim=f"dkim TXT {quoted_parts(KEY)}"), _domainkey="")
    add, delete = grave(report)[0].fixes
    assert (add.action, str(add.zone)) == (FixAction.ADD, "_domainkey.friend.example.")
    assert (delete.action, delete.zone) == (FixAction.DELETE, None)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ("* MX 10 mx.old.example.", "wildcard-record"),
        ("* MX 5 mx.old.example.\n* MX 10 mx1.cow.example.", "wildcard-record"),
        ('* TXT "v=spf1 -all"\n@ A 203.0.113.80', "wildcard-txt"),
        ("* CNAME edge.site.example.", "wildcard-cname"),
    ],
)
def test_a_wildcards_record_is_not_replaced_at_a_name_below_the_zones_apex(
    records: str, code: str
) -> None:
    report = asyncio.run(check({DOMAIN.ascii: f"@ A 203.0.113.80\n{records}"}, POST))
    assert code in {finding.code for finding in grave(report)}
    actions = {fix.action for finding in report.findings for fix in finding.fixes}
    assert actions == {FixAction.ADD}
    said = json.dumps(as_json(report))
    assert "*.friend.example" in said
    assert "*.post.friend.example" not in said


def test_a_record_of_its_own_is_replaced_whatever_the_wildcard_says() -> None:
    zone = "@ A 203.0.113.80\npost MX 10 mx.old.example.\npost MX 20 mx2.old.example.\n"
    report = asyncio.run(check({DOMAIN.ascii: f"{zone}* MX 10 mx.old.example."}, POST))
    actions = [fix.action for finding in grave(report)[:1] for fix in finding.fixes]
    assert actions == [FixAction.REPLACE, FixAction.DELETE]


def test_no_alias_is_deleted_that_a_dname_makes() -> None:
    report = look(right(dkim="_domainkey DNAME keys.old.example."))
    fixes = [fix for finding in grave(report) for fix in finding.fixes]
    assert not any(fix.type == "CNAME" for fix in fixes)
    assert [f.owner.to_text() for f in fixes if f.type == "DNAME"] == ["_domainkey.friend.example."]


def test_a_healthy_domain_is_asked_nothing_more() -> None:
    usual = look(right())
    spelled = look(right(dkim=f"dkim._domainkey TXT {quoted_parts(KEY.replace(';', '; '))}"))
    assert not grave(usual)
    assert not grave(spelled)
    assert usual.queries == spelled.queries


def test_a_domain_without_a_key_is_asked_no_more_than_twenty_questions_more() -> None:
    asked = look(right(dkim="", dmarc="")).queries - look(right()).queries
    assert asked <= 26
    assert look(right(dkim="")).queries - look(right()).queries <= 20


def test_whatever_is_wrong_at_once_no_more_than_sixty_questions_are_asked() -> None:
    zone = right(mx="", spf="", dkim="", dmarc="", webmail="* A 203.0.113.80", srv="")
    assert look(zone).queries <= 60
    odd = "*._tcp SRV 0 1 443 a.example.\n*._domainkey TXT x\n* TXT y\n* MX 5 a.example."
    assert look((*right(mx="", spf="", dkim="", dmarc="", srv=odd),), _mta_sts="").queries <= 60


@st.composite
def slipped(draw: st.DrawFn) -> tuple[str, Record, WrongPlace]:
    """Return the label of a right record, and that record at a name that one slip makes of it."""
    label = draw(st.sampled_from(sorted(RECORDS)))
    prefix = tuple(part.encode() for part in label.split("."))
    owner, where = draw(st.sampled_from(slips_of(prefix, APEX, APEX)))
    rdtype, text = RECORDS[label].split(maxsplit=1)
    return label, Record.of(owner, rdtype, text), where


@given(slipped())
@examples(0.4)
def test_a_record_moved_by_one_slip_is_found_and_moved_back(
    given_one: tuple[str, Record, WrongPlace],
) -> None:
    label, record, where = given_one
    key = "dkim" if label.startswith("dkim") else "dmarc"
    zone = (*right(**{key: ""}), record)
    report = look(zone)
    first = grave(report)[0]
    assert first.code == ("name-doubled" if where is WrongPlace.DOUBLED else f"{key}-wrong-name")
    assert [fix.action for fix in first.fixes] == [FixAction.RENAME]
    assert report.queries <= 60
    assert grave(look(mend(zone, first.fixes))) == []


@given(st.sampled_from(("www", "mail", "\\@", "mx", "_mx", "friend", "friend.example")))
@examples(0.1)
def test_an_mx_record_at_a_wrong_name_is_moved_to_the_domain(name: str) -> None:
    webmail = "" if name == "mail" else None
    changes = {"mx": f"{name} MX 10 mx1.cow.example."} | ({"webmail": ""} if webmail == "" else {})
    zone = right(**changes)
    assert grave(look(mend(zone, grave(look(zone))[0].fixes))) == []


@given(st.sampled_from(("www", "\\@", "spf", "_spf", "friend", "friend.example")))
@examples(0.1)
def test_an_spf_record_at_a_wrong_name_is_moved_to_the_domain(name: str) -> None:
    zone = right(spf=f'{name} TXT "{SPF}"')
    assert grave(look(mend(zone, grave(look(zone))[0].fixes))) == []
