"""The same zone gets the same report, in whatever order its records and answers come."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.checks.export.as_json import report_as_dict
from bot.config.loading import load_settings
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.services.domain_check import Checker
from bot.words import Words
from conftest import load_cases
from strategies import RSA_1024, RSA_2048

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import dns.name
    import dns.rdatatype

    from bot.demo.zone_server import ZoneServer
    from bot.demo.zones import Zones
    from bot.dns.answer import Answer, Ask
    from bot.dns.owner_name import AnyName
    from conftest import Case, CaseFile

    Start = Callable[..., Awaitable[ZoneServer]]

FILE = load_cases()
MAIL_SERVER = load_settings(FILE.environment, None).mail_server()
KNOWN = KnownKey("dkim", DkimRecord.parse(FILE.dkim), "--dkim")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEEDS = range(3)  # shuffles of each zone, beside the order that it is written in

MANY_FAULTS = {
    "everything twice": f"""
        @ A 203.0.113.80
        @ A 203.0.113.81
        @ MX 10 mx.old.example.
        @ MX 10 mx2.old.example.
        @ MX 10 203.0.113.60.
        @ MX 10 mx1.cow.example.friend.example.
        @ TXT "v=spf1 include:spf.old.example ~all"
        @ TXT "v=spf1 mx ip4:192.0.2.7 -all"
        @ TXT "v=spf1 include:_spf.cow.example include:nobody.example -all"
        dkim._domainkey TXT "v=DKIM1; p={RSA_1024}"
        dkim._domainkey TXT "v=DKIM1; p={RSA_2048[:200]}" "{RSA_2048[200:]}"
        _dmarc TXT "v=DMARC1; p=none; rua=mailto:a@one.example,mailto:b@two.example"
        _dmarc TXT "v=DMARC1; p=reject; rua=mailto:b@two.example"
        mail A 203.0.113.80
        mail A 203.0.113.81
        autoconfig A 203.0.113.60
        autoconfig AAAA 2001:db8::60
        autodiscover CNAME autodiscover.old.example.
        _autodiscover._tcp SRV 0 1 443 old.example.
        _autodiscover._tcp SRV 0 0 443 mx.old.example.
    """,
    "a cut key beside its rest": f"""
        @ MX 10 nobody.example.
        @ MX 10 nobody2.example.
        @ MX 20 mx1.cow.example.
        @ TXT "v=spf1 mx:nobody.example a:nobody2.example include:nobody3.example +all"
        dkim._domainkey TXT "{FILE.dkim[:255]}"
        dkim._domainkey TXT "{FILE.dkim[255:]}"
        _dmarc TXT "v=DMARC1; p=reject; rua=mailto:x@registrar.example,mailto:y@old.example"
    """,
    "texts that were meant as records": """
        @ MX 10 mx1.cow.example.
        @ TXT " v=spf1 mx -all"
        @ TXT "v=spf2 mx -all"
        @ TXT "site-verification=abc"
        _dmarc TXT "V=DMARC1 p=reject"
        _dmarc TXT "v=DMARC1p=none"
        dkim._domainkey TXT "v=DKIM1"
        dkim._domainkey TXT "v=DKIM1; p="
    """,
    "an SPF record that leads far": """
        @ MX 10 mx1.cow.example.
        @ MX 10 mx.old.example.
        @ TXT "v=spf1 include:two.friend.example mx include:three.friend.example"
        two TXT "v=spf1 include:s1.big.example include:s2.big.example mx a:mx.old.example"
        two TXT "v=spf1 include:s3.big.example"
        three TXT "v=spf1 include:s4.big.example include:loop.big.example"
        three TXT "v=spf1 redirect=two.friend.example"
    """,
    "an SPF record that hangs on who asks": """
        @ MX 10 mx.old.example.
        @ TXT "v=spf1 include:_spf.cow.example exists:%{i}.any.friend.example"
        *.any A 127.0.0.2
        dkim._domainkey TXT "v=DKIM1; p="
    """,
    "more MX records than are looked at": "\n".join(
        [f"@ MX 10 m{number}.friend.example." for number in range(14)]
        + [f"m{number} A 203.0.113.{number}" for number in range(14)]
    ),
    "an alias at the domain itself": """
        @ CNAME site.example.
        www CNAME site.example.
    """,
}


class ShufflingAsk:
    """An Ask that answers late by a little, and with the records of an answer in another order."""

    def __init__(self, ask: Ask, seed: int) -> None:
        self._ask = ask
        self._random = random.Random(seed)

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        answer = await self._ask(name, rdtype)
        await asyncio.sleep(self._random.choice((0, 0.001, 0.004)))
        records = list(answer.rdatas)
        self._random.shuffle(records)
        return dataclasses.replace(answer, rdatas=tuple(records))


async def exported(ask: Ask, words: Words) -> dict[str, Any]:
    """Return all of a report that depends on the zone alone."""
    checker = Checker(ask, MAIL_SERVER, lambda: NOW)
    report = await checker.check(Domain.from_ascii(FILE.domain), KNOWN)
    row = report_as_dict(report, MAIL_SERVER, words)
    # How often was asked depends on who answered first, as SPF is read ahead.
    return {key: value for key, value in row.items() if key not in {"queries", "elapsed_ms"}}


async def compare(server: ZoneServer) -> dict[str, Any]:
    """Return the report that every order comes to."""
    words = Words()
    async with Resolver([Server(*server.address)]) as resolver:
        written = await exported(resolver.ask, words)
        for seed in SEEDS:
            assert await exported(ShufflingAsk(resolver.ask, seed), words) == written, seed
    return written


async def test_a_case_reads_the_same_in_every_order(
    collected_case: Case, case_file: CaseFile, zone_server: Start
) -> None:
    await compare(await zone_server(case_file.zones(collected_case)))


@pytest.mark.parametrize("zone", MANY_FAULTS.values(), ids=MANY_FAULTS)
async def test_many_faults_read_the_same_in_every_order(
    zone: str, case_file: CaseFile, zone_server: Start
) -> None:
    zones: Zones = case_file.with_zone(zone)
    report = await compare(await zone_server(zones))
    assert report["status"] == "fail"
    assert report["findings"]
