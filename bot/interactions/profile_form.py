"""The form that asks for whom an Apple profile is, where the card does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from discord import ui

from bot.interactions.clicks import Click
from bot.interactions.error_manager import GuardedModal

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Handler
    from bot.words import Words

PROFILE_FORM: Final = "cowbell:form:profile"
_LONGEST_ADDRESS = 254  # octets (RFC 5321 section 4.5.3.1.3)


class ProfileForm(GuardedModal):
    """Takes a whole mail address, which a profile needs."""

    def __init__(self, words: Words, handle: Handler) -> None:
        super().__init__(words.label("buttons", "profile"), PROFILE_FORM)
        self._handle = handle
        address: ui.TextInput[ProfileForm] = ui.TextInput(
            custom_id="address", placeholder="you@friend.example", max_length=_LONGEST_ADDRESS
        )
        self.add_item(ui.Label(text=words.label("cards", "profile_address"), component=address))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # the library's generics admit no own client
        """Send the profile of the address; what is none is refused."""
        await self._handle(interaction, Click({}))
