"""The form in which an admin sets what a new mail domain may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import ui

from bot.errors import RequestError
from bot.interactions.error_manager import GuardedModal
from bot.interactions.permissions import admit_decider
from bot.interactions.request_answers import say_decision, say_refusal
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


class LimitsForm(GuardedModal):
    """Takes limits for a domain to be added; what is left empty is as the mail server has it."""

    def __init__(self, request: Request, words: Words) -> None:
        super().__init__(f"{words.label('request_forms', 'limits')} #{request.id}")
        self._request_id = request.id
        self._again = request.state is State.FAILED  # there the button is on the card itself
        self._typed: dict[str, ui.TextInput[LimitsForm]] = {}
        for name in _FIELDS:
            typed = ui.TextInput[LimitsForm](custom_id=name, required=False, max_length=_LONGEST)
            self._typed[name] = typed
            self.add_item(ui.Label(text=words.label("limit_fields", name), component=typed))

    async def on_submit(self, interaction: discord.Interaction[BotBase]) -> None:  # type: ignore[override]  # the library's generics admit no own client
        """Approve the request with these limits."""
        requests = await admit_decider(interaction)
        if requests is None:
            return
        await interaction.response.defer()
        decide = requests.retry if self._again else requests.approve
        try:
            limits = parse_limits({name: typed.value for name, typed in self._typed.items()})
            decision = await decide(self._request_id, interaction.user.id, limits=limits)
        except RequestError as error:
            await say_refusal(interaction, error)
            return
        await say_decision(interaction, decision, on_card=self._again)
