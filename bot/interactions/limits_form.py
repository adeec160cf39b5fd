"""The form in which an admin sets what a new mail domain may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from discord import ui

from bot.cards.layout import build_notice
from bot.errors import RequestError
from bot.interactions.clicks import Click
from bot.interactions.control_looks import recall_control
from bot.interactions.error_manager import GuardedModal
from bot.interactions.form_fields import read_fields
from bot.interactions.replies import acknowledge_click, answer, whisper
from bot.interactions.request_answers import admit_to_request, say_decision, say_refusal
from bot.interactions.request_looks import find_bar, look_again
from bot.requests.limits import parse_limits
from bot.requests.model import State

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.requests.model import Request
    from bot.words import Words

# The fields of `DomainLimits`; a form in Discord has five at most.
_FIELDS = ("mailboxes", "aliases", "domain_quota", "usual_quota", "mailbox_quota")
_LONGEST = 10  # characters of a number

LIMITS_FORM: Final = r"cowbell:form:limits:(?P<request>[0-9]{1,18})(?P<risk>:risk)?"


class LimitsForm(GuardedModal):
    """Takes limits for a domain to be added; what is left empty is as the mail server has it."""

    def __init__(self, request: Request, words: Words, *, accepts_risk: bool = False) -> None:
        title = f"{words.label('request_forms', 'limits')} #{request.id}"
        risk = {"risk": ":risk"} if accepts_risk else {}
        super().__init__(title, f"cowbell:form:limits:{request.id}{risk.get('risk', '')}")
        self._click = Click({"request": str(request.id), **risk})
        for name in _FIELDS:
            typed = ui.TextInput[LimitsForm](custom_id=name, required=False, max_length=_LONGEST)
            self.add_item(ui.Label(text=words.label("limit_fields", name), component=typed))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # the library's generics admit no own client
        """Approve the request with these limits."""
        await handle_limits_form(interaction, self._click)


async def handle_limits_form(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Approve a request with the limits that an admin typed, or try it again with them."""
    await acknowledge_click(interaction)
    admitted = await admit_to_request(interaction, click)
    if admitted is None:
        return
    (requests, request), fields = admitted, read_fields(interaction)
    if not set(_FIELDS) <= fields.keys():  # a button under the form's custom_id
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    again = request.state is State.FAILED  # then the form was opened on the card itself
    if not again:
        look = await look_again(interaction, requests, request)
        if (bar := find_bar(interaction.client, request, look)) is not None:
            await answer(interaction, bar)
            return
    try:
        limits = parse_limits({name: fields[name] for name in _FIELDS})
        if again:
            decision = await requests.retry(request.id, interaction.user.id, limits=limits)
        else:
            control = await recall_control(interaction.client, request)
            decision = await requests.approve(
                request.id,
                interaction.user.id,
                limits=limits,
                control_shown=control.is_enough,
                accepts_risk="risk" in click.parts,
            )
    except RequestError as error:
        await say_refusal(interaction, error)
        return
    await say_decision(interaction, decision, on_card=again)
