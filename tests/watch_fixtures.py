"""The watch as most of its tests have it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from watch_parts import open_watch
from watch_story import DAY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from watch_parts import WatchParts

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def watch(database_url: str) -> AsyncIterator[WatchParts]:
    """The watch on its second day, with friend.example."""
    async with open_watch(database_url) as parts:
        await parts.jump(timedelta(0), DAY)
        yield parts
