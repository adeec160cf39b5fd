"""Approving a DMARC policy: the choice, what test mails show, and the second press without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.decision_cards import build_stage_card, build_untested_card
from bot.checks.answers import name_text
from bot.checks.dmarc.report_addresses import CONSENT, consent_wildcard
from bot.checks.finding import Fix, FixAction
from bot.checks.observe.report_consent import find_missing_consents
from bot.errors import RequestError
from bot.interactions.replies import acknowledge_click, answer
from bot.interactions.request_answers import admit_to_request, say_decision, say_gone, say_refusal
from bot.interactions.request_looks import find_bar, look_again
from bot.records.dmarc_policy import POLICIES
from bot.requests.dmarc_readiness import judge_readiness
from bot.requests.mail_proof import NOT_ASKED
from bot.requests.model import State

if TYPE_CHECKING:
    import discord

    from bot.cards.layout import Card
    from bot.checks.report import Report
    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from bot.names import Domain
    from bot.requests.mail_proof import MailProof
    from bot.requests.model import Request
    from bot.requests.service import Requests


async def handle_stage_select(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Approve a DMARC request at the stage that was chosen, where it may still be."""
    await acknowledge_click(interaction)
    admitted = await admit_to_request(interaction, click)
    if admitted is None:
        return
    (requests, request), values = admitted, click.values
    if len(values) != 1 or values[0] not in POLICIES:
        await say_gone(interaction, click.number("request"))
        return
    await _approve_stage(interaction, requests, request, values[0])


async def handle_untested_button(interaction: discord.Interaction[BotBase], click: Click) -> None:
    """Approve a strict stage without a test mail, by an admin who has read what that means."""
    await acknowledge_click(interaction)
    admitted = await admit_to_request(interaction, click)
    if admitted is None:
        return
    requests, request = admitted
    if request.state is not State.PENDING:
        await say_decision(interaction, request, on_card=False)
        return
    await _approve_stage(interaction, requests, request, click.parts["stage"], accepts_risk=True)


async def draw_stage_card(client: BotBase, request: Request, report: Report) -> Card:
    """Return the choice of the DMARC policy that this report allows.

    Where the reports go to another domain, its DNS is asked whether it wants them.
    """
    service = client.member_service
    hosts = await find_missing_consents(request.domain, service.server, service.ask)
    consents = [
        (name_text(host), Fix(FixAction.ADD, owner, "TXT", CONSENT))
        for host in hosts
        if (owner := consent_wildcard(host)) is not None
    ]
    return build_stage_card(
        request,
        report,
        service.server,
        client.words,
        client.items,
        readiness=judge_readiness(report),
        consents=consents,
        proof=await _weigh_mails(client, request.domain),
    )


async def _approve_stage(
    interaction: discord.Interaction[BotBase],
    requests: Requests,
    request: Request,
    stage: str,
    *,
    accepts_risk: bool = False,
) -> None:
    """Approve a stage as the domain is at this click; without a test mail the admin is told."""
    client = interaction.client
    look = await look_again(interaction, requests, request)
    report, bar = look.kept.report, find_bar(client, request, look)
    if bar is not None or stage not in judge_readiness(report).stages:
        await answer(interaction, bar or await draw_stage_card(client, request, report))
        return
    proof = await _weigh_mails(client, request.domain)
    is_open = request.state is State.PENDING
    if is_open and stage != POLICIES[0] and not (proof.is_enough or accepts_risk):
        card = build_untested_card(request, stage, proof, client.words, client.items)
        await answer(interaction, card)
        return
    try:
        decision = await requests.approve(
            request.id,
            interaction.user.id,
            stage=stage,
            report=report,
            mail_proof=proof,
            accepts_risk=accepts_risk,
        )
    except RequestError as error:
        await say_refusal(interaction, error)
        return
    await say_decision(interaction, decision, on_card=False)


async def _weigh_mails(client: BotBase, domain: Domain) -> MailProof:
    """Return what test mails show of a domain, where there are any here."""
    testing = client.mail_testing
    return NOT_ASKED if testing is None else await testing.proof_of(domain)
