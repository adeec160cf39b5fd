"""Examines the parts that requests need, from inside the running bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.doctor.admin_rights import check_admins
from bot.doctor.database_access import check_database
from bot.doctor.request_channel import check_channel
from bot.doctor.resolvers import check_dns

if TYPE_CHECKING:
    from collections.abc import Awaitable

    import discord

    from bot.config.settings import Settings
    from bot.doctor.line import Line


async def examine_from_inside(
    settings: Settings,
    client: discord.Client,
    examining_backend: Awaitable[tuple[Line, ...]],
    trying_database: Awaitable[None],
) -> tuple[Line, ...]:
    """Return a line for each part; all are looked at, whatever is wrong with one.

    `examining_backend` gives the lines of the mail server.
    """
    channel, backend, resolvers, database = await asyncio.gather(
        check_channel(client, settings.request_channel_id),
        examining_backend,
        check_dns(settings),
        check_database(trying_database),
    )
    return (check_admins(settings), channel, *backend, *resolvers, database)
