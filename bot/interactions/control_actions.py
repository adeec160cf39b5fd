"""What “Check the proof” does: it looks for a member's record, and says what that comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.control_card import build_not_yet_card, build_shown_card
from bot.cards.layout import build_notice
from bot.interactions.control_looks import find_record, note_proof
from bot.interactions.member_actions import find_place
from bot.interactions.rate_limits import build_cooldown_notice
from bot.interactions.replies import Progress, acknowledge, answer, whisper
from bot.names import Domain
from bot.requests.backend import MailHosting
from bot.requests.control_proof import Control, ControlKind
from bot.requests.evidence import follow_control
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.interactions.member_actions import AskedFrom
    from bot.requests.control_proof import ControlProof
    from bot.services.domain_control import DomainControl


async def handle_proof_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Look for the record of who clicked, and say whether it shows control of the domain."""
    await acknowledge(interaction)
    client, member_id = interaction.client, interaction.user.id
    control = client.control
    try:
        domain = Domain.from_ascii(click.parts["domain"])
    except ValueError:  # forged, or of a version that took other names
        domain = None
    if control is None or domain is None:
        await whisper(interaction, build_notice("out_of_date", {}, client.words))
        return
    place = await find_place(interaction, RequestKind.MAILDOMAIN.value)
    if place is None:
        return
    wait = client.limits.checks.take(member_id)
    if wait:
        await answer(interaction, build_cooldown_notice(wait, client.words))
        return
    async with Progress(interaction, client.words, "checking", {"domain": domain.unicode}):
        look = await control.prove(member_id, domain)
    server, words = client.member_service.server, client.words
    if look.proof is not None:
        asked = await _settle(client, place, control, look.proof)
        await answer(interaction, build_shown_card(domain, asked, server, words))
        return
    record = await find_record(client, member_id, domain)
    if record is not None:
        card = build_not_yet_card(record, look.verdict, server, words, client.items)
        await answer(interaction, card)


async def _settle(
    client: BotBase, place: AskedFrom, control: DomainControl, proof: ControlProof
) -> str:
    """Return how the request to add the domain stands, after the proof has had its effect.

    The words are those of `build_shown_card`. Another member's request without a proof makes room
    for one of who has just shown control.
    """
    requests, kind, domain = place.requests, RequestKind.MAILDOMAIN, proof.domain
    every = await requests.of_domain(domain)
    known = next((r for r in every if r.kind is kind and r.open), None)
    if known is None:
        is_here = await client.member_service.hosting(domain) is MailHosting.ON
        return "here" if is_here and client.member_mails is not None else ""
    if known.member_id == proof.member_id:
        await note_proof(client, requests, known)
        return "own"
    opened = await requests.open_proven(
        kind,
        domain,
        (place.guild_id, place.channel_id),
        proof.member_id,
        evidence=follow_control(known.evidence, Control(ControlKind.PROVEN, proof.since)),
    )
    if not opened.by_other:
        return "replaced" if opened.is_new else "own"
    await note_proof(client, requests, opened.request)
    return "proven" if await control.is_proven(opened.request.member_id, domain) else "approved"
