"""News of the watch in Discord: who is told, what is drawn anew, and what reaches nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from admin_guild import open_admin_guild
from bot.demo import world
from bot.demo.zones import parse_zone
from bot.names import Domain
from bot.store.repositories.tallies import StoredTallies
from discord_simulation import answer_to, change_store, labels_of, open_simulation, text_of
from watch_guild import WatchGuild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord_simulation import LogWatch

pytest_plugins = ["discord_fixtures"]
FRIEND = "friend.example"
RIGHT = world.DOMAINS[FRIEND].mended
MX = "@ MX 10 mx1.cow.example."


@pytest.fixture
async def guild(store: Path, errors: LogWatch) -> AsyncIterator[WatchGuild]:
    """A bot that has seen one domain to be right, of which Ann is told."""
    async with open_simulation(store) as sim:
        admins = await open_admin_guild(sim)
        guild = WatchGuild(sim, admins.channel)
        await guild.add(FRIEND)
        await guild.tell(sim.ann, FRIEND)
        await guild.work()
        yield guild


def set_zone(guild: WatchGuild, text: str) -> None:
    dns = guild.sim.dns
    dns.zones = dns.zones.with_zone(parse_zone(FRIEND, text))


async def break_mx(guild: WatchGuild) -> None:
    """Take the MX record away, and let the two looks come that open an incident."""
    set_zone(guild, RIGHT.replace(MX, ""))
    await guild.sim.client.watch.worker.have_looked_at(Domain.from_ascii(FRIEND))
    await guild.later(hours=2)


async def test_admins_and_the_member_are_told_once_of_what_broke(guild: WatchGuild) -> None:
    await break_mx(guild)
    (told,) = guild.posted()
    assert told.startswith("## ❌ `friend.example`\n**Something broke, and a second check saw it")
    assert "There is no MX record at `friend.example`" in told
    assert "```\nmx1.cow.example.\n```" in told
    assert "**What changed before**" in told
    (message,) = guild.sent_to(guild.sim.ann)
    assert "You got this because you watch the domain." in text_of(message)
    tally = await StoredTallies(guild.database).watch(guild.sim.clock())
    assert (tally.watched, tally.incidents) == (2, 1)  # the domain and the mail server
    assert labels_of(message)[:2] == ["Check again", "Stop telling me"]
    await guild.later(days=1)
    assert len(guild.posted()) == 1


async def test_the_message_is_drawn_anew_when_it_looks_right_and_the_end_is_told_once(
    guild: WatchGuild,
) -> None:
    await break_mx(guild)
    set_zone(guild, RIGHT)
    await guild.later(hours=8)
    (told,) = guild.posted()
    assert told.startswith("## 🕓 `friend.example`")
    assert "It counts as fixed if it stays right until <t:" in told
    assert len(guild.sent_to(guild.sim.ann)) == 1
    await guild.later(days=3)
    first, end = guild.posted()
    assert first.startswith("## ✅ `friend.example`")
    assert end.startswith("## ✅ `friend.example`\n**This is right again, and it stayed so.**")
    assert len(guild.sent_to(guild.sim.ann)) == 2
    await guild.later(hours=12)
    assert len(guild.posted()) == 2


async def test_nothing_is_told_twice_after_a_restart(guild: WatchGuild) -> None:
    await break_mx(guild)
    await guild.sim.restart()
    await guild.later(days=1)
    assert len(guild.posted()) == 1
    assert len(guild.sent_to(guild.sim.ann)) == 1


async def test_a_message_that_had_arrived_before_a_crash_is_found_again(guild: WatchGuild) -> None:
    await break_mx(guild)
    # The process was killed between Discord's answer and the note of it.
    forgotten = "UPDATE watch_news SET ended_at = NULL, message_id = NULL, channel_id = NULL"
    change_store(guild.sim, forgotten)
    await guild.sim.restart()
    await guild.work()
    assert len(guild.posted()) == 1
    assert len(guild.sent_to(guild.sim.ann)) == 1


async def test_a_channel_that_is_gone_is_said_once_and_told_when_it_is_back(
    guild: WatchGuild,
) -> None:
    path = f"/channels/{guild.channel.id}/messages"
    guild.sim.env.inject_error("POST", path, status=404, code=10003, times=None)
    await break_mx(guild)
    assert guild.posted() == []
    assert guild.sim.client.admin_channel.told
    assert len(guild.sent_to(guild.sim.ann)) == 1  # whom the channel does not concern
    await guild.later(days=10)
    guild.sim.env.backend.faults.clear()
    await guild.later(minutes=20)
    assert len(guild.posted()) == 1
    assert not guild.sim.client.admin_channel.lost


async def test_a_member_who_takes_no_messages_finds_it_in_their_list(guild: WatchGuild) -> None:
    ann = guild.sim.ann
    path = f"/channels/{ann.user.dm_channel.id}/messages"
    guild.sim.env.inject_error("POST", path, status=403, code=50007, times=None)
    await break_mx(guild)
    assert guild.sent_to(ann) == []
    assert len(guild.posted()) == 1
    shown = answer_to(await ann.slash(guild.sim.channel, "watch list"))
    assert "Did not reach you" in text_of(shown)


async def test_a_deleted_message_is_not_sent_again_when_it_looks_right(guild: WatchGuild) -> None:
    await break_mx(guild)
    for message in guild.channel.history():
        await message.delete()
    set_zone(guild, RIGHT)
    await guild.later(hours=8)
    assert guild.posted() == []


async def test_without_a_request_channel_members_are_told_and_nobody_else(
    guild: WatchGuild,
) -> None:
    sim = guild.sim
    sim.settings = sim.settings.model_copy(update={"request_channel_id": None})
    await sim.restart()
    await break_mx(guild)
    assert guild.posted() == []
    assert len(guild.sent_to(sim.ann)) == 1
    assert not sim.client.admin_channel.lost


async def test_after_days_that_the_bot_was_down_there_is_one_digest_and_no_alarm(
    guild: WatchGuild,
) -> None:
    guild.sim.clock.advance(timedelta(days=17))
    await guild.sim.restart()
    await guild.work()
    (digest,) = guild.digests()
    assert "`friend.example` · no fault, but not all of it is proven" in digest
    assert guild.posted() == []
    assert guild.sent_to(guild.sim.ann) == []
