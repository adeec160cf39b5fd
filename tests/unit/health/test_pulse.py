"""The event loop's pulse."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from bot.health import pulse
from bot.health.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def beating() -> AsyncIterator[tuple[Pulse, list[float]]]:
    lags: list[float] = []
    heart = Pulse(lags.append)
    task = asyncio.create_task(heart.beat())
    await asyncio.sleep(0)
    yield heart, lags
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_free_loop_is_well(beating: tuple[Pulse, list[float]]) -> None:
    heart, lags = beating
    await asyncio.sleep(pulse.EVERY * 1.5)
    assert lags
    assert heart.find_fault() is None


async def test_a_loop_that_stood_still_is_slow_for_a_while(
    beating: tuple[Pulse, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SLOW", 0.3)
    monkeypatch.setattr(pulse, "REMEMBERED", 1.0)
    heart, lags = beating
    time.sleep(pulse.EVERY + 0.5)  # noqa: ASYNC251 - this is what stands still
    await asyncio.sleep(0.05)
    assert max(lags) > 0.3
    assert heart.find_fault() == "slow"
    await asyncio.sleep(1.1)
    assert heart.find_fault() is None


async def test_a_pulse_that_is_gone_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "STOPPED", 0.1)
    heart = Pulse(lambda _: None)
    assert heart.find_fault() is None
    await asyncio.sleep(0.15)
    assert heart.find_fault() == "stuck"
