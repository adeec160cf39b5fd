"""`invite`: the link that lets the bot into a Discord server."""

from __future__ import annotations

import asyncio

from bot.app.console_root import invite
from bot.config.loading import load_settings
from bot.console.invitation_page import show_invitation
from bot.console_commands.loaded import end_loading
from bot.words import Words


def print_invitation() -> None:
    """Print the link."""
    config = load_settings()
    end_loading()
    show_invitation(asyncio.run(invite(config)), Words(own=config.templates_dir))
