"""The cards of what sets up a phone without typing: the Apple profile, and the QR code."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.cards.layout import NEUTRAL, assemble, build_notice
from bot.cards.markdown import clip, span
from bot.cards.settings_card import is_link
from bot.cards.settings_parts import number
from bot.records.apple_profile import ENDING

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.records.client_settings import ClientSettings
    from bot.words import Words

_LONGEST_TEXT = 1000  # characters
_LONGEST_FILE_NAME = 100
_PICTURE = "qr-code.png"


def build_profile_card(
    settings: ClientSettings, profile: bytes, words: Words, *, signed: bool
) -> Card:
    """Return the file of an address's profile, and how to install it."""
    facts = {**settings.facts, "signed": signed, "own_profile": settings.has_own_profile}
    domain = settings.user_name.rpartition("@")[2]
    name = f"{domain[: _LONGEST_FILE_NAME - len(ENDING)]}{ENDING}"
    return assemble(
        [
            [
                clip(f"## {words.sentence('discord/profile_title', facts)}", _LONGEST_TEXT),
                number(words.lines("setup/profile_steps", facts)),
                f"-# {words.sentence('discord/profile_signed', facts)}",
            ]
        ],
        colour=NEUTRAL,
        files=(discord.File(io.BytesIO(profile), name),),
    )


def build_qr_card(settings: ClientSettings, picture: bytes, words: Words) -> Card:
    """Return the QR code of the mail server's own page, with the link itself."""
    page = settings.own_page
    facts = {
        **settings.facts,
        "page": page,
        "own_profile": settings.has_own_profile,
        "calendars": settings.has_own_profile and "only_email" not in page,
    }
    # Read to people who do not see the picture, as plain text.
    described = words.plain.sentence("discord/qr_picture", facts)
    buttons: list[ui.Button[ui.LayoutView]] = []
    if is_link(page):
        label = words.label("cards", "own_page")
        buttons.append(ui.Button(style=discord.ButtonStyle.link, label=label, url=page))
    return assemble(
        [
            [
                clip(f"## {words.sentence('discord/qr_title', facts)}", _LONGEST_TEXT),
                clip(words.sentence("discord/qr_page", facts), _LONGEST_TEXT),
                f"-# {span(page)}",
            ]
        ],
        colour=NEUTRAL,
        buttons=buttons,
        picture=discord.File(io.BytesIO(picture), _PICTURE, description=described),
    )


def build_no_page_card(settings: ClientSettings, words: Words) -> Card:
    """Return that there is no page to lead to."""
    return build_notice("qr_no_page", settings.facts, words)
