"""The cards of what is stored about a member, of what a deletion does, and that it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.items import PrivacyAction
from bot.cards.layout import DANGER, NEUTRAL, assemble
from bot.cards.member_cards import title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.requests.model import Request
    from bot.services.privacy import MemberData
    from bot.words import Words

_MOST_NAMED = 10  # domains
_MOST_PROVEN = 4  # of those that were shown to be the member's, each with its time


def build_privacy_card(
    kept: MemberData, member_id: int, server: MailServer, words: Words, items: ItemFactory
) -> Card:
    """Return what is stored about a member, for how long, and the button that deletes it."""
    named = kept.proofs[:_MOST_PROVEN]
    facts: dict[str, Fact] = {
        "domains": len(kept.domains),
        "names": tuple(domain.unicode for domain in kept.domains[:_MOST_NAMED]),
        "more": max(len(kept.domains) - _MOST_NAMED, 0),
        "checks": kept.checks,
        "still_open": sum(request.open for request in kept.requests),
        "ended": sum(not request.open for request in kept.requests),
        "decisions": kept.decisions,
        "proofs": len(kept.proofs),
        "controlled": tuple(proof.domain.unicode for proof in named),
        "since": tuple(str(int(proof.since.timestamp())) for proof in named),
        "unnamed": max(len(kept.proofs) - _MOST_PROVEN, 0),
        "tests": kept.tests,
        "sent": kept.sent,
        "watched": kept.watched,
        "awaited": kept.awaited,
        "news": kept.news,
        "rotations": kept.rotations,
        "month": kept.days_of_tests,
        "news_days": kept.days_of_news,
        "days": kept.days,
        "latest": kept.latest,
        "week": kept.days_of_others,
        "contact": server.admin_contact,
    }
    title = f"## {words.label('privacy', 'title')}"
    about = "privacy_nothing" if kept.nothing else "privacy_kept"
    button = items.privacy_button(PrivacyAction.ASK, member_id, kept.newest_open)
    return assemble(
        [
            [title, words.render(f"discord/{about}", facts).strip()],
            [words.render("discord/privacy_rules", facts).strip()],
        ],
        colour=NEUTRAL,
        buttons=[] if kept.nothing else [button],
    )


def build_confirmation(kept: MemberData, member_id: int, words: Words, items: ItemFactory) -> Card:
    """Return what a deletion would do, the open requests by name, and the button that does it."""
    facts: dict[str, Fact] = {
        "domains": len(kept.domains),
        "checks": kept.checks,
        "requests": len(kept.requests),
        "decisions": kept.decisions,
        "proofs": len(kept.proofs),
        "tests": kept.tests,
        "sent": kept.sent,
        "watched": kept.watched,
        "awaited": kept.awaited,
        "news": kept.news,
        "rotations": kept.rotations,
    }
    head = words.render("discord/privacy_confirm", facts).strip()
    foot = words.sentence("discord/privacy_final", {})
    withdrawn = _list("privacy_withdrawn", kept.withdrawable, words)
    under_way = _list("privacy_under_way", kept.under_way, words)
    buttons = [
        items.privacy_button(action, member_id, kept.newest_open)
        for action in (PrivacyAction.DELETE, PrivacyAction.KEEP)
    ]
    title = f"## {words.label('privacy', 'confirm')}"
    return assemble([[title, head], withdrawn, under_way, [foot]], colour=DANGER, buttons=buttons)


def build_forgotten(server: MailServer, words: Words) -> Card:
    """Return that nothing is stored any more, and what a deletion cannot reach."""
    facts: dict[str, Fact] = {"service": server.name, "contact": server.admin_contact}
    title = f"## {words.label('privacy', 'done')}"
    return assemble([[title, words.render("discord/privacy_done", facts).strip()]], colour=NEUTRAL)


def _list(template: str, requests: Sequence[Request], words: Words) -> list[str]:
    """Return what happens to these requests, and which they are; nothing where there are none."""
    if not requests:
        return []
    said = words.sentence(f"discord/{template}", {"count": len(requests)})
    # All have room: a member has ten open ones at most, each of under 250 characters.
    return [said, "\n".join(f"- {title_of(request, words)}" for request in requests)]
