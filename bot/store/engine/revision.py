"""Writes a migration: `python -m bot.store.engine.revision "what changes"`, after the tables did.

What it writes is a draft to read, to tidy (`ruff format`) and to test.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store.engine.migrate import MIGRATIONS, migration_config

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def write_revision(connection: Connection, message: str, folder: Path = MIGRATIONS) -> Path:
    """The new module in `folder`, which takes the migrated schema to that of the tables.

    `connection` leads to an empty database. Alembic takes a renaming for a loss and a gain.
    """
    config = migration_config(connection, folder)
    command.upgrade(config, "head")
    number = 1 + sum(1 for _ in ScriptDirectory.from_config(config).walk_revisions())
    script = command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
    if script is None or isinstance(script, list):  # one base, so one script
        raise RuntimeError("Alembic wrote no single migration")
    return Path(script.path)


async def _run(message: str) -> None:
    engine = create_async_engine("sqlite+aiosqlite:///:memory:")
    try:
        async with engine.begin() as connection:
            await connection.run_sync(write_revision, message)
    finally:
        await engine.dispose()


def main() -> None:
    """Runs it for the words on the command line; Alembic prints the new module's path."""
    message = " ".join(sys.argv[1:]).strip()
    if not message:
        sys.exit('Say what changes: python -m bot.store.engine.revision "keep requests"')
    asyncio.run(_run(message))


if __name__ == "__main__":
    main()
