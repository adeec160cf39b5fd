"""The admin's buttons of a request: they carry its number and survive a restart."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

import discord

from bot.interactions.persistent import PersistentItem
from bot.requests.kinds import KINDS, Asks
from bot.requests.model import State

if TYPE_CHECKING:
    import re

    from bot.client import Client
    from bot.requests.model import Request
    from bot.words import Words

# Ids of rows are at most 2^63-1; eighteen digits stay below.
BUTTON_TEMPLATE: Final = (
    r"cowbell:req:(?P<action>approve|deny|check|done|retry|paste|add|byhand)"
    r":(?P<request>[0-9]{1,18})"
)
STAGE_TEMPLATE: Final = r"cowbell:req:stage:(?P<request>[0-9]{1,18})"
UNLOCK_ID: Final = "cowbell:mailcow:unlock"  # as cards in Discord have it


class RequestAction(StrEnum):
    """What a button does."""

    APPROVE = "approve"
    DENY = "deny"
    CHECK = "check"
    DONE = "done"  # the admin did by hand what was asked
    RETRY = "retry"
    PASTE = "paste"  # a DKIM key in place of the one that could not be made
    ADD = "add"  # have the domain added to the mail server, after its limits were shown
    BYHAND = "byhand"  # approve, and add the domain there oneself


_STYLES = {
    RequestAction.APPROVE: discord.ButtonStyle.success,
    RequestAction.ADD: discord.ButtonStyle.success,
    RequestAction.DONE: discord.ButtonStyle.success,
    RequestAction.DENY: discord.ButtonStyle.danger,
    RequestAction.RETRY: discord.ButtonStyle.primary,
}


class RequestButton(PersistentItem[discord.ui.Button[Any]], template=BUTTON_TEMPLATE):
    """One button of a request's card, made anew from its custom_id whenever it is pressed."""

    def __init__(self, action: RequestAction, request_id: int, label: str | None) -> None:
        super().__init__(
            discord.ui.Button(
                style=_STYLES.get(action, discord.ButtonStyle.secondary),
                label=label,
                custom_id=f"cowbell:req:{action.value}:{request_id}",
            )
        )
        self.action = action
        self.request_id = request_id

    @classmethod
    def restore(cls, item: discord.ui.Button[Any], match: re.Match[str]) -> Self:
        """Return what was used."""
        return cls(RequestAction(match["action"]), int(match["request"]), item.label)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Do what the button says; whatever goes wrong is told to who pressed it."""
        # Imported late: cards hold these buttons, and pressing one makes a card.
        from bot.interactions.request_actions import handle_request_button  # noqa: PLC0415

        await handle_request_button(interaction, self.action, self.request_id)


class StageSelect(PersistentItem[discord.ui.Select[Any]], template=STAGE_TEMPLATE):
    """The choice of the DMARC policy that is approved; what it may be is asked again then."""

    def __init__(self, request_id: int, options: list[discord.SelectOption]) -> None:
        super().__init__(
            discord.ui.Select(custom_id=f"cowbell:req:stage:{request_id}", options=options)
        )
        self.request_id = request_id

    @classmethod
    def restore(cls, item: discord.ui.Select[Any], match: re.Match[str]) -> Self:
        """Return what was used."""
        # A forged id can come with any component.
        options = getattr(item, "options", [])
        return cls(int(match["request"]), options)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Approve the stage; whatever goes wrong is told to who chose."""
        from bot.interactions.request_actions import choose_stage  # noqa: PLC0415 - as above

        await choose_stage(interaction, self.request_id, self.item.values)


class UnlockButton(PersistentItem[discord.ui.Button[Any]], template=UNLOCK_ID):
    """An admin's word that the mail server may be called again after it refused a key."""

    def __init__(self, label: str | None) -> None:
        super().__init__(
            discord.ui.Button(style=discord.ButtonStyle.primary, label=label, custom_id=UNLOCK_ID)
        )

    @classmethod
    def restore(cls, item: discord.ui.Button[Any], match: re.Match[str]) -> Self:  # noqa: ARG003 - all are the same
        """Return what was used."""
        return cls(item.label)

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Call it again; whatever goes wrong is told to who pressed it."""
        from bot.interactions.request_actions import unlock_backend  # noqa: PLC0415 - as above

        await unlock_backend(interaction)


def unlock_button(words: Words) -> discord.ui.Item[Any]:
    """Return the button that has the mail server called again."""
    return UnlockButton(words.label("request_buttons", "unlock"))


def buttons_for(request: Request, words: Words) -> list[discord.ui.Item[Any]]:
    """Return the buttons of a request's card: what an admin can do in its state."""
    action = RequestAction
    match request.state:
        case State.PENDING:
            actions = [action.APPROVE, action.DENY, action.CHECK]
        case State.FAILED:
            other = {Asks.KEY: [action.PASTE], Asks.LIMITS: [action.BYHAND]}
            by_hand = other.get(KINDS[request.kind].asks, ())
            actions = [action.RETRY, *by_hand, action.DENY, action.CHECK]
        case State.WAITING if KINDS[request.kind].is_finished_by_admin:
            actions = [action.DONE, action.CHECK]
        case State.WAITING:
            actions = [action.CHECK]
        case _:
            actions = []
    return [request_button(one, request.id, words) for one in actions]


def request_button(action: RequestAction, request_id: int, words: Words) -> discord.ui.Item[Any]:
    """Return one button with its label."""
    return RequestButton(action, request_id, words.label("request_buttons", action.value))


def stage_select(request_id: int, stages: tuple[str, ...], words: Words) -> discord.ui.Item[Any]:
    """Return the choice between the stages that may be approved."""
    options = [
        discord.SelectOption(value=stage, label=words.label("stages", stage)) for stage in stages
    ]
    return StageSelect(request_id, options)
