"""SQLite files with our tables and no rows, copied, as making one takes twenty times as long."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.store.engine.database import Database


def copy_empty_store(path: Path) -> Path:
    """Make the file of an empty database, and return its path."""
    return Path(shutil.copy(Path(_make_original().name) / "bot.db", path))


def empty_store_url(path: Path) -> str:
    """Return the DATABASE_URL of the file, which is made where it is not there yet."""
    if not path.exists():
        copy_empty_store(path)
    return f"sqlite+aiosqlite:///{path}"


@lru_cache(maxsize=1)
def _make_original() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory(prefix="cowbell-store-")

    async def make() -> None:
        await (await Database.open(f"sqlite+aiosqlite:///{folder.name}/bot.db")).aclose()

    # Whoever needs it may be in a loop already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, make()).result()
    return folder
