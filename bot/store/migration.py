"""Brings the schema of an open database to what this program knows, without any alembic.ini."""

from __future__ import annotations

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

    from bot.store.address import Address

MIGRATIONS = Path(__file__).with_name("migrations")


def migration_config(connection: Connection, folder: Path = MIGRATIONS) -> Config:
    """Alembic's configuration for the migrations in `folder`, run on `connection`."""
    config = Config(attributes={"connection": connection})
    # Config reads % as the start of a placeholder.
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    return config


def bring_to_head(connection: Connection, address: Address, folder: Path = MIGRATIONS) -> bool:
    """Runs the migrations that are missing, in the transaction that `connection` is in.

    Gives whether there were any. Raises StoreError where the database is newer than this program
    or somebody else's.
    """
    config = migration_config(connection, folder)
    revisions = _stored_revisions(connection, config, address)
    if revisions == _heads(config):
        return False
    if not revisions and set(inspect(connection).get_table_names()) - {"alembic_version"}:
        raise StoreError(
            f"The {address} holds another program's tables; "
            "give Cowbell a database of its own in DATABASE_URL."
        )
    command.upgrade(config, "head")
    return True


def is_readable(connection: Connection, address: Address, folder: Path = MIGRATIONS) -> bool:
    """Whether the tables are there as this program knows them; False where there are none yet.

    Raises StoreError where the database is older or newer than this program.
    """
    config = migration_config(connection, folder)
    revisions = _stored_revisions(connection, config, address)
    if revisions and revisions != _heads(config):
        raise StoreError(
            f"The {address} was last used by an older Cowbell; "
            "start the bot once (python -m bot run), which brings it up to date."
        )
    return bool(revisions)


def find_revisions(
    connection: Connection, address: Address, folder: Path = MIGRATIONS
) -> tuple[set[str], set[str]]:
    """The revisions that the database is at, none where it is not ours, and this program's.

    Raises StoreError where the database is newer than this program.
    """
    config = migration_config(connection, folder)
    return _stored_revisions(connection, config, address), _heads(config)


def _heads(config: Config) -> set[str]:
    return set(ScriptDirectory.from_config(config).get_heads())


def _stored_revisions(connection: Connection, config: Config, address: Address) -> set[str]:
    stored = set(MigrationContext.configure(connection).get_current_heads())
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := stored - known:
        raise StoreError(
            f"The {address} was last used by a newer Cowbell (its schema is "
            f"{', '.join(sorted(unknown))}, which this one does not know); "
            "run that version again, or restore a backup from before it."
        )
    return stored
