"""Every call of a rotation is cut short at every place, and made again: no key is lost by it."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from bot.demo.mailcow_double.double_server import MailcowFault
from bot.demo.mailcow_double.redis_hashes import RedisLost
from bot.errors import BackendUnclear, BackendUnreachable
from bot.mailcow.key_rotation import MailcowRotator
from bot.rotations.rotation import RotationStep
from key_walk import AFTER, FORWARD, WHOLE, WORKSHOP, KeyWalk
from mailcow_helpers import connect, fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.demo.mailcow_double.double_server import MailcowDouble

pytest_plugins = ["mailcow_fixtures"]

WRITES = 3  # of a key to Redis, and of its deletion
WRITING = frozenset(WHOLE) - {RotationStep.OPEN_WORKSHOP}


def expect_end(walk: KeyWalk) -> None:
    """Everything is as before, and nothing is left of it."""
    assert walk.signing == "old"
    assert walk.cow.dkim["a.test"] == walk.old_pair
    assert walk.cow.dkim.keys() == {"a.test", "kept.test"}
    assert not [name for name in walk.cow.dkim.hashes.private if name.endswith(WORKSHOP)]
    assert not [name for name in walk.cow.dkim.hashes.selectors if name.endswith(WORKSHOP)]


@pytest.fixture
def watched(walk: KeyWalk) -> Iterator[KeyWalk]:
    """The rotation, of which no other key than the old and the new one may ever sign."""
    seen: set[str] = set()
    real = walk.cow.dkim.hashes.before_write
    assert real is None

    async def look(_: str, __: str) -> None:
        seen.add(walk.signing)

    walk.cow.dkim.hashes.before_write = look
    yield walk
    assert seen <= {"old", "new", "none"}


@pytest.mark.parametrize("done", range(WRITES))
async def test_a_connection_that_is_lost_between_two_writes_of_any_step_costs_nothing(
    watched: KeyWalk, done: int
) -> None:
    walk = watched
    for step in WHOLE:
        if step in WRITING:
            walk.cow.dkim.hashes.writes_left = done
            error = await fail(walk.cow, walk.call(step))
            assert (type(error), error.code) == (BackendUnclear, "mailcow-redis-refuses"), step
            walk.cow.dkim.hashes.writes_left = None
        await walk.call_again(step)
    expect_end(walk)


@pytest.mark.parametrize("done", range(WRITES))
@pytest.mark.parametrize("goes_on", [False, True])
async def test_a_call_of_any_step_that_is_cancelled_at_any_write_is_made_again(
    walk: KeyWalk, done: int, goes_on: bool
) -> None:
    for step in WHOLE:
        if step in WRITING:
            await cancel_at(walk, step, done, goes_on=goes_on)
        await walk.call_again(step)
    expect_end(walk)


async def cancel_at(walk: KeyWalk, step: RotationStep, done: int, *, goes_on: bool) -> None:
    """Cancel the call of a step after so many writes; the server then goes on, or does not."""
    arrived, go = asyncio.Event(), asyncio.Event()
    left = done

    async def hold(_: str, __: str) -> None:
        nonlocal left
        if left == 0:
            arrived.set()
            await go.wait()
            if not goes_on:
                raise RedisLost  # PHP was killed
        left -= 1

    walk.cow.dkim.hashes.before_write = hold
    call = asyncio.create_task(walk.call(step))
    await arrived.wait()
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call
    go.set()
    await asyncio.sleep(0.02)  # a worker waits until nothing can go on at the server
    walk.cow.dkim.hashes.before_write = None


FAULTS = [fault for fault in MailcowFault if fault is not MailcowFault.FINE]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize("happens", [False, True])
async def test_an_answer_that_is_lost_at_any_step_leaves_it_to_be_made_again(
    cow: MailcowDouble, walk: KeyWalk, fault: MailcowFault, happens: bool
) -> None:
    async with connect(cow, seconds=0.15 if fault is MailcowFault.SILENT else 5.0) as client:
        walk.rotator = MailcowRotator(client)
        for step in WHOLE:
            cow.write_mood, cow.writes_happen = fault, happens
            if step is RotationStep.OPEN_WORKSHOP and happens:
                await walk.call(step)  # it is there when it is looked for
            else:
                error = await fail(cow, walk.call(step))
                assert isinstance(error, BackendUnclear | BackendUnreachable), step
            cow.write_mood = MailcowFault.FINE
            await walk.call_again(step)
    expect_end(walk)


@pytest.mark.parametrize("seed", range(16))
async def test_no_key_is_lost_whatever_fails_however_often(watched: KeyWalk, seed: int) -> None:
    walk, cow, dice = watched, watched.cow, random.Random(seed)
    goes_back = seed % 2 == 0
    steps = WHOLE if goes_back else (*FORWARD, *AFTER)
    for step in steps:
        for attempt in range(6):
            if attempt < 5 and dice.random() < 0.6:
                cow.dkim.hashes.writes_left = dice.randrange(3)
                cow.writes_happen = dice.random() < 0.5
                if dice.random() < 0.4:
                    cow.write_mood = dice.choice([MailcowFault.CUT, MailcowFault.EMPTY])
            done = False
            with suppress(BackendUnclear, BackendUnreachable):
                await (walk.call_again(step) if attempt else walk.call(step))
                done = True
            cow.dkim.hashes.writes_left, cow.write_mood = None, MailcowFault.FINE
            if done:
                break
        if step not in {RotationStep.SWITCH, RotationStep.RESTORE}:
            assert walk.signing == ("new" if _has_switched(step, steps) else "old")
    if goes_back:
        expect_end(walk)
    else:
        assert walk.signing == "new"
        assert cow.dkim.keys() == {"a.test", "kept.test"}


def _has_switched(step: RotationStep, steps: tuple[RotationStep, ...]) -> bool:
    return step in AFTER and RotationStep.RESTORE not in steps
