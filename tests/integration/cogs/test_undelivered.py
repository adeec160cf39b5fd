"""News that reached nobody: what the admin and the member read of it, and how it is sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest

from bot.cards.request_card import offer_actions
from bot.interactions.request_answers import card_of
from bot.requests.model import State, Undelivered
from discord_simulation import answer_to, labels_of, text_of
from request_guild import ADMIN, open_request_guild
from request_steps import ask, close_direct_messages, get, hand_out, parts, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.requests.model import Request
    from discord_simulation import LogWatch
    from request_guild import RequestGuild

pytest_plugins = ["discord_fixtures"]


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[RequestGuild]:
    async with open_request_guild(store) as guild:
        yield guild


def close_channel(guild: RequestGuild, status: int = 404, code: int = 10003) -> None:
    path = f"/channels/{guild.channel.id}/messages"
    guild.env.inject_error("POST", path, status=status, code=code, times=None)


def open_all(guild: RequestGuild) -> None:
    guild.env.backend.faults.clear()


def card_in_channel(guild: RequestGuild) -> discord.Message:
    (card,) = guild.request_channel.history()
    return card


async def lose(guild: RequestGuild) -> Request:
    """Bring a request for DKIM to where its record could be sent to nobody."""
    close_direct_messages(guild)
    close_channel(guild)
    return await hand_out(guild)


async def audit_of(guild: RequestGuild, request_id: int) -> list[str]:
    return [entry.detail for entry in await guild.requests.audit(request_id) if entry.detail]


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (403, 50013), (403, 50001)])
async def test_the_admins_card_says_that_a_record_reached_nobody(
    guild: RequestGuild, status: int, code: int
) -> None:
    close_direct_messages(guild)
    close_channel(guild, status, code)
    request = await hand_out(guild)
    assert (request.state, request.undelivered) == (State.WAITING, Undelivered.NO_WAY)
    card = card_in_channel(guild)
    assert "Could not be delivered to the member:" in said(card)
    assert "they take no direct messages" in said(card)
    assert "Ask them to allow these" in said(card)
    shown = [p["label"] for p in parts(card) if p["type"] == 2]
    assert shown == ["Check again", "Full check", "Send again"]
    assert await audit_of(guild, 1) == ["by hand", "no-way"]


async def test_the_list_does_not_say_that_the_record_was_sent(guild: RequestGuild) -> None:
    await lose(guild)
    channel = guild.guild.create_text_channel("elsewhere")
    card = answer_to(await guild.ann.slash(channel, "requests"))
    assert "that I have sent to you" not in text_of(card)
    assert "I could not send you the record: you take no direct messages" in text_of(card)
    assert labels_of(card) == ["Send again #1", "Withdraw #1"]


async def test_a_record_that_waits_to_be_sent_is_not_said_to_be_sent(guild: RequestGuild) -> None:
    guild.env.inject_error("POST", "/users/@me/channels", status=503, times=None)
    await hand_out(guild)
    card = answer_to(await guild.ann.slash(guild.channel, "requests"))
    assert "I am sending you the record to publish" in text_of(card)
    open_all(guild)
    await guild.later(hours=1)
    card = answer_to(await guild.ann.slash(guild.channel, "requests"))
    assert "Publish the record that I have sent to you" in text_of(card)
    assert labels_of(card) == ["Withdraw #1"]


async def test_send_again_shows_the_record_also_where_nothing_can_be_sent(
    guild: RequestGuild,
) -> None:
    await lose(guild)
    card = answer_to(await guild.ann.slash(guild.channel, "requests"))
    shown = answer_to(await guild.ann.click(card, label="Send again #1"))
    assert shown.ephemeral
    assert "`dkim._domainkey.eager.example`" in text_of(shown)
    assert "v=DKIM1" in text_of(shown)


@pytest.mark.parametrize("command", ["requests", "help", "dnscheck"])
async def test_who_shows_up_is_sent_what_did_not_arrive(guild: RequestGuild, command: str) -> None:
    await lose(guild)
    open_all(guild)
    options = {"domain": "friend.example"} if command == "dnscheck" else {}
    await guild.ann.slash(guild.channel, command, **options)
    await guild.work()
    (record,) = guild.direct()
    assert "v=DKIM1" in said(record)
    request = await get(guild, 1)
    assert (request.undelivered, request.message_id) == (None, record.id)
    assert "Could not be delivered" not in said(card_in_channel(guild))
    assert await audit_of(guild, 1) == ["by hand", "no-way", "sent-again"]
    await guild.ann.slash(guild.channel, "help")
    await guild.work()
    assert len(guild.direct()) == 1


async def test_it_is_sent_where_the_member_shows_up(guild: RequestGuild) -> None:
    await lose(guild)
    channel = guild.guild.create_text_channel("elsewhere")
    await guild.ann.slash(channel, "help")
    await guild.work()
    (record,) = [message for message in channel.history() if not message.flags.ephemeral]
    assert said(record).startswith(f"<@{guild.ann.id}>")
    assert (await get(guild, 1)).undelivered is None


async def test_a_member_who_left_and_comes_back_is_sent_the_denial(guild: RequestGuild) -> None:
    await ask(guild, "dkim", "eager.example")
    await guild.work()
    close_direct_messages(guild)
    guild.guild.remove_member(guild.ann)
    await guild.requests.deny(1, ADMIN, "Not yours.")
    await guild.work()
    assert (await get(guild, 1)).undelivered is Undelivered.LEFT
    assert "they have left the server" in said(card_in_channel(guild))
    back = guild.guild.add_member(guild.ann_user)
    await back.slash(guild.channel, "help")
    await guild.work()
    (told,) = [message for message in guild.channel.history() if not message.flags.ephemeral]
    assert "Not yours." in said(told)


async def test_the_admins_button_sends_it_again(guild: RequestGuild) -> None:
    await lose(guild)
    open_all(guild)
    admin = guild.guild.add_member(guild.env.create_user("ada"))
    guild.client.settings = guild.client.settings.model_copy(update={"admin_user_ids": (admin.id,)})
    card = card_in_channel(guild)
    await admin.click(card, label="Send again")
    await guild.work()
    (record,) = guild.direct()
    assert "v=DKIM1" in said(record)
    assert offer_actions(await get(guild, 1)) == ["check", "full"]


async def test_the_audit_says_who_was_not_reached(guild: RequestGuild) -> None:
    await lose(guild)
    rights = discord.Permissions(administrator=True)
    staff = guild.guild.create_role("Staff", permissions=rights)
    admin = guild.guild.add_member(guild.env.create_user("ada"), roles=[staff])
    guild.client.settings = guild.client.settings.model_copy(update={"admin_user_ids": (admin.id,)})
    result = await admin.slash(guild.request_channel, "mailadmin audit", number=1)
    text = text_of(answer_to(result))
    assert "Bot: could not reach the member: they take no direct messages" in text
    assert "Could not be delivered to the member" in text


async def test_a_live_word_that_reached_nobody_is_said_on_the_card_too(
    guild: RequestGuild,
) -> None:
    await ask(guild, "maildomain", "friend.example")
    await guild.work()
    close_direct_messages(guild)
    close_channel(guild)
    await guild.requests.approve(1, ADMIN, by_hand=True, accepts_risk=True)
    await guild.work()
    await guild.requests.finish(1, ADMIN)
    await guild.work()
    request = await get(guild, 1)
    assert (request.state, request.undelivered) == (State.CLOSED, Undelivered.NO_WAY)
    assert "Could not be delivered to the member" in said(card_in_channel(guild))
    text = "\n".join(
        item.content
        for item in (await card_of(guild.client, request)).view.walk_children()
        if isinstance(item, discord.ui.TextDisplay)
    )
    assert "Could not be delivered to the member" in text
    open_all(guild)
    await guild.ann.slash(guild.channel, "requests")
    await guild.work()
    assert "is on Cow Mail now" in said(guild.direct()[-1])
