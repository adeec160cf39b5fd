"""The card of what is stored about a member: it fits into a message, however much that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.name
from discord import ui

from bot.cards.markdown import MOST_CHARACTERS
from bot.cards.privacy_card import build_confirmation, build_privacy_card
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.mail_server import MailServer
from bot.requests.control_proof import BY_DNS, ControlProof
from bot.services.privacy import MemberData
from bot.words import Medium, Words
from card_limits import measure

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."),
    spf="v=spf1 mx -all",
    dmarc="v=DMARC1; p=reject",
    admin_contact="the admin of the cows, " * 6,
)
ANN = 300000000000000007


def member(domains: int) -> MemberData:
    """Return what is stored of a member with so many domains, all of the longest names."""
    names = [".".join([f"{n:03}" + "ü" * 40] * 4 + ["example"]) for n in range(domains)]
    long = tuple(Domain.parse(name).domain for name in names)
    proofs = (ControlProof(d, ANN, BY_DNS, NOON - timedelta(days=n)) for n, d in enumerate(long))
    return MemberData(long, 20_000, (), 5_000, tuple(proofs))


def test_many_long_names_leave_room_for_the_rest() -> None:
    card = build_privacy_card(member(50), ANN, SERVER, WORDS, ITEMS)
    _, characters = measure(card.view)
    assert characters < MOST_CHARACTERS
    texts = [p.content for p in card.view.walk_children() if isinstance(p, ui.TextDisplay)]
    said = "\n".join(texts)
    assert "**50** domains that you control" in said
    assert said.count(" since <t:") == 4
    assert "and 46 more" in said


def test_one_domain_is_named_with_its_time() -> None:
    mine = MemberData(
        (), 0, (), 0, (ControlProof(Domain.from_ascii("a.example"), ANN, "dns", NOON),)
    )
    card = build_privacy_card(mine, ANN, SERVER, WORDS, ITEMS)
    text = str([p.content for p in card.view.walk_children() if isinstance(p, ui.TextDisplay)])
    assert "**1** domain that you control, shown by a TXT record in the DNS: `a.example`" in text
    assert f"since <t:{int(NOON.timestamp())}:f>" in text
    confirmation = build_confirmation(mine, ANN, WORDS, ITEMS)
    parts = [p.content for p in confirmation.view.walk_children() if isinstance(p, ui.TextDisplay)]
    assert "What shows that you control **1** domain is deleted." in "\n".join(parts)
