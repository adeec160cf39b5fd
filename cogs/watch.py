"""`/watch`: have the bot look at one's domains by itself, and tell what breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.interactions.autocomplete import offer_domains, offer_watched_domains
from bot.interactions.item_factory import (
    AWAIT_BUTTON,
    AWAIT_SELECT,
    CANCEL_BUTTON,
    WATCH_BUTTON,
)
from bot.interactions.replies import acknowledge
from bot.interactions.watch_actions import (
    add_watch,
    handle_await_button,
    handle_await_select,
    handle_cancel_button,
    handle_watch_button,
    list_watch,
    pause_watch,
    remove_watch,
)
from bot.names import Domain
from bot.services.watching import LONGEST_PAUSE, USUAL_PAUSE

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase

_DOMAIN = "Your mail domain, like friend.example"
_Days = app_commands.Range[int, 0, LONGEST_PAUSE]


class WatchCog(
    commands.GroupCog,
    group_name="watch",
    group_description="Have me look at your domain by myself, and tell you what breaks",
):
    """What a member is told of by itself; answers are private."""

    @app_commands.command(name="add", description="Tell me when my domain breaks")
    @app_commands.describe(domain=_DOMAIN)
    async def add(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Have a domain of the member's watched."""
        await acknowledge(interaction)
        await add_watch(interaction, Domain.parse(domain).domain)

    @app_commands.command(name="remove", description="Tell me about a domain no more")
    @app_commands.describe(domain=_DOMAIN)
    async def remove(self, interaction: discord.Interaction[BotBase], domain: str) -> None:
        """Take a domain of the member's out."""
        await acknowledge(interaction)
        await remove_watch(interaction, Domain.parse(domain).domain)

    @app_commands.command(name="list", description="What I am told of, and what I wait for")
    async def list(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with all that the member has watched and waits for."""
        await acknowledge(interaction)
        await list_watch(interaction)

    @app_commands.command(name="pause", description="Tell me nothing about a domain for some days")
    @app_commands.describe(domain=_DOMAIN, days="For how many days; 0 takes it up again")
    async def pause(
        self, interaction: discord.Interaction[BotBase], domain: str, days: _Days = USUAL_PAUSE
    ) -> None:
        """Have nothing told about a domain of the member's for a while."""
        await acknowledge(interaction)
        await pause_watch(interaction, Domain.parse(domain).domain, days)

    add.autocomplete("domain")(offer_domains)
    remove.autocomplete("domain")(offer_watched_domains)
    pause.autocomplete("domain")(offer_watched_domains)


async def setup(bot: BotBase) -> None:
    """Give the bot these commands, and what the buttons and choices of cards do."""
    bot.clicks.add(AWAIT_BUTTON, handle_await_button)
    bot.clicks.add(AWAIT_SELECT, handle_await_select)
    bot.clicks.add(CANCEL_BUTTON, handle_cancel_button)
    bot.clicks.add(WATCH_BUTTON, handle_watch_button)
    await bot.add_cog(WatchCog())
