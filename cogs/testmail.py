"""`/testmail`: a real mail from a member, or to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import app_commands
from discord.ext import commands

from bot.cards.layout import build_notice
from bot.interactions.autocomplete import offer_domains
from bot.interactions.item_factory import MAIL_TEST_BUTTON, SENT_MAIL_BUTTON
from bot.interactions.mail_test_actions import begin_test, handle_mail_test_button
from bot.interactions.member_mail_actions import handle_sent_mail_button, send_to_member
from bot.interactions.replies import acknowledge, answer
from bot.names import Domain, MailAddress

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase


class MailTestCog(commands.Cog):
    """Test mails, in private answers."""

    @app_commands.command(
        name="testmail", description="Send a real mail and see whether others take it"
    )
    @app_commands.describe(
        domain="The domain to test, like friend.example",
        receive="Your mail address: I send one mail there instead",
    )
    async def start(
        self,
        interaction: discord.Interaction[BotBase],
        domain: str | None = None,
        receive: str | None = None,
    ) -> None:
        """Answer with an address for a test mail, or send one to the member."""
        await acknowledge(interaction)
        if domain is not None and receive is not None:
            notice = build_notice("testmail_one_of", {}, interaction.client.words)
            await answer(interaction, notice)
        elif receive is not None:
            await send_to_member(interaction, MailAddress.parse(receive))
        else:
            await begin_test(interaction, Domain.parse(domain).domain if domain else None)

    start.autocomplete("domain")(offer_domains)


async def setup(bot: BotBase) -> None:
    """Give the bot this command, and what the buttons of its cards do."""
    bot.clicks.add(MAIL_TEST_BUTTON, handle_mail_test_button)
    bot.clicks.add(SENT_MAIL_BUTTON, handle_sent_mail_button)
    await bot.add_cog(MailTestCog())
