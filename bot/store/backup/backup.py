"""Backs an SQLite database up beside the bot that uses it, and puts a backup back."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StoreError
from bot.store.backup.database_copy import (
    HELPERS,
    CopyContents,
    address_of,
    connect,
    copy_database,
    examine,
    is_damage,
    part_beside,
    put,
    require_file,
    sync_folder,
)
from bot.store.engine.database_refusals import explain, explain_os_error
from bot.store.engine.lock import ProcessLock

if TYPE_CHECKING:
    from datetime import datetime

    from bot.store.engine.url import Address

_NO_BACKUP = "no backup was made of it. Put an earlier one back: python -m bot restore PATH."
_NO_RESTORE = "restore another one. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where what was there before is now."""

    contents: CopyContents
    kept: Path | None  # None: there was no database


def back_up(url: str, path: Path, *, force: bool = False) -> CopyContents:
    """Copy the database at `url` to `path`, whether or not a bot uses it; tell what is in it.

    The copy is one file of mode 0600 that was found whole; until then there is nothing new at
    `path`. With `force` a file there is replaced. Raises StoreError with a remedy.
    """
    address, source = require_file(url)
    if not _is_filled(source, address):
        raise StoreError(
            f"There is no {address} yet; the bot makes it when it first runs (python -m bot run)."
        )
    _refuse_own_file(path, source)
    _refuse_taken(path, force=force)
    with part_beside(path) as part:
        copy_database(address, source, part, path, _NO_BACKUP)
        contents = examine(part, address, _NO_BACKUP)
        _refuse_taken(path, force=force)
        put(part, path)
    return contents


def restore(url: str, path: Path, now: datetime) -> Restored:
    """Put the backup at `path` in the place of the database at `url`, which no bot may use.

    The backup is copied and looked through first. The former database is kept beside the new one
    as `<name>.before-restore-<time>`; whenever this is cut short, one of the two is in place and
    whole. Raises StoreError with a remedy.
    """
    address, database = require_file(url)
    backup = address_of(path)
    if not path.exists():
        raise StoreError(f"There is no backup {path}; name the file that was backed up to.")
    _refuse_folder(path)
    _refuse_own_file(path, database)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain_os_error(error, address) from error
    lock = ProcessLock.take(address, database)
    try:
        # A link to the file stays one.
        real = database.resolve()
        with part_beside(real) as part:
            copy_database(backup, path, part, real, _NO_RESTORE)
            contents = examine(part, backup, _NO_RESTORE)
            kept = _put_aside(real, address, now)
            put(part, real)
    finally:
        lock.release()
    return Restored(contents, kept)


def _put_aside(real: Path, address: Address, now: datetime) -> Path | None:
    """Gives the database a second name; what SQLite had beside it has only that one then."""
    if not _is_filled(real, address):
        return None
    _fold(real, address)
    helpers = [helper for helper in HELPERS if Path(f"{real}{helper}").exists()]
    aside = _free_name(real, now)
    for ending in ("", *helpers):
        _double(Path(f"{real}{ending}"), Path(f"{aside}{ending}"))
    sync_folder(real.parent)
    # A log that stayed would be taken for the new database's.
    for helper in helpers:
        Path(f"{real}{helper}").unlink(missing_ok=True)
    return aside


def _fold(real: Path, address: Address) -> None:
    """Takes what is in the write-ahead log into the file; a damaged one is left as it is."""
    try:
        with closing(connect(real)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.Error as error:
        if not is_damage(error):
            raise explain(error, address) from error


def _free_name(real: Path, now: datetime) -> Path:
    name = f"{real.name}.before-restore-{now:%Y%m%dT%H%M%SZ}"
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    paths = (real.with_name(one) for one in itertools.chain((name,), numbered))
    return next(path for path in paths if not path.exists())


def _double(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except PermissionError:  # some file systems have one name for a file only
        shutil.copy2(source, target)


def _is_filled(path: Path, address: Address) -> bool:
    try:
        return path.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise explain_os_error(error, address) from error


def _refuse_taken(path: Path, *, force: bool) -> None:
    _refuse_folder(path)
    if path.exists() and not force:
        raise StoreError(f"{path} is there already; name another file, or add --force.")


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file in it, for example {path}/backup.db.")


def _refuse_own_file(path: Path, database: Path) -> None:
    real = database.resolve()
    own = {Path(f"{real}{ending}") for ending in ("", ".lock", *HELPERS)}
    if path.resolve() in own or (path.exists() and real.exists() and path.samefile(real)):
        raise StoreError(f"{path} is the database itself; name another file for the backup.")
