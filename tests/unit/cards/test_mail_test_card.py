"""The cards of test mails: every state has one, it fits a message, and hostile text stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dns.name
import pytest
from discord import ui

from bot.cards.mail_test_card import (
    build_arrival_card,
    build_send_card,
    build_sent_card,
    build_test_card,
    build_test_details,
)
from bot.cards.markdown import MOST_CHARACTERS
from bot.checks.mail.verdict_store import dump_verdict
from bot.interactions.item_factory import PersistentItems
from bot.names import Domain
from bot.records.mail_server import MailServer
from bot.requests.mail_proof import MailTest, MailTestFault, MailTestState, SentMail, SentState
from bot.services.mail_testing import NewMailTest
from bot.words import Medium, Words
from card_limits import measure
from signed_mails import good_mail, judge

if TYPE_CHECKING:
    from bot.cards.layout import Card

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WORDS = Words(Medium.DISCORD)
ITEMS = PersistentItems(WORDS)
SERVER = MailServer(
    host=dns.name.from_text("mx1.cow.example."), spf="v=spf1 mx -all", dmarc="v=DMARC1; p=reject"
)
FRIEND = Domain.from_ascii("friend.example")
LONG = Domain.parse(".".join([*(["ü" * 40] * 4), "example"])).domain
TEST = MailTest(1, 7, FRIEND, NOON, NOON + timedelta(minutes=30), MailTestState.WAITING)
HOSTILE = "<@everyone> `x` **b** [a](https://b.example)"


def said(card: Card) -> str:
    parts = [part.content for part in card.view.walk_children() if isinstance(part, ui.TextDisplay)]
    _, characters = measure(card.view)
    assert characters <= MOST_CHARACTERS
    return "\n".join(parts)


def ids(card: Card) -> list[str]:
    found = (getattr(item, "custom_id", None) for item in card.view.walk_children())
    return [custom_id for custom_id in found if isinstance(custom_id, str)]


@pytest.mark.parametrize("domain", [None, FRIEND, LONG])
@pytest.mark.parametrize("is_foreign", [True, False])
def test_the_address_can_be_copied_whole(domain: Domain | None, *, is_foreign: bool) -> None:
    token = "a" * 16
    box = f"{'p' * 47}@{LONG.ascii}"
    address = box.replace("@", f"+{token}@")
    test = replace(TEST, domain=domain)
    new = NewMailTest(test, address, box, f"cowbell-{token}", is_foreign)
    text = said(build_send_card(new, SERVER, WORDS, ITEMS))
    assert f"```\n{address}\n```" in text
    assert f"```\ncowbell-{token}\n```" in text
    assert ("really leaves" in text) is is_foreign


@pytest.mark.parametrize(
    ("test", "words", "actions"),
    [
        (TEST, "I go on looking until", ["look"]),
        (replace(TEST, state=MailTestState.TAKEN), "is being checked", ["look"]),
        (replace(TEST, state=MailTestState.ENDED), "came back with an error", ["another"]),
        (
            replace(TEST, state=MailTestState.ENDED, fault=MailTestFault.NOT_LOOKED.value),
            "could not be read, so nothing is known of your mail",
            ["another"],
        ),
        (
            replace(TEST, state=MailTestState.ARRIVED, fault=MailTestFault.TOO_BIG.value),
            "too large",
            ["another"],
        ),
        (
            replace(TEST, state=MailTestState.ARRIVED, verdict="{}"),
            "could not be read",
            ["another"],
        ),
        (replace(TEST, state=MailTestState.ARRIVED, fault="x"), "could not be read", ["another"]),
    ],
)
def test_each_state_says_what_is_known(test: MailTest, words: str, actions: list[str]) -> None:
    for card in (build_test_card(test, SERVER, WORDS, ITEMS),
                 build_test_details(test, SERVER, WORDS, ITEMS)):  # fmt: skip
        assert words in said(card)
        assert ids(card) == [f"cowbell:mailtest:{action}:1" for action in actions]


def test_a_mailbox_out_of_reach_is_never_called_an_empty_one() -> None:
    text = said(build_test_card(TEST, SERVER, WORDS, ITEMS, faulty=True))
    assert "cannot be read just now" in text
    assert "No test mail" not in text


def test_the_result_keeps_the_header_as_a_file_whatever_stands_in_it() -> None:
    verdict = dump_verdict(judge(good_mail()))
    done = replace(
        TEST,
        state=MailTestState.ARRIVED,
        verdict=verdict,
        head=f"Subject: {HOSTILE}\r\n" * 500,
        in_spam=True,
    )
    first = build_test_card(done, SERVER, WORDS, ITEMS)
    assert "spam folder" in said(first)
    assert first.files == ()
    details = build_test_details(done, SERVER, WORDS, ITEMS)
    assert "everyone" not in said(details)
    (file,) = details.files
    assert file.fp.read().decode() == done.head


@pytest.mark.parametrize("state", list(SentState))
def test_only_of_a_mail_that_may_be_on_its_way_it_is_asked_whether_it_arrived(
    state: SentState,
) -> None:
    mail = SentMail(1, 7, FRIEND, NOON, state)
    card = build_sent_card(mail, "ann@friend.example", "p@x.example", WORDS, ITEMS, said=HOSTILE)
    asked = state in {SentState.TAKEN, SentState.UNCLEAR}
    assert ids(card) == (["cowbell:sentmail:arrived:1", "cowbell:sentmail:lost:1"] if asked else [])
    text = said(card)
    assert "**b**" not in text.replace("`<@everyone> ˋxˋ **b** [a](https://b.example)`", "")


def test_an_answer_can_be_changed() -> None:
    mail = SentMail(1, 7, FRIEND, NOON, SentState.TAKEN, arrived=True)
    assert ids(build_arrival_card(mail, WORDS, ITEMS, "/x")) == ["cowbell:sentmail:lost:1"]
    lost = build_arrival_card(replace(mail, arrived=False), WORDS, ITEMS, "/dnscheck")
    assert ids(lost) == ["cowbell:sentmail:arrived:1"]
    assert "/dnscheck" in said(lost)
