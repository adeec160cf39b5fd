"""The cards of single news of the watch: a certificate that ends, and what a member waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cards.goal_choice import say_goal
from bot.cards.incident_card import say_stored_finding, show_subject
from bot.cards.layout import STATUS_COLOURS, assemble
from bot.cards.markdown import clip
from bot.checks.finding import Status
from bot.requests.schedule import GIVE_UP_AFTER
from bot.watch.awaited_goal import AwaitedEnd
from bot.watch.watched_domain import MAIL_SERVER

if TYPE_CHECKING:
    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.watch.watch_news import AwaitedTold, CertificateTold
    from bot.words import Words

_LONGEST_MESSAGE = 500  # characters
_LAST_DAYS = 7  # of a certificate: from then on it is said as gravely as a fault


def build_certificate_card(
    told: CertificateTold, server: MailServer, words: Words, items: ItemFactory
) -> Card:
    """Return that a certificate of the mail host ends soon, where, and what follows."""
    status = Status.FAIL if told.days <= _LAST_DAYS else Status.WARN
    facts: dict[str, Fact] = {
        "host": told.host,
        "ports": tuple(str(port) for port in told.ports),
        "ends": int(told.ends_at.timestamp()),
    }
    mark, title = words.label("marks", status.value), words.label("told", "certificate")
    return assemble(
        [
            [
                f"## {mark} {show_subject(MAIL_SERVER, server, words)}",
                f"**{title}**\n{words.sentence('watch/certificate', facts)}",
            ]
        ],
        colour=STATUS_COLOURS[status],
        buttons=[items.server_button()],
    )


def build_awaited_card(
    told: AwaitedTold, server: MailServer, words: Words, items: ItemFactory
) -> Card:
    """Return that what a member waited for is right, or what is in the way where it is given up."""
    awaited = told.awaited
    domain = awaited.domain.ascii
    is_right = awaited.end is AwaitedEnd.RIGHT
    status = Status.PASS if is_right else Status.WARN
    mark = words.label("marks", status.value) if is_right else words.label("told_marks", "given-up")
    facts: dict[str, Fact] = {
        "goal": awaited.goal,
        "title": say_goal(awaited.parts, words),
        "days": GIVE_UP_AFTER.days,
    }
    said = words.sentence(f"watch/awaited_{'right' if is_right else 'given_up'}", facts)
    texts = [f"## {mark} {show_subject(domain, server, words)}\n{said}"]
    if not is_right:
        if told.finding is not None:
            fault = say_stored_finding(told.finding, domain, server, words)
            texts.append(clip(fault, _LONGEST_MESSAGE))
        texts.append(f"-# {words.sentence('watch/awaited_again', {})}")
    following = items.next_button(domain)
    return assemble(
        [texts],
        colour=STATUS_COLOURS[status],
        buttons=[] if following is None else [following],
    )
