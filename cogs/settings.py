"""`/mailsettings`: what to type into a mail client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.interactions.item_factory import (
    APP_SELECT,
    PROFILE_BUTTON,
    QR_BUTTON,
    SETTINGS_BUTTON,
)
from bot.interactions.profile_form import PROFILE_FORM
from bot.interactions.replies import acknowledge
from bot.interactions.settings_actions import (
    answer_with_settings,
    handle_app_select,
    handle_profile_button,
    handle_profile_form,
    handle_qr_button,
    handle_settings_button,
)
from bot.names import MailAddress
from bot.records.mail_apps import load_apps

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase


class SettingsCog(commands.Cog):
    """The settings of a mail client, with the user name filled in."""

    @app_commands.command(
        name="mailsettings", description="What to type into your mail app, and where the webmail is"
    )
    @app_commands.describe(address="Your mail address, to fill in the user name")
    async def mailsettings(
        self, interaction: discord.Interaction[BotBase], address: str | None = None
    ) -> None:
        """Answer with the settings card, which says if the mail server does not have the domain."""
        await acknowledge(interaction)
        who = None if address is None else MailAddress.parse(address)
        await answer_with_settings(interaction, who)


async def setup(bot: BotBase) -> None:
    """Give the bot this command, and what the menu and the buttons of its card do."""
    load_apps()  # reading them takes a moment, which no member should wait for
    bot.clicks.add(APP_SELECT, handle_app_select)
    bot.clicks.add(SETTINGS_BUTTON, handle_settings_button)
    bot.clicks.add(PROFILE_BUTTON, handle_profile_button)
    bot.clicks.add(PROFILE_FORM, handle_profile_form)
    bot.clicks.add(QR_BUTTON, handle_qr_button)
    await bot.add_cog(SettingsCog())
