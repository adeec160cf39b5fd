"""The buttons below a check card: they carry a stored check's number and survive a restart."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.interactions.persistent import PersistentItem

if TYPE_CHECKING:
    import re

    from bot.client import Client
    from bot.words import Words

TEMPLATE: Final = r"cowbell:(?P<action>again|why|records|zone|share):(?P<check>[0-9]{1,18})"


class CheckAction(StrEnum):
    """What a button does."""

    AGAIN = "again"
    WHY = "why"
    RECORDS = "records"
    ZONE = "zone"
    SHARE = "share"


class CheckButton(PersistentItem[discord.ui.Button[Any]], template=TEMPLATE):
    """One button of a check card, made anew from its custom_id whenever it is pressed."""

    def __init__(self, action: CheckAction, check_id: int, label: str | None) -> None:
        style = discord.ButtonStyle
        super().__init__(
            discord.ui.Button(
                style=style.primary if action is CheckAction.AGAIN else style.secondary,
                label=label,
                custom_id=f"cowbell:{action.value}:{check_id}",
            )
        )
        self.action = action
        self.check_id = check_id

    @classmethod
    def restore(cls, item: discord.ui.Button[Any], match: re.Match[str]) -> Self:
        """Return what was used."""
        return cls(CheckAction(match["action"]), int(match["check"]), item.label)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Do what the button says; whatever goes wrong is told to who pressed it."""
        # Imported late: cards hold these buttons, and pressing one makes a card.
        from bot.interactions.check_actions import handle_check_button  # noqa: PLC0415

        await handle_check_button(interaction, self.action, self.check_id)


def check_buttons(check_id: int, words: Words, *, shared: bool) -> list[discord.ui.Item[Any]]:
    """Return the buttons of a stored check's card; a card that is shared cannot be shared again."""
    return [
        CheckButton(action, check_id, words.label("buttons", action.value))
        for action in CheckAction
        if not (shared and action is CheckAction.SHARE)
    ]
