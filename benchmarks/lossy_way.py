"""One domain over a way that loses datagrams."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from benchmarks.figures import Figure, Times
from benchmarks.one_domain import DELAY, find_bound
from benchmarks.ours import OurCheck, make_resolver
from benchmarks.proxy import run_proxy
from benchmarks.zones import MEMBER, SEED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.zones import World

LOSS: Final = 0.02  # of the datagrams, each way
RUNS: Final = 800
P90_FACTOR: Final = 1.8  # of the bound without loss
P99_FACTOR: Final = 3.0
MOST_MORE: Final = 5.0  # per cent of datagrams beyond one for each question


def measure_loss(world: World, port: int) -> Iterator[Figure]:
    """Yield how long a check takes where datagrams are lost, against the server at the port."""
    bound = find_bound(world, MEMBER)
    with run_proxy(port, DELAY, LOSS, SEED) as proxy, asyncio.Runner() as runner:
        check, resolver = OurCheck(MEMBER, world.dkim[MEMBER]), make_resolver(proxy.port)
        try:
            times = Times.of_seconds([runner.run(check.measure(resolver)) for _ in range(RUNS)])
            asked = resolver.queries
        finally:
            runner.run(resolver.aclose())
        sent = proxy.count()
    what = f"One domain with {100 * LOSS:.0f} % loss"
    for share, factor in ((90, P90_FACTOR), (99, P99_FACTOR)):
        high = times.percentile(share)
        yield Figure(
            f"{what}, {share}th percentile ÷ bound",
            high / bound,
            "×",
            factor,
            detail=f"{high:.0f} ms; {times.spread}; p50 {times.median:.1f}",
        )
    yield Figure(
        f"{what}, more datagrams",
        100 * (sent / asked - 1),
        "%",
        MOST_MORE,
        detail=f"{sent} for {asked} questions",
    )
