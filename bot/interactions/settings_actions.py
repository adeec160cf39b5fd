"""What `/mailsettings` answers, and what the menu and the buttons of its card do."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.cards.app_card import build_app_card
from bot.cards.layout import build_notice
from bot.cards.phone_cards import build_no_page_card, build_profile_card, build_qr_card
from bot.cards.settings_card import build_settings_card
from bot.errors import InvalidName
from bot.interactions.form_fields import read_fields
from bot.interactions.profile_form import ProfileForm
from bot.interactions.replies import acknowledge, acknowledge_click, answer, whisper
from bot.names import Domain, MailAddress
from bot.records.apple_profile import build_profile
from bot.records.live_settings import LiveSettings, weigh_ports
from bot.records.mail_apps import app_by_key
from bot.records.profile_signature import SigningFileError
from bot.records.qr_code import draw_qr_code
from bot.requests.backend import MailHosting

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.records.client_settings import ClientSettings
    from bot.services.live_ports import PortsSeen

    Who: TypeAlias = MailAddress | Domain | None

# Seconds that a card waits for a look at the ports, which takes 10 at worst.
PATIENCE: Final = 15.0

_log = logging.getLogger(__name__)


async def answer_with_settings(interaction: discord.Interaction[BotBase], who: Who) -> None:
    """Answer, in an interaction that is acknowledged, with the settings at once.

    Where a look at the mail server's ports is needed, the card says so, and is drawn again when it
    is there.
    """
    client, service = interaction.client, interaction.client.member_service
    settings = service.settings(who)
    warning = await _find_warning(interaction, who)
    ports = service.live_ports
    if ports is None:
        live = LiveSettings.unasked(settings)
    elif (seen := ports.known()) is not None:
        live = _weigh(settings, seen)
    else:
        live = LiveSettings.looking(settings)
    shown = await answer(interaction, _draw(client, live, who, warning))
    if ports is None or seen is not None or shown is None:
        return
    client.awaiting_ports.add(shown)
    try:
        async with asyncio.timeout(PATIENCE):
            live = _weigh(settings, await ports.look())
    except TimeoutError:
        live = LiveSettings.unknown(settings)
    finally:
        is_there = shown in client.awaiting_ports  # and no steps of an app have taken its place
        client.awaiting_ports.discard(shown)
    if is_there:
        await answer(interaction, _draw(client, live, who, warning))


async def handle_settings_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Show all settings in place of an app's steps."""
    await _take_place(interaction)
    who, is_known = _read_who(click)
    if is_known:
        await answer_with_settings(interaction, who)
    else:
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))


async def handle_app_select(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Show the steps of an app in place of the card that it was chosen on."""
    await _take_place(interaction)
    client = interaction.client
    who, is_known = _read_who(click)
    app = app_by_key(click.values[0]) if len(click.values) == 1 else None
    if app is None or not is_known:
        await whisper(interaction, build_notice("out_of_date", {}, client.words))
        return
    ports = client.member_service.live_ports
    seen = None if ports is None else ports.known()
    settings = client.member_service.settings(who)
    live = LiveSettings.unasked(settings) if seen is None else _weigh(settings, seen)
    card = build_app_card(
        app, live, client.words, client.items, who=_write(who), told=_is_told(client)
    )
    await answer(interaction, card)


async def handle_profile_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Send the Apple profile of an address, or ask for the address first."""
    who, is_known = _read_who(click)
    if is_known and isinstance(who, MailAddress):
        await acknowledge(interaction)
        await _send_profile(interaction, who)
    elif is_known:
        await interaction.response.send_modal(
            ProfileForm(interaction.client.words, handle_profile_form)
        )
    else:
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))


async def handle_profile_form(interaction: discord.Interaction[BotBase], _: Click) -> None:
    """Send the Apple profile of the address that somebody wrote."""
    await acknowledge(interaction)
    written = read_fields(interaction).get("address")
    if written is None:  # a button under the form's custom_id
        await whisper(interaction, build_notice("out_of_date", {}, interaction.client.words))
        return
    await _send_profile(interaction, MailAddress.parse(written))


async def handle_qr_button(interaction: discord.Interaction[BotBase], _: Click) -> None:
    """Show the QR code of the mail server's own page."""
    await acknowledge(interaction)
    client = interaction.client
    settings = client.member_service.settings(None)
    if not settings.own_page:
        await answer(interaction, build_no_page_card(settings, client.words))
        return
    picture = await asyncio.to_thread(draw_qr_code, settings.own_page)
    await answer(interaction, build_qr_card(settings, picture, client.words))


async def _send_profile(interaction: discord.Interaction[BotBase], address: MailAddress) -> None:
    """Answer, in an interaction that is acknowledged, with the profile of an address."""
    client = interaction.client
    ports = client.member_service.live_ports
    settings = client.member_service.settings(address)
    if ports is not None and (seen := ports.known()) is not None:
        settings = _weigh(settings, seen).settings  # so that the device is given what works
    # The device shows these as they are.
    plain = client.words.plain
    profile = build_profile(
        settings,
        title=plain.sentence("setup/profile_title", settings.facts),
        description=plain.sentence("setup/profile_description", settings.facts),
    )
    signer, signed = client.settings.profile_signer(), False
    if signer is not None:
        try:
            profile = await asyncio.to_thread(signer.sign, profile)
            signed = True
        except SigningFileError as error:
            name = "PROFILE_KEY" if error.is_key else "PROFILE_CERT"
            _log.error("%s: profiles go out unsigned: %s", name, error)
    card = build_profile_card(settings, profile, client.words, signed=signed)
    await answer(interaction, card)


def _draw(client: BotBase, live: LiveSettings, who: Who, warning: str | None) -> Card:
    return build_settings_card(
        live, client.words, client.items, who=_write(who), warning=warning, told=_is_told(client)
    )


def _weigh(settings: ClientSettings, seen: PortsSeen) -> LiveSettings:
    return weigh_ports(settings, seen.looks, seen.at)


def _is_told(client: BotBase) -> bool:
    """Whether an admin is told of what the looks at the ports meet."""
    return client.member_service.faults is not None and client.requests is not None


async def _take_place(interaction: discord.Interaction[BotBase]) -> None:
    """Acknowledge a click whose answer takes the place of its card, unless others see that one."""
    message = interaction.message
    if message is not None and message.flags.ephemeral:
        interaction.client.awaiting_ports.discard(message.id)
        await acknowledge_click(interaction)
    else:
        await acknowledge(interaction)


async def _find_warning(interaction: discord.Interaction[BotBase], who: Who) -> str | None:
    """Return that a domain is not served, in words, to those who may be told."""
    client = interaction.client
    if who is None or not await client.home.is_home(interaction):
        return None
    domain = who.domain if isinstance(who, MailAddress) else who
    hosting = await client.member_service.hosting(domain)
    if hosting not in {MailHosting.ABSENT, MailHosting.OFF}:
        return None
    server = client.member_service.server
    facts: dict[str, Fact] = {
        "domain": domain.unicode,
        "service": server.name,
        "contact": server.admin_contact,
        "off": hosting is MailHosting.OFF,
        "can_ask": client.requests is not None,
    }
    return client.words.sentence("discord/settings_not_served", facts)


def _write(who: Who) -> str:
    return "" if who is None else str(who)


def _read_who(click: Click) -> tuple[Who, bool]:
    """Return for whom a custom_id is, and whether it is one that a card of ours can have."""
    text = click.parts.get("who")
    if text is None:
        return None, True
    try:
        return (MailAddress.parse(text) if "@" in text else Domain.from_ascii(text)), True
    except (InvalidName, ValueError):  # forged
        return None, False
