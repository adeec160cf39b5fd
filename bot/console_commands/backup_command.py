"""`backup` and `restore`: the database as a file of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.config.loading import load_settings
from bot.console.backup_page import show_backup, show_restored
from bot.console_commands.loaded import end_loading
from bot.store.backup.backup import back_up, restore
from bot.words import Words

if TYPE_CHECKING:
    from pathlib import Path


def make_backup(path: Path, *, force: bool) -> None:
    """Copy the database to a file, and print what is in it."""
    config = load_settings()
    end_loading()
    contents = back_up(config.database_url, path, force=force)
    show_backup(path, contents, Words(own=config.templates_dir))


def put_back(path: Path) -> None:
    """Put a backup in the place of the database, and print what was done."""
    config = load_settings()
    end_loading()
    restored = restore(config.database_url, path, datetime.now(UTC))
    show_restored(path, restored, Words(own=config.templates_dir))
