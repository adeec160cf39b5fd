"""The card that says line by line whether what requests stand on works, and what to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from bot.checks.finding import Status
from bot.ui.budget import MOST_CHARACTERS
from bot.ui.card import NEUTRAL, assemble
from bot.ui.request_buttons import unlock_button
from bot.ui.setup_checks import check_setup
from bot.ui.text import clip

if TYPE_CHECKING:
    import discord

    from bot.client import Client
    from bot.text import Words
    from bot.ui.card import Card
    from bot.ui.setup_checks import SetupLine

_COLOURS = {Status.PASS: 0x2E9E5B, Status.UNKNOWN: 0x8A63D2, Status.FAIL: 0xD83C3E}


async def build_setup_card(interaction: discord.Interaction[Client]) -> Card:
    """Return the card of how everything is now; takes as long as the slowest part."""
    client = interaction.client
    lines = await check_setup(client)
    words = client.words
    worst = max((line.status for line in lines), key=lambda status: status.rank)
    locked = client.mailcow is not None and bool(client.mailcow.refusals)
    title = f"## {words.label('setup', 'title')}"
    body = "\n".join(_word(line, words) for line in lines)
    return assemble(
        [[title], [clip(body, MOST_CHARACTERS - len(title))]],
        colour=_COLOURS.get(worst, NEUTRAL),
        buttons=[unlock_button(words)] if locked else [],
    )


def _word(line: SetupLine, words: Words) -> str:
    status = line.status.value
    badge = f"{words.label('marks', status)} **{words.label('setup', line.part)}**"
    # One value in a template is cut where it is long, so an error's words come as several.
    parts = tuple(textwrap.wrap(line.said, 150))
    facts = {"code": line.code, "parts": parts, **line.facts}
    return f"{badge}: {words.sentence(f'discord/setup/{line.code}', facts)}"
