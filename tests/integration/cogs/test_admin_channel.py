"""The request channel is gone while the bot runs: nothing is lost, and nobody is told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.requests.model import State
from discord_simulation import answer_to, text_of
from request_guild import ADMIN, open_request_guild
from request_steps import ask, get, said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord_simulation import LogWatch
    from request_guild import RequestGuild

pytest_plugins = ["discord_fixtures"]

LOST = "the channel of the admins cannot be reached"


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[RequestGuild]:
    async with open_request_guild(store) as guild:
        yield guild


def lose_channel(guild: RequestGuild, status: int = 404, code: int = 10003) -> None:
    for method, path in (("POST", "messages"), ("PATCH", "messages/*")):
        whole = f"/channels/{guild.request_channel.id}/{path}"
        guild.env.inject_error(method, whole, status=status, code=code, times=None)


async def my_requests(guild: RequestGuild) -> str:
    return text_of(answer_to(await guild.ann.slash(guild.channel, "requests")))


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (403, 50001), (403, 50013)])
async def test_a_request_is_kept_and_posted_once_there_is_a_channel_again(
    guild: RequestGuild, errors: LogWatch, status: int, code: int
) -> None:
    lose_channel(guild, status, code)
    await ask(guild, "dkim", "friend.example")
    await guild.work()
    (logged,) = errors.take()
    assert "REQUEST_CHANNEL_ID: channel" in logged
    assert next(guild.client.find_faults()) == "request-channel"
    said_to_member = await my_requests(guild)
    assert LOST in said_to_member
    assert "tell admin" in said_to_member  # there is nobody whom the bot could write to
    assert "The admin decides" not in said_to_member
    second = await ask(guild, "webmail", "friend.example")
    assert LOST in text_of(second)
    await guild.later(days=3)
    assert errors.take() == []  # said once
    guild.env.backend.faults.clear()
    await guild.later(minutes=10)
    assert len(guild.request_channel.history()) == 2
    assert "The admin decides about your request" in await my_requests(guild)
    assert not guild.client.admin_channel.lost


async def test_the_admins_are_told_in_a_direct_message(
    guild: RequestGuild, errors: LogWatch
) -> None:
    admin = guild.env.create_user("ada")
    guild.client.settings = guild.client.settings.model_copy(
        update={"admin_user_ids": (admin.id, 4712)}
    )
    lose_channel(guild)
    await ask(guild, "dkim", "friend.example")
    await guild.work()
    (told,) = admin.dm_channel.history()
    assert f"there is no channel `{guild.request_channel.id}` any more" in said(told)
    assert "Set `REQUEST_CHANNEL_ID`" in said(told)
    assert "they were told" in await my_requests(guild)
    await ask(guild, "webmail", "friend.example")
    await guild.later(hours=5)
    assert len(admin.dm_channel.history()) == 1


async def test_after_a_change_of_the_channel_open_requests_are_shown_there(
    guild: RequestGuild,
) -> None:
    await ask(guild, "dkim", "friend.example")
    await ask(guild, "webmail", "friend.example")
    await ask(guild, "dkim", "eager.example")
    await guild.work()
    await guild.requests.deny(3, ADMIN, "no")
    await guild.work()
    channel = guild.guild.create_text_channel("desk")
    guild.client.settings = guild.client.settings.model_copy(
        update={"request_channel_id": channel.id}
    )
    for _ in range(2):  # a start that is cut short comes to the same
        await guild.requests.move_cards(channel.id)
    await guild.work()
    assert len(channel.history()) == 2
    assert (await get(guild, 1)).card_channel_id == channel.id
    assert await guild.requests.move_cards(channel.id) == 0


async def test_an_edit_that_is_taken_again_shows_that_the_channel_is_back(
    guild: RequestGuild, errors: LogWatch
) -> None:
    await ask(guild, "webmail", "friend.example")
    await guild.work()
    lose_channel(guild, 403, 50001)
    await guild.requests.approve(1, ADMIN)
    await guild.work()
    assert next(guild.client.find_faults()) == "request-channel"
    guild.env.backend.faults.clear()
    await guild.later(minutes=10)
    assert not guild.client.admin_channel.lost
    (card,) = guild.request_channel.history()
    assert "Decided by" in said(card)
    assert len(errors.take()) == 1


async def test_a_deleted_card_of_an_open_request_is_posted_anew(guild: RequestGuild) -> None:
    await ask(guild, "webmail", "friend.example")
    await guild.work()
    (card,) = guild.request_channel.history()
    await card.delete()
    await guild.requests.approve(1, ADMIN)
    await guild.work()
    (again,) = guild.request_channel.history()
    assert (await get(guild, 1)).card_message_id == again.id
    await again.delete()
    await guild.requests.withdraw(1, guild.ann.id)
    await guild.work()
    assert guild.request_channel.history() == []


async def test_a_request_that_ended_before_anybody_saw_it_is_not_posted(
    guild: RequestGuild, errors: LogWatch
) -> None:
    lose_channel(guild)
    await ask(guild, "dkim", "friend.example")
    await guild.work()
    await guild.requests.withdraw(1, guild.ann.id)
    guild.env.backend.faults.clear()
    await guild.later(hours=1)
    assert (await get(guild, 1)).state is State.WITHDRAWN
    assert guild.request_channel.history() == []
    assert await guild.store.outbox.next_due() is None
    assert len(errors.take()) == 1
