"""The card of what to type into a mail client."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import discord
from discord import ui

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, block, choose, clip, width
from bot.characters import LONGEST_VALUE
from bot.records.client_settings import ADVICE, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cards.layout import Card
    from bot.records.client_settings import ClientSettings, Service
    from bot.words import Words

_LONGEST_URL = 512  # of a link button
_MAILCOW = "https://mailcow.email"
_LONGEST_HEAD = 1000  # characters
_LONGEST_ADVICE = 500
_CONTACT = "mail/settings_contact"  # the way out: it closes the card


def build_settings_card(
    settings: ClientSettings, words: Words, *, warning: str | None = None
) -> Card:
    """Return the settings, those for phones first, with buttons to its pages.

    `warning` says why they do not work yet, where that is known.
    """
    head = [f"## {words.sentence('discord/settings_title', settings.facts)}"]
    if settings.about:
        # A value in a template is cut where it is long; this text is wanted whole.
        parts = tuple(textwrap.wrap(settings.about, LONGEST_VALUE))
        head.append(words.sentence("discord/settings_about", {"parts": parts}))
    fixed = [
        [clip("\n".join(head), _LONGEST_HEAD), clip(warning or "", _LONGEST_ADVICE)],
        [
            f"### {words.label('cards', 'first')}",
            f"{words.label('cards', 'user_name')}:\n{block(settings.user_name)}",
            f"{words.label('cards', 'server')}:\n{block(settings.host)}",
            _table((s for s in _mail(settings) if s.preferred), words),
        ],
        [
            f"### {words.label('cards', 'second')}",
            _table((s for s in _mail(settings) if not s.preferred), words),
        ],
    ]
    if pop := settings.of(Protocol.POP):
        fixed[-1] += [f"{Protocol.POP.value}, {words.label('choices', 'pop')}:", _table(pop, words)]
    room = MOST_CHARACTERS - sum(width(text) for section in fixed for text in section)
    said = [
        clip(words.sentence(template, settings.facts), _LONGEST_ADVICE)
        for template in ADVICE
        if template != _CONTACT
    ]
    contact = clip(words.sentence(_CONTACT, settings.facts), _LONGEST_ADVICE)
    advice = choose([(f"-# • {text}", "") for text in said if text], room - width(contact))
    return assemble([*fixed, advice, [contact]], colour=NEUTRAL, buttons=_links(settings, words))


def _mail(settings: ClientSettings) -> tuple[Service, ...]:
    return settings.of(Protocol.IMAP) + settings.of(Protocol.SMTP)


def _table(services: Iterable[Service], words: Words) -> str:
    """Return one line for each service, narrow enough for a phone."""
    rows = [
        (
            words.label("directions", service.direction.value),
            service.protocol.value,
            str(service.port),
            service.security.value,
        )
        for service in services
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = (
        " ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return block(*lines)


def _links(settings: ClientSettings, words: Words) -> list[ui.Item[ui.LayoutView]]:
    return [
        ui.Button(style=discord.ButtonStyle.link, label=words.label("cards", key), url=url)
        for key, url in (
            ("webmail", settings.webmail_url),
            ("password_page", settings.password_url),
            ("mailcow", _MAILCOW),
        )
        if url.startswith("https://") and len(url) <= _LONGEST_URL
    ]
