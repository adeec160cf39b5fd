"""The buttons below what is stored about a member: they carry whose they are."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.interactions.persistent import PersistentItem

if TYPE_CHECKING:
    import re

    from bot.client import Client
    from bot.words import Words

TEMPLATE: Final = (
    r"cowbell:privacy:(?P<action>ask|keep|delete):(?P<member>[0-9]{1,20}):(?P<newest>[0-9]{1,18})"
)


class PrivacyAction(StrEnum):
    """What a button does."""

    ASK = "ask"  # shows what a deletion would do
    KEEP = "keep"  # goes back
    DELETE = "delete"


class PrivacyButton(PersistentItem[discord.ui.Button[Any]], template=TEMPLATE):
    """Does something with what is stored about `member_id`, for that member alone.

    `newest` is the number of their latest open request that the card told of.
    """

    def __init__(
        self, action: PrivacyAction, member_id: int, newest: int, label: str | None
    ) -> None:
        style = discord.ButtonStyle
        super().__init__(
            discord.ui.Button(
                style=style.secondary if action is PrivacyAction.KEEP else style.danger,
                label=label,
                custom_id=f"cowbell:privacy:{action.value}:{member_id}:{newest}",
            )
        )
        self.action = action
        self.member_id = member_id
        self.newest = newest

    @classmethod
    def restore(cls, item: discord.ui.Button[Any], match: re.Match[str]) -> Self:
        """Return what was used."""
        action = PrivacyAction(match["action"])
        return cls(action, int(match["member"]), int(match["newest"]), item.label)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Do what the button says; whatever goes wrong is told to who pressed it."""
        # Imported late: cards hold these buttons, and pressing one makes a card.
        from bot.interactions.privacy_actions import handle_privacy_button  # noqa: PLC0415

        await handle_privacy_button(interaction, self.action, self.member_id, self.newest)


def privacy_button(
    action: PrivacyAction, member_id: int, newest: int, words: Words
) -> discord.ui.Item[Any]:
    """Return one of the buttons."""
    return PrivacyButton(action, member_id, newest, words.label("privacy", action.value))
