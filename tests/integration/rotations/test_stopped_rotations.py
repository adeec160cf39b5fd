"""Workers that are stopped or killed in the middle of a call, and others that go on."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.errors import RequestError
from bot.rotations.rotation import RotationState, RotationStep
from max_wait import MAX_WAIT
from rotation_setup import open_rotations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from conftest import CaseFile
    from rotation_setup import RotationSetup

pytest_plugins = ["store_fixtures"]

S, T = RotationState, RotationStep
WRITES = 9  # of a whole way

# A whole rotation on each database is long: all writes but the emptying of the workshop, the making
# of the key and the switch are for `make soak`; `make soak-rotations` kills the process at each.
_ALWAYS = {2, 3, 7}
AT_EACH_WRITE = pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=() if number in _ALWAYS else pytest.mark.slow)
        for number in range(1, WRITES + 1)
    ],
)


@pytest_asyncio.fixture
async def setup(database_url: str, case_file: CaseFile) -> AsyncIterator[RotationSetup]:
    async with open_rotations(database_url, case_file) as opened:
        yield opened


async def run_until_write(
    setup: RotationSetup, number: int, stop: Callable[[asyncio.Task[None]], object]
) -> asyncio.Task[None]:
    """Run the worker, with time passing, and stop it as the write with this number arrives."""
    stopping = asyncio.Event()
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            stop(running)
            stopping.set()

    setup.cow.before_write = count
    running = asyncio.create_task(setup.worker.run())
    async with asyncio.timeout(MAX_WAIT):
        while not stopping.is_set():
            rotation = await setup.get()
            if rotation.state is S.PREPARED:
                setup.publish(setup.old, setup.made)
            if rotation.due_at is not None and rotation.lease_until is None:
                setup.time = max(setup.time, rotation.due_at)
                setup.wake_up.wake()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 0.02)
    return running


async def cut_short(setup: RotationSetup, number: int) -> None:
    """Stop the worker in the middle of a call, so that it gives back what it has."""
    running = await run_until_write(setup, number, lambda running: running.cancel())
    await asyncio.gather(running, return_exceptions=True)


async def kill(setup: RotationSetup, number: int) -> None:
    """Stop the worker in the middle of a call as a crash does: it gives nothing back."""
    tasks: list[asyncio.Task[None]] = []

    def stop(_running: asyncio.Task[None]) -> None:
        tasks.extend(setup.worker._under_way._tasks)
        for task in tasks:
            task.cancel()

    running = await run_until_write(setup, number, stop)
    await asyncio.gather(*tasks, return_exceptions=True)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def finish(setup: RotationSetup, number: int) -> None:
    """Have the worker end its call, and begin no other."""
    endings: list[asyncio.Task[None]] = []

    def stop(_running: asyncio.Task[None]) -> None:
        endings.append(asyncio.create_task(setup.worker.finish()))

    running = await run_until_write(setup, number, stop)
    await asyncio.wait_for(asyncio.gather(*endings), MAX_WAIT)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def assert_whole(setup: RotationSetup) -> None:
    """The new key signs, with its private half, and nothing is left anywhere."""
    assert (setup.signing.selector, bool(setup.signing.private)) == (setup.new.selector, True)
    assert setup.kept() == (None, None)
    assert setup.workshop is None


@AT_EACH_WRITE
async def test_a_worker_that_is_cut_short_leaves_its_call_alone_and_another_goes_on(
    setup: RotationSetup, number: int
) -> None:
    await setup.begin()
    await cut_short(setup, number)
    rotation = await setup.get()
    assert rotation.step is not None
    assert rotation.lease_until == setup.time + timedelta(seconds=15)
    with pytest.raises(RequestError):
        await setup.undo()
    setup.restart()
    assert await setup.worker.step() == 0
    await setup.bring_to(S.RETIRED)
    assert_whole(setup)


@AT_EACH_WRITE
async def test_a_worker_that_finishes_ends_its_call_and_makes_no_other(
    setup: RotationSetup, number: int
) -> None:
    await setup.begin()
    await finish(setup, number)
    rotation = await setup.get()
    assert rotation.lease_until is None
    assert len(setup.writes()) == number
    setup.restart()
    await setup.bring_to(S.RETIRED)
    assert_whole(setup)
    # A key that was not made and copied in one go is made anew.
    more = 1 if number == 2 else 0
    assert len(setup.writes()) == WRITES + more


@AT_EACH_WRITE
async def test_a_worker_that_is_killed_leaves_its_lease_and_another_goes_on_after_it(
    setup: RotationSetup, number: int
) -> None:
    await setup.begin()
    await kill(setup, number)
    rotation = await setup.get()
    assert rotation.lease_until is not None
    assert rotation.lease_until > setup.time + timedelta(minutes=2)
    setup.restart()
    assert await setup.worker.step() == 0
    await setup.bring_to(S.RETIRED)
    assert_whole(setup)


async def test_where_nobody_else_has_the_store_a_killed_call_is_left_alone_for_seconds(
    setup: RotationSetup,
) -> None:
    await setup.begin()
    await kill(setup, 3)
    setup.restart()
    await setup.worker.take_over()
    assert await setup.worker.step() == 0
    setup.time += timedelta(seconds=15)
    assert await setup.worker.step() == 1
    assert (await setup.get()).state is S.PREPARED


async def test_what_somebody_changed_meanwhile_goes_before_what_was_found_out(
    setup: RotationSetup,
) -> None:
    await setup.begin()
    await setup.bring_to(S.LIVE)
    rotation = await setup.get()
    (taken,) = await setup.store.take_due(rotation.due_at or setup.time, timedelta(minutes=3), 1)
    await setup.undo()
    setup.time = max(setup.time, taken.due_at or setup.time)
    await setup.worker._advance(taken)
    assert (await setup.get()).state is S.UNDOING
    await setup.settle()
    assert (await setup.get()).state is S.UNDONE
    assert setup.signing == setup.old
