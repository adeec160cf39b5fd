"""The forms of the admin: why a request is denied, and the DKIM value pasted by hand.

What is sent is handled by the form's custom_id and the fields alone, so that a form which was open
while the bot was restarted counts as any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord
from discord import ui

from bot.cards.layout import build_notice
from bot.errors import RequestError
from bot.interactions.clicks import Click
from bot.interactions.error_manager import GuardedModal
from bot.interactions.form_fields import read_fields
from bot.interactions.permissions import admit_decider
from bot.interactions.replies import acknowledge_click, whisper
from bot.interactions.request_answers import admit_to_request, say_decision, say_refusal
from bot.interactions.request_looks import find_bar, look_again
from bot.records.dkim_key import DkimRecord
from bot.requests.model import LONGEST_REASON, State

if TYPE_CHECKING:
    from bot.interactions.bot import BotBase
    from bot.requests.model import Request
    from bot.words import Words

_LONGEST_VALUE = 4000  # what Discord lets be typed

DENY_FORM: Final = r"cowbell:form:deny:(?P<request>[0-9]{1,18})"
PASTE_FORM: Final = r"cowbell:form:paste:(?P<request>[0-9]{1,18})"


class DenyForm(GuardedModal):
    """Asks for the reason, which the member reads."""

    def __init__(self, request_id: int, words: Words) -> None:
        title = f"{words.label('request_forms', 'deny')} #{request_id}"
        super().__init__(title, f"cowbell:form:deny:{request_id}")
        self._click = Click({"request": str(request_id)})
        reason: ui.TextInput[DenyForm] = ui.TextInput(
            custom_id="reason", style=discord.TextStyle.paragraph, max_length=LONGEST_REASON
        )
        self.add_item(ui.Label(text=words.label("request_forms", "reason"), component=reason))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # the library's generics admit no own client
        """Deny the request, where nobody was faster."""
        await handle_deny_form(interaction, self._click)


class PasteForm(GuardedModal):
    """Takes the DKIM value of a mail server that the bot may not write to."""

    def __init__(self, request: Request, selector: str, words: Words) -> None:
        title = f"{words.label('request_forms', 'paste')} #{request.id}"
        super().__init__(title, f"cowbell:form:paste:{request.id}")
        self._click = Click({"request": str(request.id)})
        value: ui.TextInput[PasteForm] = ui.TextInput(
            custom_id="value",
            style=discord.TextStyle.paragraph,
            placeholder="v=DKIM1; k=rsa; p=MIIB…",
            max_length=_LONGEST_VALUE,
        )
        chosen: ui.TextInput[PasteForm] = ui.TextInput(
            custom_id="selector", default=selector, max_length=100
        )
        for key, item in (("value", value), ("selector", chosen)):
            self.add_item(ui.Label(text=words.label("request_forms", key), component=item))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # as above
        """Approve the request with this key; what is no key is refused before anything is kept."""
        await handle_paste_form(interaction, self._click)


async def handle_deny_form(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Deny a request for the reason that an admin wrote, where nobody was faster."""
    await acknowledge_click(interaction)
    requests = await admit_decider(interaction)
    if requests is None:
        return
    request_id, written = click.number("request"), read_fields(interaction).get("reason")
    if written is None:  # a button under the form's custom_id
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    try:
        reason = " ".join(written.split())
        decision = await requests.deny(request_id, interaction.user.id, reason)
    except RequestError as error:
        await say_refusal(interaction, error)
        return
    await say_decision(interaction, decision, on_card=True)


async def handle_paste_form(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Approve a request with the DKIM key that an admin pasted, or try it again with that."""
    await acknowledge_click(interaction)
    admitted = await admit_to_request(interaction, click)
    if admitted is None:
        return
    (requests, request), fields = admitted, read_fields(interaction)
    if not {"value", "selector"} <= fields.keys():  # as above
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    value, selector = DkimRecord.parse(fields["value"]).text, fields["selector"].strip()
    look = await look_again(interaction, requests, request)
    if (bar := find_bar(interaction.client, request, look)) is not None:
        await whisper(interaction, bar)
        return
    decide = requests.retry if request.state is State.FAILED else requests.approve
    try:
        decision = await decide(request.id, interaction.user.id, value=value, selector=selector)
    except RequestError as error:
        await say_refusal(interaction, error)
        return
    await say_decision(interaction, decision, on_card=True)
