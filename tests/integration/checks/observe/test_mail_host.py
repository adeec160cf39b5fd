"""Looking at the mail server itself over real sockets: what is asked, and what comes of it."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.checks.finding import ServerCheck, Status
from bot.checks.observe.mail_host import MOST_QUESTIONS
from bot.checks.server.server_report import found_nothing_out
from bot.demo.zone_server import AUTHORITY, ZoneServer
from bot.demo.zones import Zones
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.records.mail_server import MailServer
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.store.engine.database import Database
from bot.store.repositories.known_keys import KnownKeys
from strategies import KEY_VALUES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.checks.report import Report
    from conftest import CaseFile

SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example"),
    spf="v=spf1 include:_spf.cow.example -all",
    dmarc="v=DMARC1; p=reject; sp=reject; rua=mailto:dmarc@cow.example",
    dmarc_rua="mailto:dmarc@cow.example",
)
NAME_SERVERS = "ns1 A 192.0.2.53\nns2 A 192.0.2.54\n"


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def asking(zones: Zones, server: MailServer = SERVER) -> AsyncIterator[Checker]:
    async with ZoneServer(zones) as dns, Resolver([Server(*dns.address)], timeout=2) as resolver:
        yield Checker(resolver.ask, server, now)


async def look(
    case_file: CaseFile,
    *changes: tuple[str, str],
    members: tuple[str, ...] = (),
    server: MailServer = SERVER,
    servfail: tuple[str, ...] = (),
) -> Report:
    """Return the report on the cases' world with some of its text changed."""
    texts = {**case_file.base_zones, "dns-servers.example": NAME_SERVERS}
    for old, new in changes:
        assert any(old in text for text in texts.values())
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    async with asking(Zones.of(texts, servfail=servfail), server) as checker:
        return await checker.check_server(tuple(Domain.from_ascii(name) for name in members))


def grave(report: Report) -> list[str]:
    return [f.code for f in report.findings if f.severity is not Status.INFO]


async def test_a_record_that_hangs_on_the_hosts_name_is_read_with_that_name(
    case_file: CaseFile,
) -> None:
    term = "include:%{v}._v.%{i}._ip.%{h}._ehlo.vendor.example"
    server = dataclasses.replace(SERVER, spf=f"v=spf1 {term} -all")
    ipv6 = ".".join("20010db8002500000000000000000025")
    vendor = f"""
    in-addr._v.198.51.100.25._ip.mx1.cow.example._ehlo TXT "v=spf1 ip4:198.51.100.25 -all"
    ip6._v.{ipv6}._ip.mx1.cow.example._ehlo TXT "v=spf1 ip6:2001:db8:25::25 -all"
    """
    zones = Zones.of(
        {**case_file.base_zones, "dns-servers.example": NAME_SERVERS, "vendor.example": vendor}
    )
    async with asking(zones, server) as checker:
        report = await checker.check_server(())
    (result,) = (r for r in report.results if r.check is ServerCheck.SPF)
    assert result.status is Status.PASS


async def test_a_right_server_is_proven_right(case_file: CaseFile) -> None:
    report = await look(case_file, members=("friend.example", "other.no"))
    assert [f.code for f in report.findings] == ["server-dane"]
    assert report.queries <= MOST_QUESTIONS
    assert report.zone == dns.name.from_text("cow.example")


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("25 PTR mx1.cow.example.", "25 TXT x", ["server-ptr-missing"]),
        ("25 PTR mx1.cow.example.", "25 PTR a.old.example.", ["server-ptr-unconfirmed"]),
        ("25 PTR mx1.cow.example.", "25 PTR mx.old.example.", ["server-ptr-unconfirmed"]),
        (
            "25 PTR mx1.cow.example.",
            "25 PTR mx1.cow.example.\n25 PTR a.old.example.",
            ["server-ptr-several"],
        ),
        ("mx1 A 198.51.100.25", "mx1 CNAME cow.example.", ["server-alias"]),
        ("mx1 AAAA 2001:db8:25::25", "mx1 AAAA fd00::1", ["server-private-address"]),
        ("_spf TXT", "spf TXT", ["server-spf-broken"]),
        ("ip6:2001:db8:25::25 -all", "-all", ["server-spf-refuses"]),
        ("ip6:2001:db8:25::25 -all", "+all", ["server-spf-open"]),
        ('mx1 TXT "v=spf1 a -all"', 'mx1 TXT "v=spf1 -all"', ["server-helo-refuses"]),
        ("*._report._dmarc TXT", "z TXT", ["server-reports-refused"]),
        ("ns1 A 192.0.2.53", "ns3 A 192.0.2.53", ["server-ns-lost"]),
    ],
)
async def test_one_fault_is_named_and_nothing_beside_it(
    case_file: CaseFile, old: str, new: str, codes: list[str]
) -> None:
    assert grave(await look(case_file, (old, new))) == codes


async def test_a_reverse_name_by_an_alias_of_the_reverse_zone_is_followed(
    case_file: CaseFile,
) -> None:
    # RFC 2317: the reverse zone of a small network lies with its customer.
    change = ("25 PTR mx1.cow.example.", "25 CNAME 25.reverse.cow.example.")
    zone = ("_spf TXT", "25.reverse PTR mx1.cow.example.\n_spf TXT")
    assert grave(await look(case_file, change, zone)) == []


async def test_a_single_consent_shuts_out_its_neighbours(case_file: CaseFile) -> None:
    only_one = (
        "*._report._dmarc TXT",
        'friend.no._report._dmarc TXT "v=DMARC1;"\n*._report._dmarc TXT',
    )
    report = await look(case_file, only_one, members=("friend.no",))
    assert grave(report) == ["server-reports-gap"]
    (fix,) = report.findings[0].fixes
    assert fix.owner == dns.name.from_text("*.no._report._dmarc.cow.example")
    mended = (
        "*._report._dmarc TXT",
        f'{"*.no._report._dmarc"} TXT "v=DMARC1;"\n*._report._dmarc TXT',
    )
    assert grave(await look(case_file, only_one, mended, members=("friend.no",))) == []


async def test_a_value_with_mx_is_evaluated_for_a_domain_with_our_mx(case_file: CaseFile) -> None:
    server = MailServer(SERVER.host, "v=spf1 mx -all", SERVER.dmarc)
    assert grave(await look(case_file, server=server)) == []


async def test_a_zone_that_fails_is_unknown_and_nothing_is_called_missing(
    case_file: CaseFile,
) -> None:
    report = await look(case_file, servfail=("cow.example",))
    assert {f.code for f in report.findings} == {"servfail"}
    assert found_nothing_out(report)


async def test_each_name_server_is_asked_for_the_zone(case_file: CaseFile) -> None:
    servers = "ns1 A 127.0.0.2\nns2 A 127.0.0.3\n"
    world = Zones.of({**case_file.base_zones, "dns-servers.example": servers})
    async with ZoneServer(world, role=AUTHORITY, host="127.0.0.2") as knows:
        port = knows.address[1]
        authorities = Authorities(allow_private=True, port=port)
        async with (
            ZoneServer(Zones.of((), outside="refused"), host="127.0.0.3", port=port),
            ZoneServer(world) as dns_server,
            Resolver([Server(*dns_server.address)]) as resolver,
        ):
            checker = Checker(resolver.ask, SERVER, now, authorities=authorities)
            report = await checker.check_server()
            assert grave(report) == ["server-ns-dumb"]
            assert report.findings[0].facts["names"] == ("ns2.dns-servers.example",)
            public = Checker(resolver.ask, SERVER, now, authorities=Authorities(port=port))
            assert grave(await public.check_server()) == []  # private ones are not asked


async def test_each_look_asks_anew(case_file: CaseFile) -> None:
    zones = Zones.of({**case_file.base_zones, "dns-servers.example": NAME_SERVERS})
    async with ZoneServer(zones) as dns_server, Resolver([Server(*dns_server.address)]) as resolver:
        checker = Checker(resolver.ask, SERVER, now)
        assert grave(await checker.check_server()) == []
        dns_server.zones = Zones.of({**case_file.base_zones, "100.51.198.in-addr.arpa": "@ TXT x"})
        report = await checker.check_server()
        assert "server-ptr-missing" in grave(report)


async def test_a_silent_resolver_ends_in_time() -> None:
    async with (
        asyncio.timeout(5),
        ZoneServer(Zones.of(()), lose=lambda _: True) as dns_server,
        Resolver([Server(*dns_server.address)], timeout=0.3) as resolver,
    ):
        report = await Checker(resolver.ask, SERVER, now).check_server()
    assert found_nothing_out(report)
    unknown = [r.check for r in report.results if r.status is Status.UNKNOWN]
    unseen = {ServerCheck.PORTS, ServerCheck.CERTIFICATE}  # nobody looks at them here
    assert set(ServerCheck) - set(unknown) - unseen == {ServerCheck.DMARC}


async def test_members_are_the_domains_with_a_key(tmp_path: Path) -> None:
    async with await Database.open(f"sqlite+aiosqlite:///{tmp_path}/bot.db") as database:
        keys = KnownKeys(database)
        domain_facts = DomainFacts(keys, now)
        assert await domain_facts.some_domains(3) == ()
        names = [Domain.from_ascii(f"friend{number}.example") for number in range(4)]
        for name in names:
            await keys.learn(name, "dkim", KEY_VALUES[0], KeySource.ADMIN, now())
        assert await domain_facts.some_domains(3) == tuple(reversed(names[1:]))
    assert await DomainFacts(None, now).some_domains(3) == ()
