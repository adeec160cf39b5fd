"""A request or a message that somebody else has taken since is theirs to write down."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from bot.requests import outbox_worker
from bot.requests.evidence import Evidence
from bot.requests.model import State
from bot.requests.polling import WakeUp
from bot.requests.work import Tools
from bot.requests.worker import LEASE, LONGEST_JOB, STILL_AT_IT, Worker
from max_wait import MAX_WAIT
from request_parts import COWHERD, SERVER, Setup
from stored_requests import ask, now_of

if TYPE_CHECKING:
    from bot.requests.model import Request
    from bot.requests.protocols import Verification

pytest_plugins = ["request_fixtures"]


def another_worker(parts: Setup) -> Worker:
    tools = Tools(SERVER, parts.mail, parts.verify)
    return Worker(parts.store, tools, parts.now, WakeUp())


async def test_nobody_begins_what_another_is_at_with_a_clock_that_is_a_minute_ahead(
    parts: Setup,
) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    assert await parts.store.requests.take_due(parts.time, LEASE, 10)
    parts.pass_time(seconds=LONGEST_JOB + 59)
    assert await parts.store.requests.take_due(parts.time, LEASE, 10) == ()


async def test_a_transition_is_written_once_by_who_has_the_lease(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    is_called, may_go_on = asyncio.Event(), asyncio.Event()

    async def stall(point: str) -> None:
        if point.startswith("called"):
            is_called.set()
            await may_go_on.wait()

    parts.mail.pause = stall
    late = asyncio.create_task(parts.worker.step())
    await asyncio.wait_for(is_called.wait(), MAX_WAIT)
    parts.pass_time(seconds=LEASE.total_seconds())
    is_called.clear()
    other = asyncio.create_task(another_worker(parts).step())
    await asyncio.wait_for(is_called.wait(), MAX_WAIT)
    taken = await now_of(parts, request)
    may_go_on.set()
    await asyncio.wait_for(asyncio.gather(late, other), MAX_WAIT)
    after = await now_of(parts, request)
    assert (after.state, after.version) == (State.WAITING, taken.version + 1)
    steps = Counter(entry.after for entry in await parts.requests.audit(request.id))
    assert steps[State.WAITING] == 1
    assert parts.mail.lines("made") == ["key-friend.example"]


async def test_what_a_late_worker_found_out_leaves_the_lease_of_the_other(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    (first,) = await parts.store.requests.take_due(parts.time, LEASE, 10)
    parts.pass_time(seconds=LEASE.total_seconds())
    (second,) = await parts.store.requests.take_due(parts.time, LEASE, 10)
    await parts.worker._advance(first)
    assert await now_of(parts, request) == second
    await parts.worker._advance(second)
    assert (await now_of(parts, request)).state is State.WORKING


async def stop_in(parts: Setup, is_at_it: asyncio.Event) -> None:
    """Have the worker stopped as soon as it is in the middle of something."""
    running = asyncio.create_task(parts.worker.run())
    await asyncio.wait_for(is_at_it.wait(), MAX_WAIT)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_look_that_is_under_way_at_a_stop_is_given_back_at_once(parts: Setup) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    parts.pass_time(minutes=2)
    looks = asyncio.Event()

    async def stall(_: Request) -> Verification:
        looks.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    parts.verifier = stall
    await stop_in(parts, looks)
    assert (await now_of(parts, request)).lease_until is None
    parts.verifier = parts.look
    await another_worker(parts).step()
    assert (await now_of(parts, request)).attempts == 1


async def test_a_call_that_is_under_way_at_a_stop_is_given_back_when_it_must_have_ended(
    parts: Setup,
) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    is_called = asyncio.Event()

    async def stall(_: str) -> None:
        is_called.set()
        await asyncio.get_running_loop().create_future()

    parts.mail.pause = stall
    await stop_in(parts, is_called)
    assert (await now_of(parts, request)).lease_until == parts.time + STILL_AT_IT
    parts.mail.pause = None
    parts.pass_time(seconds=STILL_AT_IT.total_seconds())
    await another_worker(parts).step()
    assert (await now_of(parts, request)).state is State.WAITING


async def test_what_is_noted_of_a_request_during_a_look_has_it_looked_at_again_at_once(
    parts: Setup,
) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    parts.pass_time(minutes=2)
    looks, may_go_on = asyncio.Event(), asyncio.Event()

    async def stall(looked_at: Request) -> Verification:
        looks.set()
        await may_go_on.wait()
        return await parts.look(looked_at)

    parts.verifier = stall
    step = asyncio.create_task(parts.worker.step())
    await asyncio.wait_for(looks.wait(), MAX_WAIT)
    await parts.requests.keep_evidence(request.id, Evidence(parts.time, ()))
    assert await another_worker(parts).step() == 0
    may_go_on.set()
    await asyncio.wait_for(step, MAX_WAIT)
    seen = await now_of(parts, request)
    assert (seen.attempts, seen.lease_until) == (0, None)
    assert await another_worker(parts).step() == 1
    assert (await now_of(parts, request)).attempts == 1


async def test_of_a_message_that_another_has_taken_a_late_try_notes_nothing(parts: Setup) -> None:
    await ask(parts)
    outbox, lease = parts.store.outbox, outbox_worker.LEASE
    (first,) = await outbox.take_due(parts.time, lease, 10)
    parts.pass_time(seconds=lease.total_seconds())
    (second,) = await outbox.take_due(parts.time, lease, 10)
    await outbox.put_off(first, parts.time, "late")
    assert await outbox.take_due(parts.time, lease, 10) == ()
    await outbox.end(first, parts.time, (1, 2))
    assert await parts.messages_left() == 1
    await outbox.end(second, parts.time, (1, 2))
    assert await parts.messages_left() == 0
