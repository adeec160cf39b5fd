"""Brings the schema of an open database to what this program knows, without any alembic.ini."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from bot.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from bot.store.engine.url import Address

MIGRATIONS = Path(__file__).parents[1] / "migrations"


def migration_config(connection: Connection, folder: Path = MIGRATIONS) -> Config:
    """Alembic's configuration for the migrations in `folder`, run on `connection`."""
    config = Config(attributes={"connection": connection})
    # Config reads % as the start of a placeholder.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    return config


class Schema(StrEnum):
    """How the tables of a database compare with what this program knows."""

    EMPTY = "empty"  # there are none
    OLDER = "older"
    CURRENT = "current"
    FOREIGN = "foreign"  # they are another program's


def read_schema(connection: Connection, address: Address, folder: Path = MIGRATIONS) -> Schema:
    """How the tables are.

    Raises StoreError where the database is newer than this program.
    """
    scripts = _read_scripts(folder)
    revisions = _stored_revisions(connection, scripts, address)
    if revisions == set(scripts.get_heads()):
        return Schema.CURRENT
    if revisions:
        return Schema.OLDER
    others = set(inspect(connection).get_table_names()) - {"alembic_version"}
    return Schema.FOREIGN if others else Schema.EMPTY


def refuse_foreign(schema: Schema, address: Address) -> None:
    """Raises StoreError where the tables are another program's."""
    if schema is Schema.FOREIGN:
        raise StoreError(
            f"The {address} holds another program's tables; "
            "give Cowbell a database of its own in DATABASE_URL."
        )


def bring_to_head(connection: Connection, address: Address, folder: Path = MIGRATIONS) -> bool:
    """Runs the migrations that are missing, in the transaction that `connection` is in.

    Gives whether there were any. Raises StoreError where the database is newer than this program
    or somebody else's.
    """
    schema = read_schema(connection, address, folder)
    refuse_foreign(schema, address)
    if schema is Schema.CURRENT:
        return False
    command.upgrade(migration_config(connection, folder), "head")
    return True


def is_readable(connection: Connection, address: Address, folder: Path = MIGRATIONS) -> bool:
    """Whether the tables are there as this program knows them; False where there are none yet.

    Raises StoreError where the database is older or newer than this program.
    """
    schema = read_schema(connection, address, folder)
    if schema is Schema.OLDER:
        raise StoreError(
            f"The {address} was last used by an older Cowbell; "
            "start the bot once (python -m bot run), which brings it up to date."
        )
    return schema is Schema.CURRENT


@lru_cache(maxsize=4)  # Alembic compiles each migration anew whenever it reads them
def _read_scripts(folder: Path) -> ScriptDirectory:
    return ScriptDirectory(str(folder))


def _stored_revisions(
    connection: Connection, scripts: ScriptDirectory, address: Address
) -> set[str]:
    stored = set(MigrationContext.configure(connection).get_current_heads())
    known = {script.revision for script in scripts.walk_revisions()}
    if unknown := stored - known:
        raise StoreError(
            f"The {address} was last used by a newer Cowbell (its schema is "
            f"{', '.join(sorted(unknown))}, which this one does not know); "
            "run that version again, or restore a backup from before it."
        )
    return stored
