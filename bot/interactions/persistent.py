"""What all buttons and choices that survive a restart share: made anew from their custom_id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import discord

from bot.interactions.error_manager import guard

if TYPE_CHECKING:
    import re

    from bot.client import Client

NEVER: Final = r"(?!)"  # the template of what is no component itself
_Part = TypeVar("_Part", bound="discord.ui.Button[Any] | discord.ui.Select[Any]")


class PersistentItem(discord.ui.DynamicItem[_Part], template=NEVER):
    """A component whose custom_id holds all that it needs.

    A subclass gives its `template`, reads itself in `restore`, and does its work in `act`. Errors
    in the library's own two methods would reach nobody, so they do nothing else.
    """

    @classmethod
    def restore(cls, item: _Part, match: re.Match[str]) -> Self:
        """Return the component that was used; only reads, as errors in here reach nobody."""
        raise NotImplementedError

    async def act(self, interaction: discord.Interaction[Client]) -> None:
        """Do what the component is for; whatever goes wrong is told to who used it."""
        raise NotImplementedError

    @classmethod
    async def from_custom_id(  # type: ignore[override]  # the library's generics admit no own client
        cls,
        interaction: discord.Interaction[Client],  # noqa: ARG003 - part of the library's interface
        item: _Part,
        match: re.Match[str],
        /,
    ) -> Self:
        """Return the component that was used."""
        return cls.restore(item, match)

    async def callback(self, interaction: discord.Interaction[Client]) -> None:  # type: ignore[override]  # as above
        """Act, guarded."""
        await guard(interaction, self.act)
