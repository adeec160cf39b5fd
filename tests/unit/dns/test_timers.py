"""The one timer of a resolver: who is woken, when, and who is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from bot.dns.timers import Timers
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable


class Sleeper:
    """Somebody who tells when it is woken."""

    def __init__(self, told: list[Sleeper], then: Callable[[], None] = lambda: None) -> None:
        self.due: float | None = None
        self.woken: list[float] = []
        self._told = told
        self._then = then

    def wake(self, when: float) -> None:
        assert self.due is None
        assert asyncio.get_running_loop().time() >= when
        self.woken.append(when)
        self._told.append(self)
        self._then()


class _LoopOfTimers:
    """The event loop's clock, and how many timers of ours it has."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handles: list[asyncio.TimerHandle] = []
        self.time = loop.time

    def call_at(self, when: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        self._handles.append(self._loop.call_at(when, callback))
        return self._handles[-1]

    def waiting(self) -> int:
        now = self._loop.time()
        return sum(not handle.cancelled() and handle.when() > now for handle in self._handles)


async def sleep_until(when: float) -> None:
    """Return a few turns of the event loop after a time of it."""
    woken = asyncio.Event()
    asyncio.get_running_loop().call_at(when + 0.001, woken.set)
    await asyncio.wait_for(woken.wait(), MAX_WAIT)
    await asyncio.sleep(0)


async def test_sleepers_are_woken_in_the_order_of_their_times() -> None:
    loop, told = asyncio.get_running_loop(), list[Sleeper]()
    timers, now = Timers(loop), loop.time()
    sleepers = [Sleeper(told) for _ in range(5)]
    for sleeper, place in zip(sleepers, (3, 1, 4, 0, 2), strict=True):
        timers.wake_at(now + 0.002 * place, sleeper)
    await sleep_until(now + 0.01)
    assert told == [sleepers[place] for place in (3, 1, 4, 0, 2)]


async def test_sleeper_that_changes_its_mind_is_woken_once_at_its_last_time() -> None:
    loop, told = asyncio.get_running_loop(), list[Sleeper]()
    timers, now = Timers(loop), loop.time()
    earlier, later = Sleeper(told), Sleeper(told)
    timers.wake_at(now + 0.02, earlier)
    timers.wake_at(now + 0.005, earlier)
    timers.wake_at(now + 0.005, later)
    timers.wake_at(now + 0.02, later)
    await sleep_until(now + 0.03)
    assert earlier.woken == [now + 0.005]
    assert later.woken == [now + 0.02]


async def test_sleeper_that_wants_nothing_any_more_is_left_alone() -> None:
    loop, told = asyncio.get_running_loop(), list[Sleeper]()
    timers, now = Timers(loop), loop.time()
    second = Sleeper(told)
    first = Sleeper(told, lambda: timers.forget(second))
    timers.wake_at(now, first)
    timers.wake_at(now, second)
    await sleep_until(now + 0.005)
    assert told == [first]


async def test_nothing_is_left_in_the_event_loop_after_the_last_sleeper() -> None:
    loop, told = _LoopOfTimers(asyncio.get_running_loop()), list[Sleeper]()
    timers, now = Timers(cast("asyncio.AbstractEventLoop", loop)), loop.time()
    first, second = Sleeper(told), Sleeper(told)
    for _ in range(3):
        timers.wake_at(now + 60, first)
        timers.wake_at(now + 50, first)
        timers.wake_at(now + 55, second)
        timers.forget(first)
        assert loop.waiting() == 1
        timers.forget(first)
        assert loop.waiting() == 1
        timers.forget(second)
        assert loop.waiting() == 0
    timers.wake_at(now, second)
    await sleep_until(now + 0.005)
    assert told == [second]
    assert loop.waiting() == 0


async def test_sleeper_may_ask_to_be_woken_again_at_once() -> None:
    loop, told = asyncio.get_running_loop(), list[Sleeper]()
    timers, now = Timers(loop), loop.time()

    def sleep_again() -> None:
        if len(told) < 3:
            timers.wake_at(now, sleeper)

    sleeper = Sleeper(told, sleep_again)
    timers.wake_at(now, sleeper)
    await sleep_until(now + 0.005)
    assert sleeper.woken == [now] * 3


async def test_sleeper_that_fails_keeps_no_other_from_being_woken() -> None:
    loop, told, failures = asyncio.get_running_loop(), list[Sleeper](), list[str]()
    loop.set_exception_handler(lambda _, context: failures.append(str(context["exception"])))
    timers, now = Timers(loop), loop.time()

    def fail() -> None:
        raise RuntimeError("no memory")

    sleepers = [Sleeper(told, fail), Sleeper(told), Sleeper(told, fail), Sleeper(told)]
    for sleeper in sleepers:
        timers.wake_at(now, sleeper)
    await sleep_until(now + 0.005)
    assert told == sleepers
    assert failures == ["no memory"] * 2


async def test_closed_timers_wake_nobody() -> None:
    loop, told = asyncio.get_running_loop(), list[Sleeper]()
    timers, now = Timers(loop), loop.time()
    timers.wake_at(now, Sleeper(told))
    timers.close()
    await sleep_until(now + 0.005)
    assert not told
