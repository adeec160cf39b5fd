"""The form of a rotation by hand: the record of the key that an admin made on the mail server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord
from discord import ui

from bot.cards.layout import build_notice
from bot.errors import CodedError
from bot.interactions.clicks import Click
from bot.interactions.error_manager import GuardedModal
from bot.interactions.form_fields import read_fields
from bot.interactions.replies import acknowledge_click, whisper
from bot.interactions.request_answers import say_refusal
from bot.interactions.rotation_answers import admin_of, admit_to_rotation, show_rotation_card

if TYPE_CHECKING:
    from bot.interactions.bot import BotBase
    from bot.words import Words

_LONGEST_VALUE = 4000  # what Discord lets be typed

ROTATION_FORM: Final = r"cowbell:form:rotation:(?P<rotation>[0-9]{1,18})"


class NewRecordForm(GuardedModal):
    """Takes the value of the new DKIM record."""

    def __init__(self, rotation_id: int, words: Words) -> None:
        title = words.label("rotation_forms", "paste")
        super().__init__(title, f"cowbell:form:rotation:{rotation_id}")
        self._click = Click({"rotation": str(rotation_id)})
        value: ui.TextInput[NewRecordForm] = ui.TextInput(
            custom_id="value",
            style=discord.TextStyle.paragraph,
            placeholder="v=DKIM1; k=rsa; p=MIIB…",
            max_length=_LONGEST_VALUE,
        )
        self.add_item(ui.Label(text=words.label("rotation_forms", "value"), component=value))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # the library's generics admit no own client
        """Take the record; what is no key is refused before anything is kept."""
        await handle_rotation_form(interaction, self._click)


async def handle_rotation_form(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Take the record of the new key that an admin pasted, and have it published."""
    await acknowledge_click(interaction)
    admitted = await admit_to_rotation(interaction, click)
    if admitted is None:
        return
    (rotations, rotation), value = admitted, read_fields(interaction).get("value")
    if value is None:  # a button under the form's custom_id
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    try:
        rotation = await rotations.paste(rotation.id, admin_of(interaction), value)
    except CodedError as error:
        await say_refusal(interaction, error)
        return
    await show_rotation_card(interaction, rotation)
