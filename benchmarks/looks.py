"""Measures what looks that nobody waits for cost: beside members' checks, and of dead zones.

`python -m benchmarks.looks` takes about five minutes; it exits with 1 where a target is missed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Final

from benchmarks.authority import run_authority
from benchmarks.checks_and_looks import ChecksAndLooks
from benchmarks.child import HOST
from benchmarks.dead_zone import DeadAnswer, run_dead_zones
from benchmarks.figures import Figure, Times, format_line
from benchmarks.ours import now
from benchmarks.proxy import run_proxy
from benchmarks.zones import make_server, make_world
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.dns.authority import Authorities
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.errors import CowbellError
from bot.jobs import beside
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.turns import AT_ONCE, OURSELVES, REST, Turns
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.dead_zone import DeadZones
    from benchmarks.zones import World

DELAY: Final = 0.02  # seconds of a round trip
WATCHED: Final = 500  # domains
BLOCKS: Final = 6  # of each kind, in turns
MOST_APART: Final = 1.5  # seconds of a pause before a member's check, at most
SEED: Final = 20261129
RATIO: Final = 1.3
DEADLINE: Final = 5.0  # seconds of one question
DEAD: Final = ("gone.example", "lost.example")


async def measure_members(world: World, port: int) -> list[Figure]:
    """Return how long a member's check takes, without a watch and with one, in turns."""
    server = Server(HOST, port)
    async with Resolver([server], in_flight=AT_ONCE * MOST_QUESTIONS) as resolver:
        authorities = Authorities(allow_private=True, port=port)
        checker = Checker(resolver.ask, make_server(), now, authorities=authorities)
        turns = Turns(rest=REST)
        core = Core(make_server(), Words(), checker, DomainFacts(None, now), turns=turns)
        domains = [Domain.from_ascii(name) for name in world.dkim]
        load = ChecksAndLooks(core, domains, SEED, MOST_APART)
        alone, watched, seconds = list[float](), list[float](), 0.0
        await load.check_often()  # what is loaded late is loaded now
        for _ in range(BLOCKS):
            alone += await load.check_often()
            async with beside(load.look_on()):
                began = time.perf_counter()
                watched += await load.check_often()
                seconds += time.perf_counter() - began
    before, after = Times.of_seconds(alone), Times.of_seconds(watched)
    ratio = after.percentile(95) / before.percentile(95)
    return [
        Figure(
            "A member's check, 95th percentile",
            before.percentile(95),
            "ms",
            None,
            False,
            before.spread,
        ),
        Figure(
            "The same beside a watch that never rests",
            after.percentile(95),
            "ms",
            detail=f"{load.looks / seconds:.0f} looks a second; {after.spread}",
        ),
        Figure(
            "The second ÷ the first",
            ratio,
            "×",
            RATIO,
            detail=f"{ratio:.2f} ×; of the medians {after.median / before.median:.2f} ×",
        ),
    ]


async def measure_dead(world: World, how: DeadAnswer) -> list[Figure]:
    """Return what a dead domain costs a member's check, a look, and the next look."""
    async with (
        run_dead_zones(world.zones, DEAD, how) as dead,
        Resolver([dead.server], timeout=DEADLINE) as resolver,
    ):
        checker = Checker(resolver.ask, make_server(), now, authorities=dead.authorities)
        gone, lost = map(Domain.from_ascii, DEAD)
        return [
            await _measure_one(dead, checker, gone, "all of it asked", how),
            await _measure_one(dead, checker, gone, "a look", how, is_look=True),
            await _measure_one(dead, checker, lost, "the next at its servers", how, is_look=True),
        ]


async def _measure_one(
    dead: DeadZones,
    checker: Checker,
    domain: Domain,
    what: str,
    how: DeadAnswer,
    *,
    is_look: bool = False,
) -> Figure:
    dead.forget()
    began = time.perf_counter()
    async with Turns().of(OURSELVES) as turn:
        await checker.check(domain, KeyUnknown(), unhurried=turn if is_look else None)
    seconds = time.perf_counter() - began
    questions, datagrams = dead.count()
    return Figure(
        f"A dead domain, {how}: {what}",
        1000 * seconds,
        "ms",
        1000 * DEADLINE if is_look else None,
        detail=f"{questions} questions, {datagrams} datagrams",
    )


def measure() -> Iterator[Figure]:
    """Yield the figures, one after the other."""
    world = make_world(WATCHED)
    with (
        run_authority(world) as authority,
        run_proxy(authority.port, DELAY) as proxy,
        asyncio.Runner() as runner,
    ):
        yield from runner.run(measure_members(world, proxy.port))
    for how in DeadAnswer:
        yield from asyncio.run(measure_dead(world, how))


def main() -> int:
    """Measure and print; return 1 where a target is missed or nothing could be measured."""
    missed = False
    try:
        for figure in measure():
            print(format_line(figure), flush=True)
            missed |= figure.verdict.startswith("missed")
    except (CowbellError, OSError) as error:
        print(f"The benchmark could not be run: {error}", file=sys.stderr)
        return 1
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
