"""Approving a mail domain: what shows control of it, the second press without, its limits."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from bot.cards.control_card import build_risk_card
from bot.cards.decision_cards import build_limits_card
from bot.errors import BackendError
from bot.interactions.control_looks import recall_control
from bot.interactions.limits_form import LimitsForm
from bot.interactions.replies import acknowledge, acknowledge_click, answer, whisper
from bot.interactions.request_answers import say_decision
from bot.interactions.request_looks import find_bar, look_again
from bot.requests.backend import DomainLimits
from bot.requests.control_proof import Control
from bot.requests.kinds import KINDS
from bot.requests.model import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import discord

    from bot.cards.layout import Card
    from bot.interactions.bot import BotBase
    from bot.requests.model import Request
    from bot.requests.service import Requests

_LONGEST_WAIT: Final = 3.0  # seconds that an admin waits for what a card may as well do without

_log = logging.getLogger(__name__)


async def begin_approval(
    interaction: discord.Interaction[BotBase], requests: Requests, request: Request
) -> None:
    """Offer the limits, or approve at once where an admin adds the domain by hand.

    Where nothing shows control, the admin is told first what that means.
    """
    can_do = _can_do(interaction.client, request)
    if not can_do and (await recall_control(interaction.client, request)).is_enough:
        await acknowledge_click(interaction)
        if not await _stops(interaction, requests, request, tell=whisper):
            await _approve(interaction, requests, request, by_hand=True, on_card=True)
        return
    await acknowledge(interaction)
    if await _stops(interaction, requests, request):
        return
    if can_do:
        await _offer_limits(interaction, request)
    else:
        await _approve(interaction, requests, request, by_hand=True)


async def ask_for_limits(
    interaction: discord.Interaction[BotBase],
    requests: Requests,
    request: Request,
    *,
    accepts_risk: bool,
) -> None:
    """Open the form, which Discord takes as a first answer alone: no look can be made before."""
    client = interaction.client
    known = accepts_risk or request.state is State.FAILED
    if known or (await recall_control(client, request)).is_enough:
        form = LimitsForm(request, client.words, accepts_risk=accepts_risk)
        await interaction.response.send_modal(form)
    else:
        await begin_approval(interaction, requests, request)


async def add_domain(
    interaction: discord.Interaction[BotBase],
    requests: Requests,
    request: Request,
    *,
    by_hand: bool,
    accepts_risk: bool,
) -> None:
    """Have the domain added with its usual limits, or by hand; the click is acknowledged.

    `accepts_risk`: the admin was told what it means that control of it is not shown.
    """
    if request.state is State.FAILED:  # there the button is on the card itself
        decision = await requests.retry(request.id, interaction.user.id, by_hand=by_hand)
        await say_decision(interaction, decision, on_card=True)
    elif request.state is not State.PENDING:
        await say_decision(interaction, request, on_card=False)
    elif not await _stops(interaction, requests, request, accepts_risk=accepts_risk):
        await _approve(interaction, requests, request, by_hand=by_hand, accepts_risk=accepts_risk)


async def go_on_at_risk(
    interaction: discord.Interaction[BotBase], requests: Requests, request: Request
) -> None:
    """Go on where the admin knows what it means without control; the click is acknowledged."""
    if request.state is not State.PENDING:
        await say_decision(interaction, request, on_card=False)
    elif _can_do(interaction.client, request):
        await _offer_limits(interaction, request, accepts_risk=True)
    elif not await _stops(interaction, requests, request, accepts_risk=True):
        await _approve(interaction, requests, request, by_hand=True, accepts_risk=True)


async def _stops(
    interaction: discord.Interaction[BotBase],
    requests: Requests,
    request: Request,
    *,
    accepts_risk: bool = False,
    tell: Callable[[discord.Interaction[BotBase], Card], Awaitable[object]] = answer,
) -> bool:
    """Whether the domain cannot be added now, or nothing shows control of it; an admin is told.

    The answer takes the place of the reply that waits, or of the private card that was clicked,
    unless another way to `tell` is given. What was seen is kept with the request.
    """
    client = interaction.client
    look = await look_again(interaction, requests, request)
    if (bar := find_bar(client, request, look)) is not None:
        await tell(interaction, bar)
        return True
    control = look.evidence.control or Control()
    if accepts_risk or control.is_enough:
        return False
    await tell(interaction, build_risk_card(request, control, client.words, client.items))
    return True


async def _approve(
    interaction: discord.Interaction[BotBase],
    requests: Requests,
    request: Request,
    *,
    by_hand: bool,
    accepts_risk: bool = False,
    on_card: bool = False,
) -> None:
    fresh = await requests.get(request.id) or request  # with what a look has just shown
    control = await recall_control(interaction.client, fresh)
    decision = await requests.approve(
        request.id,
        interaction.user.id,
        by_hand=by_hand,
        control_shown=control.is_enough,
        accepts_risk=accepts_risk,
    )
    await say_decision(interaction, decision, on_card=on_card)


async def _offer_limits(
    interaction: discord.Interaction[BotBase], request: Request, *, accepts_risk: bool = False
) -> None:
    client = interaction.client
    limits, name = await _usual_limits(client), client.backend.name
    card = build_limits_card(
        request, limits, client.words, client.items, backend=name, accepts_risk=accepts_risk
    )
    await answer(interaction, card)


async def _usual_limits(client: BotBase) -> DomainLimits:
    """Return what a new domain may use on the mail server; nothing where it does not tell soon."""
    try:
        async with asyncio.timeout(_LONGEST_WAIT):
            return await client.backend.usual_limits()
    except (BackendError, TimeoutError) as error:
        _log.info("the usual limits of a domain are not known: %s", error)
        return DomainLimits()


def _can_do(client: BotBase, request: Request) -> bool:
    """Whether an approval is carried out without an admin's hands."""
    return KINDS[request.kind].can_do(client.backend.capabilities)
