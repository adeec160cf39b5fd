"""What the cards of mail settings share: how the ports stand, and the choice of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.cards.markdown import clip
from bot.records.client_settings import Direction
from bot.records.live_settings import LiveState
from bot.records.mail_apps import load_apps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.cards.items import Item, ItemFactory
    from bot.records.live_settings import LiveSettings
    from bot.words import Words

_LONGEST_STEP = 450  # characters; six and what is beside them fit a message
_WHAT: Final[Mapping[tuple[Direction, ...], str]] = {
    (Direction.INCOMING,): "reading",
    (Direction.OUTGOING,): "sending",
}


def say_state(live: LiveSettings, words: Words, *, told: bool) -> str:
    """Return whether the settings work right now, in one or two sentences; empty if nobody looks.

    `told`: an admin reads of the mail server's faults.
    """
    if live.state is LiveState.UNASKED:
        return ""
    said = words.sentence(
        "discord/settings_live",
        {
            "state": live.state.value,
            "what": _WHAT.get(live.concerned, "both"),
            "at": None if live.at is None else int(live.at.timestamp()),
            "told": told,
        },
    )
    return f"{words.label('live', live.state.value)} {said}"


def is_worth_saying(live: LiveSettings) -> bool:
    """Whether a card that is about something else says how the ports stand."""
    return live.state is LiveState.FAULTY


def build_app_select(
    who: str, words: Words, items: ItemFactory, *, other_than: str | None = None
) -> Item:
    """Return the choice of a mail app; on the card of one app, the choice of another.

    `who` as in `ItemFactory.app_select`.
    """
    placeholder = words.label("cards", "app" if other_than is None else "other_app")
    options = [
        discord.SelectOption(value=app.key, label=app.name)
        for app in load_apps()
        if app.key != other_than
    ]
    return items.app_select(who, options, placeholder)


def number(steps: Iterable[str]) -> str:
    """Return steps as a numbered list."""
    return "\n".join(f"{place}. {clip(step, _LONGEST_STEP)}" for place, step in enumerate(steps, 1))
