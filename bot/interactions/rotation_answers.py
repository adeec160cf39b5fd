"""An admin's click on a rotation: who is let through to which, and what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.layout import build_notice
from bot.cards.rotation_card import build_rotation_card, build_stuck_card
from bot.interactions.permissions import admit_admin
from bot.interactions.replies import answer, whisper
from bot.requests.model import Actor, ActorKind

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.rotations.rotation import Rotation
    from bot.rotations.rotation_service import Rotations


async def admit_rotator(interaction: discord.Interaction[BotBase]) -> Rotations | None:
    """Return the rotations for an admin; None where who did this was told why not."""
    if not await admit_admin(interaction):
        return None
    client = interaction.client
    if client.rotations is None:
        await whisper(interaction, build_notice("rotations_off", {}, client.words))
    return client.rotations


async def admit_to_rotation(
    interaction: discord.Interaction[BotBase], click: Click
) -> tuple[Rotations, Rotation] | None:
    """Return the rotations and the one that an admin clicked.

    None is returned where who clicked was told why not: they may not, or there is no such rotation.
    """
    rotations = await admit_rotator(interaction)
    if rotations is None:
        return None
    number = click.number("rotation")
    rotation = await rotations.get(number)
    if rotation is None:
        facts = {"number": str(number)}
        await whisper(interaction, build_notice("rotation_gone", facts, interaction.client.words))
        return None
    return rotations, rotation


def admin_of(interaction: discord.Interaction[BotBase]) -> Actor:
    """Return who clicked or called this, as it is written down."""
    return Actor(ActorKind.ADMIN, interaction.user.id)


def rotation_card_of(
    client: BotBase, rotation: Rotation, *, members: int | None = None, remark: str = ""
) -> Card:
    """Return the admin's card of a rotation as it is now; see `build_rotation_card`."""
    return build_rotation_card(
        rotation,
        client.words,
        client.items,
        now=client.now(),
        probe=client.mail_testing is not None,
        locked=bool(client.backend.refusals),
        members=members,
        remark=remark,
    )


def stuck_card_of(client: BotBase, rotation: Rotation) -> Card:
    """Return the card that says why a rotation does not get on."""
    locked = bool(client.backend.refusals)
    return build_stuck_card(rotation, client.words, client.items, locked=locked)


async def show_rotation_card(
    interaction: discord.Interaction[BotBase], rotation: Rotation, *, remark: str = ""
) -> None:
    """Put the card of a rotation as it is in place of the one that was clicked."""
    await answer(interaction, rotation_card_of(interaction.client, rotation, remark=remark))
