"""The card that gives back what somebody wrote into a form that nothing takes any more."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import discord

from bot.cards.layout import assemble
from bot.cards.markdown import block, is_copyable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.layout import Card
    from bot.words import Words

_FILE_NAME = "what-you-wrote.txt"
_ROOM = 1500  # characters that a card shows; what is longer comes as a file


def build_given_back_card(texts: Sequence[str], words: Words) -> Card:
    """Return that the form was not taken, with its texts to copy."""
    said = words.sentence("discord/form_given_back", {})
    lines = [text.splitlines() for text in texts]
    if sum(map(len, texts)) <= _ROOM and all(is_copyable(ln) for text in lines for ln in text):
        return assemble([[said, *(block(*text) for text in lines)]])
    data = io.BytesIO("\n\n".join(texts).encode("utf-8", "replace"))
    return assemble([[said]], files=(discord.File(data, _FILE_NAME),))
