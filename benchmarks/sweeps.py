"""Sweeps of many domains: how much of the processor, the memory and the time they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from benchmarks.authority import run_authority
from benchmarks.child import BenchmarkError
from benchmarks.dead_names import make_dead_world
from benchmarks.figures import Figure
from benchmarks.one_domain import DELAY
from benchmarks.proxy import run_proxy
from benchmarks.sweep import run_console_sweep, run_sweep
from benchmarks.zones import MEMBER, PLAIN_MEMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.sweep import SweepResult
    from benchmarks.zones import World

PER_CPU_SECOND: Final = 250.0
MOST_MEMORY: Final = 60.0  # MB
DOMAINS: Final = 2000  # of the sweep with dead ones
DEAD: Final = 30  # of them
MOST_SECONDS: Final = 30.0


def measure_sweeps(world: World, port: int) -> Iterator[Figure]:
    """Yield what sweeps of healthy domains take, against the server at the port."""
    dkim = {n: v for n, v in world.dkim.items() if n not in {MEMBER, PLAIN_MEMBER}}
    with run_proxy(port, DELAY) as proxy:
        result = run_sweep(proxy.port, dkim)
        questions = proxy.count() / len(dkim)
        yield _per_cpu_second(
            "Sweep by the checker", result, f"{questions:.1f} questions a domain", PER_CPU_SECOND
        )
        yield Figure("Sweep by the checker, peak memory", result.peak, "MB", MOST_MEMORY)
        result = run_sweep(proxy.port, dkim, console=True)
        yield _per_cpu_second("Sweep by the console, as JSON", result, "no DKIM key known")
        yield Figure("Sweep by the console, as JSON, peak memory", result.peak, "MB")


def measure_dead_sweep() -> Iterator[Figure]:
    """Yield how long the console takes over domains some of which nobody answers for.

    Raises:
        BenchmarkError: another number of them came out badly.

    """
    world, dead = make_dead_world(DOMAINS, DEAD)
    with (
        run_authority(world) as authority,
        run_proxy(authority.port, DELAY, dead=dead) as proxy,
    ):
        result = run_console_sweep(proxy.port, list(world.dkim))
        questions = proxy.count() / DOMAINS
    if result.failed != DEAD:
        raise BenchmarkError(f"{result.failed} of {DOMAINS} domains came out badly, not {DEAD}.")
    yield Figure(
        f"Sweep by the console, {DOMAINS} domains, {100 * DEAD / DOMAINS:.1f} % of them dead",
        result.wall,
        "s",
        MOST_SECONDS,
        detail=f"name servers asked too; {result.cpu:.1f} s of CPU, {questions:.1f} questions a "
        f"domain, peak {result.peak:.0f} MB",
    )


def _per_cpu_second(
    what: str, result: SweepResult, detail: str, target: float | None = None
) -> Figure:
    return Figure(
        f"{what}, domains a CPU second",
        result.domains / result.cpu,
        "/s",
        target,
        at_least=True,
        detail=f"{result.domains} domains; {result.cpu:.2f} s of CPU, {result.wall:.1f} s of wall "
        f"time = {result.domains / result.wall:.0f} a second; {result.start_cpu:.2f} s of CPU to "
        f"start; {detail}",
    )
