"""Whose lease ran out and was taken by another writes nothing, and who looks is not disturbed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.requests.polling import WakeUp
from bot.watch.watch_worker import LEASE, WatchWorker
from bot.watch.watched_domain import MAIL_SERVER
from max_wait import MAX_WAIT
from watch_parts import HERD, MX_GONE, WatchedWorld, open_watch
from watch_story import DAY, FRIEND, HOUR, see

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.checks.server.server_report import ServerReport
    from bot.names import Domain
    from bot.watch.watched_domain import Seen
    from watch_parts import WatchParts

pytest_plugins = ["watch_fixtures"]


class SlowWorker:
    """A worker of another process, each look of which waits before it ends."""

    def __init__(self, parts: WatchParts, *, lists: bool = True) -> None:
        self.world, self.sees = parts.world, WatchedWorld(statuses={"friend.example": MX_GONE})
        self.looks = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.worker = WatchWorker(
            parts.store.domains,
            self.look,
            self.look_at_server,
            self.world.list_domains if lists else None,
            self.world.now,
            WakeUp(),
        )

    async def look(self, domain: Domain) -> Seen:
        await self._wait()
        self.sees.at = self.world.at  # a look that ends late is the later one
        return await self.sees.look(domain)

    async def look_at_server(self) -> ServerReport:
        await self._wait()
        return await self.world.look_at_server()

    async def _wait(self) -> None:
        self.looks.set()
        await self.may_go_on.wait()


@asynccontextmanager
async def looking(parts: WatchParts) -> AsyncIterator[SlowWorker]:
    """Yield a worker that is in the middle of the looks that are due, and let it end them."""
    slow = SlowWorker(parts)
    step = asyncio.create_task(slow.worker.step())
    await asyncio.wait_for(slow.looks.wait(), MAX_WAIT)
    yield slow
    slow.may_go_on.set()
    await asyncio.wait_for(step, MAX_WAIT)


async def test_a_late_look_counts_no_second_time(watch: WatchParts) -> None:
    await watch.worker.have_looked_at(FRIEND)
    async with looking(watch):
        watch.world.at += LEASE
        assert await watch.worker.step() == 1
        after = await watch.watched()
        watch.world.at += HOUR  # it has stood still for so long, and looks only now
    assert await watch.watched() == after


async def test_a_late_look_that_found_nothing_out_leaves_the_next_ones_lease(
    watch: WatchParts,
) -> None:
    await watch.worker.have_looked_at(FRIEND)
    async with looking(watch) as late:
        watch.world.at += LEASE
        (taken,) = await watch.store.domains.take_due(watch.world.at, LEASE, 10)
        assert late.worker._running[FRIEND.ascii].taken.lease_until != taken.lease_until
        await watch.store.domains.put_off(
            late.worker._running[FRIEND.ascii].taken, watch.world.at + DAY
        )
        assert await watch.watched() == taken
    assert await watch.watched() == taken


async def test_a_fault_of_the_mail_server_met_elsewhere_leaves_who_looks_at_it(
    watch: WatchParts,
) -> None:
    watch.world.at += DAY
    async with looking(watch):
        before = await watch.watched(MAIL_SERVER)
        await watch.worker.note_faults(("ports-closed",), FRIEND)
        noted = await watch.watched(MAIL_SERVER)
        assert noted.version == before.version + 1
        assert noted.lease_until == before.lease_until is not None
        assert await watch.worker.step() == 0
    assert (await watch.watched(MAIL_SERVER)).lease_until is None


async def test_a_look_for_another_reason_is_the_one_that_was_due(watch: WatchParts) -> None:
    await watch.worker.have_looked_at(FRIEND)
    async with looking(watch):
        watch.world.at += HOUR / 60
        await watch.worker.settle(see(watch.world.at))
        after = await watch.watched()
        assert after.lease_until is None
        assert after.due_at is not None
        assert after.due_at > watch.world.at
    assert await watch.watched() == after


async def test_what_is_changed_during_a_look_is_looked_at_again(watch: WatchParts) -> None:
    await watch.worker.have_looked_at(FRIEND)
    async with looking(watch) as slow:
        watch.world.at += HOUR / 60
        await watch.worker.have_looked_at(FRIEND)  # as somebody else has this process do
        assert await watch.worker.step() == 0
        watch.world.at += HOUR / 60
    assert slow.sees.looks == [FRIEND.ascii]
    after = await watch.watched()
    assert after.looked_at == watch.world.at
    assert (after.due_at, after.lease_until) == (watch.world.at - HOUR / 60, None)
    assert await watch.worker.step() == 1


async def test_what_is_cut_short_is_given_back_at_once(database_url: str) -> None:
    async with open_watch(database_url, WatchedWorld(hosted=HERD)) as parts:
        await parts.jump(DAY)
        parts.world.at += DAY
        slow = SlowWorker(parts)
        running = asyncio.create_task(slow.worker.run())
        await asyncio.wait_for(slow.looks.wait(), MAX_WAIT)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        taken = await parts.store.domains.take_due(parts.world.at, LEASE, 100)
        assert {each.subject for each in taken} == {*HERD, MAIL_SERVER}


async def test_what_another_has_taken_since_is_not_given_back(watch: WatchParts) -> None:
    await watch.worker.have_looked_at(FRIEND)
    domains, now = watch.store.domains, watch.world.at
    (first,) = await domains.take_due(now, LEASE, 10)
    (second,) = await domains.take_due(now + LEASE, LEASE, 10)
    await domains.give_back((first,))
    assert await watch.watched() == second
    await domains.give_back((second,))
    assert await watch.watched() == replace(second, lease_until=None)


async def test_one_process_lists_the_domains_and_tells_digests(database_url: str) -> None:
    async with open_watch(database_url, WatchedWorld(hosted=HERD)) as parts:
        worker = SlowWorker(parts, lists=False).worker
        assert await worker.step() == 0
        assert await parts.store.domains.all() == ()
        await parts.jump(DAY)
        keys = await parts.keys()
        parts.world.at += 8 * DAY
        slow = SlowWorker(parts, lists=False)
        slow.may_go_on.set()
        while await slow.worker.step():
            pass
        assert await parts.keys() == keys
        await parts.worker.step()
        assert len(await parts.keys()) == len(keys) + 1


async def test_a_digest_that_waits_for_a_look_keeps_nobody_busy(watch: WatchParts) -> None:
    slow = SlowWorker(watch)
    slow.may_go_on.set()
    while await slow.worker.step():
        pass
    slow.may_go_on.clear()
    slow.looks.clear()
    watch.world.at += 8 * DAY
    running = asyncio.create_task(slow.worker.run())
    await asyncio.wait_for(slow.looks.wait(), MAX_WAIT)
    due = await slow.worker.next_due()
    assert due is not None
    assert due > watch.world.at
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
