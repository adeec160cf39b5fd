"""A check that somebody waits for, beside a sweep of many domains on the same event loop.

A process of its own, so that its loop has nothing else to do: blocks of checks with the sweep and
without it, in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.checks_and_looks import ChecksAndLooks
from benchmarks.child import HOST, run_apart
from benchmarks.figures import Figure, Times
from benchmarks.one_domain import DELAY
from benchmarks.ours import now
from benchmarks.proxy import run_proxy
from benchmarks.zones import MEMBER, PLAIN_MEMBER, SEED, make_server
from bot.checks.observe.questions import MOST_QUESTIONS
from bot.console_commands.loaded import end_loading
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.jobs import beside
from bot.names import Domain
from bot.services.core import Core
from bot.services.domain_check import Checker
from bot.services.domain_facts import DomainFacts
from bot.services.turns import OF_ONE, Turns
from bot.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.zones import World

AT_ONCE: Final = 24  # domains of the sweep side by side
BLOCKS: Final = 8  # of each kind
MOST_APART: Final = 0.3  # seconds of a pause before a check, at most
SLEEP: Final = 0.005  # seconds after which the loop is to come back
RATIO: Final = 1.3
MOST_LAG: Final = 15.0  # ms


@dataclass(slots=True)
class BesideResult:
    """Seconds of checks `alone` and `beside` the sweep, and by how many the loop came back late.

    `lag` is that of the sweep by itself, `lag_beside` with the checks; the rates are domains of
    the sweep a second.
    """

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    lag: list[float] = field(default_factory=list)
    lag_beside: list[float] = field(default_factory=list)
    rate: float = 0.0
    rate_beside: float = 0.0


async def _note_lag(lag: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(SLEEP)
        lag.append(time.perf_counter() - began - SLEEP)


async def _measure(port: int, names: list[str]) -> BesideResult:
    result, swept = BesideResult(), [0, 0]
    seconds = [0.0, 0.0]
    most = (AT_ONCE + OF_ONE) * MOST_QUESTIONS
    async with Resolver([Server(HOST, port)], in_flight=most) as resolver:
        checker = Checker(resolver.ask, make_server(), now, single_server=True)
        turns = Turns(AT_ONCE + OF_ONE, by_itself=AT_ONCE)
        core = Core(make_server(), Words(), checker, DomainFacts(None, now), turns=turns)
        domains = [Domain.from_ascii(name) for name in names]
        load = ChecksAndLooks(core, domains, SEED, MOST_APART)
        await load.check_often()  # what is loaded late is loaded now
        for _ in range(BLOCKS):
            result.alone += await load.check_often()
            for place, lag in enumerate((result.lag, result.lag_beside)):
                before, began = load.looks, time.perf_counter()
                async with beside(load.look_on(), _note_lag(lag)):
                    if place:
                        result.beside += await load.check_often()
                    else:
                        await asyncio.sleep(2)
                swept[place] += load.looks - before
                seconds[place] += time.perf_counter() - began
    result.rate, result.rate_beside = (s / t for s, t in zip(swept, seconds, strict=True))
    return result


def measure_beside(world: World, port: int) -> Iterator[Figure]:
    """Yield how long a check takes beside a sweep, by one alone, and how late the loop is."""
    names = [name for name in world.dkim if name not in {MEMBER, PLAIN_MEMBER}]
    with run_proxy(port, DELAY) as proxy:
        result = BesideResult(**run_apart("benchmarks.beside_sweep", str(proxy.port), given=names))
    alone, with_sweep = Times.of_seconds(result.alone), Times.of_seconds(result.beside)
    lag, lag_beside = Times.of_seconds(result.lag), Times.of_seconds(result.lag_beside)
    yield Figure(
        f"A check beside a sweep of {AT_ONCE} ÷ one alone, 95th percentiles",
        with_sweep.percentile(95) / alone.percentile(95),
        "×",
        RATIO,
        detail=f"in turns: {with_sweep.percentile(95):.0f} ms ({with_sweep.spread}; p50 "
        f"{with_sweep.median:.1f}), alone {alone.percentile(95):.0f} ms ({alone.spread}; p50 "
        f"{alone.median:.1f}); the sweep makes {result.rate_beside:.0f} domains a second beside "
        f"the checks",
    )
    yield Figure(
        f"The event loop's lag in a sweep of {AT_ONCE}, 99th percentile",
        lag.percentile(99),
        "ms",
        MOST_LAG,
        detail=f"{lag.spread}; p50 {lag.median:.1f}; beside checks p99 "
        f"{lag_beside.percentile(99):.1f}; the sweep makes {result.rate:.0f} domains a second",
    )


def main() -> None:
    """Measure against the server at a port, over the domains of the input; print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    end_loading()  # as the programs do
    result = asyncio.run(_measure(options.port, json.loads(sys.stdin.read())))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
