"""`/help`: what the bot can do, made from the commands that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.cards.help_card import CommandLine, build_help_card
from bot.interactions.permissions import is_admin
from bot.interactions.replies import acknowledge, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import discord

    from bot.interactions.bot import BotBase


class HelpCog(commands.Cog):
    """The list of commands."""

    def __init__(self, client: BotBase) -> None:
        self._client = client

    @app_commands.command(name="help", description="What this bot can do for you")
    async def help(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with the commands in their groups; each can be clicked."""
        await acknowledge(interaction)
        shown = self._list_commands(for_admin=is_admin(interaction, self._client.settings))
        card = build_help_card(shown, self._client.member_service.server, self._client.words)
        await answer(interaction, card)

    def _list_commands(self, *, for_admin: bool) -> Iterator[CommandLine]:
        for command in self._client.tree.walk_commands():
            root = command.root_parent or command
            is_for_admins = root.default_permissions is not None
            if is_for_admins and not for_admin:
                continue
            if isinstance(command, app_commands.Command):  # a group by itself cannot be called
                name = command.qualified_name
                mention = self._client.mention(name)
                yield CommandLine(name, mention, command.description, for_admins=is_for_admins)


async def setup(bot: BotBase) -> None:
    """Give the bot this command."""
    await bot.add_cog(HelpCog(bot))
