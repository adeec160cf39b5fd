"""The card of a domain's history: how it stands, what changed lately, and the timeline."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import discord

from bot.cards.history_lines import list_changes
from bot.cards.layout import STATUS_COLOURS, assemble, build_notice
from bot.cards.markdown import clip, count_lines, span
from bot.cards.timeline_words import describe_timeline
from bot.watch.watched_domain import HISTORY_KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.names import Domain
    from bot.watch.timeline import History
    from bot.words import Words

_PICTURE: Final = "history.png"
_MOST_CHANGES: Final = 6
_MOST_LINES: Final = 4  # that they take; with more the card is taller than a screen
_LONGEST_HEAD: Final = 500  # characters


def build_history_card(history: History, picture: bytes, words: Words, items: ItemFactory) -> Card:
    """Return the history of a domain with its timeline, whose words are read to who cannot see."""
    facts: dict[str, Fact] = {
        "calm": ", ".join(words.label("checks", check.value) for check in history.calm_checks),
        "days": HISTORY_KEPT.days,
    }
    domain = history.domain
    title = f"## {words.label('history', 'title')}: {span(domain.ascii)}"
    if domain.unicode != domain.ascii:
        title += f" ({span(domain.unicode)})"
    quiet: dict[str, Fact] = {"at": int(history.quiet_since.timestamp()), "own": False}
    changes = _keep_few(list_changes(history, words, _MOST_CHANGES))
    button = items.new_check_button(domain.ascii)
    return assemble(
        [
            [title, clip(words.sentence("history/head", history.facts), _LONGEST_HEAD)],
            [
                f"### {words.label('history', 'changes')}",
                "\n".join(changes) or words.sentence("history/quiet", quiet),
            ],
            [f"-# {words.sentence('discord/history_foot', facts)}"],
        ],
        colour=STATUS_COLOURS[history.status],
        buttons=[] if button is None else [button],
        picture=discord.File(
            io.BytesIO(picture), _PICTURE, description=describe_timeline(history, words.plain)
        ),
    )


def _keep_few(changes: Sequence[str]) -> Sequence[str]:
    """Return the first changes, as many as have room on a screen, and one at least."""
    for count in range(len(changes), 1, -1):
        if sum(count_lines(change) for change in changes[:count]) <= _MOST_LINES:
            return changes[:count]
    return changes[:1]


def build_no_history(domain: Domain, words: Words, *, is_watched: bool, watch_command: str) -> Card:
    """Return that no history is kept of a domain, and the command that has it watched."""
    facts: dict[str, Fact] = {"domain": domain.unicode, "known": is_watched}
    command = "" if is_watched else watch_command
    return build_notice("history_unwatched", facts, words, command=command)
