"""`work`: a process beside the bot, which looks and works and does not connect to Discord."""

from __future__ import annotations

import asyncio

from bot.app.console_root import work as run_worker
from bot.config.loading import load_settings
from bot.console.exits import FAILED, OK, complain
from bot.console_commands.loaded import end_loading
from bot.errors import StoreError


def work() -> int:
    """Look at domains and carry out requests, and return the exit code when told to stop."""
    settings = load_settings()
    end_loading()
    try:
        asyncio.run(run_worker(settings))
    except StoreError as error:
        # It may pass by itself: a service manager tries again, as it must not after WRONG_USAGE.
        complain(error)
        return FAILED
    return OK
