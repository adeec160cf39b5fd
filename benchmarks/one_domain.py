"""One domain against the least time that its longest chain of questions takes."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Final

import dns.message

from benchmarks.child import HOST
from benchmarks.figures import Figure, Times
from benchmarks.ours import OurCheck, make_resolver
from benchmarks.proxy import run_proxy
from benchmarks.zones import MEMBER, find_chains
from bot.dns.authority import Authorities

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.proxy import Proxy
    from benchmarks.zones import World
    from bot.dns.resolver import Resolver

DELAY: Final = 0.02  # seconds of a round trip
LONG_DELAY: Final = 0.1  # the same, far away
RUNS: Final = 30
LONG_RUNS: Final = 15
FACTOR: Final = 1.10  # of the bound
SERVERS_FACTOR: Final = 1.12  # the same, with the zone's name servers asked too
LONG_FACTOR: Final = 1.03  # the same, far away


def find_bound(world: World, name: str, delay: float = DELAY) -> float:
    """Return the least time that a check can take, in ms."""
    return 1000 * delay * max(find_chains(world, name).values())


def measure_one_domain(world: World, port: int) -> Iterator[Figure]:
    """Yield how long a check of one domain takes, against the server at the port."""
    with run_proxy(port, DELAY) as proxy, asyncio.Runner() as runner:
        yield from _measure_near(world, proxy, runner)
    with run_proxy(port, LONG_DELAY) as proxy, asyncio.Runner() as runner:
        bound = find_bound(world, MEMBER, LONG_DELAY)
        check, resolver = OurCheck(MEMBER, world.dkim[MEMBER]), make_resolver(proxy.port)
        try:
            runner.run(check.measure(resolver))
            seconds = [runner.run(check.measure(resolver)) for _ in range(LONG_RUNS)]
        finally:
            runner.run(resolver.aclose())
        yield Figure.by_bound(
            f"One domain at {1000 * LONG_DELAY:.0f} ms of delay, median ÷ bound",
            Times.of_seconds(seconds),
            bound,
            LONG_FACTOR,
        )


def _measure_near(world: World, proxy: Proxy, runner: asyncio.Runner) -> Iterator[Figure]:
    chains, bound = find_chains(world, MEMBER), find_bound(world, MEMBER)
    lengths = ", ".join(f"{name} {length}" for name, length in chains.items())
    yield Figure(
        "Lower bound",
        bound,
        "ms",
        detail=f"{1000 * DELAY:.0f} ms × the longest chain ({lengths})",
    )
    bare = Times.of_seconds(_ask_in_turn(proxy.port, max(chains.values())) for _ in range(RUNS))
    yield Figure.by_bound("The longest chain on a bare socket, median ÷ bound", bare, bound)
    check, resolver = OurCheck(MEMBER, world.dkim[MEMBER]), make_resolver(proxy.port)
    try:
        runner.run(check.measure(resolver))
        proxy.count()
        times = Times.of_seconds([runner.run(check.measure(resolver)) for _ in range(RUNS)])
        questions = proxy.count() / RUNS
        what = "One domain, median ÷ bound"
        yield Figure.by_bound(what, times, bound, FACTOR, f"{questions:.0f} questions")
        cold = Times.of_seconds([runner.run(_measure_cold(check, proxy.port)) for _ in range(RUNS)])
        yield Figure.by_bound("One domain, first of a new resolver, median ÷ bound", cold, bound)
        yield _measure_servers(check, resolver, proxy, runner, bound)
    finally:
        runner.run(resolver.aclose())


def _measure_servers(
    check: OurCheck, resolver: Resolver, proxy: Proxy, runner: asyncio.Runner, bound: float
) -> Figure:
    """Return how long a check takes that asks the zone's name servers too, in turns with one not.

    They are behind the same delay as the resolver.
    """
    authorities = Authorities(allow_private=True, port=proxy.port)
    runner.run(check.measure(resolver, authorities))
    without, both, questions = list[float](), list[float](), 0
    for _ in range(RUNS):
        without.append(runner.run(check.measure(resolver)))
        proxy.count()
        both.append(runner.run(check.measure(resolver, authorities)))
        questions += proxy.count()
    plain, times = Times.of_seconds(without), Times.of_seconds(both)
    return Figure.by_bound(
        "One domain with its name servers asked too, median ÷ bound",
        times,
        bound,
        SERVERS_FACTOR,
        f"in turns: {times.median / plain.median:.2f} × the {plain.median:.1f} ms without; "
        f"{questions / RUNS:.0f} questions",
    )


def _ask_in_turn(port: int, questions: int) -> float:
    """Return the seconds that so many questions take, one after the other."""
    wire = dns.message.make_query(f"{MEMBER}.", "TXT").to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect((HOST, port))
        way.settimeout(5)
        started = time.perf_counter()
        for _ in range(questions):
            way.send(wire)
            way.recv(4096)
        return time.perf_counter() - started


async def _measure_cold(check: OurCheck, port: int) -> float:
    async with make_resolver(port) as resolver:
        return await check.measure(resolver)
