"""Examines the parts that requests need, from inside the running bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.doctor.admin_rights import check_admins
from bot.doctor.line import Line
from bot.doctor.profile_signing import check_signing
from bot.doctor.request_channel import check_channel
from bot.doctor.resolvers import check_dns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable

    import discord

    from bot.config.settings import Settings


LONGEST = 20.0  # seconds; longer than any part's own end
STEP = 1.0  # seconds between two looks at which parts have answered


async def examine_from_inside(
    settings: Settings,
    client: discord.Client,
    examining_backend: Awaitable[tuple[Line, ...]],
    examining_database: Awaitable[tuple[Line, ...]],
    examining_probe: Awaitable[tuple[Line, ...]],
    *,
    seconds: float = LONGEST,
) -> AsyncGenerator[tuple[Line, ...], None]:
    """Yield a line for each part again and again, as they answer; the last time after `seconds`.

    All are looked at, whatever is wrong with one. A part that has not answered yet has a line that
    says so. `examining_backend` gives the lines of the mail server, `examining_database` those of
    the database, `examining_probe` those of the mailbox for test mails.
    """
    parts: dict[str, asyncio.Future[Line | tuple[Line, ...]]] = {
        "channel": asyncio.ensure_future(check_channel(client, settings.request_channel_id)),
        "mailcow": asyncio.ensure_future(examining_backend),
        "probe": asyncio.ensure_future(examining_probe),
        "resolver": asyncio.ensure_future(check_dns(settings)),
        "database": asyncio.ensure_future(examining_database),
        "profile": asyncio.ensure_future(asyncio.to_thread(check_signing, settings)),
    }
    loop = asyncio.get_running_loop()
    end, shown = loop.time() + seconds, -1
    try:
        while True:
            left = end - loop.time()
            done, waiting = await asyncio.wait(parts.values(), timeout=max(min(STEP, left), 0))
            is_over = not waiting or left <= 0
            if is_over or len(done) > shown:
                shown = len(done)
                lines = (_say(part, task, is_over=is_over) for part, task in parts.items())
                yield (check_admins(settings), *(line for group in lines for line in group))
            if is_over:
                return
    finally:
        for task in parts.values():
            task.cancel()
        await asyncio.gather(*parts.values(), return_exceptions=True)


def _say(
    part: str, task: asyncio.Future[Line | tuple[Line, ...]], *, is_over: bool
) -> tuple[Line, ...]:
    if not task.done():
        return (Line(part, Status.UNKNOWN, "no-end" if is_over else "under-way", silent=True),)
    found = task.result()
    return (found,) if isinstance(found, Line) else found
