"""How the mail server's ports are now: one look for all who ask, and the admin told of faults."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.checks.finding import ServerCheck, Status
from bot.checks.observe.ports import ServerPorts
from bot.demo.host_ports import HostPort
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.connector import Connector
from bot.net.port_look import ALL_PORTS, Reached
from bot.records.mail_server import MailServer
from bot.services.domain_check import Checker
from bot.services.live_ports import FRESH, FRESH_IF_UNKNOWN, LivePorts
from bot.services.server_faults import ServerFaults
from server_certificates import HOST, ServerCertificates, Shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAME = dns.name.from_text(HOST)
SERVER = MailServer(NAME, "v=spf1 mx -all", "v=DMARC1; p=reject")
MOMENT = timedelta(seconds=1)


class Clock:
    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.time


class CountingPort(HostPort):
    """A port that counts the clients that have come."""

    clients = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients += 1
        await super().serve(reader, writer)


@dataclass
class World:
    dns: ZoneServer
    ports: list[CountingPort]
    clock: Clock
    faults: ServerFaults
    live: LivePorts
    checker: Checker

    def clients(self) -> set[int]:
        """Return how many clients each port has had."""
        return {port.clients for port in self.ports}


@asynccontextmanager
async def opened(
    certificates: ServerCertificates, shown: Shown = Shown.RIGHT
) -> AsyncIterator[World]:
    clock = Clock()
    faults = ServerFaults(clock)
    async with AsyncExitStack() as stack:
        context = certificates.context(shown)
        ports = [
            await stack.enter_async_context(CountingPort(port, HOST, context)) for port in ALL_PORTS
        ]
        zones = Zones.of({"cow.example": "mx1 A 127.0.0.1"})
        server = await stack.enter_async_context(ZoneServer(zones))
        resolver = await stack.enter_async_context(Resolver((Server(*server.address),)))
        numbers = {port.port.number: port.number for port in ports}
        connector = Connector(configured=(NAME,), ports=numbers)
        seen = ServerPorts(connector, NAME, authorities=certificates.authority)
        live = LivePorts(seen, resolver.ask, SERVER, clock, faults=faults)
        checker = Checker(resolver.ask, SERVER, clock, live_ports=live, allow_private=True)
        yield World(server, ports, clock, faults, live, checker)


@pytest.fixture(scope="module")
def certificates() -> ServerCertificates:
    return ServerCertificates()


@pytest.fixture
async def world(certificates: ServerCertificates) -> AsyncIterator[World]:
    async with opened(certificates) as world:
        yield world


async def test_all_who_ask_at_once_share_one_look(world: World) -> None:
    assert world.live.known() is None
    seen = await asyncio.gather(*(world.live.look() for _ in range(20)))
    assert world.clients() == {1}
    assert {id(each) for each in seen} == {id(world.live.known())}
    assert all(look.works for look in seen[0].looks)


async def test_a_look_is_used_for_ten_minutes(world: World) -> None:
    first = await world.live.look()
    world.clock.time += FRESH - MOMENT
    assert await world.live.look() is first is world.live.known()
    world.clock.time += MOMENT
    assert world.live.known() is None
    assert await world.live.look() is not first
    assert world.clients() == {2}


async def test_who_gives_up_takes_the_look_from_nobody(world: World) -> None:
    impatient = asyncio.create_task(world.live.look())
    patient = asyncio.create_task(world.live.look())
    await asyncio.sleep(0)
    impatient.cancel()
    assert all(look.works for look in (await patient).looks)
    assert impatient.cancelled()
    assert world.clients() == {1}


async def test_a_look_that_found_nothing_out_is_made_again_soon(world: World) -> None:
    world.dns.zones = Zones.of((), servfail=("cow.example",))
    seen = await world.live.look()
    assert {look.reached for look in seen.looks} == {Reached.NO_DNS}
    world.dns.zones = Zones.of({"cow.example": "mx1 A 127.0.0.1"})
    world.clock.time += FRESH_IF_UNKNOWN
    assert all(look.works for look in (await world.live.look()).looks)


async def test_a_check_of_the_server_looks_anew_and_everybody_has_it(world: World) -> None:
    first = await world.live.look()
    report = await world.checker.check_server()
    assert world.clients() == {2}
    known = world.live.known()
    assert known is not None
    assert known is not first
    assert known.looks == report.ports
    status = {result.check: result.status for result in report.results}
    assert status[ServerCheck.PORTS] is status[ServerCheck.CERTIFICATE] is Status.PASS


async def test_the_look_asks_the_dns_nothing_that_the_check_does_not_ask(world: World) -> None:
    report = await world.checker.check_server()
    assert len(world.dns.asked_udp) == report.queries


async def test_the_admin_is_told_once_of_what_members_met(
    certificates: ServerCertificates,
) -> None:
    async with opened(certificates, Shown.EXPIRED) as world:
        await world.checker.check_server()
        assert world.faults.recent() == ()  # who looked has it on the screen
        for _ in range(3):
            await world.live.look()
        told = await asyncio.wait_for(world.faults.next(), 1)
        assert (told.what, told.domain.ascii) == ("certificate-wrong", HOST)
        assert [fault.what for fault in world.faults.recent()] == ["certificate-wrong"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(world.faults.next(), 0.01)


async def test_right_ports_are_nothing_to_tell(world: World) -> None:
    await world.live.look()
    assert world.faults.recent() == ()


@pytest.mark.parametrize(("fits", "status"), [(True, Status.PASS), (False, Status.FAIL)])
async def test_a_tlsa_record_is_compared_with_the_certificate_at_the_mx_port(
    world: World, fits: bool, status: Status
) -> None:
    seen = await world.live.look()
    shown = seen.looks[-1].certificate
    assert shown is not None
    digest = hashlib.sha256(shown.der if fits else b"another").hexdigest()
    tlsa = f"_25._tcp.mx1 TLSA 3 0 1 {digest}"
    records = f"mx1 A 127.0.0.1\n{tlsa}\n@ DS 1 13 2 {'ab' * 32}"
    world.dns.zones = Zones.of({"cow.example": records})
    report = await world.checker.check_server()
    (dane,) = (result for result in report.results if result.check is ServerCheck.DANE)
    assert dane.status is status
