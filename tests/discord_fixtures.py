"""Fixtures of the tests on a simulated Discord, which name this module in `pytest_plugins`.

Their helpers are in `discord_simulation`; here they would slow down the tests that need none.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from simcord import Env

from discord_simulation import LogWatch, Simulation, open_simulation
from empty_store import copy_empty_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

# Half of the tests' time would go into waiting for the next look at the bot.
(Env._settle_internal.__kwdefaults__ or {})["idle"] = 0.01


@pytest.fixture
def errors() -> Iterator[LogWatch]:
    """Fail the test for whatever is logged at ERROR and the test did not take."""
    watch = LogWatch()
    loggers = [logging.getLogger(name) for name in ("discord", "bot", "cogs", "asyncio")]
    for logger in loggers:
        logger.addHandler(watch)
    yield watch
    for logger in loggers:
        logger.removeHandler(watch)
    assert watch.take() == []


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The file of an empty database, for this test alone."""
    return copy_empty_store(tmp_path / "bot.db")


@pytest.fixture
async def sim(store: Path, errors: LogWatch) -> AsyncIterator[Simulation]:
    """The bot over the demo's DNS world."""
    async with open_simulation(store) as sim:
        yield sim
