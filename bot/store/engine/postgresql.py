"""Everything that is PostgreSQL's alone: its connections, its transactions, what it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.errors import StoreError
from bot.store.engine.postgresql_tls import choose_tls
from bot.store.engine.postgresql_url import host_of, options_of
from bot.store.engine.url import CALLED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.orm import Session

    from bot.store.engine.url import Address

OLDEST: Final = 15
CONNECT_TIMEOUT: Final = 5.0  # seconds
COMMAND_TIMEOUT: Final = 15.0  # seconds for one statement
# Transactions of one process that write at once: the more there are, the more are refused for one
# another, as PostgreSQL looks at pages of an index where it cannot look at rows.
WRITERS: Final = 2
CONNECTIONS: Final = 8  # of one process, those that write among them
SESSIONS: Final = (
    3  # of one process beside them: its lock, its notices, and a short one at the start
)

DIALECT: Final = "postgresql"
# What the server says of a transaction, and whether it was kept.
ENDED: Final[Mapping[str, bool]] = {"committed": True, "aborted": False}

# Advisory locks, all of them; the server knows each for one database.
MIGRATING: Final = 0xC0B_0001  # one process migrates, and others wait for it
LEADER: Final = 0xC0B_0002  # who is at Discord; see `bot.store.engine.server_leadership`
IN_USE: Final = 0xC0B_0003  # shared by all processes, alone whoever wants none beside it

# A server whose client is gone without a word gives its locks back after this; no setting of the
# operating system, whose default is two hours, has a say.
SESSION: Final[Mapping[str, str]] = {
    "timezone": "UTC",
    # Where the tables are, which the commands that put a backup back replace as a whole.
    "search_path": "public",
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
    # A table of few pages is read faster as a whole than by an index, but then every writer seems
    # to depend on all its rows. What no index fits is read as a whole all the same.
    "enable_seqscan": "off",
    # Of that it thinks that it takes for ever, for which it would compile the statement.
    "jit": "off",
}

_PATIENCE: Final[Mapping[str, str]] = {"statement_timeout": "0", "lock_timeout": "60s"}

_UNIQUE_VIOLATION: Final = "23505"
_REPEATED: Final = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    # What another transaction wrote meanwhile cannot be seen in the state that this one reads, and
    # is found in its way all the same; the next try sees it.
    _UNIQUE_VIOLATION,
}


def connect_arguments(url: URL, application: str, called: str = CALLED) -> dict[str, Any]:
    """What `asyncpg.connect` is called with for a URL; `application` is how the server names us.

    TLS is as `sslmode` and `sslrootcert` say. All that the URL decides is given, so that of the
    variables that asyncpg reads by itself only PGUSER, PGPASSWORD and PGPASSFILE are left, for a
    URL without them. Raises StoreError for a TLS that cannot be; `called` names the URL there.
    """
    options = options_of(url)
    return {
        "host": host_of(url),
        "port": url.port or 5432,
        "user": url.username,
        "password": url.password,
        "database": url.database,
        "ssl": choose_tls(options.get("sslmode"), options.get("sslrootcert"), called),
        "direct_tls": False,
        "target_session_attrs": "any",  # a server that cannot be written says so by itself
        "timeout": CONNECT_TIMEOUT,
        "command_timeout": COMMAND_TIMEOUT,
        "server_settings": {**SESSION, "application_name": application},
    }


def _with_patience(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments for work that takes long and is done once; others are waited for a minute."""
    settings = {**arguments["server_settings"], **_PATIENCE}
    return {**arguments, "command_timeout": None, "server_settings": settings}


def engine_options(address: Address, application: str, *, patient: bool) -> dict[str, Any]:
    """What `create_async_engine` needs; a connection that is lost costs one statement a retry."""
    arguments = connect_arguments(address.url, application, address.called)
    return {
        "connect_args": _with_patience(arguments) if patient else arguments,
        "pool_size": CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": COMMAND_TIMEOUT,
    }


def driver_faults() -> tuple[type[Exception], ...]:
    """What the driver raises where the server ended in the middle of an answer."""
    import asyncpg  # noqa: PLC0415 - as below

    # SQLAlchemy hands it on as it is.
    return (asyncpg.InternalClientError,)


def is_passing(error: Exception) -> bool:
    """Whether a transaction was refused for what others did meanwhile, and may do when repeated."""
    # Loaded where it is needed: SQLite has no part in it.
    from sqlalchemy.dialects.postgresql.asyncpg import (  # noqa: PLC0415 - as above
        AsyncAdapt_asyncpg_dbapi,
    )

    # Another process has just migrated; the dialect prepares its statements anew.
    cause = error.orig if isinstance(error, DBAPIError) else None
    is_outdated = isinstance(cause, AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError)
    return is_outdated or getattr(cause, "sqlstate", None) in _REPEATED


def is_collision(error: Exception) -> bool:
    """Whether a row was to be written that is there already."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return getattr(cause, "sqlstate", None) == _UNIQUE_VIOLATION


def examine(connection: Connection, address: Address) -> None:
    """Raises StoreError where the server is too old, or the database cannot hold every sign.

    Or where it is a copy of another one that can only be read.
    """
    version = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    if version < OLDEST:
        raise StoreError(
            f"The {address} is kept by PostgreSQL {version}; "
            f"Cowbell needs PostgreSQL {OLDEST} or newer."
        )
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StoreError(
            f"The {address} keeps text as {encoding}, which lacks signs that members type; make "
            "one with: createdb --encoding=UTF8 --template=template0 NAME"
        )


def wait_for_turn(connection: Connection) -> None:
    """Returns when no other process migrates; the next one waits until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})


def is_lost(error: Exception) -> bool:
    """Whether the connection was lost."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def may_have_arrived(error: Exception) -> bool:
    """Whether the server may have done what it was asked: no answer came, or not in time."""
    return isinstance(error, OSError) or is_lost(error)


def number_of(session: Session) -> str | None:
    """The number by which a transaction's end can be asked for; None where it wrote nothing."""
    number = session.scalar(text("SELECT pg_current_xact_id_if_assigned()::text"))
    return None if number is None else str(number)


def status_of(number: str) -> Callable[[Session], str]:
    """What finds out how a transaction ended; `ENDED` has the words that say that it did."""
    asked = text("SELECT pg_xact_status(CAST(CAST(:number AS text) AS xid8))")
    return lambda session: str(session.scalar(asked, {"number": number}))
