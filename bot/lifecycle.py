"""Runs the client until it is told to stop, and then lets what is under way come to its end."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

from bot.doctor.discord_login import UNKNOWN_BOT
from bot.errors import ConfigError, DiscordUnreachable, UsageError
from bot.watchdog import watched_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from bot.client import Client

_DRAIN = 10.0  # seconds that running handlers get
_REST = 30.0  # seconds before a job that failed is begun again
_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_log = logging.getLogger(__name__)


@asynccontextmanager
async def running_jobs(client: Client) -> AsyncIterator[None]:
    """Run the client's jobs while the block lasts, from the login on; then cancel them.

    Their unfinished work is in the store, and is done after the next start.
    """
    tasks = [asyncio.create_task(_run_job(client, job)) for job in client.jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_job(client: Client, job: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a job for ever; after a fault of ours it is begun again."""
    await client.logged_in.wait()
    while True:
        outcomes = await asyncio.gather(job(), return_exceptions=True)
        if not isinstance(outcomes[0], BaseException):
            return
        _log.error("a job beside the client failed", exc_info=outcomes[0])
        await asyncio.sleep(_REST)


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
