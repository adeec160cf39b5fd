"""Control of a domain on cards: one line for the admin, and the record whatever the domain is."""

from __future__ import annotations

from datetime import UTC, datetime

import dns.name
import pytest
from discord import ui

from bot.cards.control_card import (
    ControlRecord,
    build_not_yet_card,
    show_control_record,
)
from bot.cards.evidence_lines import say_control
from bot.cards.markdown import MOST_CHARACTERS
from bot.checks.control_answers import ControlFault, ControlVerdict
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.control_token import make_control_text
from bot.records.mail_server import MailServer
from bot.requests.control_proof import Control, ControlKind
from bot.words import Medium, Words
from card_limits import measure

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."), spf="v=spf1 mx -all", dmarc="v=DMARC1; p=reject"
)
LONG = ".".join(["a" * 63] * 3 + ["b" * 40, "example"])


def record(name: str, zone: str) -> ControlRecord:
    domain = Domain.parse(name).domain
    text = make_control_text(bytes(32), domain, 7, NOON)
    return ControlRecord(domain, dns.name.from_text(zone), text, 3600)


def shown(name: str, zone: str) -> str:
    return "\n".join(show_control_record(record(name, zone), WORDS, ITEMS))


@pytest.mark.parametrize(
    ("control", "said"),
    [
        (None, ""),
        (Control(), "⚠️ Nothing shows yet that the domain is this member's."),
        (Control(ControlKind.PROVEN, NOON), "✅ The member has shown by the DNS"),
        (Control(ControlKind.MX, NOON), "It does not show who asks. · <t:1795348800:R>"),
        (Control(ControlKind.OTHER, NOON), "another one has shown that it is theirs"),
    ],
)
def test_an_admin_reads_one_line_of_what_shows_control(control: Control | None, said: str) -> None:
    line = say_control(control, WORDS)
    assert said in line
    assert "\n" not in line
    assert bool(line) is (control is not None)


def test_the_record_is_named_as_in_its_zone() -> None:
    assert "Name `_cowbell` " in shown("friend.example", "friend.example.")
    assert "Name `_cowbell.club` " in shown("club.friend.example", "friend.example.")
    assert "`bücher.example` is yours" in shown("bücher.example", "xn--bcher-kva.example.")


def test_a_domain_too_long_for_a_button_is_asked_for_again_instead() -> None:
    assert "run `/maildomain` again" in shown(LONG, f"{LONG}.")
    verdict = ControlVerdict(ControlFault.MISSING)
    card = build_not_yet_card(record(LONG, f"{LONG}."), verdict, SERVER, WORDS, ITEMS)
    assert len(card.view.children) == 1


@pytest.mark.parametrize("fault", ControlFault)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_every_fault_is_said_with_the_record_below_it(
    fault: ControlFault, *, elsewhere: bool
) -> None:
    servers = tuple(f"ns{number}.{'x' * 60}.example" for number in range(16))
    verdict = ControlVerdict(fault, servers, elsewhere)
    one = record("friend.example", "friend.example.")
    card = build_not_yet_card(one, verdict, SERVER, WORDS, ITEMS)
    _, characters = measure(card.view)
    assert characters < MOST_CHARACTERS
    shown = (part for part in card.view.walk_children() if isinstance(part, ui.TextDisplay))
    text = "\n".join(part.content for part in shown)
    assert one.text in text
    assert "ns4." not in text
