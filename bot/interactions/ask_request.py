"""How a member asks for something, by a command or a button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cards.member_cards import build_asked_card
from bot.cards.notice import build_notice
from bot.interactions.check_actions import build_cooldown_notice
from bot.interactions.replies import Progress, answer
from bot.requests.evidence import dump_evidence, take_evidence

if TYPE_CHECKING:
    import discord

    from bot.client import Client
    from bot.errors import Fact
    from bot.names import Domain
    from bot.requests.model import RequestKind
    from bot.requests.service import Requests


@dataclass(frozen=True, slots=True)
class AskedFrom:
    """Where somebody asks, and what takes it down."""

    requests: Requests
    guild_id: int
    channel_id: int


async def find_place(interaction: discord.Interaction[Client], command: str) -> AskedFrom | None:
    """Return where this interaction may ask for something.

    Where nobody can, the member is told where it is possible, and None is returned.
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
    interaction: discord.Interaction[Client],
    kind: RequestKind,
    domain: Domain,
    *,
    remark: str | None = None,
) -> None:
    """Ask the admin for something in an interaction that is acknowledged, and say what follows."""
    place = await find_place(interaction, kind.value)
    if place is not None:
        await open_request(interaction, place, kind, domain, remark=remark)


async def open_request(
    interaction: discord.Interaction[Client],
    place: AskedFrom,
    kind: RequestKind,
    domain: Domain,
    *,
    remark: str | None = None,
) -> None:
    """Check the domain for the admin to see, open the request, and say what follows."""
    client, member_id = interaction.client, interaction.user.id
    wait = client.limits.checks.take(member_id)
    if wait:
        await answer(interaction, build_cooldown_notice(wait, client.words))
        return
    await client.member_service.remember(member_id, domain)
    async with Progress(interaction, client.words, "checking", {"domain": domain.unicode}):
        kept = await client.member_service.check(domain, member_id)
    is_hosted = await client.member_service.is_hosted(domain)
    evidence = dump_evidence(take_evidence(kept.report, on_server=is_hosted))
    opened = await place.requests.open(
        kind, domain, (place.guild_id, place.channel_id), member_id, evidence=evidence
    )
    card = build_asked_card(opened, client.member_service.server, client.words, remark=remark)
    await answer(interaction, card)
