"""Fixtures of the tests on a simulated Discord, which name this module in `pytest_plugins`.

Their helpers are in `discord_simulation`; here they would slow down the tests that need none.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from simcord import Env

from bot.store.engine.database import Database
from discord_simulation import LogWatch, Simulation, open_simulation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

# Half of the tests' time would go into waiting for the next look at the bot.
(Env._settle_internal.__kwdefaults__ or {})["idle"] = 0.002


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


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty database; copying it is quicker than making one for each test."""
    path = tmp_path_factory.mktemp("store") / "bot.db"

    async def make() -> None:
        await (await Database.open(f"sqlite+aiosqlite:///{path}")).aclose()

    asyncio.run(make())
    return path


@pytest.fixture
def store(tmp_path: Path, new_store: Path) -> Path:
    """The file of an empty database, for this test alone."""
    return Path(shutil.copy(new_store, tmp_path))


@pytest.fixture
async def sim(store: Path, errors: LogWatch) -> AsyncIterator[Simulation]:
    """The bot over the demo's DNS world."""
    async with open_simulation(store) as sim:
        yield sim
