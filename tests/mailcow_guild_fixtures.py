"""The fixture of the tests of requests on a Mailcow, which name this in `pytest_plugins`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailcow_guild import open_barn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord_simulation import LogWatch
    from mailcow_guild import MailcowGuild

pytest_plugins = ["discord_fixtures"]


@pytest.fixture
async def barn(store: Path, errors: LogWatch) -> AsyncIterator[MailcowGuild]:
    async with open_barn(store) as barn:
        yield barn
