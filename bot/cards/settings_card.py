"""The card of what to type into a mail client."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

import discord
from discord import ui

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, block, choose, clip, span, width
from bot.cards.settings_parts import build_app_select, say_state
from bot.characters import LONGEST_VALUE
from bot.records.client_settings import CONTACT, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.records.client_settings import ClientSettings, Service
    from bot.records.live_settings import LiveSettings
    from bot.words import Words

_LONGEST_URL = 512  # of a link button
_LONGEST_HEAD = 1000  # characters
_LONGEST_ADVICE = 500
# What most need to know; the rest is on the card of the app that all is typed into by hand.
_ADVICE: Final = (
    "mail/settings_user_name",
    "mail/settings_server_name",
    "discord/settings_webmail",
    "mail/settings_mailcow",
)


def build_settings_card(
    live: LiveSettings,
    words: Words,
    items: ItemFactory,
    *,
    who: str = "",
    warning: str | None = None,
    told: bool = False,
) -> Card:
    """Return the settings, the ways that come first above, with the choice of an app below.

    `who` is whom they are for, as in `ItemFactory.app_select`. `warning` says why they do not work
    yet, where that is known; `told`: an admin reads of the mail server's faults.
    """
    settings = live.settings
    head = [f"## {words.sentence('discord/settings_title', settings.facts)}"]
    if settings.about:
        # A value in a template is cut where it is long; this text is wanted whole.
        parts = tuple(textwrap.wrap(settings.about, LONGEST_VALUE))
        head.append(words.sentence("discord/settings_about", {"parts": parts}))
    first = [service for service in _mail(settings) if service.preferred]
    second = [service for service in _mail(settings) if not service.preferred]
    typed = [
        f"### {words.label('cards', 'first')}",
        f"{words.label('cards', 'user_name')}: {span(settings.user_name)}",
        f"{words.label('cards', 'server')}: {span(settings.host)}",
        _table(first, words),
    ]
    others = [f"### {words.label('cards', 'second')}", _table(second, words)] if second else []
    if pop := settings.of(Protocol.POP):
        others.append(_say_pop(pop, settings, words))
    fixed = [
        [
            clip("\n".join(head), _LONGEST_HEAD),
            clip(warning or "", _LONGEST_ADVICE),
            say_state(live, words, told=told),
        ],
        ["\n".join(typed), "\n".join(others)],
    ]
    room = MOST_CHARACTERS - sum(width(text) for section in fixed for text in section)
    said = [clip(words.sentence(template, settings.facts), _LONGEST_ADVICE) for template in _ADVICE]
    contact = clip(f"-# {words.sentence(CONTACT, settings.facts)}", _LONGEST_ADVICE)
    advice = choose([(f"-# • {text}", "") for text in said if text], room - width(contact))
    return assemble(
        [*fixed, ["\n".join(text for text in (*advice, contact) if text)]],
        colour=NEUTRAL,
        selects=[build_app_select(who, words, items)],
        buttons=[*_links(settings, words), items.profile_button(who), items.qr_button()],
    )


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


def _say_pop(pop: Iterable[Service], settings: ClientSettings, words: Words) -> str:
    """Return the line of a protocol that few should choose."""
    ways = f" {words.label('cards', 'or')} ".join(
        f"{service.port} {service.security.value}" for service in pop
    )
    hint = f" ({words.label('choices', 'pop_unknown')})" if settings.pop_unknown else ""
    return f"{Protocol.POP.value}, {words.label('choices', 'pop')}: {ways}{hint}"


def _links(settings: ClientSettings, words: Words) -> list[ui.Item[ui.LayoutView]]:
    return [
        ui.Button(style=discord.ButtonStyle.link, label=words.label("cards", key), url=url)
        for key, url in (
            ("webmail", settings.webmail_url),
            ("password_page", settings.password_url),
        )
        if is_link(url)
    ]


def is_link(url: str) -> bool:
    """Whether Discord takes an address for a link button."""
    return url.startswith("https://") and len(url) <= _LONGEST_URL
