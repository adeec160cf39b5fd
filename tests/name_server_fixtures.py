"""Fixtures of the tests of name servers, which name this module in `pytest_plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from name_server_world import World, name_servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conftest import CaseFile


@pytest.fixture
async def world(case_file: CaseFile) -> AsyncIterator[World]:
    """Yield a healthy domain with two name servers."""
    async with name_servers(case_file) as made:
        yield made


@pytest.fixture
async def three(case_file: CaseFile) -> AsyncIterator[World]:
    """Yield one with three."""
    async with name_servers(case_file, 3) as made:
        yield made
