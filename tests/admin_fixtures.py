"""Fixtures of the tests with admins on a simulated Discord, which name this in `pytest_plugins`.

Their helpers are in `admin_guild`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admin_guild import open_admin_guild, open_mailcow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from admin_guild import AdminGuild
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from discord_simulation import Simulation

pytest_plugins = ["discord_fixtures"]


@pytest.fixture
async def admins(sim: Simulation) -> AdminGuild:
    """A server with two admins and a request channel."""
    return await open_admin_guild(sim)


@pytest.fixture
async def cow(admins: AdminGuild) -> AsyncIterator[MailcowDouble]:
    """A Mailcow that the bot of these admins works on."""
    async with open_mailcow(admins) as double:
        yield double
