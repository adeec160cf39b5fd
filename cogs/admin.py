"""`/mailadmin`: the admin's own commands; each asks for the right to it itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from discord import app_commands
from discord.ext import commands

from bot.cards.audit_card import build_audit_card, build_latest_card, build_queue_card
from bot.errors import BackendError, RequestError
from bot.interactions.admin_actions import (
    handle_server_button,
    handle_unlock_button,
    show_server,
    show_setup,
)
from bot.interactions.autocomplete import offer_all_watched
from bot.interactions.dmarc_approval import handle_stage_select, handle_untested_button
from bot.interactions.item_factory import (
    BEGIN_DUE_BUTTON,
    OVERVIEW_BUTTON,
    REQUEST_BUTTON,
    ROTATION_BUTTON,
    SERVER_BUTTON,
    STAGE_SELECT,
    UNLOCK_BUTTON,
    UNTESTED_BUTTON,
)
from bot.interactions.limits_form import LIMITS_FORM, handle_limits_form
from bot.interactions.permissions import admit_decider
from bot.interactions.replies import acknowledge, answer
from bot.interactions.request_actions import (
    handle_request_button,
    unlock_backend,
)
from bot.interactions.request_answers import card_of, say_decision, say_gone, say_refusal
from bot.interactions.request_forms import (
    DENY_FORM,
    PASTE_FORM,
    handle_deny_form,
    handle_paste_form,
)
from bot.interactions.rotation_actions import (
    handle_begin_due_button,
    handle_rotation_button,
    rotate_domain,
)
from bot.interactions.rotation_forms import ROTATION_FORM, handle_rotation_form
from bot.interactions.watch_admin_actions import (
    AdminWatchAction,
    handle_overview_button,
    show_overview,
)
from bot.services.watching import LONGEST_PAUSE, USUAL_PAUSE

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase

_HIGHEST = 10**15  # what Discord takes as a number is below 2^53

_Number = app_commands.Range[int, 1, _HIGHEST]


@app_commands.guild_only()  # elsewhere Discord would show it to everybody
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.default_permissions(administrator=True)  # a hint to Discord, no check
class AdminCog(
    commands.GroupCog,
    group_name="mailadmin",
    group_description="Requests of members, and how the bot is doing",
):
    """The queue, one request, and the setup; answers are private."""

    def __init__(self, client: BotBase) -> None:
        self._client = client

    @app_commands.command(name="queue", description="What waits for your decision")
    async def queue(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with the requests that wait for an admin."""
        await acknowledge(interaction)
        requests = await admit_decider(interaction)
        if requests is None:
            return
        waiting = await requests.waiting_for_admin()
        under_way = await requests.open_requests()
        card = build_queue_card(waiting, len(under_way), self._client.words)
        await answer(interaction, card)

    @app_commands.command(name="show", description="One request, with its buttons")
    @app_commands.describe(number="The request's number")
    async def show(self, interaction: discord.Interaction[BotBase], number: _Number) -> None:
        """Answer with the card of a request."""
        await acknowledge(interaction)
        requests = await admit_decider(interaction)
        if requests is None:
            return
        request = await requests.get(number)
        if request is None:
            await say_gone(interaction, number)
            return
        await answer(interaction, await card_of(self._client, request))

    @app_commands.command(name="retry", description="Try a failed request again")
    @app_commands.describe(number="The request's number")
    async def retry(self, interaction: discord.Interaction[BotBase], number: _Number) -> None:
        """Have a failed request tried again, and the mail server called again if it was not."""
        await acknowledge(interaction)
        requests = await admit_decider(interaction)
        if requests is None:
            return
        if await requests.get(number) is None:
            await say_gone(interaction, number)
            return
        unlock_backend(self._client)
        try:
            decision = await requests.retry(number, interaction.user.id)
        except (RequestError, BackendError) as error:
            await say_refusal(interaction, error)
            return
        await say_decision(interaction, decision, on_card=False)

    @app_commands.command(name="audit", description="Who did what to a request, and when")
    @app_commands.describe(number="The request's number; without one, the latest of all")
    async def audit(
        self, interaction: discord.Interaction[BotBase], number: _Number | None = None
    ) -> None:
        """Answer with everything that happened to a request, or lately to any."""
        await acknowledge(interaction)
        requests = await admit_decider(interaction)
        if requests is None:
            return
        words = self._client.words
        if number is None:
            await answer(interaction, build_latest_card(await requests.latest_audit(), words))
            return
        request = await requests.get(number)
        if request is None:
            await say_gone(interaction, number)
            return
        await answer(interaction, build_audit_card(request, await requests.audit(number), words))

    @app_commands.command(
        name="setup", description="Whether channel, mail server, DNS and database work"
    )
    async def setup(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with how every part is, and what to do about it."""
        await show_setup(interaction)

    @app_commands.command(name="watch", description="How far the daily looks are, and what broke")
    @app_commands.describe(
        action="What to do with a domain",
        domain="The domain to add, take out or pause",
        days="For how many days to pause",
    )
    async def watch(
        self,
        interaction: discord.Interaction[BotBase],
        action: Literal["add", "remove", "pause", "resume"] | None = None,
        domain: str | None = None,
        days: app_commands.Range[int, 1, LONGEST_PAUSE] = USUAL_PAUSE,
    ) -> None:
        """Answer with how far the watch is, after a change of a domain where one is named."""
        chosen = None if action is None else AdminWatchAction(action)
        await show_overview(interaction, chosen, domain, days)

    watch.autocomplete("domain")(offer_all_watched)

    @app_commands.command(name="rotate", description="Change a domain's DKIM key, without a gap")
    @app_commands.describe(
        domain="The domain; without one, all that is under way and due",
        size="How long the new key is, in bits",
    )
    async def rotate(
        self,
        interaction: discord.Interaction[BotBase],
        domain: str | None = None,
        size: Literal[2048, 4096] = 2048,
    ) -> None:
        """Answer with the rotation of a domain's key, which is begun if none is under way."""
        await rotate_domain(interaction, domain, size)

    rotate.autocomplete("domain")(offer_all_watched)

    @app_commands.command(
        name="server", description="What the mail server itself has wrong in the DNS"
    )
    async def server(self, interaction: discord.Interaction[BotBase]) -> None:
        """Answer with the faults of the mail server itself, and what to do about them."""
        await show_server(interaction)


async def setup(bot: BotBase) -> None:
    """Give the bot these commands, and what the buttons and choices of their cards do."""
    bot.clicks.add(REQUEST_BUTTON, handle_request_button)
    bot.clicks.add(STAGE_SELECT, handle_stage_select)
    bot.clicks.add(UNTESTED_BUTTON, handle_untested_button)
    bot.clicks.add(DENY_FORM, handle_deny_form)
    bot.clicks.add(PASTE_FORM, handle_paste_form)
    bot.clicks.add(LIMITS_FORM, handle_limits_form)
    bot.clicks.add(UNLOCK_BUTTON, handle_unlock_button)
    bot.clicks.add(SERVER_BUTTON, handle_server_button)
    bot.clicks.add(OVERVIEW_BUTTON, handle_overview_button)
    bot.clicks.add(ROTATION_BUTTON, handle_rotation_button)
    bot.clicks.add(BEGIN_DUE_BUTTON, handle_begin_due_button)
    bot.clicks.add(ROTATION_FORM, handle_rotation_form)
    await bot.add_cog(AdminCog(bot))
