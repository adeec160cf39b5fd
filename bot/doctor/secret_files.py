"""Whether files that hold secrets may be read by other users of this machine."""

from __future__ import annotations

import os
import shlex
import stat
from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.config.loading import ENV_FILE
from bot.doctor.line import Line
from bot.errors import StoreError
from bot.store.engine.url import Address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.config.settings import Settings
    from bot.errors import Fact

_MOST = 5  # files that are named


def check_secret_files(settings: Settings) -> tuple[Line, ...]:
    """Return a line where others may read or write a secret file, and none where all is well.

    Looked at are `.env` here, the key that signs profiles, and the SQLite database with all that
    lies beside it under its name: its log, and what a restore kept of the database before. Only
    POSIX has such rights.
    """
    if os.name != "posix":
        return ()
    open_files = [str(path) for path in _secret_files(settings) if _is_open(path)]
    if not open_files:
        return ()
    facts: dict[str, Fact] = {
        "commands": tuple(f"chmod 600 {shlex.quote(path)}" for path in open_files[:_MOST]),
        "more": max(0, len(open_files) - _MOST),
    }
    return (Line("files", Status.WARN, "files-open", facts),)


def _secret_files(settings: Settings) -> Iterator[Path]:
    yield ENV_FILE
    if settings.profile_key is not None:
        yield settings.profile_key
    try:
        database = Address.parse(settings.database_url).path
    except StoreError:  # said by the line of the database
        return
    if database is not None and database.parent.is_dir():
        yield from sorted(p for p in database.parent.iterdir() if p.name.startswith(database.name))


def _is_open(path: Path) -> bool:
    """Whether a file is there, and more users than its owner may read or write it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) and bool(mode & 0o066)
