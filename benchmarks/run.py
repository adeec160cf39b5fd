"""Measures everything in one run and prints it; with --write, benchmarks/README.md keeps it."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import dns.message

from benchmarks.authority import run_authority
from benchmarks.child import HOST
from benchmarks.figures import Figure, Times, format_line, write_readme
from benchmarks.ours import OurCheck, make_resolver
from benchmarks.peer import PEER, PeerCheck, stay_at_home
from benchmarks.proxy import run_proxy
from benchmarks.sweep import SweepResult, run_sweep
from benchmarks.zones import MEMBER, PLAIN_MEMBER, SEED, find_chains, make_world
from bot.dns.authority import Authorities
from bot.errors import CowbellError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.proxy import Proxy
    from benchmarks.zones import World
    from bot.dns.resolver import Resolver

DELAY: Final = 0.02  # seconds of a round trip
LOSS: Final = 0.02  # of the datagrams, each way
RUNS: Final = 30
PLAIN_RUNS: Final = 10
LOSSY_RUNS: Final = 300
MEMBERS: Final = 500

BOUND_FACTOR: Final = 1.2
LOSSY_FACTOR: Final = 2.5
RATIO: Final = 10.0
PER_CPU_SECOND: Final = 60.0
MOST_MEMORY: Final = 120.0  # MB


def measure(world: World, port: int) -> Iterator[Figure]:
    """Yield the figures, one after the other, against the authoritative server at the port."""
    with run_proxy(port, DELAY) as proxy, asyncio.Runner() as runner:
        yield from _measure_one(world, proxy, runner)
        yield from _measure_sweeps(world, proxy)
    with run_proxy(port, DELAY, LOSS, SEED) as proxy, asyncio.Runner() as runner:
        yield from _measure_loss(world, proxy, runner)


def _bound(world: World, name: str) -> float:
    """Return the least time that a check can take, in ms."""
    return 1000 * DELAY * max(find_chains(world, name).values())


def _measure_one(world: World, proxy: Proxy, runner: asyncio.Runner) -> Iterator[Figure]:
    chains = find_chains(world, MEMBER)
    bound = _bound(world, MEMBER)
    lengths = ", ".join(f"{name} {length}" for name, length in chains.items())
    yield Figure("Lower bound", bound, "ms", detail=f"20 ms × the longest chain ({lengths})")
    bare = Times.of_seconds(_ask_in_turn(proxy.port, max(chains.values())) for _ in range(RUNS))
    yield Figure(
        "The longest chain on a bare socket, median", bare.median, "ms", detail=bare.spread
    )

    check = OurCheck(MEMBER, world.dkim[MEMBER])
    warm = make_resolver(proxy.port)
    try:
        runner.run(check.measure(warm))
        proxy.count()
        times = Times.of_seconds([runner.run(check.measure(warm)) for _ in range(RUNS)])
        questions = proxy.count() / RUNS
        yield Figure(
            "One domain, median",
            times.median,
            "ms",
            BOUND_FACTOR * bound,
            detail=f"{times.median / bound:.2f} × the bound; {questions:.0f} questions; "
            f"{times.spread}",
        )
        cold = Times.of_seconds([runner.run(_measure_cold(check, proxy.port)) for _ in range(RUNS)])
        yield Figure(
            "One domain, first of a new resolver, median", cold.median, "ms", detail=cold.spread
        )
        yield _measure_views(check, warm, proxy, runner, bound)
        yield from _compare(world, MEMBER, proxy, runner, runs=RUNS, target=RATIO)
        yield from _compare(world, PLAIN_MEMBER, proxy, runner, runs=PLAIN_RUNS)
    finally:
        runner.run(warm.aclose())


def _measure_views(
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
    return Figure(
        "One domain with its name servers asked too, median",
        times.median,
        "ms",
        BOUND_FACTOR * bound,
        detail=f"{times.median / bound:.2f} × the bound; in turns: "
        f"{times.median / plain.median:.2f} × the {plain.median:.1f} ms without; "
        f"{questions / RUNS:.0f} questions; {times.spread}",
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


def _compare(
    world: World,
    name: str,
    proxy: Proxy,
    runner: asyncio.Runner,
    *,
    runs: int,
    target: float | None = None,
) -> Iterator[Figure]:
    """Yield how many times longer the other library takes, measured in turns with our check."""
    ours, theirs = OurCheck(name, world.dkim[name]), PeerCheck(name, proxy.port)
    resolver = make_resolver(proxy.port)
    our_times, their_times = list[float](), list[float]()
    try:
        runner.run(ours.measure(resolver))
        theirs.measure()
        proxy.count()
        theirs.measure()
        questions = proxy.count()
        for _ in range(runs):
            our_times.append(runner.run(ours.measure(resolver)))
            their_times.append(theirs.measure())
    finally:
        runner.run(resolver.aclose())
    our, their = Times.of_seconds(our_times), Times.of_seconds(their_times)
    which = "" if target else ", a member with no other sender"
    yield Figure(
        f"{PEER} ÷ ours{which}",
        their.median / our.median,
        "×",
        target,
        at_least=True,
        detail=f"in turns: ours {our.median:.1f} ms ({our.spread}); theirs {their.median:.0f} ms "
        f"({their.spread}), {questions} questions",
    )


def _measure_loss(world: World, proxy: Proxy, runner: asyncio.Runner) -> Iterator[Figure]:
    check, resolver = OurCheck(MEMBER, world.dkim[MEMBER]), make_resolver(proxy.port)
    bound = _bound(world, MEMBER)
    try:
        times = Times.of_seconds([runner.run(check.measure(resolver)) for _ in range(LOSSY_RUNS)])
        asked = resolver.queries
    finally:
        runner.run(resolver.aclose())
    sent = proxy.count()
    middle, high = times.percentile(50), times.percentile(90)
    yield Figure(
        f"One domain with {100 * LOSS:.0f} % loss, 90th percentile",
        high,
        "ms",
        LOSSY_FACTOR * bound,
        detail=f"{high / bound:.2f} × the bound; p50 {middle:.1f}, p99 "
        f"{times.percentile(99):.0f}; {100 * (sent / asked - 1):.1f} % more datagrams; "
        f"{times.spread}",
    )


def _measure_sweeps(world: World, proxy: Proxy) -> Iterator[Figure]:
    dkim = {n: v for n, v in world.dkim.items() if n not in {MEMBER, PLAIN_MEMBER}}
    proxy.count()
    result = run_sweep(proxy.port, dkim)
    questions = proxy.count() / len(dkim)
    yield from _sweep_figures("Sweep", result, f"{questions:.1f} questions a domain")
    result = run_sweep(proxy.port, dkim, console=True)
    yield from _sweep_figures("Sweep by the console, as JSON", result, "no DKIM key known")


def _sweep_figures(what: str, result: SweepResult, detail: str) -> Iterator[Figure]:
    yield Figure(
        f"{what}, domains a CPU second",
        result.domains / result.cpu,
        "/s",
        PER_CPU_SECOND,
        at_least=True,
        detail=f"{result.domains} domains; {result.cpu:.2f} s of CPU, {result.wall:.1f} s of wall "
        f"time = {result.domains / result.wall:.0f} a second; {result.start_cpu:.2f} s of CPU to "
        f"start; {detail}",
    )
    yield Figure(f"{what}, peak memory", result.peak, "MB", MOST_MEMORY)


def main() -> int:
    """Measure, print, and with --write keep it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update benchmarks/README.md")
    options = parser.parse_args()
    stay_at_home()
    world = make_world(MEMBERS)
    figures = list[Figure]()
    try:
        with run_authority(world) as authority:
            introduction = (
                f"Measured on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, "
                f"{platform.system()}, Python {platform.python_version()}, {authority.name}, "
                f"{1000 * DELAY:.0f} ms of delay."
            )
            print(introduction, end="\n\n", flush=True)
            for figure in measure(world, authority.port):
                figures.append(figure)
                print(format_line(figure), flush=True)
        if options.write:
            write_readme(introduction, figures)
    except (CowbellError, OSError, subprocess.SubprocessError) as error:
        print(f"The benchmark could not be run: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
