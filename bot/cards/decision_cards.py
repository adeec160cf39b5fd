"""Cards for an admin's decision: choice of the DMARC policy, limits of a domain, who decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.name

from bot.cards.fixes import show_fix
from bot.cards.items import RequestAction
from bot.cards.layout import DANGER, NEUTRAL, assemble
from bot.cards.markdown import clip, moment
from bot.cards.request_card import mention, state_word, title_of
from bot.checks.export.as_json import context_of
from bot.checks.finding import Status
from bot.requests.mail_proof import NOT_ASKED, MailProofKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.checks.finding import Fix
    from bot.checks.report import Report
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.requests.backend import DomainLimits
    from bot.requests.dmarc_readiness import DmarcReadiness
    from bot.requests.mail_proof import MailProof
    from bot.requests.model import Request
    from bot.words import Words

_LONGEST = 700  # characters of one paragraph
_MOST_CAUSES = 3
_MIB_A_GIB = 1024


def build_stage_card(
    request: Request,
    report: Report,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    readiness: DmarcReadiness,
    consents: Sequence[tuple[str, Fix]],
    proof: MailProof = NOT_ASKED,
) -> Card:
    """Return the choice of the DMARC policy: those that the report allows, and why no others.

    `proof` is what test mails show, which matters where a strict one is allowed. `consents` are the
    records that are missing where reports go to another domain: the host that gets the reports, and
    the record to add in its zone (RFC 9990).
    """
    facts: dict[str, Fact] = {"domain": request.domain.ascii, "strict": readiness.allows_strict}
    causes = [
        "- " + clip(words.finding(finding, context_of(report, server)), _LONGEST)
        for finding in readiness.in_the_way[:_MOST_CAUSES]
    ]
    missing = []
    for host, fix in consents:
        said = {"domain": request.domain.ascii, "host": host}
        missing += [
            words.sentence("discord/request_consent", said),
            show_fix(fix, dns.name.root, words),
        ]
    return assemble(
        [
            [
                f"## {title_of(request, words)}",
                words.sentence("discord/request_choose_stage", facts),
                "\n".join(causes),
                _say_proof(request, proof, words) if readiness.allows_strict else "",
            ],
            missing,
        ],
        colour=NEUTRAL,
        buttons=[items.stage_select(request.id, readiness.stages)],
    )


def build_untested_card(
    request: Request, stage: str, proof: MailProof, words: Words, items: ItemFactory
) -> Card:
    """Return what is missing for a strict policy, what follows, and the second press."""
    risk = words.sentence("discord/request_mail_risk", {"policy": f"p={stage}"})
    return assemble(
        [[f"## {title_of(request, words)}", f"{_say_proof(request, proof, words)} {risk}"]],
        colour=DANGER,
        buttons=[items.untested_button(request.id, stage)],
    )


def _say_proof(request: Request, proof: MailProof, words: Words) -> str:
    """Return what test mails show of the request's domain; nothing where there are none here."""
    if proof.kind is MailProofKind.NOT_ASKED:
        return ""
    facts: dict[str, Fact] = {
        "kind": proof.kind.value,
        "domain": request.domain.unicode,
        "at": 0 if proof.at is None else int(proof.at.timestamp()),
    }
    status = Status.PASS if proof.is_enough else Status.WARN
    said = words.sentence("discord/request_mail_proof", facts)
    return f"{words.label('marks', status.value)} {said}"


def build_limits_card(
    request: Request,
    limits: DomainLimits,
    words: Words,
    items: ItemFactory,
    *,
    backend: str,
    accepts_risk: bool = False,
) -> Card:
    """Return what the domain may use on the mail server, with the choice of who adds it.

    `limits` are those that the mail server gives by itself, as far as they are known; `backend`
    is the name of its software. `accepts_risk`: the admin was told what it means that control of
    the domain is not shown.
    """
    facts: dict[str, Fact] = {
        "mailboxes": limits.mailboxes,
        "aliases": limits.aliases,
        "domain_gib": _say_gib(limits.domain_quota),
        "usual_gib": _say_gib(limits.usual_quota),
        "mailbox_gib": _say_gib(limits.mailbox_quota),
    }
    known = None not in facts.values()
    asked: dict[str, Fact] = {"domain": request.domain.ascii, "backend": backend}
    question = words.sentence("discord/request_limits", asked)
    return assemble(
        [
            [f"## {title_of(request, words)}", question],
            [words.render("discord/request_limit_lines", facts).strip() if known else ""],
        ],
        colour=NEUTRAL,
        buttons=[
            items.request_button(action, request.id, accepts_risk=accepts_risk)
            for action in (RequestAction.ADD, RequestAction.LIMITS, RequestAction.BYHAND)
        ],
    )


def _say_gib(mib: int | None) -> str | None:
    return None if mib is None else f"{mib / _MIB_A_GIB:g}"


def build_barred_notice(request: Request, why: str, words: Words, *, never: bool) -> Card:
    """Return the notice that an approval was not taken, why, and what an admin can do instead.

    `never`: it will be the same at any later time.
    """
    facts: dict[str, Fact] = {"number": str(request.id), "never": never}
    said = [words.sentence("discord/request_barred", {**facts, "part": p}) for p in ("", "next")]
    return assemble([[f"{said[0]} {why} {said[1]}"]])


def build_decided_notice(request: Request, words: Words) -> Card:
    """Return the notice that an admin's decision on a request has been taken, and its state."""
    facts = {"number": str(request.id), "domain": request.domain.ascii}
    said = words.sentence("discord/request_won", facts)
    return assemble([[f"{said} {state_word(request, words)}"]])


def build_too_late_notice(request: Request, words: Words) -> Card:
    """Return the notice of who decided, what, and when."""
    facts = {
        "number": str(request.id),
        "state": request.state.value,
        "decided": request.decided_by is not None,
    }
    parts = [words.sentence("discord/request_decided", facts), state_word(request, words)]
    if request.decided_by is not None and request.decided_at is not None:
        parts.append(f"· {mention(request.decided_by, words)} {moment(request.decided_at)}")
    else:
        parts.append(moment(request.changed_at))
    return assemble([[" ".join(parts)]])
