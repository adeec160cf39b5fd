"""Work that fails or is cut short: who is told, what is tried again, and what is done only once."""

from __future__ import annotations

import asyncio
import logging

import pytest

from bot.errors import BackendError, BackendRefused, BackendUnclear, BackendUnreachable
from bot.requests.failure import load_failure
from bot.requests.model import State
from max_wait import MAX_WAIT
from request_parts import COWHERD, DAIRYMAID, KEY, MOVER, Setup
from stored_requests import ask, now_of

pytest_plugins = ["request_fixtures"]

REFUSAL = BackendRefused("mailcow-refused", said="access_denied", about="friend.example")


async def test_a_failure_is_told_to_the_admin_and_a_retry_goes_on(parts: Setup) -> None:
    request = await ask(parts)
    parts.mail.refusal = REFUSAL
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    failed = await now_of(parts, request)
    kept = load_failure(failed.reason)
    assert kept is not None
    assert (failed.state, kept.code, kept.facts) == (State.FAILED, REFUSAL.code, REFUSAL.facts)
    assert not any(what.startswith("member") for what in parts.messenger.said(request.id))
    assert not (await parts.requests.approve(request.id, COWHERD)).won
    stale = await parts.requests.retry(request.id, COWHERD, version=failed.version - 1)
    assert not stale.won
    parts.mail.refusal = None
    retried = await parts.requests.retry(request.id, DAIRYMAID, version=failed.version)
    assert (retried.won, retried.request.decided_by) == (True, DAIRYMAID)
    assert not (await parts.requests.retry(request.id, COWHERD, version=failed.version)).won
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING
    assert (await now_of(parts, request)).reason == ""
    assert parts.mail.lines("made") == ["key-friend.example"]


async def test_a_retry_keeps_the_approved_stage_and_takes_a_pasted_key(parts: Setup) -> None:
    request = await ask(parts)
    parts.mail.refusal = BackendRefused("mailcow-down")
    await parts.requests.approve(request.id, COWHERD)
    await parts.settle()
    await parts.requests.retry(request.id, COWHERD, value=KEY)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING


@pytest.mark.parametrize(
    "error",
    [
        BackendUnreachable("mailcow-down", writing=False, status=502, part=""),
        BackendUnclear("mailcow-redis-refuses"),
    ],
)
async def test_what_may_pass_is_tried_four_times_more_before_an_admin_is_told(
    parts: Setup, error: BackendError
) -> None:
    request = await ask(parts)
    parts.mail.refusal = error
    await parts.requests.approve(request.id, COWHERD)
    for wait in (0, 5, 15, 40):
        parts.pass_time(seconds=wait)
        await parts.settle()
        assert (await now_of(parts, request)).state is State.WORKING
        kept = load_failure((await now_of(parts, request)).reason)
        assert kept is not None
        assert kept.code == error.code
    assert "admin-failed" not in parts.messenger.said(request.id)
    parts.pass_time(seconds=120)
    await parts.settle()
    assert (await now_of(parts, request)).state is State.FAILED
    assert "admin-failed" in parts.messenger.said(request.id)
    assert len(parts.mail.lines("calls")) == 5


async def test_a_fault_of_ours_in_one_request_keeps_no_other_one_back(
    parts: Setup, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = await ask(parts), await ask(parts, domain=MOVER)
    for request in (broken, sound):
        await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()

    async def stumble(point: str) -> None:
        if point.endswith("friend.example"):
            raise ZeroDivisionError

    parts.mail.pause = stumble
    with caplog.at_level(logging.ERROR):
        await parts.worker.step()
    assert f"request {broken.id}: working" in caplog.text
    assert (await now_of(parts, sound)).state is State.WAITING
    assert (await now_of(parts, broken)).state is State.WORKING
    parts.mail.pause = None
    assert await parts.worker.step() == 0
    parts.pass_time(minutes=3)
    await parts.settle()
    assert (await now_of(parts, broken)).state is not State.WORKING


@pytest.mark.parametrize("point", ["called", "made"])
async def test_work_cut_short_is_finished_after_a_restart_with_one_key(
    parts: Setup, point: str
) -> None:
    request = await ask(parts)
    await parts.requests.approve(request.id, COWHERD)
    await parts.worker.step()
    reached = asyncio.Event()

    async def hang(where: str) -> None:
        if where.startswith(point):
            reached.set()
            await asyncio.Event().wait()

    parts.mail.pause = hang
    task = asyncio.create_task(parts.worker.step())
    async with asyncio.timeout(MAX_WAIT):
        await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await now_of(parts, request)).state is State.WORKING
    parts.mail.pause = None
    await parts.restart()
    await parts.settle()
    assert (await now_of(parts, request)).state is State.WAITING
    assert parts.mail.lines("made") == ["key-friend.example"]
    assert parts.mail.lines("calls") == ["key-friend.example"] * 2
    assert parts.messenger.said(request.id).count("member-record") == 1
