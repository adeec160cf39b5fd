"""What `/mailadmin rotate` and the buttons of rotations do; each asks first whether an admin is it.

The service writes down what an admin wants, and the worker does it on the mail server.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from bot.cards.items import RotationAction
from bot.cards.rotation_card import TAKES_RECORD, build_undo_question
from bot.cards.rotation_details import build_rotation_details
from bot.cards.rotations_overview_card import build_rotations_card
from bot.errors import BackendError, RequestError
from bot.interactions.replies import acknowledge, acknowledge_click, answer, whisper
from bot.interactions.request_answers import say_refusal
from bot.interactions.rotation_answers import (
    admin_of,
    admit_rotator,
    admit_to_rotation,
    show_rotation_card,
)
from bot.interactions.rotation_forms import NewRecordForm
from bot.names import Domain
from bot.rotations.rotation_view import Signer, signer_of

if TYPE_CHECKING:
    import discord

    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.rotations.due_keys import DueKey
    from bot.rotations.rotation import Rotation
    from bot.rotations.rotation_service import BegunDue, Rotations

# Where the new key may have signed something, going back is asked about first.
_SIGNED = frozenset({Signer.NEW, Signer.UNSURE})


async def rotate_domain(
    interaction: discord.Interaction[BotBase], domain: str | None, bits: int
) -> None:
    """Answer an admin's command, privately: begin a rotation, or show how the one under way is.

    `domain` is as it was typed; without one all that is under way is shown.
    """
    await acknowledge(interaction)
    rotations = await admit_rotator(interaction)
    if rotations is None:
        return
    if domain is None:
        await _show_all(interaction, rotations)
        return
    wanted = Domain.parse(domain).domain
    try:
        begun = await rotations.begin(wanted, bits, admin_of(interaction))
    except (RequestError, BackendError) as error:
        await say_refusal(interaction, error)
        return
    words = interaction.client.words
    remark = "" if begun.is_new else words.sentence("discord/rotation_there", {})
    await show_rotation_card(interaction, begun.rotation, remark=remark)


async def handle_begin_due_button(interaction: discord.Interaction[BotBase], _: Click) -> None:
    """Begin the rotations of the keys that are due, and put what came of it in the card's place."""
    await acknowledge_click(interaction)
    rotations = await admit_rotator(interaction)
    if rotations is None:
        return
    begun = None
    with suppress(BackendError):  # the card says why nobody could find out which are due
        begun = await rotations.begin_due(admin_of(interaction))
    await _show_all(interaction, rotations, begun)


async def handle_rotation_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Do what a button of a rotation's card says, where an admin clicked it."""
    action = RotationAction(click.parts["action"])
    if action is RotationAction.DETAILS:
        await acknowledge(interaction)
    elif action is not RotationAction.PASTE:  # Discord takes a form as the first answer alone
        await acknowledge_click(interaction)
    admitted = await admit_to_rotation(interaction, click)
    if admitted is None:
        return
    rotations, rotation = admitted
    try:
        await _do(interaction, rotations, action, rotation)
    except (RequestError, BackendError) as error:
        await say_refusal(interaction, error)
        now = await rotations.get(rotation.id)
        if now is not None and now != rotation:  # somebody was faster
            await show_rotation_card(interaction, now)


async def _do(
    interaction: discord.Interaction[BotBase],
    rotations: Rotations,
    action: RotationAction,
    rotation: Rotation,
) -> None:
    client, admin, number = interaction.client, admin_of(interaction), rotation.id
    match action:
        case RotationAction.DETAILS:
            entries = await rotations.entries(number)
            await answer(interaction, build_rotation_details(rotation, entries, client.words))
            return
        case RotationAction.PASTE if rotation.by_hand and rotation.state in TAKES_RECORD:
            await interaction.response.send_modal(NewRecordForm(number, client.words))
            return
        case RotationAction.PASTE:
            await acknowledge_click(interaction)
        case RotationAction.UNDO if signer_of(rotation) in _SIGNED:
            await whisper(interaction, build_undo_question(rotation, client.words, client.items))
            return
        case RotationAction.UNDO | RotationAction.SURE:
            rotation = await rotations.undo(number, admin)
        case RotationAction.SWITCH:
            rotation = await rotations.switch_now(number, admin)
        case RotationAction.SWITCHED:
            rotation = await rotations.confirm_switched(number, admin)
        case RotationAction.RESTORED:
            rotation = await rotations.confirm_restored(number, admin)
        case RotationAction.SHOW:
            pass
    await show_rotation_card(interaction, rotation)


async def _show_all(
    interaction: discord.Interaction[BotBase], rotations: Rotations, begun: BegunDue | None = None
) -> None:
    client = interaction.client
    under_way = await rotations.open_ones()
    due: tuple[DueKey, ...] | BackendError
    try:
        due = await rotations.due_keys()
    except BackendError as error:
        due = error
    card = build_rotations_card(under_way, due, client.words, client.items, begun=begun)
    await answer(interaction, card)
