"""Whether the bot may do in the request channel what it has to do there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import discord

from bot.checks.finding import Status
from bot.doctor.discord_login import SILENCE, TIMEOUT
from bot.doctor.line import Line

if TYPE_CHECKING:
    from bot.errors import Fact

# What the bot does in a channel, as Discord's own menus call it; invitations ask for the same.
NEEDED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
    "attach_files": "Attach Files",
}


async def check_channel(client: discord.Client, number: int | None) -> Line:
    """Ask Discord for the channel and the bot's rights there; nothing of it is kept here."""
    if number is None:
        return Line("channel", Status.INFO, "channel-unset")
    facts: dict[str, Fact] = {"number": str(number)}
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _look(client, number, facts)
    except discord.NotFound:
        return Line("channel", Status.FAIL, "channel-gone", facts)
    except discord.Forbidden:
        return Line("channel", Status.FAIL, "channel-hidden", facts)
    except SILENCE:
        return Line("channel", Status.UNKNOWN, "discord-failed", facts, silent=True)


async def _look(client: discord.Client, number: int, facts: dict[str, Fact]) -> Line:
    seen = await client.fetch_channel(number)
    if not isinstance(seen, discord.TextChannel):
        return Line("channel", Status.FAIL, "channel-kind", facts)
    # The server is asked for, too: what came with the channel does not know its roles.
    guild = await client.fetch_guild(seen.guild.id)
    channel = await guild.fetch_channel(number)
    me = await guild.fetch_member(client.user.id if client.user else 0)
    if not isinstance(channel, discord.TextChannel):
        return Line("channel", Status.FAIL, "channel-kind", facts)
    held = channel.permissions_for(me)
    missing = tuple(label for name, label in NEEDED.items() if not getattr(held, name))
    if missing:
        return Line("channel", Status.FAIL, "channel-rights", {**facts, "missing": missing})
    return Line("channel", Status.PASS, "channel-right", {**facts, "name": channel.name})
