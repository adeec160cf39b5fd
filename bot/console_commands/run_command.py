"""`run`: the bot itself."""

from __future__ import annotations

import asyncio

from bot.app.console_root import run as run_bot
from bot.config.loading import load_settings
from bot.console.exits import FAILED, OK, complain
from bot.console_commands.loaded import end_loading
from bot.errors import DiscordUnreachable, StoreError


def run() -> int:
    """Connect to Discord, and return the exit code when the bot was told to stop."""
    settings = load_settings()
    end_loading()
    try:
        asyncio.run(run_bot(settings))
    except (DiscordUnreachable, StoreError) as error:
        # It may pass by itself: a service manager tries again, as it must not after WRONG_USAGE.
        complain(error)
        return FAILED
    return OK
