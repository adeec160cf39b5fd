"""What `/mailadmin setup` and `/mailadmin server` and their buttons do; for admins alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from bot.cards.server_card import build_server_card
from bot.cards.setup_card import build_setup_card
from bot.checks.finding import Status
from bot.checks.report import RESOLVER_FAULTS
from bot.doctor.database_server import check_store
from bot.doctor.line import Line
from bot.doctor.running_bot import examine_from_inside
from bot.errors import StoreError
from bot.interactions.permissions import admit_admin
from bot.interactions.replies import Progress, acknowledge, acknowledge_click, answer

if TYPE_CHECKING:
    import discord

    from bot.errors import Fact
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click

_LATE = 3600.0  # seconds that a look may be late


async def show_setup(interaction: discord.Interaction[BotBase]) -> None:
    """Answer a command with how every part is, privately."""
    await acknowledge(interaction)
    if await admit_admin(interaction):
        await _examine(interaction)


async def handle_unlock_button(interaction: discord.Interaction[BotBase], _: Click) -> None:
    """Have the mail server called again after it refused, and show how every part is then."""
    await acknowledge_click(interaction)
    if await admit_admin(interaction):
        interaction.client.backend.unlock()
        await _examine(interaction)


async def show_server(interaction: discord.Interaction[BotBase]) -> None:
    """Answer a command with the report of the mail server itself, privately."""
    await acknowledge(interaction)
    if await admit_admin(interaction):
        await _check_server(interaction)


async def handle_server_button(interaction: discord.Interaction[BotBase], _: Click) -> None:
    """Put a new report of the mail server in place of the card whose button was clicked."""
    await acknowledge_click(interaction)
    if await admit_admin(interaction):
        await _check_server(interaction)


async def _examine(interaction: discord.Interaction[BotBase]) -> None:
    """Answer with how every part is now, part by part as they answer."""
    client = interaction.client
    examining = examine_from_inside(
        client.settings,
        client,
        client.examine_backend(),
        check_store(client.member_service.try_store(), client.settings.database_url, client.now),
        client.examine_probe(),
    )
    async with contextlib.aclosing(examining):
        async for examined in examining:
            lines = (*examined, _recall_server(client), await _look_at_watch(client))
            locked = bool(client.backend.refusals)
            card = build_setup_card(lines, client.words, client.items, locked=locked)
            await answer(interaction, card)


async def _look_at_watch(client: BotBase) -> Line:
    """Return a line about the watch: how much it looks at, and whether it keeps up."""
    command: dict[str, Fact] = {"command": "/mailadmin watch"}
    try:
        seen = await client.watching.overview()
    except StoreError:
        return Line("watch", Status.UNKNOWN, "watch-unknown", command)
    late = 0.0 if seen.next_at is None else (client.now() - seen.next_at).total_seconds()
    facts: dict[str, Fact] = {
        **command,
        "total": seen.total,
        "broken": seen.open_ones.total,
        "late": int(max(late, 0)),
    }
    if late > _LATE:
        return Line("watch", Status.WARN, "watch-late", facts)
    return Line("watch", Status.PASS if seen.total else Status.INFO, "watch-right", facts)


def _recall_server(client: BotBase) -> Line:
    """Return a line about the mail server's own faults that members' checks met lately."""
    faults = client.member_service.faults
    # The resolvers have lines of their own, of how they are now.
    recent = faults.recent() if faults is not None else ()
    met = tuple(fault for fault in recent if fault.what not in RESOLVER_FAULTS)
    facts: dict[str, Fact] = {"command": "/mailadmin server"}
    if met:
        facts["faults"] = tuple(fault.what for fault in met)
        return Line("server", Status.FAIL, "server-faulty", facts)
    if faults is None or not faults.reports:
        return Line("server", Status.INFO, "server-unseen", facts)
    return Line("server", Status.PASS, "server-right", facts)


async def _check_server(interaction: discord.Interaction[BotBase]) -> None:
    client = interaction.client
    words, items, server = client.words, client.items, client.member_service.server
    async with Progress(interaction, words, "checking", {"domain": server.host_text}):
        report = await client.member_service.check_server(interaction.user.id)
    await answer(interaction, build_server_card(report, server, words, items))
