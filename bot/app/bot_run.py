"""`run`: one process of those that share a database, at Discord whenever it leads."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from bot.app.bot_root import open_client_over
from bot.app.shared_parts import NO_TOKEN
from bot.errors import ConfigError, StoreError
from bot.jobs import told_to_stop
from bot.lifecycle import Ending, lead, take_over
from bot.logs import start_logging
from bot.process_name import Duty, ProcessName
from bot.standby import Standby
from bot.store.engine.database import LONGEST_END, Database
from bot.store.engine.handover import Candidate, Departure
from bot.store.engine.leadership import open_leadership
from bot.store.engine.notices import open_notices
from bot.store.engine.url import Address
from bot.watchdog import watched_loop

if TYPE_CHECKING:
    from bot.client import Client
    from bot.config.settings import Settings
    from bot.store.engine.leadership import Leadership
    from bot.store.engine.notices import Notices

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
        url, waits = settings.database_url, settings.standby
        async with (
            open_leadership(url, waits=waits) as leadership,
            open_notices(url, _name(settings)) as notices,
        ):
            run = _Run(settings, leadership, notices, stop)
            await run.run(settings.discord_token.get_secret_value())
    _log.info("stopped")


class _Run:
    """A process that waits, leads, and where it loses that begins again."""

    def __init__(
        self,
        settings: Settings,
        leadership: Leadership,
        notices: Notices | None,
        stop: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._leadership = leadership
        self._notices = notices
        self._stop = stop
        self._gaining: asyncio.Task[None] | None = None
        self._is_watched = False
        self._candidate = Candidate(notices) if notices and settings.standby else None
        self._departure = Departure(notices) if notices else None

    async def run(self, token: str) -> None:
        """Return when it was told to stop."""
        async with AsyncExitStack() as life:
            life.push_async_callback(self._give_up)
            database: Database | None = await self._open()
            ending = Ending.LOST
            while database is not None and ending is Ending.LOST:
                ending = Ending.STOPPED
                try:
                    ending = await self._take_turn(database, token, life)
                finally:
                    # Who lost the place has nothing to write any more.
                    await database.aclose(0.0 if ending is Ending.LOST else LONGEST_END)
                if ending is Ending.LOST:
                    database = await self._open_again()

    async def _take_turn(self, database: Database, token: str, life: AsyncExitStack) -> Ending:
        """Wait and lead, with a client that knows nothing of the last turn."""
        # Without STANDBY it is refused before anything complains that there are two.
        if not self._settings.standby and (ended := await self._gain()):
            return ended
        async with open_client_over(database, self._settings, self._notices) as client:
            if not self._is_watched:
                self._is_watched = True
                _keep_what_is_loaded()
                await life.enter_async_context(watched_loop())
            if self._candidate is None:
                await take_over(client, self._leadership)
                return await self._lead(client, token)
            standby = Standby(client, token, self._leadership, self._candidate)
            try:
                if ended := await self._gain(standby):
                    return ended
                running = standby.take_place()
                try:
                    await take_over(client, self._leadership)
                except StoreError as error:
                    _log.error("left again, as the place cannot be taken over: %s", error)
                    await standby.aclose()
                    await self._leadership.leave()
                    return Ending.LOST
                return await self._lead(client, token, running)
            finally:
                await standby.aclose()

    async def _lead(
        self, client: Client, token: str, running: asyncio.Task[None] | None = None
    ) -> Ending:
        return await lead(
            client,
            token,
            self._leadership,
            self._stop,
            departure=self._departure,
            running=running,
        )

    async def _gain(self, standby: Standby | None = None) -> Ending | None:
        """Return None as soon as this process leads; else why it does not.

        It was told to stop, or the client of one that waits is used up, so that it needs another.
        """
        if self._gaining is None:
            lead = self._leadership
            gain = lead.take() if standby is None else lead.wait_until_leading()
            self._gaining = asyncio.create_task(gain)
        stopping = asyncio.create_task(self._stop.wait())
        waited: set[asyncio.Task[Any]] = {self._gaining, stopping}
        if standby is not None:
            waited.add(asyncio.create_task(standby.listen()))
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                return Ending.STOPPED
            if not self._gaining.done():
                return Ending.LOST
            gained, self._gaining = self._gaining, None
            gained.result()
            return None
        finally:
            others = waited - {self._gaining}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def _give_up(self) -> None:
        """Neither wait for the place any more nor keep it, wherever this ended."""
        if self._gaining is not None:
            self._gaining.cancel()
            await asyncio.gather(self._gaining, return_exceptions=True)
        await self._leadership.leave()

    async def _open(self) -> Database:
        name = _name(self._settings)
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


def _name(settings: Settings) -> str:
    return str(ProcessName.own(Duty.STANDBY if settings.standby else Duty.RUN))


def _keep_what_is_loaded() -> None:
    """Have the collector never look through again what stays until the process ends.

    That takes a tenth of a second each time, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
