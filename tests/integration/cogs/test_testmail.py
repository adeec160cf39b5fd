"""`/testmail` on the simulated Discord, with a real mailbox: a member's mail, and its result."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from admin_guild import forge
from bot.demo.mailbox_double import MailboxFault
from bot.demo.world import DEMO_ENVIRONMENT
from discord_simulation import (
    HOME,
    answer_to,
    change_store,
    labels_of,
    open_simulation,
    read_store,
    text_of,
)
from mail_guild import FRIEND, LOOK, open_mail_guild
from signed_mails import good_mail, without_signature

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord_simulation import LogWatch, Simulation
    from mail_guild import MailGuild

pytest_plugins = ["discord_fixtures"]


@pytest.fixture
async def mails(store: Path, errors: LogWatch) -> AsyncIterator[MailGuild]:
    async with open_mail_guild(store) as mails:
        yield mails


async def test_the_card_says_where_to_send_and_what_that_does_not_show(mails: MailGuild) -> None:
    card, address = await mails.begin()
    said = text_of(card)
    token = re.fullmatch(r"probe\+([a-z2-7]{16})@else\.example", address)
    assert token is not None
    assert f"cowbell-{token[1]}" in said
    assert "an address at `friend.example`" in said
    assert re.search(r"until <t:\d+:t>", said)
    assert "at `else.example`, so the mail really leaves" in said
    assert "Other receivers may have other rules" in said
    assert labels_of(card) == [LOOK]


async def test_a_mail_that_passes_is_shown_by_the_button_with_its_details(
    mails: MailGuild,
) -> None:
    card, address = await mails.begin()
    waiting = await mails.look(card)
    assert "No test mail has arrived yet" in text_of(waiting)
    mails.deliver(address)
    shown = await mails.look(waiting)
    assert shown.ephemeral
    assert "✅" in text_of(shown)
    assert labels_of(shown) == ["Details", "Send another"]
    details = answer_to(await mails.sim.ann.click(shown, label="Details"))
    assert "d=friend.example" in text_of(details)
    assert "198.51.100.25" in text_of(details)
    assert [file.filename for file in details.attachments] == ["header.txt"]
    assert mails.double.folders["INBOX"] == []


async def test_a_mail_that_does_not_pass_says_the_cause(mails: MailGuild) -> None:
    card, address = await mails.begin()
    mails.deliver(address, without_signature(good_mail()))
    shown = await mails.look(card)
    assert "❌" in text_of(shown)
    assert "sign" in text_of(shown)


async def test_a_mail_in_the_spam_folder_is_said_to_be_there(mails: MailGuild) -> None:
    card, address = await mails.begin()
    raw = f"X-Original-To: {address}\r\n".encode() + good_mail()
    mails.double.deliver(raw, folder="Junk")
    assert "spam folder" in text_of(await mails.look(card))


async def test_the_domain_is_learned_from_the_mail_where_none_was_named(mails: MailGuild) -> None:
    card, address = await mails.begin(None)
    assert "your own address" in text_of(card)
    mails.deliver(address)
    assert "friend.example" in text_of(await mails.look(card))


async def test_only_who_asked_may_press(mails: MailGuild) -> None:
    card, address = await mails.begin()
    own, _ = await mails.begin(who=mails.sim.ben)
    mails.deliver(address)
    await mails.look(card)
    for action in ("look", "details", "another"):
        result = await forge(mails.sim.ben, own, f"cowbell:mailtest:{action}:1")
        assert "may not" in text_of(answer_to(result))
    gone = await forge(mails.sim.ben, own, "cowbell:mailtest:look:999")
    assert "out of date" in text_of(answer_to(gone))


async def test_the_buttons_work_after_a_restart(mails: MailGuild) -> None:
    card, address = await mails.begin()
    mails.deliver(address)
    await mails.sim.restart()
    shown = await mails.look(card)
    await mails.sim.restart()
    again = answer_to(await mails.sim.ann.click(shown, label="Send another"))
    assert "an address at `friend.example`" in text_of(again)


async def test_the_result_comes_by_direct_message_once(mails: MailGuild) -> None:
    card, address = await mails.begin()
    assert await mails.tell() == 0
    mails.deliver(address)
    await mails.look(card)
    assert await mails.tell() == 1
    assert await mails.tell() == 0
    (message,) = mails.sim.ann.user.dm_channel.history()
    shown = str(message.components)
    assert "Details" in shown
    assert "friend.example" in shown


async def test_a_message_that_was_sent_before_a_crash_is_not_sent_again(mails: MailGuild) -> None:
    card, address = await mails.begin()
    mails.deliver(address)
    await mails.look(card)
    behind = (datetime.now(UTC) - mails.sim.env.now()).total_seconds()
    mails.sim.env.backend.advance_clock(behind)  # messages are found by their time
    await mails.tell()
    change_store(mails.sim, "UPDATE mail_test SET told_at = NULL, due_at = made_at")
    assert await mails.tell() == 1
    assert len(mails.sim.ann.user.dm_channel.history()) == 1


async def test_closed_direct_messages_cost_nothing_but_the_message(mails: MailGuild) -> None:
    card, address = await mails.begin()
    path = f"/channels/{mails.sim.ann.user.dm_channel.id}/messages"
    mails.sim.env.inject_error("POST", path, status=403, code=50007, times=None)
    mails.deliver(address)
    await mails.look(card)
    assert await mails.tell() == 1
    assert await mails.tell() == 0
    assert "✅" in text_of(await mails.look(card))


async def test_a_mailbox_that_cannot_be_read_is_said_calmly(
    mails: MailGuild, errors: LogWatch
) -> None:
    card, address = await mails.begin()
    mails.deliver(address)
    mails.double.fault = MailboxFault.REFUSES
    shown = await mails.look(card)
    assert "cannot be read just now" in text_of(shown)
    assert labels_of(shown) == [LOOK]
    mails.double.fault = MailboxFault.FINE
    assert "✅" in text_of(await mails.look(shown))


async def test_a_seventh_test_in_an_hour_waits(mails: MailGuild) -> None:
    for _ in range(6):
        await mails.begin()
    sim = mails.sim
    card = answer_to(await sim.ann.slash(sim.channel, "testmail", domain=FRIEND))
    assert "6 test mails in an hour" in text_of(card)
    await mails.begin(who=sim.ben)


async def test_outside_home_members_are_told_where(mails: MailGuild) -> None:
    sim = mails.sim
    channel = {"discord_guild_id": None, "request_channel_id": sim.channel.id}
    sim.settings = sim.settings.model_copy(update=channel)
    await sim.restart()
    own = answer_to(await sim.ann.user.slash("testmail"))
    assert "probe+" in text_of(own)  # a member of the home server, in a direct message
    stranger = sim.env.create_user("zoe")
    said = text_of(answer_to(await stranger.slash("testmail")))
    assert "one Discord server only" in said
    assert "probe" not in said


async def test_two_wishes_at_once_are_refused(mails: MailGuild) -> None:
    options = {"domain": FRIEND, "receive": "ann@friend.example"}
    card = answer_to(await mails.sim.ann.slash(mails.sim.channel, "testmail", **options))
    assert "Give either" in text_of(card)


async def test_what_is_no_domain_is_refused_in_one_sentence(mails: MailGuild) -> None:
    card = answer_to(await mails.sim.ann.slash(mails.sim.channel, "testmail", domain="localhost"))
    assert "single word" in text_of(card)


@pytest.mark.parametrize("options", [{}, {"receive": "ann@friend.example"}])
async def test_without_a_mailbox_members_are_told_and_admins_what_to_set(
    store: Path, errors: LogWatch, options: dict[str, str]
) -> None:
    async with open_simulation(store, environ={**DEMO_ENVIRONMENT, **HOME}) as sim:
        said = text_of(answer_to(await sim.ann.slash(sim.channel, "testmail", **options)))
        assert "not set up here" in said
        assert "PROBE" not in said
        sim.settings = sim.settings.model_copy(update={"admin_user_ids": (sim.ann.id,)})
        await sim.restart()
        said = text_of(answer_to(await sim.ann.slash(sim.channel, "testmail", **options)))
        assert "`PROBE_IMAP_URL`" in said


async def test_where_there_is_no_home_nobody_is_tested(store: Path, errors: LogWatch) -> None:
    async with open_mail_guild(store) as mails:
        mails.sim.settings = mails.sim.settings.model_copy(update={"discord_guild_id": None})
        await mails.sim.restart()
        sim: Simulation = mails.sim
        card = answer_to(await sim.ann.slash(sim.channel, "testmail"))
        assert "has not been set up" in text_of(card)


async def test_privacy_tells_of_test_mails_and_deletes_them(mails: MailGuild, store: Path) -> None:
    sim = mails.sim
    await mails.pass_test()
    _, address = await mails.begin()
    before = mails.double.state()
    said = text_of(card := answer_to(await sim.ann.slash(sim.channel, "privacy")))
    assert "**2** test mails from you: the header, with your address in it" in said
    assert "go after 30 days" in said
    asked = answer_to(await sim.ann.click(card, label="Delete my data"))
    assert "Your **2** test mails are deleted." in text_of(asked)
    await sim.ann.click(asked, label="Delete it for good")
    tables = read_store(sim, "SELECT member_id, domain, verdict, head FROM mail_test")
    assert [row[1:] for row in tables] == [(None, "", "")]  # for a mail that may come still
    assert tables[0][0] < 0
    mails.deliver(address)
    assert sim.client.mail_testing is not None
    await sim.client.mail_testing.look_now()
    assert read_store(sim, "SELECT * FROM mail_test") == []
    assert mails.double.state() == before
    assert await mails.tell() == 0
    said = text_of(answer_to(await sim.ann.slash(sim.channel, "privacy")))
    assert "Nothing is stored about you" in said
