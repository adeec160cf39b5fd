"""`backup` and `restore`: the database as a file of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.app.shared_parts import utc_now
from bot.config.loading import load_settings
from bot.console.backup_page import show_backup, show_restored
from bot.console.exits import OK, WRONG_USAGE, complain
from bot.console_commands.loaded import end_loading
from bot.store.backup.backup import back_up, restore
from bot.store.backup.server_tools import find_server_tools, find_users
from bot.words import Words

if TYPE_CHECKING:
    from pathlib import Path

    from bot.errors import Fact


_NAMED = 5  # processes in one sentence


def make_backup(path: Path, *, force: bool) -> int:
    """Copy the database to a file, and print what is in it; return the exit code.

    Where a server keeps the database, print what to call instead.
    """
    config = load_settings()
    words = Words(own=config.templates_dir)
    end_loading()
    tools = find_server_tools(config.database_url, path)
    if tools is not None:
        complain(words.sentence("console/backup_by_server", {"place": tools.place}), tools.back_up)
        return WRONG_USAGE
    contents = back_up(config.database_url, path, force=force)
    show_backup(path, contents, words)
    return OK


def put_back(path: Path) -> int:
    """Put a backup in the place of the database, and print what was done; return the exit code.

    Where a server keeps the database, print what to call instead, if no bot uses it.
    """
    config = load_settings()
    words = Words(own=config.templates_dir)
    end_loading()
    tools = find_server_tools(config.database_url, path)
    if tools is not None:
        users = asyncio.run(find_users(config.database_url, utc_now))
        if users:
            facts: dict[str, Fact] = {"place": tools.place, "users": users[:_NAMED]}
            facts["more"] = max(0, len(users) - _NAMED)
            complain(words.sentence("console/restore_in_use", facts))
        else:
            complain(
                words.sentence("console/restore_by_server", {"place": tools.place}), tools.restore
            )
        return WRONG_USAGE
    restored = restore(config.database_url, path, datetime.now(UTC))
    show_restored(path, restored, words)
    return OK
