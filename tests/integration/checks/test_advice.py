"""The advice and the check use the same records: what is handed out is found right."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given

from bot.checks.finding import Status
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.records.dkim_key import KnownKey
from bot.records.expected import expect
from bot.records.presentation import rdata_text
from bot.services.domain_check import Checker
from examples import examples
from strategies import configurations

if TYPE_CHECKING:
    import dns.name

    from bot.checks.report import Report
    from bot.records.mail_server import MailServer
    from strategies import Configuration

GRAVE = {Status.UNKNOWN, Status.WARN, Status.FAIL}


def world(configuration: Configuration) -> Zones:
    """Return the mail server's own names, and the domain with exactly what is handed out to it."""
    server, domain, dkim, _ = configuration
    home = server.host.parent()
    lines: dict[dns.name.Name, list[str]] = {home: [], domain.name: []}
    lines[home] += [
        f"{server.host} A 198.51.100.25",
        f"{server.host} AAAA 2001:db8:25::25",
        f"{home} MX 10 {server.host}",
        f'_spf.{home} TXT "v=spf1 ip4:198.51.100.25 ip6:2001:db8:25::25 -all"',
        f'*._report._dmarc.{home} TXT "v=DMARC1;"',
    ]
    own = {(server.host, "A"), (home, "MX")}
    is_known = isinstance(dkim, KnownKey)
    expected = expect(*configuration).with_proof(spf_proven=True, dkim_proven=is_known)
    for record in expected.records:
        if (record.owner, record.type) not in own:
            data = rdata_text(record.type, record.value, record.priority)
            lines[domain.name].append(f"{record.owner} {record.ttl} {record.type} {data}")
    return Zones.of({name.to_text(): "\n".join(text) for name, text in lines.items()})


async def check(zones: Zones, configuration: Configuration) -> Report:
    server, domain, dkim, stage = configuration
    async with ZoneServer(zones) as zone_server, Resolver([Server(*zone_server.address)]) as asked:
        return await checker(asked, server).check(domain, dkim, stage)


def checker(resolver: Resolver, server: MailServer) -> Checker:
    return Checker(resolver.ask, server, lambda: datetime(2026, 11, 23, tzinfo=UTC))


@given(configurations())
@examples(0.25)
def test_what_is_handed_out_is_found_right(configuration: Configuration) -> None:
    report = asyncio.run(check(world(configuration), configuration))
    assert [f for f in report.findings if f.severity in GRAVE] == []
    assert report.status in {Status.PASS, Status.INFO}
