"""Work under way: more is taken as it is done, and nothing is kept that is not being done."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import StoreError
from bot.requests.leased_work import LeasedWork
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Iterable


class Field:
    """Numbers that are due, in their order; each is done when the test says so."""

    def __init__(self, number: int, *, most: int = 4) -> None:
        self.due = list(range(number))
        self.given_back: list[int] = []
        self.takings: list[int] = []
        self.may_end: dict[int, asyncio.Event] = {}
        self.may_take = asyncio.Event()
        self.may_take.set()
        self.begun: list[int] = []
        self.done: list[int] = []
        self.fault: Exception | None = None
        self.work = LeasedWork(
            self, self.do, "number {}".format, self.now, lease=timedelta(minutes=1), most=most
        )

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def take_due(self, now: datetime, lease: timedelta, most: int) -> tuple[int, ...]:
        await self.may_take.wait()
        taken, self.due = tuple(self.due[:most]), self.due[most:]
        self.takings.append(len(taken))
        return taken

    async def give_back(self, taken: Iterable[int]) -> None:
        self.given_back.extend(taken)

    async def do(self, number: int) -> None:
        self.begun.append(number)
        await self.may_end.setdefault(number, asyncio.Event()).wait()
        if self.fault is not None:
            raise self.fault
        self.done.append(number)

    async def end(self, *numbers: int) -> None:
        """Let these come to their end."""
        for number in numbers:
            self.may_end.setdefault(number, asyncio.Event()).set()
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_slow_piece_keeps_no_other_from_its_turn() -> None:
    field = Field(20)
    assert await field.work.begin() == 4
    await field.end(*range(1, 20))
    async with asyncio.timeout(MAX_WAIT):
        while field.due:
            await field.work.wait_for_room()
            await field.work.begin()
            await asyncio.sleep(0)
    await field.end()
    assert field.done == list(range(1, 20))
    assert field.work.is_busy
    await field.end(0)
    assert not field.work.is_busy


async def test_more_is_taken_when_a_quarter_is_done_and_not_for_each() -> None:
    field = Field(100, most=8)
    await field.work.begin()
    waiting = asyncio.create_task(field.work.wait_for_room())
    await field.end(0)
    assert not waiting.done()
    await field.end(1)
    await asyncio.wait_for(waiting, MAX_WAIT)
    assert await field.work.begin() == 2
    assert await field.work.begin() == 0
    assert field.takings == [8, 2]
    await field.work.cut_short()


async def test_what_is_cut_short_is_given_back_and_the_next_may_be_begun() -> None:
    field = Field(6)
    await field.work.begin()
    await field.end(0, 2)
    await field.work.cut_short()
    assert field.given_back == [1, 3]
    assert await field.work.begin() == 2
    await field.work.cut_short()
    assert field.given_back == [1, 3, 4, 5]


async def test_what_is_being_taken_when_it_is_cut_short_is_given_back_too() -> None:
    field = Field(20)
    field.may_take.clear()
    beginning = asyncio.create_task(field.work.begin())
    await asyncio.sleep(0)
    beginning.cancel()
    await asyncio.gather(beginning, return_exceptions=True)
    cutting = asyncio.create_task(field.work.cut_short())
    await asyncio.sleep(0)
    field.may_take.set()
    await asyncio.wait_for(cutting, MAX_WAIT)
    assert (field.given_back, field.begun) == ([0, 1, 2, 3], [])


async def test_what_is_being_taken_at_a_stop_is_done() -> None:
    field = Field(2)
    field.may_take.clear()
    beginning = asyncio.create_task(field.work.begin())
    await asyncio.sleep(0)
    finishing = asyncio.create_task(field.work.finish())
    await asyncio.sleep(0)
    field.may_take.set()
    await beginning
    assert not finishing.done()
    await field.end(0, 1)
    await asyncio.wait_for(finishing, MAX_WAIT)
    assert field.done == [0, 1]


async def test_at_a_stop_what_is_under_way_may_come_to_its_end() -> None:
    field = Field(20)
    await field.work.begin()
    finishing = asyncio.create_task(field.work.finish())
    await field.end(0, 1, 2)
    assert await field.work.begin() == 0
    assert not finishing.done()
    await field.end(3)
    await asyncio.wait_for(finishing, MAX_WAIT)
    await field.work.cut_short()
    assert (field.done, field.given_back) == ([0, 1, 2, 3], [])


async def test_who_asks_for_room_at_a_stop_waits_and_asks_the_store_nothing() -> None:
    field = Field(20)
    await field.work.begin()
    finishing = asyncio.create_task(field.work.finish())
    waiting = asyncio.create_task(field.work.wait_for_room())
    await field.end(0, 1, 2, 3)
    await asyncio.wait_for(finishing, MAX_WAIT)
    assert not waiting.done()
    await field.work.cut_short()
    await asyncio.wait_for(waiting, MAX_WAIT)


async def test_a_store_that_fails_is_said_once_before_more_is_taken() -> None:
    field = Field(20)
    await field.work.begin()
    field.fault = StoreError("The disk is full.")
    await field.end(0)
    with pytest.raises(StoreError, match="disk is full"):
        await field.work.begin()
    field.fault = None
    assert await field.work.begin() == 1
    await field.work.cut_short()


async def test_a_fault_of_ours_is_logged_and_stops_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    field = Field(20)
    await field.work.begin()
    field.fault = ZeroDivisionError("ours")
    with caplog.at_level(logging.ERROR):
        await field.end(0)
    assert "number 0" in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert await field.work.begin() == 1
    await field.work.cut_short()


async def test_who_waits_for_the_end_and_is_cancelled_cancels_it() -> None:
    field = Field(3)
    await field.work.begin()
    waiting = asyncio.create_task(field.work.wait_for_end())
    await field.end()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await field.end(0, 1, 2)
    assert field.done == []
