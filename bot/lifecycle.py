"""The client at Discord: connected while this process leads, drained at a stop, cut off else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from contextlib import AsyncExitStack
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import aiohttp
import discord

from bot.doctor.discord_login import UNKNOWN_BOT
from bot.errors import ConfigError, DiscordUnreachable, StoreError, UsageError
from bot.interactions.sending_fence import NotTheOne, is_answering
from bot.jobs import run_beside

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bot.client import Client
    from bot.store.engine.handover import Departure
    from bot.store.engine.leadership import Leadership

_DRAIN = 10.0  # seconds that running handlers get
_DRAIN_BESIDE = 25.0  # where another process is at Discord already, so that nobody waits for them
_TAKEN_OVER_AGAIN = 30.0  # seconds after the store could not be written
_GOODBYE = 2.0  # seconds for the library to end what is cut off already

_log = logging.getLogger(__name__)


class Ending(Enum):
    """Why the client left Discord."""

    STOPPED = auto()  # it was told to
    LOST = auto()  # another process may be the one there now


def running_jobs(client: Client) -> AbstractAsyncContextManager[None]:
    """Run the client's jobs while the block lasts, from the login on; then cancel them."""
    return run_beside(client.jobs, client.logged_in)


async def take_over(client: Client, leadership: Leadership) -> None:
    """Take up what the one before had under way; return at once where the place is lost meanwhile.

    So a client that is at Discord already leaves it in time (see `lead`), however long the store
    takes. Raises StoreError as `Client.take_over` does.
    """
    taking = asyncio.create_task(client.take_over())
    losing = asyncio.create_task(leadership.wait_until_lost())
    try:
        await asyncio.wait({taking, losing}, return_when=asyncio.FIRST_COMPLETED)
        if taking.done():
            taking.result()
    finally:
        taking.cancel()
        losing.cancel()
        await asyncio.gather(taking, losing, return_exceptions=True)


async def lead(
    client: Client,
    token: str,
    leadership: Leadership,
    stop: asyncio.Event,
    *,
    departure: Departure | None = None,
    running: asyncio.Task[None] | None = None,
) -> Ending:
    """Be at Discord until `stop` is set or the leadership is lost, and return which of both.

    At a stop the members who waited have their answers, and the next process is told that it may
    begin; `departure` finds one that waits, which takes the place before anybody is turned away.
    Where the leadership is lost, nothing more is sent: every connection to Discord is ended at
    once, and the jobs are; so it is where the login was kept back, as the process had been held up
    and was not sure for a moment. `running` runs the client where it is at Discord already.

    Raises:
        ConfigError: Discord does not know the token.
        DiscordUnreachable: there is no answer from it at the start.
        UsageError: Discord does not let the bot stay.

    """
    client.fence.may_send = leadership.is_sure
    running = running or asyncio.create_task(client.start(token))
    stopping = asyncio.create_task(stop.wait())
    losing = asyncio.create_task(leadership.wait_until_lost())
    beginning = asyncio.create_task(_begin_when_loaded(client))
    ending = Ending.STOPPED
    try:
        async with AsyncExitStack() as jobs:
            await jobs.enter_async_context(running_jobs(client))
            await asyncio.wait({running, stopping, losing}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set() and not (running.done() or losing.done()):
                seconds = _DRAIN
                if departure and await _arrange(departure, jobs, running, losing):
                    await _hand_over(client, leadership, departure, running)
                    seconds = _DRAIN_BESIDE
                await _drain(client, losing, seconds)
            if losing.done():
                ending = Ending.LOST
                await _cut_off(client, running)
                await client.tracker.cut_off(_GOODBYE)
            elif not stop.is_set():
                ending = _explain_end(running)
    finally:
        for task in (stopping, losing, beginning):
            task.cancel()
        await _close(client, running)
        await asyncio.gather(running, stopping, losing, beginning, return_exceptions=True)
        await leadership.leave()  # which says nothing where the place is lost
    return ending


async def _begin_when_loaded(client: Client) -> None:
    """Have a client begin that was muted when it was loaded."""
    await client.loaded.wait()
    while True:
        try:
            await client.begin()
        except StoreError as error:
            _log.error("the jobs beside the client cannot begin: %s", error)
            await asyncio.sleep(_TAKEN_OVER_AGAIN)
        else:
            return


async def _arrange(
    departure: Departure,
    jobs: AsyncExitStack,
    running: asyncio.Task[None],
    losing: asyncio.Task[None],
) -> bool:
    """Whether one that waits is ready to take the place, which this process has until then.

    The jobs are ended while that one connects, so that it has to hold little.
    """
    ends: set[asyncio.Task[Any]] = {running, losing}
    finding = asyncio.create_task(departure.found.wait())
    arranging = asyncio.create_task(departure.arrange())
    try:
        await asyncio.wait({finding, arranging} | ends, return_when=asyncio.FIRST_COMPLETED)
        if finding.done():
            await jobs.aclose()
        await asyncio.wait({arranging} | ends, return_when=asyncio.FIRST_COMPLETED)
        return not any(end.done() for end in ends) and arranging.result()
    finally:
        finding.cancel()
        arranging.cancel()


async def _hand_over(
    client: Client, leadership: Leadership, departure: Departure, running: asyncio.Task[None]
) -> None:
    """Leave the place to the one that is ready for it, but for the answers that are under way.

    No job runs any more. What was read from the gateway is this process's to answer, and its note
    says so; what was not read, the next one was told of, too. The lock is given back before the
    last answer has gone out, so that nobody waits for it: what is sent from then on answers those
    interactions alone, which the next one leaves alone.
    """
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.sleep(0)  # in which the tasks of what came last note it
    client.tracker.gate.shut()
    client.fence.lets_pass = is_answering
    taken = client.tracker.gate.taken
    _log.info("handing over: the latest %d interactions stay here", len(taken))
    await leadership.leave(departure.write_note(taken))
    # The library has none where it never connected, whatever its type says.
    socket: discord.gateway.DiscordWebSocket | None = client.ws
    if socket is not None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await socket.close(code=1000)


async def _drain(client: Client, losing: asyncio.Task[None], seconds: float) -> None:
    """Let what is under way come to its end, for as long as this process leads."""
    _log.info("stopping")
    draining = asyncio.create_task(client.tracker.drain(seconds))
    await asyncio.wait({draining, losing}, return_when=asyncio.FIRST_COMPLETED)
    if not draining.done():
        draining.cancel()
    elif left := draining.result():
        _log.warning("%d handlers had not ended after %d s", left, seconds)


async def _cut_off(client: Client, running: asyncio.Task[None]) -> None:
    """End every connection to Discord at once, without the goodbye that may be waited for."""
    running.cancel()
    connector: Any = client.http.connector
    if connector is discord.utils.MISSING:  # it was about to log in
        return
    with contextlib.suppress(TimeoutError):  # they are ended before anything is waited for
        async with asyncio.timeout(_GOODBYE):
            await connector.close(abort_ssl=True)


async def _close(client: Client, running: asyncio.Task[None]) -> None:
    """Have the library end its side; it kills what still runs."""
    try:
        async with asyncio.timeout(_GOODBYE if running.cancelling() else None):
            await client.close()
    except TimeoutError:
        _log.warning("the connection to Discord did not end within %d s", _GOODBYE)
    running.cancel()


def _explain_end(running: asyncio.Task[None]) -> Ending:
    """Return why the client ended by itself, or raise an error with a remedy."""
    try:
        running.result()
    except NotTheOne as error:
        _log.warning("the login was kept back (%s); trying again", error)
        return Ending.LOST
    except discord.LoginFailure as error:
        raise ConfigError((UNKNOWN_BOT,)) from error
    except discord.ConnectionClosed as error:
        raise UsageError(f"Discord ended the connection for good (code {error.code}).") from error
    except (discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError, OSError) as error:
        raise DiscordUnreachable(f"Discord cannot be reached: {error}. Try again later.") from error
    return Ending.STOPPED
