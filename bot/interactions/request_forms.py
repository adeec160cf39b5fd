"""The forms of the admin: why a request is denied, and the DKIM value pasted by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.errors import RequestError
from bot.interactions.error_manager import GuardedModal
from bot.interactions.permissions import admit_decider
from bot.interactions.request_answers import say_decision, say_refusal
from bot.records.dkim_key import DkimRecord
from bot.requests.model import LONGEST_REASON, State

if TYPE_CHECKING:
    from bot.interactions.bot import BotBase
    from bot.requests.model import Request
    from bot.words import Words

_LONGEST_VALUE = 4000  # what Discord lets be typed


class DenyForm(GuardedModal):
    """Asks for the reason, which the member reads."""

    def __init__(self, request_id: int, words: Words) -> None:
        super().__init__(f"{words.label('request_forms', 'deny')} #{request_id}")
        self._request_id = request_id
        self.reason: ui.TextInput[DenyForm] = ui.TextInput(
            custom_id="reason",
            style=discord.TextStyle.paragraph,
            max_length=LONGEST_REASON,
        )
        self.add_item(ui.Label(text=words.label("request_forms", "reason"), component=self.reason))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # the library's generics admit no own client
        """Deny the request, where nobody was faster."""
        requests = await admit_decider(interaction)
        if requests is None:
            return
        reason = " ".join(self.reason.value.split())
        await interaction.response.defer()
        try:
            decision = await requests.deny(self._request_id, interaction.user.id, reason)
        except RequestError as error:
            await say_refusal(interaction, error)
            return
        await say_decision(interaction, decision, on_card=True)


class PasteForm(GuardedModal):
    """Takes the DKIM value of a mail server that the bot may not write to."""

    def __init__(self, request: Request, selector: str, words: Words) -> None:
        super().__init__(f"{words.label('request_forms', 'paste')} #{request.id}")
        self._request_id = request.id
        self._again = request.state is State.FAILED
        self.value: ui.TextInput[PasteForm] = ui.TextInput(
            custom_id="value",
            style=discord.TextStyle.paragraph,
            placeholder="v=DKIM1; k=rsa; p=MIIB…",
            max_length=_LONGEST_VALUE,
        )
        self.selector: ui.TextInput[PasteForm] = ui.TextInput(
            custom_id="selector", default=selector, max_length=100
        )
        for key, item in (("value", self.value), ("selector", self.selector)):
            self.add_item(ui.Label(text=words.label("request_forms", key), component=item))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # as above
        """Approve the request with this key; what is no key is refused before anything is kept."""
        requests = await admit_decider(interaction)
        if requests is None:
            return
        value = DkimRecord.parse(self.value.value).text
        selector = self.selector.value.strip()
        await interaction.response.defer()
        who = (self._request_id, interaction.user.id)
        try:
            if self._again:
                decision = await requests.retry(*who, value=value, selector=selector)
            else:
                decision = await requests.approve(*who, value=value, selector=selector)
        except RequestError as error:
            await say_refusal(interaction, error)
            return
        await say_decision(interaction, decision, on_card=True)
