"""Members' side of requests: asking by a command or a button, following up, withdrawing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.cards.control_card import say_control_seen, show_control_record
from bot.cards.items import OwnRequestAction
from bot.cards.layout import build_notice
from bot.cards.member_cards import (
    Admins,
    build_asked_card,
    build_record_card,
    build_requests_card,
)
from bot.cards.triage_card import build_triage_card
from bot.interactions.control_looks import find_record, note_proof, prove_for, weigh_for
from bot.interactions.mail_test_actions import hint_at_test
from bot.interactions.member_checks import find_check, say_what_was_meant
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import acknowledge, acknowledge_click, answer, whisper
from bot.interactions.request_looks import look_for_request
from bot.requests.control_proof import ControlKind, refuse_foreign
from bot.requests.evidence import dump_evidence
from bot.requests.kinds import KINDS
from bot.requests.model import RequestKind, State, can_go

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.interactions.request_looks import RequestLook
    from bot.names import Domain
    from bot.requests.control_proof import Control
    from bot.requests.model import Request
    from bot.requests.outcomes import Opened
    from bot.requests.service import Requests


@dataclass(frozen=True, slots=True)
class AskedFrom:
    """The place where a member asks, and the service that takes the request."""

    requests: Requests
    guild_id: int
    channel_id: int


async def find_place(interaction: discord.Interaction[BotBase], command: str) -> AskedFrom | None:
    """Return the place of an interaction in which a member may ask for something.

    If members cannot ask there, the member is told where they can, and None is returned.
    """
    client = interaction.client
    guild_id = await client.home.guild_id()
    if client.requests is None or guild_id is None:
        contact = client.member_service.server.admin_contact
        await answer(interaction, build_notice("member_off", {"contact": contact}, client.words))
        return None
    if interaction.guild_id != guild_id or interaction.channel_id is None:
        facts: dict[str, Fact] = {"guild": guild_id, "command": f"/{command}"}
        await answer(interaction, build_notice("member_elsewhere", facts, client.words))
        return None
    return AskedFrom(client.requests, guild_id, interaction.channel_id)


async def ask_admin(
    interaction: discord.Interaction[BotBase],
    kind: RequestKind,
    domain: Domain,
    *,
    remark: str | None = None,
) -> None:
    """Ask the admin for something in an interaction that is acknowledged, and say what follows."""
    place = await find_place(interaction, kind.value)
    if place is not None:
        await _open_request(interaction, place, kind, domain, remark=remark)


async def handle_ask_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Ask for something for the domain of a stored check."""
    await acknowledge(interaction)
    kept = await find_check(interaction, click)
    if kept is not None:
        await ask_admin(interaction, RequestKind(click.parts["kind"]), kept.report.domain)


async def handle_own_request_button(
    interaction: discord.Interaction[BotBase], click: Click
) -> None:
    """Do something with a request, if it is the member's own who clicked."""
    client, action = interaction.client, OwnRequestAction(click.parts["action"])
    if action is OwnRequestAction.WITHDRAW:
        await acknowledge_click(interaction)
    else:
        await acknowledge(interaction)
    requests = client.requests
    request = await requests.get(click.number("request")) if requests else None
    if requests is None or request is None:
        await whisper(interaction, build_notice("out_of_date", {}, client.words))
    elif request.member_id != interaction.user.id:
        await whisper(interaction, build_notice("not_allowed", {}, client.words))
    elif action is OwnRequestAction.WITHDRAW:
        await _withdraw(interaction, requests, request)
    elif action is OwnRequestAction.AGAIN:
        await _show_again(interaction, request)
    else:
        # From a direct message, too: the request says in which server and channel it was asked.
        place = AskedFrom(requests, request.guild_id, request.channel_id)
        await _open_request(interaction, place, RequestKind.DMARC, request.domain)


async def list_requests(interaction: discord.Interaction[BotBase], requests: Requests) -> Card:
    """Return the card of who asks: their requests, the latest first, with buttons to withdraw."""
    client = interaction.client
    mine = await requests.of_member(interaction.user.id)
    mentions = [client.mention(kind.value) for kind in RequestKind]
    server, words, items = client.member_service.server, client.words, client.items
    admins = _admins_of(client)
    return build_requests_card(mine, server, words, items, mentions=mentions, admins=admins)


async def _open_request(
    interaction: discord.Interaction[BotBase],
    place: AskedFrom,
    kind: RequestKind,
    domain: Domain,
    *,
    remark: str | None = None,
) -> None:
    """Check the domain, and open the request if it is one for an admin; say what follows."""
    client, member_id = interaction.client, interaction.user.id
    refuse_foreign(domain)
    wait = client.limits.checks.take(member_id)
    if wait:
        await answer(interaction, build_cooldown_notice(wait, client.words, asking=True))
        return
    await client.member_service.remember(member_id, domain)
    look, proof = await asyncio.gather(
        look_for_request(interaction, kind, domain),  # for the admin to see, too
        prove_for(client, kind, member_id, domain),
    )
    if not (look.triage.is_queued or await _is_asked(place.requests, kind, domain)):
        await _answer_instead(interaction, look, remark=remark)
        return
    control = await weigh_for(client, kind, member_id, domain, look.kept.report)
    evidence = dump_evidence(replace(look.evidence, control=control))
    make = place.requests.open if proof is None else place.requests.open_proven
    opened = await make(
        kind, domain, (place.guild_id, place.channel_id), member_id, evidence=evidence
    )
    await _answer_asked(
        interaction,
        place.requests,
        opened,
        control,
        has_shown=proof is not None,
        remark=remark,
    )


async def _answer_instead(
    interaction: discord.Interaction[BotBase], look: RequestLook, *, remark: str | None
) -> None:
    """Say why nothing goes to an admin, and what comes first."""
    client = interaction.client
    kept = await say_what_was_meant(interaction, look.kept)
    server, words, items = client.member_service.server, client.words, client.items
    card = build_triage_card(look.triage, kept, server, words, items, remark=remark)
    await answer(interaction, card)


async def _answer_asked(
    interaction: discord.Interaction[BotBase],
    requests: Requests,
    opened: Opened,
    control: Control | None,
    *,
    has_shown: bool,
    remark: str | None,
) -> None:
    """Say what follows a member's asking, and how they show control where that matters.

    `control` is what is known of it, `has_shown` whether they have shown it just now.
    """
    client, request = interaction.client, opened.request
    words, items, lines, buttons = client.words, client.items, [], []
    if control is not None:
        if opened.by_other:
            await note_proof(client, requests, request)
        elif not opened.is_new:
            await requests.note_control(request.id, control)
        is_known = control.kind is ControlKind.PROVEN and not opened.by_other
        if has_shown or is_known:
            lines = [say_control_seen(request.domain, words)]
        elif record := await find_record(client, interaction.user.id, request.domain):
            gives_way = opened.by_other and can_go(request.state, State.REPLACED)
            lines = show_control_record(record, words, items, gives_way=gives_way)
            buttons = [items.proof_button(request.domain.ascii)]
    buttons.append(items.next_button(request.domain.ascii))
    if request.kind is RequestKind.DMARC and (hint := await hint_at_test(client, request.domain)):
        lines = [*lines, hint]
    card = build_asked_card(
        opened,
        client.member_service.server,
        words,
        remark=remark,
        admins=_admins_of(client),
        control=lines,
        buttons=[button for button in buttons if button is not None],
    )
    await answer(interaction, card)


async def _is_asked(requests: Requests, kind: RequestKind, domain: Domain) -> bool:
    """Whether a request of this kind is under way: its member is told how far it has come."""
    return any(r.kind is kind and r.open for r in await requests.of_domain(domain))


def _admins_of(client: BotBase) -> Admins:
    channel = client.admin_channel
    return Admins(reached=not channel.lost, told=channel.told)


async def _show_again(interaction: discord.Interaction[BotBase], request: Request) -> None:
    """Show the record that did not arrive; the message itself is sent again, too, by the click."""
    client = interaction.client
    if request.state is not State.WAITING or KINDS[request.kind].record is None:
        await whisper(interaction, build_notice("out_of_date", {}, client.words))
        return
    card = build_record_card(request, client.member_service.server, client.words)
    await answer(interaction, card)


async def _withdraw(
    interaction: discord.Interaction[BotBase], requests: Requests, request: Request
) -> None:
    decision = await requests.withdraw(request.id, interaction.user.id)
    await answer(interaction, await list_requests(interaction, requests))
    if not decision.won:
        words = interaction.client.words
        word = words.label("member_states", decision.request.state.value)
        facts: dict[str, Fact] = {"number": request.id, "word": word}
        await whisper(interaction, build_notice("member_too_late", facts, words))
