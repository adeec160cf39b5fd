"""The button below the card of the mail server itself; it survives a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.interactions.persistent import PersistentItem

if TYPE_CHECKING:
    import re

    from bot.client import Client
    from bot.words import Words

SERVER_ID: Final = "cowbell:server:again"


class ServerButton(PersistentItem[discord.ui.Button[Any]], template=SERVER_ID):
    """An admin's wish to have the mail server looked at again."""

    def __init__(self, label: str | None) -> None:
        super().__init__(
            discord.ui.Button(style=discord.ButtonStyle.primary, label=label, custom_id=SERVER_ID)
        )

    @classmethod
    def restore(cls, item: discord.ui.Button[Any], match: re.Match[str]) -> Self:  # noqa: ARG003 - all are the same
        """Return what was used."""
        return cls(item.label)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Look at the server again; whatever goes wrong is told to who pressed it."""
        # Imported late: the card holds this button, and pressing it makes a card.
        from bot.interactions.server_actions import look_again  # noqa: PLC0415

        await look_again(interaction)


def server_button(words: Words) -> discord.ui.Item[Any]:
    """Return the button that has the mail server looked at again."""
    return ServerButton(words.label("buttons", "again"))
