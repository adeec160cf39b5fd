"""Resolvers that fail once, invent answers, or are none; real sockets, and the report's words."""

from __future__ import annotations

from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bot.checks.finding import Status
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.checks.report import faults_of, is_all_right
from bot.demo.zone_server import AUTHORITY, ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.services.domain_check import Checker
from name_server_world import codes, message
from scripted_server import respond, serve
from two_views import FRIEND, SERVER, healthy_lines, without

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.checks.report import Report
    from conftest import CaseFile

    Bend = Callable[[dns.message.Message, bytes], list[bytes]]

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ADVERTS = "203.0.113.200"


@asynccontextmanager
async def checker_of(
    zones: Zones, bend: Bend, *, role: int | None = None, named: bool = False
) -> AsyncIterator[Checker]:
    """Yield a checker whose resolver knows these zones, and bends its answers."""
    server = ZoneServer(zones) if role is None else ZoneServer(zones, role=role)

    def behave(query: dns.message.Message, _count: int) -> list[bytes]:
        reply = server.reply(query.to_wire(), udp=True)
        return [] if reply is None else bend(query, reply)

    async with serve(behave) as scripted, Resolver([scripted.server]) as resolver:
        yield Checker(resolver.ask, SERVER, lambda: NOW, single_server=named)


async def check(checker: Checker, case_file: CaseFile, domain: Domain = FRIEND) -> Report:
    key = KnownKey("dkim", DkimRecord.parse(case_file.dkim), "--dkim")
    return await checker.check(domain, key)


def fail_once(*asked: str) -> Bend:
    """Fail the first time that one of these is asked for: a name and a type."""
    counts: Counter[str] = Counter()

    def bend(query: dns.message.Message, reply: bytes) -> list[bytes]:
        question = f"{query.question[0].name.to_text()} {query.question[0].rdtype.name}"
        counts[question] += 1
        fails = question in asked and counts[question] == 1
        return [respond(query, rcode=dns.rcode.SERVFAIL)] if fails else [reply]

    return bend


def invent(query: dns.message.Message, reply: bytes) -> list[bytes]:
    """Give the address of a page of advertisements to whatever does not exist."""
    question = query.question[0]
    if dns.message.from_wire(reply).rcode() != dns.rcode.NXDOMAIN or question.rdtype.name != "A":
        return [reply]
    told = dns.rrset.from_text(question.name, 60, "IN", "A", ADVERTS)
    return [respond(query, told, flags=dns.flags.RA)]


def invent_and_deny_nothing(query: dns.message.Message, reply: bytes) -> list[bytes]:
    """Do the same, and say of other types that there are no such records."""
    if dns.message.from_wire(reply).rcode() != dns.rcode.NXDOMAIN:
        return [reply]
    return (
        invent(query, reply)
        if query.question[0].rdtype.name == "A"
        else [respond(query, flags=dns.flags.RA)]
    )


@pytest.mark.parametrize(
    "asked",
    [
        ("friend.example. MX",),
        ("friend.example. TXT", "_dmarc.friend.example. TXT"),
        ("_spf.cow.example. TXT",),
        ("dkim._domainkey.friend.example. TXT", "mx1.cow.example. A"),
    ],
)
async def test_one_failure_among_good_answers_is_no_news(
    case_file: CaseFile, asked: tuple[str, ...]
) -> None:
    zones = case_file.with_zone("\n".join(healthy_lines(case_file)))
    async with checker_of(zones, fail_once(*asked)) as checker:
        report = await check(checker, case_file)
    assert codes(report) == []
    assert is_all_right(report)
    assert report.queries <= MOST_QUESTIONS


async def test_a_record_that_is_found_at_the_second_time_is_judged(case_file: CaseFile) -> None:
    lines = [*without(healthy_lines(case_file), "@ MX"), "@ MX 10 mx.old.example."]
    zones = case_file.with_zone("\n".join(lines))
    async with checker_of(zones, fail_once("friend.example. MX")) as checker:
        assert codes(await check(checker, case_file)) == ["mx-not-ours"]


async def test_a_failure_that_lasts_is_said(case_file: CaseFile) -> None:
    def always(query: dns.message.Message, reply: bytes) -> list[bytes]:
        broken = query.question[0].name.to_text().startswith("_dmarc.friend")
        return [respond(query, rcode=dns.rcode.SERVFAIL)] if broken else [reply]

    zones = case_file.with_zone("\n".join(healthy_lines(case_file)))
    async with checker_of(zones, always) as checker:
        report = await check(checker, case_file)
    assert codes(report) == ["servfail"]


@pytest.mark.parametrize("start", ["dkim._domainkey", "_dmarc", "friend", "_spf.cow"])
async def test_an_answer_that_only_tcp_would_bring_is_not_called_a_silence(
    case_file: CaseFile, start: str
) -> None:
    def cut(query: dns.message.Message, reply: bytes) -> list[bytes]:
        question = query.question[0]
        if question.name.to_text().startswith(start) and question.rdtype.name == "TXT":
            return [respond(query, flags=dns.flags.TC)]
        return [reply]

    zones = case_file.with_zone("\n".join(healthy_lines(case_file)))
    async with checker_of(zones, cut) as checker:
        report = await check(checker, case_file)
    assert "dns-truncated" in codes(report)
    said = message(report, "dns-truncated")
    assert "127.0.0.1:" in said
    assert "TCP to port 53 has to be let through" in said
    assert not {"dns-timeout", "dkim-missing", "spf-missing"} & set(codes(report))


@pytest.mark.parametrize("bend", [invent, invent_and_deny_nothing])
@pytest.mark.parametrize("name", ["unregistered.example", "not.there.example", "nobody.test"])
async def test_an_unregistered_domain_is_not_taken_for_one_without_records(
    case_file: CaseFile, name: str, bend: Bend
) -> None:
    async with checker_of(
        case_file.with_zone("\n".join(healthy_lines(case_file))), bend
    ) as checker:
        report = await check(checker, case_file, Domain.from_ascii(name))
    assert codes(report) == ["dns-resolver-rewrites"]
    assert report.status is Status.UNKNOWN
    said = message(report, "dns-resolver-rewrites")
    assert ADVERTS in said
    assert "so I do not know whether" in said
    assert faults_of(report) == ("dns-resolver-rewrites",)


@pytest.mark.parametrize("start", [None, "mail CNAME", "autoconfig CNAME", "@ MX"])
async def test_what_is_invented_of_a_domain_that_exists_is_left_out(
    case_file: CaseFile, start: str | None
) -> None:
    lines = healthy_lines(case_file)
    if start:
        lines = without(lines, start)
    zones = case_file.with_zone("\n".join(lines))
    async with checker_of(zones, lambda _, reply: [reply]) as checker:
        honest = codes(await check(checker, case_file))
    async with checker_of(zones, invent) as checker:
        report = await check(checker, case_file)
    assert sorted(codes(report)) == sorted(["dns-resolver-rewrites", *honest])
    assert "whether" not in message(report, "dns-resolver-rewrites")


@pytest.mark.parametrize(
    "zone", ["@ A 203.0.113.80", "* A 203.0.113.80\n@ A 203.0.113.80", "* CNAME www.site.example."]
)
async def test_an_honest_resolver_is_not_called_a_liar(case_file: CaseFile, zone: str) -> None:
    async with checker_of(case_file.with_zone(zone), lambda _, reply: [reply]) as checker:
        assert "dns-resolver-rewrites" not in codes(await check(checker, case_file))


@pytest.mark.parametrize(
    "name", ["friend.example", "unregistered.example", "not.there.example", "shop.friend.example"]
)
@pytest.mark.parametrize("zone", ["@ A 203.0.113.80", "* A 203.0.113.9"])
async def test_a_registry_with_a_wildcard_makes_no_liar_of_the_resolver(
    case_file: CaseFile, name: str, zone: str
) -> None:
    zones = {**case_file.base_zones, "example": "* A 203.0.113.9", "friend.example": zone}
    async with checker_of(Zones.of(zones), lambda _, reply: [reply]) as checker:
        report = await check(checker, case_file, Domain.from_ascii(name))
    assert "dns-resolver-rewrites" not in codes(report)


async def test_a_failure_of_signatures_is_not_asked_about_again(case_file: CaseFile) -> None:
    asked: Counter[str] = Counter()
    bogus = dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS)

    def fail(query: dns.message.Message, reply: bytes) -> list[bytes]:
        name, rdtype = query.question[0].name.to_text(), query.question[0].rdtype.name
        asked[f"{name} {rdtype}"] += 1
        broken = name == f"_dmarc.{FRIEND.ascii}."
        return [respond(query, rcode=dns.rcode.SERVFAIL, options=(bogus,))] if broken else [reply]

    zones = case_file.with_zone("\n".join(healthy_lines(case_file)))
    async with checker_of(zones, fail) as checker:
        report = await check(checker, case_file)
    assert codes(report) == ["servfail"]
    assert "DNSSEC" in message(report, "servfail")
    assert asked[f"_dmarc.{FRIEND.ascii}. TXT"] == 1


async def test_a_server_of_its_own_zones_is_told_from_one_that_is_to_be_asked_again(
    case_file: CaseFile,
) -> None:
    zones = Zones.of({"friend.example": "\n".join(healthy_lines(case_file))}, outside="refused")
    async with checker_of(zones, lambda _, r: [r], role=AUTHORITY, named=True) as checker:
        report = await check(checker, case_file)
    assert "dns-refused" not in codes(report)
    assert codes(report).count("dns-own-zones-only") == 1
    said = message(report, "dns-own-zones-only")
    for name in ("mx1.cow.example", "_spf.cow.example"):
        assert name in said
    assert "Check without naming a server" in said
    assert "Try again" not in said


@pytest.mark.parametrize("lacking", ["@ MX", "dkim._domainkey", "_dmarc"])
async def test_what_a_server_of_its_own_zones_lacks_is_said_all_the_same(
    case_file: CaseFile, lacking: str
) -> None:
    lines = without(healthy_lines(case_file), lacking)
    zones = Zones.of({"friend.example": "\n".join(lines)}, outside="refused")
    async with checker_of(zones, lambda _, r: [r], role=AUTHORITY, named=True) as checker:
        report = await check(checker, case_file)
    fault = {
        "@ MX": "mx-missing",
        "dkim._domainkey": "dmarc-before-dkim",
        "_dmarc": "dmarc-missing",
    }
    assert {fault[lacking], "dns-own-zones-only"} <= set(codes(report))


async def test_a_server_that_refers_elsewhere_holds_its_own_zones_only(
    case_file: CaseFile,
) -> None:
    def refer(query: dns.message.Message, reply: bytes) -> list[bytes]:
        if dns.message.from_wire(reply).rcode() != dns.rcode.REFUSED:
            return [reply]
        root = dns.rrset.from_text(".", 60, "IN", "NS", "a.root-servers.net.")
        return [respond(query, flags=dns.flags.Flag(0), authority=(root,))]

    zones = Zones.of({"friend.example": "\n".join(healthy_lines(case_file))}, outside="refused")
    async with checker_of(zones, refer, role=AUTHORITY, named=True) as checker:
        assert "dns-own-zones-only" in codes(await check(checker, case_file))


async def test_a_named_server_of_other_zones_is_said_not_to_know_the_domain(
    case_file: CaseFile,
) -> None:
    cow = {"cow.example": case_file.base_zones["cow.example"]}
    zones = Zones.of(cow, outside="refused")
    async with checker_of(zones, lambda _, r: [r], role=AUTHORITY, named=True) as checker:
        report = await check(checker, case_file)
    assert codes(report) == ["dns-own-zones-only"]
    assert "not those of friend.example" in message(report, "dns-own-zones-only")


async def test_a_named_server_that_refuses_everything_is_not_to_be_asked_again(
    case_file: CaseFile,
) -> None:
    def refuse(query: dns.message.Message, _reply: bytes) -> list[bytes]:
        return [respond(query, rcode=dns.rcode.REFUSED)]

    async with checker_of(Zones.of({}), refuse, role=AUTHORITY, named=True) as checker:
        report = await check(checker, case_file)
    assert codes(report) == ["dns-refused"]
    said = message(report, "dns-refused")
    assert "To try again does not help" in said
    assert "Try again" not in said
