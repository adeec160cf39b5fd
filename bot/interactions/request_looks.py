"""Looks at a domain for a request of it: what becomes of it, and what an admin is shown."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import discord

from bot.cards.decision_cards import build_barred_notice
from bot.cards.triage_card import say_triage
from bot.interactions.control_looks import weigh_for
from bot.interactions.member_checks import check_domain
from bot.requests.model import RequestKind
from bot.services.core import NOTHING
from bot.services.request_evidence import gather_evidence
from bot.services.triage import Ruling, triage

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.checks.report import Report
    from bot.interactions.bot import BotBase
    from bot.names import Domain
    from bot.net.certificate import Certificate
    from bot.requests.evidence import Evidence
    from bot.requests.model import Request
    from bot.requests.service import Requests
    from bot.services.member_service import KeptCheck
    from bot.services.triage import Triage

_LONGEST_LOOK: Final = 5.0  # seconds that a member waits for the webmail alias

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RequestLook:
    """A check made for a request: what becomes of it, and the evidence to keep."""

    kept: KeptCheck
    triage: Triage
    evidence: Evidence


async def look_for_request(
    interaction: discord.Interaction[BotBase], kind: RequestKind, domain: Domain
) -> RequestLook:
    """Check a domain that something is asked for, in an interaction that is acknowledged."""
    service = interaction.client.member_service
    if _waits_on_shared_card(interaction):
        kept = await service.check(domain, interaction.user.id, confidential=True)
    else:
        kept = await check_domain(interaction, domain, confidential=True)
    known = kept.known or NOTHING
    plan = await service.plan(kept, confidential=True, can_ask=True)
    certificate = await _look_at_alias(interaction.client, kind, kept.report)
    return RequestLook(
        kept,
        triage(kind, kept.report, plan, known.hosting, certificate=certificate),
        gather_evidence(kind, kept.report, plan, known, service.server),
    )


def _waits_on_shared_card(interaction: discord.Interaction[BotBase]) -> bool:
    """Whether what is said of the progress would take the place of a card that others see."""
    message, waits = interaction.message, discord.InteractionResponseType.deferred_message_update
    is_shared = message is not None and not message.flags.ephemeral
    return is_shared and interaction.response.type is waits


async def look_again(
    interaction: discord.Interaction[BotBase], requests: Requests, request: Request
) -> RequestLook:
    """Return a look of now at a request's domain; what it shows is kept with the request."""
    client, kind, domain = interaction.client, request.kind, request.domain
    look = await look_for_request(interaction, kind, domain)
    control = await weigh_for(client, kind, request.member_id, domain, look.kept.report)
    look = replace(look, evidence=replace(look.evidence, control=control))
    await requests.keep_evidence(request.id, look.evidence)
    return look


def find_bar(client: BotBase, request: Request, look: RequestLook) -> Card | None:
    """Return why an approval would come to nothing; None where nothing speaks against it."""
    if not look.triage.bars_approval:
        return None
    server, words = client.member_service.server, client.words
    why = say_triage(look.triage, request.domain, server, words, admin=True)
    return build_barred_notice(request, why, words, never=look.triage.ruling is Ruling.NEVER)


async def _look_at_alias(client: BotBase, kind: RequestKind, report: Report) -> Certificate | None:
    """Return what the certificate of the webmail alias is like, where one is asked for."""
    if kind is not RequestKind.WEBMAIL:
        return None
    try:
        async with asyncio.timeout(_LONGEST_LOOK):
            return await client.verifier.look_at_alias(report)
    except TimeoutError:
        _log.info("the webmail alias of %s did not answer in time", report.domain.ascii)
        return None
