"""What a check suggests to ask the admin for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bot.checks.finding import Check, Status
from bot.interactions.replies import UNDELIVERED
from bot.requests.model import RequestKind

if TYPE_CHECKING:
    import discord

    from bot.checks.report import Report
    from bot.interactions.bot import BotBase
    from bot.services.member_service import KeptCheck

_log = logging.getLogger(__name__)

_ASK_FOR_DKIM = {"dkim-no-key", "dkim-unknown", "dkim-missing"}


def suggest(report: Report) -> RequestKind | None:
    """Return what a member whose domain looks like this could ask the admin for next."""
    codes = {finding.code for finding in report.findings}
    if "not-in-mailcow" in codes:
        return RequestKind.MAILDOMAIN
    if "off-in-mailcow" in codes:
        return None  # there is nothing to ask for: an admin has to switch it on
    if codes & _ASK_FOR_DKIM:
        return RequestKind.DKIM
    dkim = next((r.status for r in report.results if r.check is Check.DKIM), None)
    if "dmarc-missing" in codes and dkim is Status.PASS:
        return RequestKind.DMARC
    return None


async def find_offer(
    interaction: discord.Interaction[BotBase], kept: KeptCheck
) -> RequestKind | None:
    """Return which request the private card of a check offers.

    There is none where requests are not taken, or where it is asked for already.
    """
    client = interaction.client
    kind = suggest(kept.shown(shared=False))
    if kind is None or client.requests is None or interaction.guild_id is None:
        return None
    try:
        guild_id = await client.home.guild_id()
    except UNDELIVERED as error:
        _log.warning("Nothing is offered below a check: %s", error)
        return None
    if interaction.guild_id != guild_id:
        return None
    asked = await client.requests.of_domain(kept.report.domain)
    return None if any(r.open and r.kind is kind for r in asked) else kind
