"""Fixtures of the tests of requests over a store, which name this module in `pytest_plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from request_parts import Setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def parts(tmp_path: Path, database_url: str) -> AsyncIterator[Setup]:
    """Requests over a store of the test's own, on each kind of database."""
    parts = await Setup(tmp_path, url=database_url).open()
    yield parts
    await parts.close()
