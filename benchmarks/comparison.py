"""One domain checked by checkdmarc and by us, in turns in one process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from benchmarks.figures import Figure, Times
from benchmarks.one_domain import DELAY
from benchmarks.ours import OurCheck, make_resolver
from benchmarks.peer import PEER, PeerCheck
from benchmarks.proxy import run_proxy
from benchmarks.zones import MEMBER, PLAIN_MEMBER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.proxy import Proxy
    from benchmarks.zones import World

RUNS: Final = 30
PLAIN_RUNS: Final = 10
RATIO: Final = 12.5


def compare(world: World, port: int) -> Iterator[Figure]:
    """Yield how many times longer the other library takes, against the server at the port."""
    with run_proxy(port, DELAY) as proxy, asyncio.Runner() as runner:
        yield _compare(world, MEMBER, proxy, runner, runs=RUNS, target=RATIO)
        yield _compare(world, PLAIN_MEMBER, proxy, runner, runs=PLAIN_RUNS)


def _compare(
    world: World,
    name: str,
    proxy: Proxy,
    runner: asyncio.Runner,
    *,
    runs: int,
    target: float | None = None,
) -> Figure:
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
    return Figure(
        f"{PEER} ÷ ours{which}",
        their.median / our.median,
        "×",
        target,
        at_least=True,
        detail=f"in turns: ours {our.median:.1f} ms ({our.spread}); theirs {their.median:.0f} ms "
        f"({their.spread}), {questions} questions",
    )
