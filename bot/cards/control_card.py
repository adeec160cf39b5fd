"""Control of a domain on cards: the record that shows it, what a look found, the risk without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cards.fixes import show_fix
from bot.cards.items import RequestAction
from bot.cards.layout import DANGER, NEUTRAL, assemble
from bot.cards.request_card import title_of
from bot.checks.finding import Fix, FixAction, Status
from bot.records.control_token import control_name

if TYPE_CHECKING:
    import dns.name

    from bot.cards.items import ItemFactory
    from bot.cards.layout import Card
    from bot.checks.control_answers import ControlVerdict
    from bot.errors import Fact
    from bot.names import Domain
    from bot.records.mail_server import MailServer
    from bot.requests.control_proof import Control
    from bot.requests.model import Request
    from bot.words import Words

_MOST_NAMED = 4  # name servers


@dataclass(frozen=True, slots=True)
class ControlRecord:
    """The record by which one member shows control of a domain, and the zone to type it in."""

    domain: Domain
    zone: dns.name.Name
    text: str
    ttl: int


def show_control_record(
    record: ControlRecord,
    words: Words,
    items: ItemFactory,
    *,
    gives_way: bool = False,
    command: str = "maildomain",
    button: str | None = None,
) -> list[str]:
    """Return what to publish, to copy; `gives_way`: another's request would, to theirs.

    `command` is the one that it is needed for; `button` what the one below is called that goes on,
    empty where there is none, by default the one that looks for the record.
    Nothing is returned where the name would be too long for the DNS.
    """
    name = control_name(record.domain)
    if name is None:
        return []
    if button is None:
        has_button = items.proof_button(record.domain.ascii) is not None
        button = words.label("asking", "proof") if has_button else ""
    facts: dict[str, Fact] = {
        "domain": record.domain.unicode,
        "gives_way": gives_way,
        "command": command,
        "button": button,
    }
    fix = Fix(FixAction.ADD, name, "TXT", record.text, ttl=record.ttl)
    ask = words.sentence("discord/control_ask", facts)
    return [ask, show_fix(fix, record.zone, words)]


def say_control_seen(domain: Domain, words: Words) -> str:
    """Return the line that a member has shown control, for a card about something else."""
    mark = words.label("marks", Status.PASS.value)
    return f"{mark} {words.sentence('discord/control_seen', {'domain': domain.unicode})}"


def build_not_yet_card(
    record: ControlRecord,
    verdict: ControlVerdict,
    server: MailServer,
    words: Words,
    items: ItemFactory,
) -> Card:
    """Return why a look did not show control, with the record again and the button to look anew."""
    facts: dict[str, Fact] = {
        "domain": record.domain.unicode,
        "fault": "" if verdict.fault is None else verdict.fault.value,
        "servers": verdict.at_fault[:_MOST_NAMED],
        "elsewhere": verdict.elsewhere,
        "contact": server.admin_contact,
    }
    mark = words.label("marks", Status.UNKNOWN.value)
    said = words.sentence("discord/control_not_yet", facts)
    button = items.proof_button(record.domain.ascii)
    return assemble(
        [[f"{mark} {said}"], show_control_record(record, words, items)],
        colour=NEUTRAL,
        buttons=[] if button is None else [button],
    )


def build_shown_card(domain: Domain, asked: str, server: MailServer, words: Words) -> Card:
    """Return that a member has shown control, and what that comes to.

    `asked` is how things stand with the request to add the domain: `own`, `replaced` (another's,
    by theirs), `approved` or `proven` (another's, which stays), `here` (none, as the mail server
    has the domain), or nothing.
    """
    facts: dict[str, Fact] = {
        "domain": domain.unicode,
        "asked": asked,
        "contact": server.admin_contact,
        "service": server.name,
    }
    mark = words.label("marks", Status.PASS.value)
    return assemble([[f"{mark} {words.sentence('discord/control_shown', facts)}"]], colour=NEUTRAL)


def build_risk_card(request: Request, control: Control, words: Words, items: ItemFactory) -> Card:
    """Return what it means to add a domain of which control is not shown, and the second press."""
    facts: dict[str, Fact] = {"domain": request.domain.unicode, "control": control.kind.value}
    mark = words.label("marks", Status.WARN.value)
    return assemble(
        [
            [
                f"## {title_of(request, words)}",
                f"{mark} {words.sentence('discord/request_risk', facts)}",
            ]
        ],
        colour=DANGER,
        buttons=[items.request_button(RequestAction.RISK, request.id)],
    )
