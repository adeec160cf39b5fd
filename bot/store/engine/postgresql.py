"""Everything that is PostgreSQL's alone: its connections, its transactions, what it must be."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from bot.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import URL, Connection
    from sqlalchemy.exc import DBAPIError

    from bot.store.engine.url import Address

OLDEST: Final = 15
CONNECT_TIMEOUT: Final = 5.0  # seconds
COMMAND_TIMEOUT: Final = 15.0  # seconds for one statement
WRITERS: Final = 4  # transactions of one process that write at once
CONNECTIONS: Final = 8  # of one process, those that write among them

MIGRATING: Final = 0xC0B_0001  # advisory lock: one process migrates, and others wait for it

# A server whose client is gone without a word gives its locks back after this; no setting of the
# operating system, whose default is two hours, has a say.
SESSION: Final[Mapping[str, str]] = {
    "timezone": "UTC",
    "statement_timeout": "15s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
    # In a table of few pages a scan is cheaper, but then every writer seems to depend on all rows.
    "random_page_cost": "1",
    "cpu_tuple_cost": "1",
}

_REPEATED = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    # What another transaction wrote meanwhile cannot be seen in the state that this one reads, and
    # is found in its way all the same; the next try sees it.
    "23505",  # unique_violation
}

_MODES = ("disable", "require", "verify-ca", "verify-full")
_EXAMPLE = "for example postgresql+asyncpg://cowbell:secret@db.example/cowbell?sslmode=verify-full"


def connect_arguments(url: URL, application: str) -> dict[str, Any]:
    """What `asyncpg.connect` is called with for a URL; `application` is how the server names us.

    TLS is as `sslmode` (or `ssl`) and `sslrootcert` say, in libpq's words; without them it is used
    where the server has it. Raises StoreError for an option that is not known.
    """
    options = {key: str(value) for key, value in url.query.items()}
    mode = options.pop("sslmode", None) or options.pop("ssl", None)
    root = options.pop("sslrootcert", None)
    folder = options.pop("host", None)
    if options:
        raise StoreError(
            f"DATABASE_URL gives the option {min(options)}, which is not known; those for "
            f"PostgreSQL are sslmode, sslrootcert and host, {_EXAMPLE}."
        )
    arguments: dict[str, Any] = {
        "host": folder or url.host or "localhost",
        "port": url.port or 5432,
        "user": url.username,
        "password": url.password,
        "database": url.database,
        "timeout": CONNECT_TIMEOUT,
        "command_timeout": COMMAND_TIMEOUT,
        "server_settings": {**SESSION, "application_name": application},
    }
    if mode is not None or root is not None:
        arguments["ssl"] = _tls(mode or "verify-full", root)
    return arguments


def _tls(mode: str, root: str | None) -> ssl.SSLContext | bool:
    """The TLS that a mode asks for, in the meaning that libpq gives it."""
    if mode not in _MODES:
        raise StoreError(
            f"DATABASE_URL gives sslmode={mode}, which is not known or may do without TLS; write "
            f"one of {', '.join(_MODES)}, {_EXAMPLE}."
        )
    if mode == "disable":
        return False
    try:
        context = ssl.create_default_context(cafile=root)
    except (OSError, ssl.SSLError) as error:
        raise StoreError(
            f"DATABASE_URL gives sslrootcert={root}, which cannot be read as certificates "
            f"({error.strerror or error}); name a PEM file."
        ) from error
    context.check_hostname = mode == "verify-full"
    if mode == "require" and root is None:
        context.verify_mode = ssl.CERT_NONE
    return context


def engine_options(address: Address, application: str) -> dict[str, Any]:
    """What `create_async_engine` needs; a connection that is lost costs one statement a retry."""
    return {
        "connect_args": connect_arguments(address.url, application),
        "pool_size": CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": COMMAND_TIMEOUT,
    }


def is_passing(error: DBAPIError) -> bool:
    """Whether a transaction was refused for what others did meanwhile, and may do when repeated."""
    # Loaded where it is needed: SQLite has no part in it.
    from sqlalchemy.dialects.postgresql.asyncpg import (  # noqa: PLC0415 - as above
        AsyncAdapt_asyncpg_dbapi,
    )

    # Another process has just migrated; the dialect prepares its statements anew.
    is_outdated = isinstance(error.orig, AsyncAdapt_asyncpg_dbapi.InvalidCachedStatementError)
    return is_outdated or getattr(error.orig, "sqlstate", None) in _REPEATED


def examine(connection: Connection, address: Address) -> None:
    """Raises StoreError where the server is too old, or the database cannot hold every sign."""
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
