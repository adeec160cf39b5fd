"""Mails to members: written down before they are sent, bounded, and theirs to answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.names import Domain
from bot.requests.mail_proof import SentMail, SentState
from bot.store.repositories.sent_mails import SentMails

if TYPE_CHECKING:
    from bot.store.engine.database import Database

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FRIEND, MOVER = Domain.from_ascii("friend.example"), Domain.from_ascii("mover.example")
ANN, BEN, CLEO = 300000000000000007, 300000000000000008, 300000000000000009


pytest_plugins = ["store_fixtures"]


@pytest.fixture
def mails(database: Database) -> SentMails:
    return SentMails(database)


async def begin(
    mails: SentMails, member: int = ANN, domain: Domain = FRIEND, hours: float = 0
) -> SentMail | datetime:
    return await mails.begin(member, domain, NOON + timedelta(hours=hours), 3)


async def test_a_member_and_a_domain_get_three_a_day(mails: SentMails) -> None:
    for hours in range(3):
        assert isinstance(await begin(mails, hours=hours), SentMail)
    tomorrow = NOON + timedelta(days=1)
    assert await begin(mails, hours=4) == tomorrow
    assert await begin(mails, domain=MOVER, hours=4) == tomorrow
    assert await begin(mails, BEN, hours=4) == tomorrow
    assert isinstance(await begin(mails, BEN, MOVER, hours=4), SentMail)
    assert isinstance(await begin(mails, hours=24), SentMail)


async def test_what_came_of_sending_is_noted_once(mails: SentMails) -> None:
    mail = await begin(mails)
    assert isinstance(mail, SentMail)
    assert mail.state is SentState.SENDING
    await mails.note(mail.id, SentState.UNCLEAR)
    await mails.note(mail.id, SentState.TAKEN)
    kept = await mails.answer(mail.id, ANN, arrived=True)
    assert kept is not None
    assert kept.state is SentState.UNCLEAR


async def test_of_a_mail_whose_sending_was_cut_short_nobody_knows(mails: SentMails) -> None:
    cut, taken = await begin(mails), await begin(mails, BEN, MOVER)
    assert isinstance(cut, SentMail)
    assert isinstance(taken, SentMail)
    await mails.note(taken.id, SentState.TAKEN)
    await mails.note_cut_short()
    states = [
        kept.state
        for mail in (cut, taken)
        if (kept := await mails.answer(mail.id, mail.member_id, arrived=False))
    ]
    assert states == [SentState.UNCLEAR, SentState.TAKEN]


async def test_only_its_member_says_whether_it_arrived(mails: SentMails) -> None:
    mail = await begin(mails)
    assert isinstance(mail, SentMail)
    assert await mails.answer(mail.id, BEN, arrived=True) is None
    assert await mails.answer(99, ANN, arrived=True) is None
    for arrived in (True, False):
        said = await mails.answer(mail.id, ANN, arrived=arrived)
        assert said is not None
        assert said.arrived is arrived


async def test_old_ones_and_those_of_a_forgotten_member_go(mails: SentMails) -> None:
    for member, hours in ((ANN, 0), (BEN, 48), (CLEO, 96)):
        assert isinstance(await begin(mails, member, hours=hours), SentMail)
    assert await mails.purge(NOON + timedelta(hours=49), 1) == 1
    assert await mails.purge(NOON + timedelta(hours=49), 9) == 1
    assert await mails.count_of(CLEO) == 1
    await mails.forget(CLEO)
    assert await mails.count_of(CLEO) == 0
