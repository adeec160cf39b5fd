"""What looks leave behind is freed by counting references, so that nothing has to be searched."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from benchmarks.authority import run_authority
from benchmarks.child import HOST
from benchmarks.zones import make_server, make_world
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.domain_looks import DomainLooks
from bot.services.turns import Turns
from bot.words import Words
from request_parts import NOON

if TYPE_CHECKING:
    from bot.checks.report import Report

FEW = 5  # objects a look


async def test_looks_leave_nothing_that_refers_to_itself_in_a_circle() -> None:
    world, reports = make_world(30), list[str]()

    def take(report: Report, _: object) -> None:
        reports.append(report.domain.ascii)

    with run_authority(world) as authority:
        async with Resolver([Server(HOST, authority.port)]) as resolver:
            checker = Checker(resolver.ask, make_server(), lambda: NOON, single_server=True)
            facts = DomainFacts(None, lambda: NOON)
            core = Core(make_server(), Words(), checker, facts, turns=Turns())
            looks = DomainLooks(core, lambda: NOON)
            domains = [Domain.from_ascii(name) for name in world.dkim]
            await looks.sweep(domains[:2], take)  # what is loaded late is loaded now
            gc.collect()
            gc.disable()
            try:
                await looks.sweep(domains[2:], take)
                found = gc.collect()
            finally:
                gc.enable()
    assert len(reports) == len(domains)
    assert found <= FEW * len(domains)
