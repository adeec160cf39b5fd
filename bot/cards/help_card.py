"""The card that says what the bot can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import MOST_CHARACTERS, choose, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.words import Words


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
