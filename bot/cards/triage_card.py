"""The answer to who asked for what is not for an admin: why not, and what comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.cards.items import CheckAction
from bot.cards.layout import NEUTRAL, STATUS_COLOURS, assemble
from bot.cards.markdown import say_remark
from bot.checks.finding import Status
from bot.checks.report import find_meant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.mail_server import MailServer
    from bot.services.member_service import KeptCheck
    from bot.services.triage import Triage
    from bot.words import Words


def build_triage_card(
    triage: Triage,
    kept: KeptCheck,
    server: MailServer,
    words: Words,
    items: ItemFactory,
    *,
    remark: str | None = None,
) -> Card:
    """Return why a request is not made, with the buttons for what comes first.

    `kept` is the check that shows it; another domain that was likely meant is in its report.
    """
    report = kept.shown(shared=False)
    domain = report.domain
    texts = [say_triage(triage, domain, server, words)]
    if remark:
        texts.append(say_remark(remark, words))
    buttons: list[Any] = []
    if triage.asks is not None:
        buttons.append(items.ask_button(triage.asks, kept.id, domain.ascii))
    meant = find_meant(report)
    if meant is not None:
        buttons.append(items.meant_button(str(meant.facts["meant"])))
    if triage.leads_to_check:
        again = items.check_button(CheckAction.AGAIN, kept.id, domain.ascii)
        buttons.append(items.next_button(domain.ascii) or again if triage.by_plan else again)
    colour = STATUS_COLOURS[Status.PASS] if triage.is_done else NEUTRAL
    return assemble(
        [["\n".join(texts)]], colour=colour, buttons=[item for item in buttons if item is not None]
    )


def say_triage(
    triage: Triage, domain: Domain, server: MailServer, words: Words, *, admin: bool = False
) -> str:
    """Return why no admin can act on a request, and what comes first; after a mark where done.

    What the member can do is left out where an `admin` reads it.
    """
    facts: Mapping[str, Fact] = {
        "domain": domain.ascii,
        "alias": f"{server.webmail_label}.{domain.ascii}",
        "host": server.host_text,
        "service": server.name,
        "admin": admin,
        **triage.facts,
    }
    missing = facts.get("missing")
    if isinstance(missing, tuple):
        facts = {**facts, "missing": tuple(words.label("checks", part) for part in missing)}
    said = words.sentence(triage.template, facts)
    return f"{words.label('marks', Status.PASS.value)} {said}" if triage.is_done else said
