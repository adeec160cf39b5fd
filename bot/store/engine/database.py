"""The database: opened by URL, migrated, read and written; an SQLite file has one process."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from bot.errors import StoreError
from bot.store.engine import postgresql, sqlite
from bot.store.engine.database_refusals import (
    DATABASE_FAULTS,
    OPENING_FAULTS,
    explain_os_error,
)
from bot.store.engine.engines import APPLICATION, create_engine, explaining, split_by_purpose
from bot.store.engine.lock import ProcessLock
from bot.store.engine.migrate import bring_to_head, is_readable
from bot.store.engine.open_connections import OpenConnections
from bot.store.engine.transaction import Transaction
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.orm import Session

T = TypeVar("T")

_LONGEST_TRYING: Final = (
    5.0  # seconds; as long is a transaction tried that others are in the way of
)
_MOST_COLLISIONS: Final = 6  # with a row that is there: another process's shows at the next try
_MIGRATION_PATIENCE: Final = 60.0  # seconds, where the version before is in its way
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1  # seconds; twice as long each time, and then a part
LONGEST_END: Final = 20.0  # seconds for what is under way at the end; more than a statement has
_LONGEST_GOODBYE: Final = 1.0  # seconds for saying goodbye to a server
_LONGEST_DOUBT: Final = 10.0  # seconds until it is known whether the server kept a transaction


class Database:
    """An open database whose tables are as this program knows them; close it with `aclose`.

    It is got by `Database.open` or `Database.open_reading`, and can be used with `async with`.
    """

    def __init__(
        self, address: Address, engine: AsyncEngine, lock: ProcessLock | None, *, reading: bool
    ) -> None:
        self._address = address
        self._engine = engine
        self._reader, self._writer, self._taker = split_by_purpose(address, engine)
        self._lock = lock
        self._reading = reading
        self._closed = False
        self._writing = asyncio.Semaphore(1 if address.on_sqlite else postgresql.WRITERS)
        self._running: set[asyncio.Task[Any]] = set()
        self._is_cut_off = False  # nothing is tried again
        self._lasting = None if address.on_sqlite else OpenConnections(engine)

    @classmethod
    async def open(
        cls, url: str, *, exclusive: bool = True, application: str = APPLICATION
    ) -> Self:
        """The database at `url`, brought up to date; a SQLite file and its folder are made.

        An `exclusive` SQLite file belongs to this process until it is closed; one on a server may
        have several (see `bot.store.engine.leadership`), each known there as `application`. Raises
        StoreError with the cause and a remedy; nothing stays open or half migrated then.
        """
        address = Address.parse(url)
        engine = create_engine(address, address.url, reading=False, application=application)
        lock = None
        if address.path is not None:
            sqlite.make_room(address, address.path)
            lock = ProcessLock.take(address, address.path) if exclusive else None
        database = cls(address, engine, lock, reading=False)
        try:
            await database._finish(database._migrate(application))
        except BaseException:
            await database.aclose()
            raise
        return database

    @classmethod
    async def open_reading(cls, url: str) -> Self | None:
        """The database at `url` for reading beside its owner; None where nothing is there yet.

        Nothing is made or migrated. Raises StoreError as `open` does, and where the database is
        older than this program.
        """
        address = Address.parse(url)
        target = address.url
        if address.in_memory:
            return None
        if address.path is not None:
            try:
                if address.path.stat().st_size == 0:
                    return None
            except (FileNotFoundError, NotADirectoryError):
                return None
            except OSError as error:
                raise explain_os_error(error, address) from error
            target = sqlite.reading_url(address.url, address.path)
        engine = create_engine(address, target, reading=True)
        database = cls(address, engine, None, reading=True)
        try:
            readable = await database._finish(database._check_readable())
        except BaseException:
            await database.aclose()
            raise
        if readable:
            return database
        await database.aclose()
        return None

    @property
    def has_one_process(self) -> bool:
        """Whether nobody else can have it open for writing: so it is with an SQLite file."""
        return self._address.on_sqlite

    async def read(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, which reads one state of the database; what it changes is given up.

        `work` cannot await, so that a transaction never lasts longer than its statements. A
        caller that is cancelled leaves it to end by itself. Raises StoreError where the database
        fails or is closed.
        """
        self._check_open()
        return await self._finish(self._run(self._reader, work))

    async def write(self, work: Callable[[Session], T]) -> T:
        """What `work` returns; what it writes is kept as a whole, or not at all where it raises.

        All that is written is as if one had come after another: on SQLite it is so, and PostgreSQL
        refuses what would not be (serializable), whereupon `work` is called again with a state
        that has what was in its way. So it changes nothing but the database. Where the connection
        is lost, it is called again too, unless the server kept what it wrote. A caller that is
        cancelled leaves it to end by itself. Raises StoreError where the database fails, is closed
        or was opened for reading.
        """
        self._check_writable()
        return await self._finish(self._run_in_turn(self._writer, work))

    async def take(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, which takes rows by locks on them (`bot.store.repositories.leases`).

        As `write`, but for the isolation: rows that others hold or have taken just now are passed
        over, which a state that is not to change does not let happen.
        """
        self._check_writable()
        return await self._finish(self._run_in_turn(self._taker, work))

    async def aclose(self, patience: float = LONGEST_END) -> None:
        """Ends what is still under way, closes every connection and lets the next process in.

        On a server `patience` is how many seconds that may take; what runs longer is cut off, and
        whether it was kept is not known. A second call does nothing.
        """
        self._closed = True
        if self._running:
            await asyncio.wait(self._running, timeout=None if self._lasting is None else patience)
        await self._finish(self._close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(f"The {self._address} is closed already.")

    def _check_writable(self) -> None:
        self._check_open()
        if self._reading:
            raise StoreError(f"The {self._address} was opened for reading only.")

    async def _finish(self, coroutine: Coroutine[Any, Any, T]) -> T:
        # A statement that is cancelled half-way can leave its connection with a transaction that
        # nobody ends, and all other writers waiting for it.
        task = asyncio.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever was cancelled meanwhile does not want to hear it

    async def _run_in_turn(self, engine: AsyncEngine, work: Callable[[Session], T]) -> T:
        # Taken before a connection is, so that writers who wait leave connections to readers.
        async with self._writing:
            return await self._run(engine, work, keep=True)

    async def _run(
        self, engine: AsyncEngine, work: Callable[[Session], T], *, keep: bool = False
    ) -> T:
        with explaining(self._address):
            pause, was_lost, collisions = _FIRST_PAUSE, False, 0
            loop = asyncio.get_running_loop()
            end = loop.time() + _LONGEST_TRYING
            while True:
                is_last = loop.time() >= end
                transaction = Transaction[T](engine, keep=keep)
                try:
                    return await transaction.run(work)
                except DATABASE_FAULTS as error:
                    if self._address.on_sqlite or self._is_cut_off:
                        raise
                    ending = transaction.ending
                    if ending is not None and postgresql.may_have_arrived(error):
                        if await self._was_kept(ending.number, error):
                            return ending.result
                    elif postgresql.is_lost(error) and not was_lost:
                        was_lost = True  # the server was started anew since the connection was used
                        continue
                    elif not postgresql.is_passing(error):
                        raise
                    collisions += postgresql.is_collision(error)
                    if is_last or collisions == _MOST_COLLISIONS:
                        raise
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _was_kept(self, number: str | None, error: Exception) -> bool:
        """Whether the server kept a transaction before it could say so; `error` where that fails.

        Without a number it wrote nothing.
        """
        if number is None:
            return False
        status = postgresql.status_of(number)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_DOUBT):
                while not self._is_cut_off:
                    with suppress(*DATABASE_FAULTS):  # it is being started anew
                        found = await Transaction[str](self._reader, keep=False).run(status)
                        if found in postgresql.ENDED:
                            return postgresql.ENDED[found]
                    await asyncio.sleep(_LONGEST_PAUSE)
        raise error

    async def _close(self) -> None:
        closing = asyncio.create_task(self._engine.dispose())
        try:
            if self._lasting is not None:
                # A server that is cut off says no goodbye, which the driver waits for without end.
                await asyncio.wait({closing}, timeout=_LONGEST_GOODBYE)
                self._is_cut_off = True
                self._lasting.end()
            await closing
        finally:
            if self._lock is not None:
                self._lock.release()

    async def _migrate(self, application: str) -> None:
        if self._address.on_sqlite:
            await self._migrate_by(self._taker)
            return
        engine = create_engine(
            self._address, self._address.url, reading=False, application=application, patient=True
        )
        try:
            await self._migrate_by(engine.execution_options(isolation_level="READ COMMITTED"))
        finally:
            await engine.dispose()

    async def _migrate_by(self, engine: AsyncEngine) -> None:
        with explaining(self._address, OPENING_FAULTS):
            given_up = asyncio.get_running_loop().time() + _MIGRATION_PATIENCE
            while True:
                try:
                    await self._migrate_once(engine)
                except DATABASE_FAULTS as error:
                    # Processes of the version before go on, and lock rows in an order of their own;
                    # where they are busy, it is this one that ends a deadlock time and again.
                    is_late = asyncio.get_running_loop().time() > given_up
                    if is_late or not postgresql.is_passing(error):
                        raise
                else:
                    return

    async def _migrate_once(self, engine: AsyncEngine) -> None:
        async with engine.execution_options(migrates=True).begin() as connection:
            if self._address.on_sqlite:
                await connection.run_sync(sqlite.find_damage, self._address)
            else:
                await connection.run_sync(postgresql.examine, self._address)
                await connection.run_sync(postgresql.wait_for_turn)
            changed = await connection.run_sync(bring_to_head, self._address)
            if changed and self._address.on_sqlite:
                await connection.run_sync(sqlite.find_damage, self._address)

    async def _check_readable(self) -> bool:
        with explaining(self._address, OPENING_FAULTS):
            async with self._engine.connect() as connection:
                return await connection.run_sync(is_readable, self._address)
