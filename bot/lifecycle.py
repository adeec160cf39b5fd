"""Runs the client until it is told to stop, and then lets what is under way come to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.doctor.discord_login import UNKNOWN_BOT
from bot.errors import ConfigError, DiscordUnreachable, UsageError
from bot.jobs import run_beside
from bot.watchdog import watched_loop

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bot.client import Client

_DRAIN = 10.0  # seconds that running handlers get
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


def running_jobs(client: Client) -> AbstractAsyncContextManager[None]:
    """Run the client's jobs while the block lasts, from the login on; then cancel them."""
    return run_beside(client.jobs, client.logged_in)


async def run_until_stopped(client: Client, token: str) -> None:
    """Return when SIGTERM or SIGINT has come and the members who waited have their answers.

    Raises:
        ConfigError: Discord does not know the token.
        DiscordUnreachable: there is no answer from it at the start.
        UsageError: Discord does not let the bot stay.

    """
    # All that was loaded stays; to look through it again takes the collector a tenth of a second,
    # in which nobody is answered.
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    running = asyncio.create_task(client.start(token))
    stopping = asyncio.create_task(stop.wait())
    try:
        async with watched_loop(), running_jobs(client):
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                _explain_end(running)
                return
            _log.info("stopping")
            left = await client.tracker.drain(_DRAIN)
            if left:
                _log.warning("%d handlers had not ended after %d s", left, _DRAIN)
    finally:
        stopping.cancel()
        # The library's close kills what still runs.
        await client.close()
        running.cancel()
        await asyncio.gather(running, stopping, return_exceptions=True)
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
    _log.info("stopped")


def _explain_end(running: asyncio.Task[None]) -> None:
    """Raise an error with a remedy where the client ended by itself."""
    try:
        running.result()
    except discord.LoginFailure as error:
        raise ConfigError((UNKNOWN_BOT,)) from error
    except discord.ConnectionClosed as error:
        raise UsageError(f"Discord ended the connection for good (code {error.code}).") from error
    except (discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError, OSError) as error:
        raise DiscordUnreachable(f"Discord cannot be reached: {error}. Try again later.") from error
