"""The private cards between Approve and the decision: the DMARC stage, the limits of a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name

from bot.cards.fixes import show_fix
from bot.cards.layout import NEUTRAL, assemble
from bot.cards.markdown import clip
from bot.cards.request_card import title_of
from bot.checks.export.as_json import context_of
from bot.checks.finding import Fix, FixAction
from bot.checks.observe.report_consent import CONSENT, find_missing_consents, host_of
from bot.interactions.request_buttons import RequestAction, request_button, stage_select
from bot.requests.dmarc_readiness import judge_readiness

if TYPE_CHECKING:
    from bot.cards.layout import Card
    from bot.checks.report import Report
    from bot.client import Client
    from bot.errors import Fact
    from bot.requests.backend import DomainLimits
    from bot.requests.model import Request

_LONGEST = 700  # characters of one paragraph
_MOST_CAUSES = 3
_MIB_A_GIB = 1024


async def build_stage_card(request: Request, report: Report, client: Client) -> Card:
    """Return the choice of the DMARC stage: those that the evidence allows, and why no others.

    Where the reports go to another domain, its DNS is asked whether it wants them.
    """
    words, server = client.words, client.member_service.server
    readiness = judge_readiness(report)
    facts: dict[str, Fact] = {"domain": request.domain.ascii, "strict": readiness.allows_strict}
    causes = [
        "- " + clip(words.finding(finding, context_of(report, server)), _LONGEST)
        for finding in readiness.in_the_way[:_MOST_CAUSES]
    ]
    consents = []
    for owner in await find_missing_consents(request.domain, server, client.member_service.ask):
        said = {"domain": request.domain.ascii, "host": host_of(owner)}
        fix = Fix(FixAction.ADD, owner, "TXT", CONSENT)
        consents += [
            words.sentence("discord/request_consent", said),
            show_fix(fix, dns.name.root, words),
        ]
    return assemble(
        [
            [
                f"## {title_of(request, words)}",
                words.sentence("discord/request_choose_stage", facts),
                "\n".join(causes),
            ],
            consents,
        ],
        colour=NEUTRAL,
        buttons=[stage_select(request.id, readiness.stages, words)],
    )


def build_limits_card(request: Request, limits: DomainLimits, client: Client) -> Card:
    """Return what the domain may use on the mail server, with the choice of who adds it."""
    words = client.words
    facts = {
        "mailboxes": limits.mailboxes,
        "aliases": limits.aliases,
        "domain_gib": f"{limits.domain_quota / _MIB_A_GIB:g}",
        "usual_gib": f"{limits.usual_quota / _MIB_A_GIB:g}",
        "mailbox_gib": f"{limits.mailbox_quota / _MIB_A_GIB:g}",
    }
    asked: dict[str, Fact] = {"domain": request.domain.ascii, "backend": client.backend.name}
    question = words.sentence("discord/request_limits", asked)
    return assemble(
        [
            [f"## {title_of(request, words)}", question],
            [words.render("discord/request_limit_lines", facts).strip()],
        ],
        colour=NEUTRAL,
        buttons=[
            request_button(action, request.id, words)
            for action in (RequestAction.ADD, RequestAction.BYHAND)
        ],
    )
