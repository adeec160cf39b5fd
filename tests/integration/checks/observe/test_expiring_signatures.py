"""DNSSEC signatures that nobody renews, as the zone's own servers give them; real sockets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rrset
import pytest

from bot.checks.finding import Check, Status
from name_server_world import APEX, NOW, World, codes, message, name_servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from bot.checks.report import Report
    from conftest import CaseFile

DS = "@ DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
DAY = timedelta(days=1)


@pytest.fixture
async def world(case_file: CaseFile) -> AsyncIterator[World]:
    async with name_servers(case_file) as made:
        made.tell_resolver(lines=[*made.lines, DS])
        yield made


def sign(
    begins: datetime, ends: datetime, only: str | None = None
) -> Callable[[dns.message.Message, bytes], list[bytes]]:
    """Sign the records of a type, or all, with a signature of this time, for who asks for it."""

    def twist(query: dns.message.Message, reply: bytes) -> list[bytes]:
        message = dns.message.from_wire(reply)
        for rrset in list(message.answer):
            rdtype = rrset.rdtype.name
            if query.ednsflags & dns.flags.DO and only in {None, rdtype}:
                line = f"{rdtype} 13 2 60 {ends:%Y%m%d%H%M%S} {begins:%Y%m%d%H%M%S} 1 {APEX}. AAAA"
                message.answer.append(dns.rrset.from_text(rrset.name, 60, "IN", "RRSIG", line))
        return [message.to_wire(max_size=4096)]

    return twist


def expiring(report: Report) -> bool:
    return any(finding.code == "dnssec-expiring" for finding in report.findings)


@pytest.mark.parametrize(
    ("lasts", "left", "found"),
    [
        (30 * DAY, 2 * DAY, True),
        (14 * DAY, DAY, True),
        (90 * DAY, 4 * DAY, False),  # 90 days are long; four are still enough
        (30 * DAY, 4 * DAY, False),
        (14 * DAY, 1.5 * DAY, False),  # the least that is left by the default of any signer
        (2 * DAY, DAY, False),  # signed anew for each question
        (7 * DAY, 0.5 * DAY, True),
    ],
)
async def test_signatures_are_expiring_when_any_signer_would_have_renewed_them(
    world: World, lasts: timedelta, left: timedelta, *, found: bool
) -> None:
    for server in world.servers:
        server.twist = sign(NOW + left - lasts, NOW + left)
    report = await world.check()
    assert expiring(report) is found
    if found:
        assert next(f.severity for f in report.findings if f.code == "dnssec-expiring") is (
            Status.WARN
        )
        assert "runs out at" in message(report, "dnssec-expiring")


async def test_the_one_server_whose_copy_is_not_renewed_is_named(world: World) -> None:
    world.servers[0].twist = sign(NOW - DAY, NOW + 13 * DAY)
    world.servers[1].twist = sign(NOW - 29 * DAY, NOW + DAY)
    said = message(await world.check(), "dnssec-expiring")
    assert f"on {world.servers[1].name}: mail may be lost" in said


async def test_a_single_type_that_was_left_out_is_named(world: World) -> None:
    for server in world.servers:
        server.twist = sign(NOW - 29 * DAY, NOW + DAY / 2, only="MX")
    assert f"signature of the MX record of {APEX}" in message(
        await world.check(), "dnssec-expiring"
    )


async def test_a_signature_that_has_run_out_is_said_to(world: World) -> None:
    for server in world.servers:
        server.twist = sign(NOW - 29 * DAY, NOW - DAY)
    said = message(await world.check(), "dnssec-expiring")
    assert "has run out: mail is lost" in said
    assert "delete the DS record" in said


async def test_one_server_with_a_signature_that_has_run_out_takes_no_zone_away(
    world: World,
) -> None:
    world.servers[0].twist = sign(NOW - DAY, NOW + 13 * DAY)
    world.servers[1].twist = sign(NOW - 29 * DAY, NOW - DAY)
    said = message(await world.check(), "dnssec-expiring")
    assert f"has run out on {world.servers[1].name}: mail may be lost" in said
    assert "any more" not in said


async def test_a_zone_without_ds_is_asked_for_no_signatures(world: World) -> None:
    world.tell_resolver()
    for server in world.servers:
        server.twist = sign(NOW - 29 * DAY, NOW + DAY)
    report = await world.check()
    assert codes(report) == []
    assert not expiring(report)
    assert not any(q.ednsflags & dns.flags.DO for s in world.servers for q in s.asked)
    assert next(r.status for r in report.results if r.check is Check.DNSSEC) is Status.INFO
