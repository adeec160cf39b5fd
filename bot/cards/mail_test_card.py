"""The cards of a test mail: where to send it, that it is not there yet, and what it came to."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import discord

from bot.cards.items import MailTestAction, SentMailAction
from bot.cards.layout import NEUTRAL, STATUS_COLOURS, Card, add_line, assemble
from bot.cards.mail_card import build_mail_card, build_mail_details_card
from bot.cards.markdown import block
from bot.checks.finding import Status
from bot.checks.mail.verdict_store import load_verdict
from bot.requests.mail_proof import (
    SENT_A_DAY,
    TESTS_KEPT,
    MailTestFault,
    MailTestState,
    SentState,
)

if TYPE_CHECKING:
    from datetime import datetime

    from bot.cards.items import Item, ItemFactory
    from bot.errors import Fact
    from bot.records.mail_server import MailServer
    from bot.requests.mail_proof import MailTest, SentMail
    from bot.services.mail_testing import NewMailTest
    from bot.words import Words

_FAULTS: Final = frozenset(fault.value for fault in MailTestFault)
_FILE_NAME: Final = "header.txt"


def build_send_card(new: NewMailTest, server: MailServer, words: Words, items: ItemFactory) -> Card:
    """Return where to send the mail, for how long, and what its arrival does not show."""
    facts: dict[str, Fact] = {
        "domain": "" if new.test.domain is None else new.test.domain.unicode,
        "ends": int(new.test.ends_at.timestamp()),
        "plain": new.plain,
        "foreign": new.is_foreign,
        "place": new.plain.rpartition("@")[2],
        "service": server.name,
        "days": TESTS_KEPT.days,
    }
    said = {
        part: words.sentence(f"discord/testmail_{part}", facts)
        for part in ("send", "subject", "where", "kept")
    }
    return assemble(
        [
            [f"## {words.label('testmail', 'title')}", said["send"], block(new.address)],
            [said["subject"], block(new.subject)],
            [f"-# {said['where']}", f"-# {said['kept']}"],
        ],
        colour=NEUTRAL,
        buttons=[items.mail_test_button(MailTestAction.LOOK, new.test.id)],
    )


def build_test_card(
    test: MailTest, server: MailServer, words: Words, items: ItemFactory, *, faulty: bool = False
) -> Card:
    """Return how far a test has come; `faulty`: the mailbox cannot be read just now."""
    if test.state in {MailTestState.WAITING, MailTestState.TAKEN}:
        return _build_waiting(test, words, items, faulty=faulty)
    another = items.mail_test_button(MailTestAction.ANOTHER, test.id)
    verdict = load_verdict(test.verdict)
    if verdict is None:
        why = test.fault if test.fault in _FAULTS else ""
        if test.state is MailTestState.ARRIVED and not why:
            why = MailTestFault.UNREADABLE.value  # of a version that wrote it in another form
        said = words.sentence("discord/testmail_nothing", {"why": why})
        mark = words.label("marks", Status.UNKNOWN.value)
        return assemble(
            [[f"## {words.label('testmail', 'title')}", f"{mark} {said}"]],
            colour=STATUS_COLOURS[Status.UNKNOWN],
            buttons=[another],
        )
    details = items.mail_test_button(MailTestAction.DETAILS, test.id)
    card = build_mail_card(verdict, server, words, buttons=[details, another])
    if test.in_spam:
        mark = words.label("marks", Status.WARN.value)
        add_line(card, f"{mark} {words.sentence('discord/testmail_spam', {})}")
    return card


def build_test_details(
    test: MailTest, server: MailServer, words: Words, items: ItemFactory
) -> Card:
    """Return all that a mail shows; of a test without a result, how far it has come."""
    verdict = load_verdict(test.verdict)
    if verdict is None:
        return build_test_card(test, server, words, items)
    another = items.mail_test_button(MailTestAction.ANOTHER, test.id)
    head = io.BytesIO(test.head.encode())  # for who wants to read it themselves
    files = (discord.File(head, _FILE_NAME),) if test.head else ()
    return build_mail_details_card(verdict, server, words, buttons=[another], files=files)


def build_sent_card(
    mail: SentMail,
    address: str,
    sender: str,
    words: Words,
    items: ItemFactory,
    *,
    said: str = "",
) -> Card:
    """Return what came of sending a mail to a member, with the buttons that say if it arrived."""
    facts: dict[str, Fact] = {
        "state": mail.state.value,
        "address": address,
        "sender": sender,
        "said": said,
    }
    on_its_way = mail.state in {SentState.TAKEN, SentState.UNCLEAR}
    buttons: list[Item] = []
    if on_its_way:
        buttons = [items.sent_mail_button(action, mail.id) for action in SentMailAction]
    return assemble(
        [
            [
                f"## {words.label('testmail', 'sent')}",
                words.sentence("discord/arrival_sent", facts),
            ]
        ],
        colour=NEUTRAL if on_its_way else STATUS_COLOURS[Status.UNKNOWN],
        buttons=buttons,
    )


def build_arrival_card(mail: SentMail, words: Words, items: ItemFactory, check: str) -> Card:
    """Return what a member has said of a mail; `check` is the command that shows the MX record.

    The other answer can still be given.
    """
    facts: dict[str, Fact] = {"domain": mail.domain.unicode}
    arrived = bool(mail.arrived)
    status = Status.PASS if arrived else Status.WARN
    said = words.sentence(f"discord/arrival_{'yes' if arrived else 'no'}", facts)
    other = SentMailAction.LOST if arrived else SentMailAction.ARRIVED
    return assemble(
        [
            [
                f"{words.label('marks', status.value)} {said}",
                "" if arrived else check,
            ]
        ],
        colour=STATUS_COLOURS[status],
        buttons=[items.sent_mail_button(other, mail.id)],
    )


def build_sending_many(until: datetime, words: Words) -> Card:
    """Return that a member or a domain has had all the mails of a day."""
    facts: dict[str, Fact] = {"most": SENT_A_DAY, "ends": int(until.timestamp())}
    return assemble([[words.sentence("discord/arrival_many", facts)]])


def _build_waiting(test: MailTest, words: Words, items: ItemFactory, *, faulty: bool) -> Card:
    judging = test.state is MailTestState.TAKEN
    template = "testmail_judging" if judging else "testmail_not_yet"
    template = "testmail_faulty" if faulty else template
    said = words.sentence(f"discord/{template}", {"ends": int(test.ends_at.timestamp())})
    return assemble(
        [[f"## {words.label('testmail', 'title')}", said]],
        colour=NEUTRAL,
        buttons=[items.mail_test_button(MailTestAction.LOOK, test.id)],
    )
