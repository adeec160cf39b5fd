"""The card that says line by line whether what requests stand on works, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.budget import MOST_CHARACTERS
from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import clip
from bot.checks.finding import Status
from bot.doctor.line import Line
from bot.doctor.line_words import say
from bot.doctor.running_bot import examine_from_inside
from bot.interactions.request_buttons import unlock_button

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.client import Client
    from bot.errors import Fact
    from bot.words import Words

_COLOURS = {Status.PASS: 0x2E9E5B, Status.UNKNOWN: 0x8A63D2, Status.FAIL: 0xD83C3E}


async def build_setup_card(interaction: discord.Interaction[Client]) -> Card:
    """Return the card of how everything is now; takes as long as the slowest part."""
    client = interaction.client
    examined = await examine_from_inside(
        client.settings, client, client.examine_backend(), client.member_service.try_store()
    )
    lines = (*examined, _recall_server(client))
    words = client.words
    worst = max((line.status for line in lines), key=lambda status: status.rank)
    title = f"## {words.label('setup', 'title')}"
    body = "\n".join(_word(line, words) for line in lines)
    return assemble(
        [[title], [clip(body, MOST_CHARACTERS - len(title))]],
        colour=_COLOURS.get(worst, NEUTRAL),
        buttons=[unlock_button(words)] if client.backend.refusals else [],
    )


def _recall_server(client: Client) -> Line:
    """Tell of the mail server's own faults that members' checks met lately."""
    faults = client.member_service.faults
    met = faults.recent() if faults is not None else ()
    facts: dict[str, Fact] = {"command": "/mailadmin server"}
    if met:
        facts["faults"] = tuple(fault.what for fault in met)
        return Line("server", Status.FAIL, "server-faulty", facts)
    if faults is None or not faults.reports:
        return Line("server", Status.INFO, "server-unseen", facts)
    return Line("server", Status.PASS, "server-right", facts)


def _word(line: Line, words: Words) -> str:
    said = say(line, words)
    return f"{words.label('marks', line.status.value)} **{said.part}**: {said.sentence}"
