"""Small cards of one text: progress, refusals, what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.budget import MOST_CHARACTERS
from bot.cards.layout import assemble
from bot.cards.markdown import clip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.words import Words


def build_notice(template: str, facts: Mapping[str, Fact], words: Words) -> Card:
    """Return a card with the text of `templates/en/discord/<template>.j2`."""
    text = words.render(f"discord/{template}", facts).strip()
    return assemble([[clip(text, MOST_CHARACTERS)]])
