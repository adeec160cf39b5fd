"""What web servers tell mail programs, in a whole check over real DNS and real web servers."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.checks.export.archive import dump_report, load_report
from bot.checks.finding import Status
from bot.checks.observe import discovery
from bot.checks.observe.discovery import MOST_HOPS
from bot.checks.report import SERVER_SIDE, faults_of
from bot.records.expected import expect
from bot.requests.backend import MailHosting
from bot.services.plan.domain_plan import make_plan
from bot.services.plan.step import Part, PlanFacts
from bot.words import Medium, Words
from deceiving_zones import DOMAIN, KNOWN, SERVER
from discovery_world import BARRED, OURS, DiscoveryCase, Web, check_discovery, load_discovery_cases

if TYPE_CHECKING:
    from pathlib import Path

    from bot.checks.report import Report

CASES = {case.name: case for case in load_discovery_cases()}
CONTEXT = {"domain": "friend.example", "host": "mx1.cow.example", "service": "Cow Mail"}


def grave(report: Report) -> list[str]:
    lesser = {Status.PASS, Status.INFO}
    return [finding.code for finding in report.findings if finding.severity not in lesser]


def look_at_requests(domain: DiscoveryCase, web: Web) -> None:
    """Every place was asked but those that nobody may be led to, and none too often."""
    asked = {url.partition("?")[0] for _, url, _ in web.asked}
    barred = {url for url in domain.web if "//hidden." in url or domain.expired or url == "*"}
    assert domain.web.keys() - asked == barred
    assert all(local != BARRED for _, _, local in web.asked)
    assert len(web.asked) <= 9 * (MOST_HOPS + 1)


@pytest.mark.parametrize("domain", CASES.values(), ids=CASES)
async def test_what_programs_are_told_is_found(domain: DiscoveryCase, tmp_path: Path) -> None:
    report, web = await check_discovery(domain, tmp_path)
    look_at_requests(domain, web)
    assert grave(report) == list(domain.want)
    found = [f for f in report.findings if f.code in domain.want]
    if domain.want:
        fixes = [
            f"{f.action} {f.owner.labels[0].decode()} {f.type} {f.value}" for f in found[0].fixes
        ]
        assert fixes == list(domain.fixes)
        assert re.search(domain.says, Words(Medium.DISCORD).finding(found[0], CONTEXT), re.DOTALL)
    notes = [result.note for result in report.results if result.note and not domain.server]
    said = [Words(Medium.DISCORD).note(note, CONTEXT) for note in notes]
    assert bool(domain.note) == any("certificate" in text for text in said)
    assert any(domain.note in text for text in said) or not domain.note
    assert sorted(faults_of(report)) == list(domain.server)
    assert [f.severity for f in report.findings if f.code == SERVER_SIDE] == (
        [Status.INFO] if domain.server else []
    )
    assert load_report(dump_report(report)) == report
    plan = make_plan(expect(SERVER, DOMAIN, KNOWN), report, PlanFacts(hosting=MailHosting.ON))
    step = plan.step(Part.EXTRAS)
    assert [finding.code for finding in (step.findings if step else ())] == list(domain.want)


async def test_our_server_is_not_asked_for_an_address_that_it_may_not_have(tmp_path: Path) -> None:
    _, web = await check_discovery(CASES["mailcow"], tmp_path)
    ours = [(method, url) for method, url, local in web.asked if local == OURS]
    assert len(ours) == 3
    assert {method for method, _ in ours} == {"GET"}
    elsewhere = [method for method, url, local in web.asked if local != OURS]
    assert sorted(elsewhere) == ["GET", "GET", "POST"]


async def test_our_server_is_not_asked_so_either_where_a_name_has_its_address_beside_another(
    tmp_path: Path,
) -> None:
    both = ("autodiscover A 198.51.100.25", "autodiscover A 203.0.113.80")
    _, web = await check_discovery(DiscoveryCase("both", both), tmp_path)
    assert {method for method, _, local in web.asked if local == OURS} == {"GET"}


@pytest.mark.parametrize("check", ["autoconfig", "autodiscover"])
async def test_a_redirect_of_a_stranger_does_not_choose_what_our_server_is_asked(
    check: str, tmp_path: Path
) -> None:
    """Nor is it a proof that programs get our settings, whatever our server says at all times."""
    leads: dict[str, dict[str, object]] = {
        "*": {"location": "https://mx1.cow.example/SOGo/so/"},
        "https://mx1.cow.example/autodiscover/autodiscover.json": {"json": "mx1.cow.example"},
    }
    case = DiscoveryCase("led", (f"{check} A 203.0.113.80",), leads)
    report, web = await check_discovery(case, tmp_path)
    assert web.asked
    assert [url for _, url, local in web.asked if local == OURS] == []
    assert grave(report) == [f"{check}-foreign"]


async def test_a_server_of_ours_that_knows_no_json_is_asked_as_outlook_asks(tmp_path: Path) -> None:
    place = "https://autodiscover.friend.example/autodiscover/autodiscover.xml"
    told: dict[str, dict[str, object]] = {place: {"autodiscover": {}}}
    domain = DiscoveryCase("own", ("autodiscover CNAME mx1.cow.example.",), told)
    report, web = await check_discovery(domain, tmp_path)
    assert grave(report) == []
    assert [method for method, _, _ in web.asked] == ["GET", "POST"]


async def test_nobody_is_told_of_an_address_that_somebody_has(tmp_path: Path) -> None:
    _, web = await check_discovery(CASES["the company of the website, for everything"], tmp_path)
    addresses = re.findall(r"[\w.+-]+(?:@|%40)[\w.-]+", " ".join([*web.brought, str(web.asked)]))
    assert {address.replace("%40", "@") for address in addresses} == {
        "cowbell-check@friend.example"
    }
    assert [body for body in web.brought if body]


@pytest.mark.parametrize("label", [b"\x01" * 30, b"\xff" * 63, b".", b"a b", b"\0"])
async def test_a_name_that_tls_knows_no_way_to_ask_for_is_no_fault_of_ours(
    label: bytes, tmp_path: Path
) -> None:
    name = dns.name.Name([label]).to_text()
    lines = f"{name} A 203.0.113.80", f"_autodiscover._tcp SRV 0 1 443 {name}.friend.example."
    report, _ = await check_discovery(DiscoveryCase("odd", lines), tmp_path)
    assert grave(report) == ["autodiscover-foreign"]


async def test_a_redirect_without_end_is_left_after_a_few(tmp_path: Path) -> None:
    _, web = await check_discovery(CASES["endless redirect"], tmp_path)
    rounds = [url for _, url, _ in web.asked if url.startswith("http://friend.example/")]
    assert len(rounds) == MOST_HOPS + 1


async def test_the_record_that_is_said_ends_the_finding(tmp_path: Path) -> None:
    before = CASES["the company of the website"]
    answers = {**before.web, **CASES["mailcow"].web}
    steps = (line.removeprefix("add ") for line in before.fixes)
    mended = dataclasses.replace(before, add=(*before.add, *steps), web=answers)
    report, _ = await check_discovery(mended, tmp_path)
    assert grave(report) == []


async def test_who_says_nothing_is_not_waited_for_and_hides_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "LONGEST", 0.5)
    before = CASES["the company of the website"]
    silent = {
        "https://friend.example/autodiscover/autodiscover.xml": {"silent": True},
        "http://friend.example/.well-known/autoconfig/mail/config-v1.1.xml": {"silent": True},
    }
    domain = dataclasses.replace(before, web={**before.web, **silent})
    async with asyncio.timeout(60):  # until the test is given up
        report, web = await check_discovery(domain, tmp_path)
    assert len(web.asked) == 3
    assert grave(report) == ["autoconfig-wrong"]
    assert report.elapsed_ms < 5000
