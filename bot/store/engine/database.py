"""The database: opened by URL, migrated, and kept to one process."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from bot.errors import StoreError
from bot.store.engine import sqlite
from bot.store.engine.database_refusals import (
    DATABASE_FAULTS,
    OPENING_FAULTS,
    explain,
    explain_os_error,
)
from bot.store.engine.lock import ProcessLock
from bot.store.engine.migrate import bring_to_head, is_readable
from bot.store.engine.url import Address, missing_driver

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import TracebackType

    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncEngine
    from sqlalchemy.orm import Session

T = TypeVar("T")


class Database:
    """An open database whose tables are as this program knows them; close it with `aclose`.

    It is got by `Database.open` or `Database.open_reading`, and can be used with `async with`.
    """

    def __init__(
        self, address: Address, engine: AsyncEngine, lock: ProcessLock | None, *, reading: bool
    ) -> None:
        self._address = address
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._lock = lock
        self._reading = reading
        self._closed = False
        self._writing = asyncio.Lock()
        self._running: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str, *, exclusive: bool = True) -> Self:
        """The database at `url`, brought up to date; a SQLite file and its folder are made.

        An `exclusive` SQLite file belongs to this process until it is closed. Raises StoreError
        with the cause and a remedy; nothing stays open or half migrated then.
        """
        address = Address.parse(url)
        engine = create_engine(address, address.url, reading=False)
        lock = None
        if address.path is not None:
            sqlite.make_room(address, address.path)
            lock = ProcessLock.take(address, address.path) if exclusive else None
        database = cls(address, engine, lock, reading=False)
        try:
            await database._finish(database._migrate())
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

    async def read(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, which reads one state of the database; what it changes is given up.

        `work` cannot await, so that a transaction never lasts longer than its statements. A
        caller that is cancelled leaves it to end by itself. Raises StoreError where the database
        fails or is closed.
        """
        self._check_open()
        return await self._finish(self._run(self._engine, work))

    async def write(self, work: Callable[[Session], T]) -> T:
        """What `work` returns; what it writes is kept as a whole, or not at all where it raises.

        One at a time. A caller that is cancelled leaves it to end by itself. Raises StoreError
        where the database fails, is closed or was opened for reading.
        """
        self._check_open()
        if self._reading:
            raise StoreError(f"The {self._address} was opened for reading only.")
        return await self._finish(self._run_alone(work))

    async def aclose(self) -> None:
        """Ends what is still under way, closes every connection and lets the next process in.

        A second call does nothing.
        """
        self._closed = True
        if self._running:
            await asyncio.wait(self._running)
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

    async def _finish(self, coroutine: Coroutine[Any, Any, T]) -> T:
        # A statement that is cancelled half-way can leave its connection with a transaction that
        # nobody ends, and all other writers waiting for it.
        task = asyncio.create_task(coroutine)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _run_alone(self, work: Callable[[Session], T]) -> T:
        # Taken before a connection is, so that writers who wait leave connections to readers.
        async with self._writing:
            return await self._run(self._writer, work, keep=True)

    async def _run(
        self, engine: AsyncEngine, work: Callable[[Session], T], *, keep: bool = False
    ) -> T:
        with explaining(self._address):
            async with AsyncSession(engine) as session:
                result = await session.run_sync(work)
                if keep:
                    await session.commit()
                return result

    async def _close(self) -> None:
        try:
            await self._engine.dispose()
        finally:
            if self._lock is not None:
                self._lock.release()

    async def _migrate(self) -> None:
        with explaining(self._address, OPENING_FAULTS):
            engine = self._writer.execution_options(migrates=True)
            async with engine.begin() as connection:
                if self._address.on_sqlite:
                    await connection.run_sync(sqlite.find_damage, self._address)
                changed = await connection.run_sync(bring_to_head, self._address)
                if changed and self._address.on_sqlite:
                    await connection.run_sync(sqlite.find_damage, self._address)

    async def _check_readable(self) -> bool:
        with explaining(self._address, OPENING_FAULTS):
            async with self._engine.connect() as connection:
                return await connection.run_sync(is_readable, self._address)


def create_engine(address: Address, url: URL, *, reading: bool) -> AsyncEngine:
    """The engine for a database; raises StoreError where its driver is not installed."""
    options: dict[str, Any] = {}
    if address.on_sqlite:
        options = sqlite.engine_options(in_memory=address.in_memory)
    try:
        # What members typed stays out of error texts and so out of logs.
        engine = create_async_engine(url, hide_parameters=True, **options)
    except ImportError as error:
        raise missing_driver(error) from None
    if address.on_sqlite:
        sqlite.prepare(engine.sync_engine, reading=reading)
    return engine


@contextmanager
def explaining(
    address: Address, faults: tuple[type[Exception], ...] = DATABASE_FAULTS
) -> Iterator[None]:
    """Turns database errors in the block into StoreError, with a sentence for the operator."""
    try:
        yield
    except faults as error:
        raise explain(error, address) from error
