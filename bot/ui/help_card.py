"""The card that says what the bot can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.ui.budget import MOST_CHARACTERS, choose, width
from bot.ui.card import NEUTRAL, assemble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.checks.finding import Fact
    from bot.mail.server import MailServer
    from bot.text import Words
    from bot.ui.card import Card


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One command: a mention that can be clicked, and what it does."""

    mention: str
    description: str


def build_help_card(lines: Sequence[CommandLine], server: MailServer, words: Words) -> Card:
    """Return the commands, what the bot is for and whom to ask."""
    facts: dict[str, Fact] = {"service": server.name, "contact": server.admin_contact}
    head = words.render("discord/help_head", facts).strip()
    foot = words.render("discord/help_foot", facts).strip()
    commands = choose(
        [(f"{line.mention}\n-# {line.description}", line.mention) for line in lines],
        MOST_CHARACTERS - width(head) - width(foot),
    )
    return assemble([[head], commands, [foot]], colour=NEUTRAL)
