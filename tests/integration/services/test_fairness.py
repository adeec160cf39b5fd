"""Fair turns and the end of a check, over real sockets and a name server that is slow for some."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, cast

import dns.message
import dns.name
import pytest

from bot.checks.finding import Check, Status
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.config.loading import load_settings
from bot.demo.world import DEMO_ENVIRONMENT, zones
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import parse_zone
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.member_service import MemberService, Wait
from bot.services.turns import AT_ONCE, BY_ITSELF
from bot.store.engine.database import Database
from bot.store.repositories.recent_domains import RecentDomains
from bot.store.repositories.stored_checks import StoredChecks
from bot.words import Words
from empty_store import empty_store_url
from request_parts import NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.checks.report import Report

LONGEST = 3.0  # seconds of a check here; the bot's have five times as many
USUAL, SLOW = 0.04, 0.4  # seconds of an answer
HONEST = 9
FRIEND = Domain.from_ascii("friend.example")
SLOW_APEX = dns.name.from_text("slow.example")
# Each include leads to the next one, and each takes its time.
CHAIN = "\n".join(
    f's{n} TXT "v=spf1 include:i0.s{n}.slow.example -all"\n'
    + "\n".join(f'i{m}.s{n} TXT "v=spf1 include:i{m + 1}.s{n}.slow.example -all"' for m in range(9))
    for n in range(6 * 4)
)


_log = logging.getLogger(__name__)


class SlowServer(asyncio.DatagramProtocol):
    """Passes questions on to a name server, and its answers back after their time."""

    def __init__(self, behind: tuple[str, int]) -> None:
        self._behind = behind
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)
        self._asked: dict[bytes, tuple[tuple[str, int], bytes, float]] = {}
        self._numbers = itertools.count()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr != self._behind:
            name = dns.message.from_wire(data).question[0].name
            seconds = SLOW if name.is_subdomain(SLOW_APEX) else USUAL
            number = (next(self._numbers) % 2**16).to_bytes(2)
            self._asked[number] = (addr, data[:2], seconds)
            self.transport.sendto(number + data[2:], self._behind)
        elif data[:2] in self._asked:
            addr, number, seconds = self._asked.pop(data[:2])
            reply = number + data[2:]
            asyncio.get_running_loop().call_later(seconds, self.transport.sendto, reply, addr)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[MemberService]:
    async with AsyncExitStack() as stack:
        world = zones().with_zone(parse_zone("slow.example", CHAIN))
        behind = await stack.enter_async_context(ZoneServer(world))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: SlowServer(behind.address), ("127.0.0.1", 0)
        )
        stack.callback(transport.close)
        server = Server(*transport.get_extra_info("sockname"))
        resolver = await stack.enter_async_context(
            Resolver([server], in_flight=AT_ONCE * MOST_QUESTIONS)
        )
        url = empty_store_url(tmp_path / "bot.db")
        database = await stack.enter_async_context(await Database.open(url))
        mail = load_settings(DEMO_ENVIRONMENT).mail_server()
        checker = Checker(resolver.ask, mail, lambda: NOON)
        core = Core(mail, Words(), checker, DomainFacts(None, lambda: NOON), longest=LONGEST)
        yield MemberService(core, RecentDomains(database), StoredChecks(database), lambda: NOON)


def slow(number: int) -> Domain:
    return Domain.from_ascii(f"s{number}.slow.example")


def late_of(report: Report) -> set[str]:
    """Return the codes of what could not be found out because the check's time was over."""
    return {finding.code for finding in report.findings if finding.facts.get("late")}


async def seconds_of(service: MemberService) -> float:
    """Return how long the honest member waits for a check, the best of three."""
    took = []
    for _ in range(3):
        began = time.monotonic()
        kept = await service.check(FRIEND, HONEST)
        took.append(time.monotonic() - began)
        assert not late_of(kept.report)
    return min(took)


async def test_an_honest_check_does_not_wait_for_slow_domains_of_others(
    service: MemberService,
) -> None:
    await service.check(FRIEND, HONEST)  # what is loaded late is loaded now
    alone = await seconds_of(service)
    hostile = [
        asyncio.create_task(service.check(slow(6 * member + n), member + 1))
        for member in range(4)
        for n in range(6)
    ]
    await asyncio.sleep(0.1)
    among_others = await seconds_of(service)
    still_running = sum(not task.done() for task in hostile)
    assert still_running > 8  # two of each run, and others wait
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)
    _log.warning("an honest check: %.3f s alone, %.3f s among 24 slow ones", alone, among_others)
    assert among_others <= 2 * alone


async def test_a_slow_check_ends_in_time_with_what_is_known_so_far(service: MemberService) -> None:
    began = time.monotonic()
    kept = await service.check(slow(0), HONEST)
    assert time.monotonic() - began < 2 * LONGEST
    report = kept.report
    assert late_of(report) == {"dns-timeout"}
    statuses = {result.check: result.status for result in report.results}
    assert statuses[Check.SPF] is Status.UNKNOWN  # its includes come one after the other
    assert statuses[Check.MX] is Status.FAIL  # that was answered before: there is none
    assert not any(f.code.startswith("spf-") and f.severity is Status.FAIL for f in report.findings)


async def test_the_third_check_of_a_member_waits_and_it_is_known_why(
    service: MemberService,
) -> None:
    first, second = (asyncio.create_task(service.check(slow(n), HONEST)) for n in range(2))
    await asyncio.sleep(0.05)
    assert service.wait_for(slow(2), HONEST, confidential=False) is Wait.OWN
    assert service.wait_for(slow(1), HONEST, confidential=False) is None  # it runs already
    assert service.wait_for(slow(2), 8, confidential=False) is None
    third = asyncio.create_task(service.check(FRIEND, HONEST))
    await asyncio.sleep(0.05)
    assert not third.done()
    first.cancel()  # a check that is given up leaves its turn
    assert (await third).report.domain == FRIEND
    assert first.cancelled()
    assert not second.done()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_who_joins_a_waiting_check_does_not_wait_with_who_asked_first(
    service: MemberService,
) -> None:
    hostile = [asyncio.create_task(service.check(slow(n), 1)) for n in range(2)]
    hostile.append(asyncio.create_task(service.check(FRIEND, 1)))
    await asyncio.sleep(0.05)
    kept = await service.check(FRIEND, HONEST)
    assert kept.report.domain == FRIEND
    assert not any(task.done() for task in hostile[:2])
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)


async def test_what_the_bot_looks_at_by_itself_takes_its_turn_as_well(
    service: MemberService,
) -> None:
    core = service._core
    looks = [asyncio.create_task(core.check(slow(n), KeyUnknown())) for n in range(BY_ITSELF + 1)]
    await asyncio.sleep(0.05)
    assert core.turns.running_by_itself == BY_ITSELF
    assert core.turns.waiting_by_itself == 1
    assert not core.turns.must_wait(HONEST)
    for task in looks:
        task.cancel()
    await asyncio.gather(*looks, return_exceptions=True)
    assert core.turns.running_by_itself == 0
