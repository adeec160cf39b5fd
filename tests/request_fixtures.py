"""Fixtures of the tests of requests over a store, which name this module in `pytest_plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from request_parts import Setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Setup]:
    """Requests over a store in a folder of the test."""
    parts = await Setup(tmp_path).open()
    yield parts
    await parts.close()
