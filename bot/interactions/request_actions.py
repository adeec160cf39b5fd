"""What the admin's buttons of a request do; each asks first whether an admin clicked."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from bot.cards.items import RequestAction
from bot.errors import BackendError, CowbellError, RequestError
from bot.interactions.check_actions import draw_details
from bot.interactions.dmarc_approval import draw_stage_card
from bot.interactions.domain_approval import (
    add_domain,
    ask_for_limits,
    begin_approval,
    go_on_at_risk,
)
from bot.interactions.member_checks import check_domain
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import acknowledge, acknowledge_click, answer, whisper
from bot.interactions.request_answers import (
    admit_to_request,
    say_decision,
    say_refusal,
    show_card,
)
from bot.interactions.request_forms import DenyForm, PasteForm
from bot.interactions.request_looks import find_bar, look_again
from bot.requests.kinds import KINDS, Asks
from bot.requests.model import UNSEEN, Actor, ActorKind, State, can_go

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.requests.evidence import Evidence
    from bot.requests.model import Request
    from bot.requests.service import Requests

_LONGEST_LOOK = 15.0  # seconds

# Whether they do, the request says, which is read first: Discord takes a form as the first answer
# alone. All others are acknowledged before anything is read.
MAY_OPEN_FORM = frozenset(
    {
        RequestAction.APPROVE,
        RequestAction.DENY,
        RequestAction.RETRY,
        RequestAction.PASTE,
        RequestAction.LIMITS,
    }
)

_log = logging.getLogger(__name__)


async def handle_request_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Do what a button of a request's card says, where an admin clicked it."""
    action, accepts_risk = RequestAction(click.parts["action"]), "risk" in click.parts
    if action is RequestAction.FULL:
        await acknowledge(interaction)
    elif action not in MAY_OPEN_FORM:
        await acknowledge_click(interaction)
    admitted = await admit_to_request(interaction, click)
    if admitted is None:
        return
    requests, request = admitted
    try:
        await _do(interaction, requests, action, request, accepts_risk=accepts_risk)
    except (RequestError, BackendError) as error:
        await say_refusal(interaction, error)


async def _do(
    interaction: discord.Interaction[BotBase],
    requests: Requests,
    action: RequestAction,
    request: Request,
    *,
    accepts_risk: bool,
) -> None:
    """Do it; `accepts_risk`: the admin was told that control of the domain is not shown."""
    admin = interaction.user.id
    match action:
        case RequestAction.CHECK:
            await _check_again(interaction, requests, request)
        case RequestAction.FULL:
            await _show_full_check(interaction, request)
        case RequestAction.APPROVE if not can_go(request.state, State.APPROVED):
            await acknowledge_click(interaction)
            await say_decision(interaction, request, on_card=True)
        case RequestAction.APPROVE:
            await _approve(interaction, requests, request)
        case RequestAction.DENY if can_go(request.state, State.DENIED):
            await interaction.response.send_modal(DenyForm(request.id, interaction.client.words))
        case RequestAction.DENY:
            await acknowledge_click(interaction)
            await say_decision(interaction, request, on_card=True)
        case RequestAction.RETRY | RequestAction.PASTE if request.state is not State.FAILED:
            await acknowledge_click(interaction)
            await say_decision(interaction, request, on_card=True)
        case RequestAction.RETRY | RequestAction.PASTE if _needs_value(
            interaction.client, request, action
        ):
            await _ask_for_value(interaction, request)
        case RequestAction.RETRY:
            await acknowledge_click(interaction)
            unlock_backend(interaction.client)
            decision = await requests.retry(request.id, admin, version=request.version)
            await say_decision(interaction, decision, on_card=True)
        case RequestAction.DONE:
            seen, evidence = await _look_once(interaction.client, request)
            decision = await requests.finish(request.id, admin, seen=seen, evidence=evidence)
            await say_decision(interaction, decision, on_card=True)
        case RequestAction.LIMITS if can_go(request.state, State.APPROVED):
            await ask_for_limits(interaction, requests, request, accepts_risk=accepts_risk)
        case RequestAction.LIMITS:
            await acknowledge_click(interaction)
            await say_decision(interaction, request, on_card=False)
        case RequestAction.RESEND:
            actor = Actor(ActorKind.ADMIN, admin)
            await show_card(interaction, await requests.send_again(request.id, actor))
        case RequestAction.ADD | RequestAction.BYHAND:
            by_hand = action is RequestAction.BYHAND
            await add_domain(
                interaction, requests, request, by_hand=by_hand, accepts_risk=accepts_risk
            )
        case RequestAction.RISK:
            await go_on_at_risk(interaction, requests, request)


async def _approve(
    interaction: discord.Interaction[BotBase], requests: Requests, request: Request
) -> None:
    client = interaction.client
    can_do = _can_do(client, request)
    match KINDS[request.kind].asks:
        case Asks.KEY if not can_do:
            await _ask_for_value(interaction, request)
        case Asks.STAGE:
            await acknowledge(interaction)
            look = await look_again(interaction, requests, request)
            bar = find_bar(client, request, look)
            await answer(
                interaction, bar or await draw_stage_card(client, request, look.kept.report)
            )
        case Asks.LIMITS:
            await begin_approval(interaction, requests, request)
        case _:
            await acknowledge_click(interaction)
            bar = find_bar(client, request, await look_again(interaction, requests, request))
            if bar is not None:
                await show_card(interaction, await _now(requests, request))
                await whisper(interaction, bar)
                return
            decision = await requests.approve(request.id, interaction.user.id, by_hand=not can_do)
            await say_decision(interaction, decision, on_card=True)


async def _check_again(
    interaction: discord.Interaction[BotBase], requests: Requests, request: Request
) -> None:
    """Put a fresh check on the card; where something is waited for, the bot looks now, too."""
    client = interaction.client
    wait = client.limits.checks.take(interaction.user.id)
    if wait:
        await whisper(interaction, build_cooldown_notice(wait, client.words))
        return
    if request.state is State.WAITING:
        await requests.look_now(request.id)
    await look_again(interaction, requests, request)
    await show_card(interaction, await _now(requests, request))


async def _show_full_check(interaction: discord.Interaction[BotBase], request: Request) -> None:
    """Show all that a check of now finds, to the admin who asked for it alone."""
    client = interaction.client
    wait = client.limits.checks.take(interaction.user.id)
    if wait:
        await answer(interaction, build_cooldown_notice(wait, client.words))
        return
    kept = await check_domain(interaction, request.domain, confidential=True)
    provider = await client.member_service.provider(interaction.user.id, request.domain)
    await answer(interaction, await draw_details(interaction, kept, provider))


async def _look_once(client: BotBase, request: Request) -> tuple[str, Evidence | None]:
    """Return what is seen of what an admin says is done, and what is seen of its domain.

    The first is empty where it is seen to be done.
    """
    if request.state is not State.WAITING or not KINDS[request.kind].is_finished_by_admin:
        return UNSEEN, None
    try:
        async with asyncio.timeout(_LONGEST_LOOK):
            found = await client.verifier(request)
    except (CowbellError, TimeoutError) as error:
        _log.info("request %d: nothing was found out: %s", request.id, error)
        return UNSEEN, None
    return "" if found.live else found.seen or UNSEEN, found.evidence


async def _now(requests: Requests, request: Request) -> Request:
    return await requests.get(request.id) or request


async def _ask_for_value(interaction: discord.Interaction[BotBase], request: Request) -> None:
    client = interaction.client
    selector = request.selector or client.member_service.server.dkim_selector
    await interaction.response.send_modal(PasteForm(request, selector, client.words))


def _can_do(client: BotBase, request: Request) -> bool:
    """Whether an approval is carried out without an admin's hands."""
    return KINDS[request.kind].can_do(client.backend.capabilities)


def _needs_value(client: BotBase, request: Request, action: RequestAction) -> bool:
    """Whether an admin has to paste, or wants to paste, the key for another try."""
    if KINDS[request.kind].asks is not Asks.KEY:
        return False
    return action is RequestAction.PASTE or not (request.value or _can_do(client, request))


def unlock_backend(client: BotBase) -> None:
    """Have the mail server called again: an admin's retry says that it is mended.

    It may have refused another process than this one.
    """
    client.backend.unlock()
