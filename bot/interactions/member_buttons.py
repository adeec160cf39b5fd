"""The members' buttons: ask for what a check suggests, withdraw, go on to DMARC."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.interactions.persistent import PersistentItem
from bot.requests.model import RequestKind, State, can_go

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from bot.client import Client
    from bot.requests.model import Request
    from bot.words import Words

_KINDS: Final = "|".join(RequestKind)
ASK: Final = rf"cowbell:ask:(?P<kind>{_KINDS}):(?P<check>[0-9]{{1,18}})"
OWN: Final = r"cowbell:req:(?P<action>withdraw|dmarc):(?P<request>[0-9]{1,18})"


class OwnAction(StrEnum):
    """What a member can do with a request of their own."""

    WITHDRAW = "withdraw"
    DMARC = "dmarc"  # ask for DMARC, after DKIM has become live


class AskButton(PersistentItem[discord.ui.Button[Any]], template=ASK):
    """Asks for what fits a stored check, below the check's card."""

    def __init__(self, kind: RequestKind, check_id: int, label: str | None) -> None:
        super().__init__(
            discord.ui.Button(
                style=discord.ButtonStyle.success,
                label=label,
                custom_id=f"cowbell:ask:{kind.value}:{check_id}",
            )
        )
        self.kind = kind
        self.check_id = check_id

    @classmethod
    def restore(cls, item: discord.ui.Button[Any], match: re.Match[str]) -> Self:
        """Return what was used."""
        return cls(RequestKind(match["kind"]), int(match["check"]), item.label)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Ask; whatever goes wrong is told to who pressed it."""
        # Imported late: cards hold these buttons, and pressing one makes a card.
        from bot.interactions.member_actions import handle_ask_button  # noqa: PLC0415

        await handle_ask_button(interaction, self.kind, self.check_id)


class OwnButton(PersistentItem[discord.ui.Button[Any]], template=OWN):
    """Does something with a request, for the member whose it is."""

    def __init__(self, action: OwnAction, request_id: int, label: str | None) -> None:
        style = discord.ButtonStyle
        super().__init__(
            discord.ui.Button(
                style=style.secondary if action is OwnAction.WITHDRAW else style.success,
                label=label,
                custom_id=f"cowbell:req:{action.value}:{request_id}",
            )
        )
        self.action = action
        self.request_id = request_id

    @classmethod
    def restore(cls, item: discord.ui.Button[Any], match: re.Match[str]) -> Self:
        """Return what was used."""
        return cls(OwnAction(match["action"]), int(match["request"]), item.label)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Do what the button says; whatever goes wrong is told to who pressed it."""
        from bot.interactions.member_actions import handle_own_request_button  # noqa: PLC0415 - as above

        await handle_own_request_button(interaction, self.action, self.request_id)


def ask_button(kind: RequestKind, check_id: int, words: Words) -> discord.ui.Item[Any]:
    """Return the button that asks for something, below a check's card."""
    return AskButton(kind, check_id, words.label("asking", kind.value))


def withdraw_buttons(requests: Iterable[Request], words: Words) -> list[discord.ui.Item[Any]]:
    """Return a button for each of these requests that can be withdrawn."""
    word = words.label("asking", "withdraw")
    return [
        OwnButton(OwnAction.WITHDRAW, request.id, f"{word} #{request.id}")
        for request in requests
        if can_go(request.state, State.WITHDRAWN)
    ]


def dmarc_button(request: Request, words: Words) -> discord.ui.Item[Any]:
    """Return the button that asks for DMARC for the domain of a request."""
    return OwnButton(OwnAction.DMARC, request.id, words.label("asking", RequestKind.DMARC.value))
