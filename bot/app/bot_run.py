"""`run`: one process of those that share a database, at Discord whenever it leads."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bot.app.bot_root import open_client_over
from bot.app.shared_parts import NO_TOKEN
from bot.errors import ConfigError, StoreError
from bot.lifecycle import Ending, lead, told_to_stop
from bot.logs import start_logging
from bot.store.engine.database import Database
from bot.store.engine.leadership import open_leadership
from bot.store.engine.session import name_process
from bot.store.engine.url import Address
from bot.watchdog import watched_loop

if TYPE_CHECKING:
    from bot.config.settings import Settings
    from bot.store.engine.leadership import Leadership

_TRY_AGAIN = 1.0  # seconds between two tries to open the database again
_STANDBY_ON_SQLITE = (
    "STANDBY: An SQLite file has one process, so nobody can wait beside it; leave STANDBY out, or "
    "keep the data on PostgreSQL. Example: DATABASE_URL=postgresql+asyncpg://cowbell@/cowbell"
)

_log = logging.getLogger(__name__)


async def run(settings: Settings) -> None:
    """Be at Discord whenever this process leads, and return when it was told to stop.

    With STANDBY it waits while another process leads, loaded and with the database open. Where it
    loses the leadership it leaves Discord and waits again, or takes its place back at once where
    nobody has it.

    Raises:
        ConfigError: there is no token, Discord does not know it, or STANDBY does not fit.
        StoreError: the store cannot be opened, or belongs to another process.
        DiscordUnreachable: there is no answer from it at the start.
        UsageError: Discord does not let the bot stay.

    """
    if settings.discord_token is None:
        raise ConfigError(NO_TOKEN)
    if settings.standby and Address.parse(settings.database_url).on_sqlite:
        raise ConfigError((_STANDBY_ON_SQLITE,))
    start_logging(settings)
    with told_to_stop() as stop:
        async with open_leadership(settings.database_url, waits=settings.standby) as leadership:
            await _Run(settings, leadership, stop).run(settings.discord_token.get_secret_value())
    _log.info("stopped")


class _Run:
    """A process that waits, leads, and where it loses that begins again."""

    def __init__(self, settings: Settings, leadership: Leadership, stop: asyncio.Event) -> None:
        self._settings = settings
        self._leadership = leadership
        self._stop = stop

    async def run(self, token: str) -> None:
        """Return when it was told to stop."""
        async with AsyncExitStack() as life:
            database: Database | None = await self._open()
            is_first, ending = True, Ending.LOST
            while database is not None and ending is Ending.LOST:
                # Each time at Discord has a client of its own, without what the last one knew.
                async with database, AsyncExitStack() as turn:
                    # Without STANDBY it is refused before anything complains that there are two.
                    if not self._settings.standby and not await self._gain():
                        return
                    opened = open_client_over(database, self._settings)
                    client = await turn.enter_async_context(opened)
                    if is_first:
                        _keep_what_is_loaded()
                        await life.enter_async_context(watched_loop())
                    if self._settings.standby and not await self._gain():
                        return
                    await client.take_over()
                    is_first, ending = (
                        False,
                        await lead(client, token, self._leadership, self._stop),
                    )
                if ending is Ending.LOST:
                    database = await self._open_again()

    async def _gain(self) -> bool:
        """Whether this process leads now; False where it was told to stop before it did.

        A planned handover from the one that leads hooks in here: the client is loaded by then.
        """
        leadership = self._leadership
        waits = self._settings.standby
        gaining = asyncio.create_task(
            leadership.wait_until_leading() if waits else leadership.take()
        )
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({gaining, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                return False
            gaining.result()
            return True
        finally:
            gaining.cancel()
            stopping.cancel()
            await asyncio.gather(gaining, stopping, return_exceptions=True)

    async def _open(self) -> Database:
        name = name_process("standby" if self._settings.standby else "run")
        return await Database.open(self._settings.database_url, application=name)

    async def _open_again(self) -> Database | None:
        """Return the database as soon as it can be had; None where it was told to stop before."""
        told = ""
        while not self._stop.is_set():
            try:
                return await self._open()
            except StoreError as error:
                if str(error) != told:
                    told = str(error)
                    _log.warning("waiting for the database: %s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _TRY_AGAIN)
        return None


def _keep_what_is_loaded() -> None:
    """Have the collector never look through again what stays until the process ends.

    That takes a tenth of a second each time, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
