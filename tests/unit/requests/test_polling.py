"""The loop of a job: it rests until something is due, is woken at once, and outlives faults."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.requests import polling
from bot.requests.polling import AMONG_PROCESSES, LONGEST_REST, WakeUp, poll, wait_for_wake_up
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


def now() -> datetime:
    return datetime.now(UTC)


class Job:
    """Work for one loop: how much there is at each step, and when more is due."""

    def __init__(self, *amounts: int) -> None:
        self.amounts = list(amounts)
        self.due: list[datetime | StoreError | None] = []
        self.steps = 0
        self.wake_up = WakeUp()
        self.listener = self.wake_up.listen()

    async def step(self) -> int:
        """Do what there is."""
        self.steps += 1
        return self.amounts.pop(0) if self.amounts else 0

    async def next_due(self) -> datetime | None:
        """Return when more is due."""
        due = self.due.pop(0) if self.due else None
        if isinstance(due, StoreError):
            raise due
        return due

    async def reach(self, steps: int) -> None:
        """Wait until so many steps were made."""
        async with asyncio.timeout(MAX_WAIT):
            while self.steps < steps:  # noqa: ASYNC110 - a count tells nobody
                await asyncio.sleep(0.005)


@asynccontextmanager
async def running(job: Job) -> AsyncIterator[Job]:
    task = asyncio.create_task(poll("cows", job.step, job.next_due, now, job.listener))
    yield job
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_rest_ends_by_itself_or_by_a_wake_up_which_counts_once() -> None:
    listener = WakeUp().listen()
    async with asyncio.timeout(MAX_WAIT):
        await wait_for_wake_up(listener, 0.01)
        listener.set()
        await wait_for_wake_up(listener, MAX_WAIT * 2)
    assert not listener.is_set()


async def test_it_works_as_long_as_there_is_something_and_then_rests() -> None:
    async with running(Job(3, 1)) as job:
        await job.reach(3)
        await asyncio.sleep(0.05)
        assert job.steps == 3


async def test_it_goes_on_when_something_is_due() -> None:
    job = Job()
    job.due = [now() + timedelta(seconds=0.1)]
    began = now()
    async with running(job):
        await job.reach(2)
    assert now() - began >= timedelta(seconds=0.1)


async def test_what_was_due_long_ago_is_looked_at_without_a_storm() -> None:
    job = Job()
    job.due = [now() - timedelta(days=1)] * 1000
    async with running(job):
        await asyncio.sleep(0.2)
        assert 2 <= job.steps <= 21


async def test_a_wake_up_ends_the_rest_of_every_job() -> None:
    async with running(Job()) as job:
        await job.reach(1)
        other = job.wake_up.listen()
        job.wake_up.wake()
        assert other.is_set()
        await job.reach(2)
        await asyncio.sleep(0.05)
        assert job.steps == 2


async def test_a_store_that_fails_is_logged_and_not_tried_again_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = Job()
    job.due = [StoreError("The disk is full.")]
    with caplog.at_level(logging.ERROR):
        async with running(job):
            await job.reach(1)
            await asyncio.sleep(0.1)
            assert job.steps == 1
            job.wake_up.wake()
            await job.reach(2)
    assert [record.getMessage() for record in caplog.records] == ["cows: The disk is full."]


async def test_a_store_that_is_away_for_a_moment_is_used_again_soon_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "FIRST_REST", 0.05)
    job = Job()
    job.due = [StoreError("It is being started anew.")]
    began = now()
    async with running(job):
        await job.reach(2)
        assert timedelta(seconds=0.05) <= now() - began


async def test_the_longer_a_store_is_away_the_less_often_it_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(polling, "FIRST_REST", 0.02)
    job = Job()
    away = StoreError("It is away.")
    job.due = [away, away, away]
    began = now()
    async with running(job):
        await job.reach(4)
        assert timedelta(seconds=0.14) <= now() - began


async def test_a_wake_up_is_told_to_the_other_processes_and_not_told_on() -> None:
    told: list[str] = []
    here = WakeUp(lambda: told.append("requests"))
    listener = here.listen()
    here.wake()
    assert (listener.is_set(), told) == (True, ["requests"])
    listener.clear()
    here.wake_here()  # as another process told
    assert (listener.is_set(), told) == (True, ["requests"])


async def test_where_a_wake_up_can_be_lost_no_rest_is_long() -> None:
    assert WakeUp().longest_rest == LONGEST_REST
    assert WakeUp(lambda: None).longest_rest == AMONG_PROCESSES == 15
    job = Job()
    resting = poll("cows", job.step, job.next_due, now, job.listener, longest_rest=0.05)
    task = asyncio.create_task(resting)
    await job.reach(4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
