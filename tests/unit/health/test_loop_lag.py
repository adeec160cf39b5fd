"""How late the event loop wakes a task up, and what is said of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from bot.health import loop_lag
from bot.health.loop_lag import LoopLag

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def measuring() -> AsyncIterator[tuple[LoopLag, list[float]]]:
    lags: list[float] = []
    lag = LoopLag(lags.append)
    task = asyncio.create_task(lag.measure())
    await asyncio.sleep(0)
    yield lag, lags
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_free_loop_is_well(measuring: tuple[LoopLag, list[float]]) -> None:
    lag, lags = measuring
    await asyncio.sleep(loop_lag.EVERY * 1.5)
    assert lags
    assert lag.find_fault() is None


async def test_a_loop_that_stood_still_is_slow_for_a_while(
    measuring: tuple[LoopLag, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_lag, "SLOW", 0.3)
    monkeypatch.setattr(loop_lag, "REMEMBERED", 1.0)
    lag, lags = measuring
    time.sleep(loop_lag.EVERY + 0.5)  # noqa: ASYNC251 - this is what stands still
    await asyncio.sleep(0.05)
    assert max(lags) > 0.3
    assert lag.find_fault() == "slow"
    await asyncio.sleep(1.1)
    assert lag.find_fault() is None


async def test_a_loop_in_which_nothing_runs_any_more_is_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop_lag, "STOPPED", 0.1)
    lag = LoopLag(lambda _: None)
    assert lag.find_fault() is None
    await asyncio.sleep(0.15)
    assert lag.find_fault() == "stuck"
