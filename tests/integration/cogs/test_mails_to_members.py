"""One mail to a member's own address: to whom it goes, how often, and what they say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admin_guild import forge
from discord_simulation import answer_to, labels_of, read_store, text_of
from mail_guild import FRIEND, open_mail_guild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord.results import ResponseMessage

    from discord_simulation import LogWatch
    from mail_guild import MailGuild

pytest_plugins = ["discord_fixtures"]

ANN = f"ann@{FRIEND}"


@pytest.fixture
async def mails(store: Path, errors: LogWatch) -> AsyncIterator[MailGuild]:
    async with open_mail_guild(store, has_mailcow=True) as mails:
        yield mails


async def receive(mails: MailGuild, address: str = ANN) -> ResponseMessage:
    sim = mails.sim
    card = answer_to(await sim.ann.slash(sim.channel, "testmail", receive=address))
    assert card.ephemeral
    return card


async def test_a_member_who_controls_the_domain_gets_one_mail_with_fixed_text(
    mails: MailGuild,
) -> None:
    await mails.prove()
    card = await receive(mails)
    assert "is on its way to `ann@friend.example`" in text_of(card)
    assert labels_of(card) == ["It arrived", "It did not arrive"]
    (mail,) = mails.outgoing.mails
    assert (mail.mail_from, mail.rcpt_tos) == ("probe@else.example", [ANN])
    assert isinstance(mail.content, bytes)
    text = mail.content.decode()
    assert "Subject: Test mail from Cow Mail\r\n" in text
    assert "You asked for this test mail on Discord." in text
    assert "Auto-Submitted: auto-generated" in text


async def test_whether_it_arrived_is_theirs_to_press_and_to_change(mails: MailGuild) -> None:
    await mails.prove()
    card = await receive(mails)
    lost = answer_to(await mails.sim.ann.click(card, label="It did not arrive"))
    assert lost.ephemeral
    assert "spam folder once more" in text_of(lost)
    assert "</dnscheck:" in text_of(lost)
    assert read_store(mails.sim, "SELECT state, arrived FROM sent_mail") == [("taken", 0)]
    await mails.sim.restart()
    found = answer_to(await mails.sim.ann.click(lost, label="It arrived"))
    assert "reaches `friend.example`" in text_of(found)
    assert read_store(mails.sim, "SELECT arrived FROM sent_mail") == [(1,)]
    for custom_id in ("cowbell:sentmail:lost:1", "cowbell:sentmail:lost:99"):
        own = answer_to(await mails.sim.ben.slash(mails.sim.channel, "testmail"))
        assert "may not" in text_of(answer_to(await forge(mails.sim.ben, own, custom_id)))
    assert read_store(mails.sim, "SELECT arrived FROM sent_mail") == [(1,)]


async def test_nobody_gets_a_mail_at_a_domain_that_is_not_shown_to_be_theirs(
    mails: MailGuild,
) -> None:
    card = await receive(mails)
    assert "Nothing shows yet that `friend.example` is yours" in text_of(card)
    assert "_cowbell" in text_of(card)
    assert "the admin" not in text_of(card)  # nobody decides this
    assert labels_of(card) == ["Check the proof"]
    assert mails.outgoing.mails == []
    assert read_store(mails.sim, "SELECT * FROM sent_mail") == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ann@open.example", "takes no mail for `open.example`"),
        (f"änn@{FRIEND}", "plain letters"),
        ("friend.example", "has no @"),
        (f'"a\\r\\nBcc: x@y.example"@{FRIEND}', "stand before the"),
    ],
)
async def test_other_addresses_are_refused(mails: MailGuild, address: str, words: str) -> None:
    await mails.prove()
    await mails.prove("open.example")
    assert words in text_of(await receive(mails, address)).replace("\\", "")
    assert mails.outgoing.mails == []


async def test_where_the_mail_server_tells_nothing_no_mail_is_sent(
    store: Path, errors: LogWatch
) -> None:
    async with open_mail_guild(store) as mails:
        await mails.prove()
        assert "does not tell whether it has `friend.example`" in text_of(await receive(mails))
        assert mails.outgoing.mails == []


async def test_there_are_three_a_day_for_a_member_and_for_a_domain(mails: MailGuild) -> None:
    await mails.prove()
    for _ in range(3):
        assert "on its way" in text_of(await receive(mails))
    assert "gets 3 such mails a day" in text_of(await receive(mails))
    assert len(mails.outgoing.mails) == 3


async def test_what_a_refusal_says_is_shown_and_nothing_can_be_said_of_its_arrival(
    mails: MailGuild,
) -> None:
    await mails.prove()
    mails.outgoing._rcpt = "550 5.1.1 <@everyone> `nobody`"
    card = await receive(mails)
    assert "did not take the mail" in text_of(card)
    assert "`550 5.1.1 <@everyone> ˋnobodyˋ`" in text_of(card)
    assert labels_of(card) == []
    assert read_store(mails.sim, "SELECT state FROM sent_mail") == [("refused",)]


async def test_the_log_has_the_code_of_a_refusal_and_not_the_address(
    mails: MailGuild, caplog: pytest.LogCaptureFixture
) -> None:
    await mails.prove()
    mails.outgoing._rcpt = f"550 5.1.1 <ann@{FRIEND}>: unknown user"
    assert f"ann@{FRIEND}" in text_of(await receive(mails))
    assert "mail 1 to a member: refused 550 5.1.1" in caplog.messages
    assert f"ann@{FRIEND}" not in caplog.text


async def test_a_mail_of_which_nobody_knows_is_said_to_be_so_and_not_sent_again(
    mails: MailGuild,
) -> None:
    await mails.prove()
    mails.outgoing._data = "hang up"
    card = await receive(mails)
    assert "may be on its way" in text_of(card)
    assert "not sent again" in text_of(card)
    assert labels_of(card) == ["It arrived", "It did not arrive"]
    assert read_store(mails.sim, "SELECT state FROM sent_mail") == [("unclear",)]
    assert len(mails.outgoing.mails) == 1
