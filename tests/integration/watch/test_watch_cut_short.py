"""The watch cut short at any moment, taken by two, or late: nothing is lost and nothing doubled."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from bot.checks.finding import Check
from bot.requests.polling import WakeUp
from bot.watch.awaited_goal import AwaitedEnd
from bot.watch.snapshot import load_changes
from bot.watch.watch_news import AwaitedTold, IncidentsTold
from bot.watch.watch_worker import LEASE, WatchWorker
from watch_parts import ANN, MX_GONE, WatchedWorld, open_watch
from watch_story import BEGIN, DAY, FRIEND, HOUR

if TYPE_CHECKING:
    from datetime import datetime

    from bot.names import Domain
    from bot.watch.watched_domain import Seen
    from watch_parts import WatchParts

LATEST_CUT = 60  # turns of the loop, in which a step has come to its end

pytest_plugins = ["store_fixtures"]


def new_worker(parts: WatchParts, world: WatchedWorld | None = None) -> WatchWorker:
    world = world or parts.world
    return WatchWorker(
        parts.store.domains,
        world.look,
        world.look_at_server,
        world.list_domains,
        world.now,
        WakeUp(),
    )


async def cut_step(worker: WatchWorker, turns: int) -> None:
    """Begin a step and cancel it after so many turns of the loop, if it has not ended."""
    step = asyncio.create_task(worker.step())
    for _ in range(turns):
        await asyncio.sleep(0)
    step.cancel()
    await asyncio.gather(step, return_exceptions=True)


async def run_cut_short(parts: WatchParts, until: datetime, chance: random.Random) -> int:
    """Let the time pass, each step cut short twice and done by the process after; how often."""
    cuts = 0
    while (due := await new_worker(parts).next_due()) is not None and due <= until:
        parts.world.at = max(due, parts.world.at)
        for _ in range(2):
            await cut_step(new_worker(parts), chance.randrange(LATEST_CUT))
            await parts.store.domains.release_leases()
            await parts.store.news.release_leases()
            cuts += 1
        worker = new_worker(parts)
        while await worker.step():
            pass
    parts.world.at = until
    return cuts


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 9))]
)
async def test_whenever_it_is_cut_short_all_is_told_once(database_url: str, seed: int) -> None:
    chance = random.Random(seed)
    async with open_watch(database_url) as parts:
        world = parts.world
        await parts.run_until(BEGIN + DAY)
        await parts.watchers.add(FRIEND, ANN, world.at, 10)
        world.statuses["friend.example"] = MX_GONE
        await parts.goals.add(FRIEND, ANN, "mx", world.at, confidential=True, most=10)
        cuts = await run_cut_short(parts, BEGIN + DAY + 3 * HOUR, chance)
        world.statuses.clear()
        world.server.clear()
        cuts += await run_cut_short(parts, BEGIN + 3 * DAY, chance)
        assert cuts > 40
        told = await parts.told()
        assert len({news.key for news, _ in told}) == len(told)
        said = Counter(
            (news.target, what, incident.check)
            for news, content in told
            if isinstance(content, IncidentsTold)
            for what, incidents in (("opened", content.opened), ("closed", content.closed))
            for incident in incidents
        )
        assert said == {(t, what, "mx"): 1 for t in (0, ANN) for what in ("opened", "closed")}
        ended = [content for _, content in told if isinstance(content, AwaitedTold)]
        assert [each.awaited.end for each in ended] == [AwaitedEnd.RIGHT]
        kept = await parts.store.changes.of(FRIEND, BEGIN)
        changes = [load_changes(text) for _, text in kept.rows]
        assert [Check.MX in {c.check for c in change.checks} for change in changes] == 3 * [True]


async def test_incidents_survive_a_restart(database_url: str) -> None:
    world = WatchedWorld(statuses={"friend.example": MX_GONE})
    async with open_watch(database_url, world) as parts:
        await parts.run_until(BEGIN + DAY + HOUR)
        ((first, _),) = await parts.told()
    async with open_watch(database_url, world) as parts:
        await parts.run_until(BEGIN + 2 * DAY)
        world.statuses.clear()
        await parts.jump(HOUR, DAY)
        assert len(await parts.incidents()) == 1
        again, _ = await parts.keys()
        assert again == first.key


async def test_what_two_take_at_once_is_looked_at_once(database_url: str) -> None:
    names = tuple(f"d{number}.example" for number in range(6))
    async with open_watch(database_url, WatchedWorld(hosted=names)) as parts:
        await parts.jump(DAY)
        parts.world.looks.clear()
        parts.world.at += DAY
        first, second = new_worker(parts), new_worker(parts)
        await asyncio.gather(first.step(), second.step())
        assert Counter(parts.world.looks) == Counter({**dict.fromkeys(names, 1), "@server": 1})


async def test_who_comes_back_after_the_lease_changes_nothing_that_is_newer(
    database_url: str,
) -> None:
    async with open_watch(database_url) as parts:
        await parts.jump(DAY, DAY)
        world, late = parts.world, WatchedWorld(statuses={"friend.example": MX_GONE})
        is_seen, may_go_on = asyncio.Event(), asyncio.Event()

        async def look_slowly(domain: Domain) -> Seen:
            seen = await WatchedWorld.look(late, domain)
            is_seen.set()
            await may_go_on.wait()
            return seen

        await parts.worker.have_looked_at(FRIEND)
        late.at = world.at = world.at + HOUR
        store = parts.store.domains
        slow = WatchWorker(
            store, look_slowly, late.look_at_server, late.list_domains, late.now, WakeUp()
        )
        step = asyncio.create_task(slow.step())
        await is_seen.wait()
        world.at += LEASE
        assert await parts.worker.step() == 1  # the lease ran out
        after = await parts.watched()
        may_go_on.set()
        await step
        assert await parts.watched() == after
        assert after.green


async def test_a_row_is_written_once_for_a_key(database_url: str) -> None:
    async with open_watch(database_url) as parts:
        await parts.jump(timedelta(0), 8 * DAY)
        keys = await parts.keys()
        for _ in range(3):
            await new_worker(parts).step()
        assert await parts.keys() == keys
        assert len(keys) == 1
