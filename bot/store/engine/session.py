"""A connection to PostgreSQL outside of any pool: it keeps locks, and its process is known by it.

The server gives back the locks of a session that ends, and ends one that is silent for five
seconds, whatever lies between the two. A pooler that gives each transaction another session is
refused: locks mean nothing there.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from bot.errors import StoreError
from bot.store.engine.driver import CALL, explaining_driver, find_pooler, raised_by_driver
from bot.store.engine.postgresql import IN_USE, connect_arguments
from bot.store.engine.postgresql_refusals import explain_pooler
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from bot.process_name import ProcessName

SILENCE: Final = 5  # seconds after which the server ends a session that says nothing
_EVERY: Final = 1.0  # seconds between two signs of life
_END: Final = 500  # milliseconds that a session has to end when it is told to

_HELD = (
    "SELECT pg_backend_pid(), array(SELECT objid::bigint FROM pg_locks"
    " WHERE locktype = 'advisory' AND classid = 0 AND objsubid = 1 AND granted"
    " AND pid = pg_backend_pid())"
)
_HOLDERS = (
    "SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND classid = 0 AND objsubid = 1 AND granted"
    " AND objid::bigint = $1 AND database = (SELECT oid FROM pg_database"
    " WHERE datname = current_database()) ORDER BY backend_start, pid"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose session holds a lock: its number at the server, and the name of its process."""

    pid: int
    application: str


class Session:
    """An open session that holds IN_USE, and other locks that it took; its calls come in turn.

    Every call raises StoreError where the session is gone, or has no answer within two seconds;
    it is over then, and has to be ended.
    """

    def __init__(self, address: Address, connection: asyncpg.Connection) -> None:
        self._address = address
        self._connection = connection
        self._calling = asyncio.Lock()
        self._locks = {IN_USE}
        self.pid = 0
        self.ended = asyncio.Event()  # set as soon as the end is known here
        connection.add_termination_listener(lambda _: self.ended.set())

    @classmethod
    async def open(cls, address: Address, name: ProcessName) -> Self:
        """A session that the server knows by this name.

        Raises StoreError where there is no answer, where `move-database` fills the database, and
        where a pooler is in the way.
        """
        connection = await _connect(address, name)
        session = cls(address, connection)
        try:
            session.pid = await session._ask("SELECT pg_backend_pid()")
            await session._share()
            await session.prove()
            await session._look_for_pooler(name)
        except BaseException:
            session.end()
            raise
        return session

    async def prove(self) -> None:
        """Returns where the session is alive and holds what it took; else raises StoreError."""
        async with self._turn():
            pid, held = await self._connection.fetchrow(_HELD)
        if pid != self.pid or not self._locks.issubset(held):
            raise explain_pooler("what one session took is not in the next", self._address)

    async def take(self, lock: int) -> bool:
        """Whether the session holds a lock alone now, which nobody else held."""
        taken = bool(await self._ask("SELECT pg_try_advisory_lock($1)", lock))
        if taken:
            self._locks.add(lock)
        return taken

    async def give_back(self, lock: int) -> None:
        """Gives back a lock that the session took."""
        self._locks.discard(lock)
        await self._ask("SELECT pg_advisory_unlock($1)", lock)

    async def holders(self, lock: int) -> tuple[Holder, ...]:
        """Whose sessions hold a lock of this database, the oldest first."""
        async with self._turn():
            rows = await self._connection.fetch(_HOLDERS, lock)
        return tuple(Holder(pid, application) for pid, application in rows)

    async def end_other(self, holder: Holder) -> None:
        """Has the server end another session, and waits half a second for that."""
        await self._ask("SELECT pg_terminate_backend($1, $2)", holder.pid, _END)

    async def rename(self, name: ProcessName) -> None:
        """Has the server call the process by another name."""
        await self._ask("SELECT set_config('application_name', $1, false)", str(name))

    async def row(self, statement: str, *values: object) -> Any:
        """The first row of a statement, which is kept at once; None where there is none."""
        async with self._turn():
            return await self._connection.fetchrow(statement, *values)

    def end(self) -> None:
        """Ends the session at once; the server gives back its locks as soon as it hears of it."""
        self._connection.terminate()
        self.ended.set()

    async def aclose(self) -> None:
        """Says goodbye and ends the session, at once where nobody answers."""
        try:
            await self._connection.close(timeout=CALL)
        except raised_by_driver():
            self._connection.terminate()
        self.ended.set()

    async def _ask(self, statement: str, *values: object) -> Any:
        async with self._turn():
            return await self._connection.fetchval(statement, *values)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        with explaining_driver(self._address):
            async with asyncio.timeout(CALL), self._calling:
                yield

    async def _share(self) -> None:
        """Take IN_USE beside all others that have it."""
        if not await self._ask("SELECT pg_try_advisory_lock_shared($1)", IN_USE):
            raise StoreError(
                f"The {self._address} is being filled by move-database; start again when that is "
                "through."
            )

    async def _look_for_pooler(self, name: ProcessName) -> None:
        """Raises StoreError where this connection and a second one show that there is one."""
        second = await _connect(self._address, name)
        try:
            async with self._turn():
                sign = await find_pooler(self._connection, second)
            if sign:
                raise explain_pooler(sign, self._address)
        finally:
            second.terminate()


@asynccontextmanager
async def present(url: str, name: ProcessName) -> AsyncIterator[None]:
    """Hold IN_USE while the block lasts, as each process that uses a PostgreSQL database does.

    A session that is lost is opened anew as soon as that can be. Nothing on SQLite, whose file has
    a lock. Raises StoreError as `Session.open` does.
    """
    address = Address.parse(url)
    if address.on_sqlite:
        yield
        return
    first = await Session.open(address, name)
    keeping = asyncio.create_task(_keep(first, address, name))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep(session: Session, address: Address, name: ProcessName) -> None:
    """Give signs of life, and open the session anew where it is lost, until cancelled."""
    try:
        while True:
            try:
                await asyncio.sleep(_EVERY)
                if session.ended.is_set():
                    session = await Session.open(address, name)
                else:
                    await session.prove()
            except StoreError:  # whoever reads and writes says so
                session.end()
    finally:
        await asyncio.shield(session.aclose())


async def _connect(address: Address, name: ProcessName) -> asyncpg.Connection:
    import asyncpg  # noqa: PLC0415 - as in `bot.store.engine.driver`

    arguments = connect_arguments(address.url, str(name), address.called)
    arguments["server_settings"]["idle_session_timeout"] = f"{SILENCE}s"
    with explaining_driver(address):
        return await asyncpg.connect(**arguments)
