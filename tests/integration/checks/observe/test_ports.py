"""A look at all ports of a mail server at once: in time, whatever the ports do."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

import dns.name
import pytest

from bot.checks.observe.ports import LONGEST, ServerPorts
from bot.demo.host_ports import MailHost
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.connector import Connector
from bot.net.port_look import ALL_PORTS, Reached
from mail_server_double import Fault, FaultyPort
from server_certificates import HOST, ServerCertificates
from slow_way import slow_way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from bot.net.port_look import PortLook

NAME = dns.name.from_text(HOST)


@pytest.fixture(scope="module")
def certificates() -> ServerCertificates:
    return ServerCertificates()


@asynccontextmanager
async def resolving(delay: float = 0.0) -> AsyncIterator[Resolver]:
    zones = Zones.of({"cow.example": "mx1 A 127.0.0.1"})
    async with (
        ZoneServer(zones, delay=delay) as server,
        Resolver((Server(*server.address),)) as resolver,
    ):
        yield resolver


def ports_at(
    numbers: Mapping[int, int], certificates: ServerCertificates, seconds: float = LONGEST
) -> ServerPorts:
    connector = Connector(configured=(NAME,), ports=numbers)
    return ServerPorts(connector, NAME, authorities=certificates.authority, seconds=seconds)


async def look(ports: ServerPorts, delay: float = 0.0) -> tuple[tuple[PortLook, ...], float]:
    """Return what was seen, and how many seconds it took."""
    async with resolving(delay) as resolver:
        started = time.monotonic()
        looks = await ports.look(resolver.ask)
        return looks, time.monotonic() - started


async def test_all_ports_are_seen_within_three_seconds_of_a_round_trip_of_20_ms(
    certificates: ServerCertificates,
) -> None:
    round_trip = 0.02
    async with MailHost(HOST, certificates.context()) as host, AsyncExitStack() as stack:
        numbers = {
            port: await stack.enter_async_context(slow_way(number, round_trip))
            for port, number in host.numbers.items()
        }
        looks, took = await look(ports_at(numbers, certificates), delay=round_trip)
    assert [seen.port for seen in looks] == list(ALL_PORTS)
    assert [seen.port.text for seen in looks if not seen.works] == []
    assert took < 3.0
    # Each answer has come over the slow way: STARTTLS takes more of them than TLS at once.
    assert all(seen.elapsed_ms >= 3 * round_trip * 1000 for seen in looks)


@pytest.mark.parametrize(
    ("seconds", "most"),
    [
        (0.5, 2.0),
        # As long as it takes at worst where nobody says otherwise.
        pytest.param(LONGEST, 10.0, marks=pytest.mark.slow),
    ],
)
async def test_ports_that_say_nothing_are_left_in_time(
    certificates: ServerCertificates, seconds: float, most: float
) -> None:
    async with AsyncExitStack() as stack:
        silent = [
            FaultyPort(port, HOST, certificates.context(), Fault(silent=True)) for port in ALL_PORTS
        ]
        numbers = {
            port.port.number: (await stack.enter_async_context(port)).number for port in silent
        }
        looks, took = await look(ports_at(numbers, certificates, seconds=seconds))
    assert {seen.reached for seen in looks} == {Reached.NO_ANSWER}
    assert took < most


async def test_a_silent_dns_is_left_in_time_and_told_as_that(
    certificates: ServerCertificates,
) -> None:
    async with asyncio.timeout(5):
        looks, took = await look(ports_at({}, certificates, seconds=0.5), delay=30.0)
    assert {seen.reached for seen in looks} == {Reached.NO_DNS}
    assert took < 2.0


async def test_a_host_with_an_address_of_examples_is_not_connected_to(
    certificates: ServerCertificates,
) -> None:
    zones = Zones.of({"cow.example": "mx1 A 198.51.100.25\nmx1 AAAA 2001:db8:25::25"})
    async with ZoneServer(zones) as server, Resolver((Server(*server.address),)) as resolver:
        looks = await ports_at({}, certificates).look(resolver.ask)
    assert {seen.reached for seen in looks} == {Reached.PRIVATE}


async def test_an_address_that_refuses_is_named_beside_the_one_that_answers(
    certificates: ServerCertificates,
) -> None:
    zones = Zones.of({"cow.example": "mx1 A 127.0.0.1\nmx1 A 127.9.9.9"})
    async with (
        MailHost(HOST, certificates.context()) as host,
        ZoneServer(zones) as server,
        Resolver((Server(*server.address),)) as resolver,
    ):
        looks = await ports_at(host.numbers, certificates).look(resolver.ask)
    assert all(seen.works and seen.address == "127.0.0.1" for seen in looks)
    refused = {seen.port.number: seen.refused_at for seen in looks if seen.refused_at}
    assert refused == dict.fromkeys((993, 143, 465, 587), ("127.9.9.9",))
