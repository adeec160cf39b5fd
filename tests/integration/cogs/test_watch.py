"""`/watch`: who may have which domain watched, pauses, the list, and what did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admin_guild import forge
from bot.interactions.rate_limits import Cooldown
from bot.names import Domain
from bot.requests.model import RequestKind
from discord_simulation import (
    OFFER,
    answer_to,
    break_table,
    change_store,
    labels_of,
    read_store,
    text_of,
)
from request_guild import ADMIN, open_request_guild
from watch_steps import AGAIN, STOP, look, open_home, own, show_control, watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

FRIEND, MOVER = "friend.example", "mover.example"


@pytest.fixture
async def sim(store: Path, errors: LogWatch) -> AsyncIterator[Simulation]:
    """The bot in its home server, where no requests are taken."""
    async with open_home(store) as sim:
        yield sim


async def test_a_stranger_is_told_how_to_show_that_it_is_theirs(sim: Simulation) -> None:
    refused = await watch(sim, "add", domain=FRIEND)
    said = text_of(refused)
    assert "Nothing shows yet that `friend.example` is yours" in said
    assert "Name `_cowbell`" in said
    assert f"press “{OFFER}”" in said
    assert labels_of(refused) == [OFFER]
    assert "There is nothing that I tell you of" in text_of(await watch(sim, "list"))


async def test_who_has_shown_it_is_told_and_can_stop_that(sim: Simulation) -> None:
    await show_control(sim, FRIEND)
    refused = await watch(sim, "add", domain=FRIEND, who=sim.ben)  # it is the record of Ann alone
    assert "Nothing shows yet" in text_of(refused)
    noted = await watch(sim, "add", domain=FRIEND)
    assert "I look at it every day" in text_of(noted)
    assert labels_of(noted) == [STOP]
    assert "You have that already" in text_of(await watch(sim, "add", domain=FRIEND))
    await sim.restart()
    stopped = answer_to(await sim.ann.click(noted, label=STOP))
    assert "I write to you about `friend.example` no more" in text_of(stopped)
    again = answer_to(await sim.ann.click(noted, label=STOP))
    assert "You do not have `friend.example` watched" in text_of(again)
    assert read_store(sim, "SELECT * FROM watcher") == []


async def test_the_button_of_a_refusal_looks_for_the_record_again(sim: Simulation) -> None:
    refused = await watch(sim, "add", domain=FRIEND)
    still = answer_to(await sim.ann.click(refused, label=OFFER))
    assert "Nothing shows yet" in text_of(still)
    await show_control(sim, FRIEND)
    await sim.restart()
    noted = answer_to(await sim.ann.click(refused, label=OFFER))
    assert "I look at it every day" in text_of(noted)
    assert noted.ephemeral


async def test_the_list_says_how_each_domain_stands_and_since_when(sim: Simulation) -> None:
    await own(sim, MOVER)
    assert "`mover.example` · not looked at yet" in text_of(await watch(sim, "list"))
    await look(sim)
    assert "❌ `mover.example` · broken since <t:" in text_of(await watch(sim, "list"))
    assert "mover.example" not in text_of(await watch(sim, "list", who=sim.ben))


async def test_a_pause_ends_by_itself_by_the_button_or_by_no_days(sim: Simulation) -> None:
    await own(sim, FRIEND)
    paused = await watch(sim, "pause", domain=FRIEND)
    assert "I write nothing about it until <t:" in text_of(paused)
    assert labels_of(paused) == [AGAIN, STOP]
    listed = text_of(await watch(sim, "list"))
    assert "Paused until <t:" in listed
    known = await watch(sim, "add", domain=FRIEND)
    assert labels_of(known) == [AGAIN, STOP]
    await sim.restart()
    resumed = answer_to(await sim.ann.click(paused, label=AGAIN))
    assert "I write to you about it again" in text_of(resumed)
    assert "Paused" not in text_of(await watch(sim, "list"))
    await watch(sim, "pause", domain=FRIEND, days=90)
    assert "again" in text_of(await watch(sim, "pause", domain=FRIEND, days=0))
    change_store(sim, "UPDATE watcher SET paused_until = '2020-01-01 00:00:00'")
    assert "Paused" not in text_of(await watch(sim, "list"))
    assert "do not have" in text_of(await watch(sim, "pause", domain=MOVER))


async def test_an_eleventh_domain_is_one_too_many(sim: Simulation) -> None:
    sim.client.limits.checks = Cooldown(100, 60.0, lambda: 0.0)
    for number in range(10):
        row = f"'n{number}.example', {sim.ann.id}, '2026-11-20 00:00:00', NULL"
        change_store(sim, f"INSERT INTO watcher VALUES ({row})")  # noqa: S608 - our own row
    await show_control(sim, FRIEND)
    refused = await watch(sim, "add", domain=FRIEND)
    assert "I tell you of 10 domains already" in text_of(refused)
    assert "`/watch list`" in text_of(refused)


async def test_nobody_can_have_what_everybody_registers_under_watched(sim: Simulation) -> None:
    for name in ("co.uk", "gmail.com"):
        card = await watch(sim, "add", domain=name)
        assert labels_of(card) == []
        assert name in text_of(card)
    assert read_store(sim, "SELECT * FROM watcher") == []


async def test_a_stranger_asks_no_name_servers_without_end(sim: Simulation) -> None:
    sim.client.limits.checks = Cooldown(1, 60.0, lambda: 0.0)
    await watch(sim, "add", domain=FRIEND)
    sim.dns.forget()
    assert "times a minute" in text_of(await watch(sim, "add", domain=FRIEND))
    assert not sim.dns.asked


async def test_a_domain_is_typed_as_anywhere_else(sim: Simulation) -> None:
    await own(sim, FRIEND)
    offered = await sim.ann.autocomplete(sim.channel, "watch remove", "domain", "fri")
    assert [choice["value"] for choice in offered] == [FRIEND]
    assert await sim.ann.autocomplete(sim.channel, "watch pause", "domain", "mo") == []
    assert await sim.ben.autocomplete(sim.channel, "watch remove", "domain", "") == []
    assert "single word" in text_of(await watch(sim, "add", domain="localhost"))
    break_table(sim, "watcher")
    assert await sim.ann.autocomplete(sim.channel, "watch remove", "domain", "fri") == []


async def test_elsewhere_it_is_said_where_domains_are_watched(sim: Simulation) -> None:
    home = {"discord_guild_id": None, "request_channel_id": sim.channel.id}
    sim.settings = sim.settings.model_copy(update=home)
    await sim.restart()
    village = sim.env.create_guild("Village")
    eve = village.add_member(sim.env.create_user("eve"))
    channel = village.create_text_channel("mail")
    card = answer_to(await eve.slash(channel, "watch add", domain=FRIEND))
    assert f"https://discord.com/channels/{sim.guild.id}" in text_of(card)
    # What is known of a domain stays at home, too.
    await own(sim, MOVER)
    await look(sim)
    abroad = village.add_member(sim.ann.user)
    listed = text_of(answer_to(await abroad.slash(channel, "watch list")))
    assert "mover.example" in listed
    assert "broken" not in listed
    sim.settings = sim.settings.model_copy(update={"request_channel_id": None})
    await sim.restart()
    assert "has not been set up" in text_of(await watch(sim, "add", domain=FRIEND))


async def test_what_did_not_reach_a_member_is_in_their_list(sim: Simulation) -> None:
    path = f"/channels/{sim.ann.user.dm_channel.id}/messages"
    sim.env.inject_error("POST", path, status=403, code=50007, times=None)
    card = await sim.check(MOVER)
    await forge(sim.ann, card, f"cowbell:await:delegation:{MOVER}:1")
    await look(sim)
    listed = text_of(await watch(sim, "list"))
    assert "### Did not reach you" in listed
    assert "what you waited for · `mover.example`" in listed
    assert "allow direct messages from this server" in listed
    assert "Did not reach you" not in text_of(await watch(sim, "list", who=sim.ben))


async def test_what_is_waited_for_is_listed_with_a_button_to_stop(sim: Simulation) -> None:
    card = await sim.check(MOVER)
    for goal in ("mx", "all"):
        await forge(sim.ann, card, f"cowbell:await:{goal}:{MOVER}:1")
    listed = await watch(sim, "list")
    assert "1. `mover.example`: MX · until <t:" in text_of(listed)
    assert "2. `mover.example`: all of it" in text_of(listed)
    assert labels_of(listed) == ["Stop 1", "Stop 2"]
    await sim.restart()
    result = await sim.ann.click(listed, label="Stop 1")
    assert answer_to(result).id == listed.id
    assert "You wait for it no more: mover.example" in text_of(listed).replace("\\", "")
    assert labels_of(listed) == ["Stop 1"]
    theirs = await watch(sim, "list", who=sim.ben)
    assert labels_of(theirs) == []


async def test_a_request_that_was_not_refused_is_enough(store: Path, errors: LogWatch) -> None:
    del errors  # it fails the test for what is logged
    async with open_request_guild(store) as guild:
        watching, domain = guild.client.watching, Domain.from_ascii("eager.example")
        place, member = (1, 2), guild.ann.id
        assert not await watching.is_known_owner(member, domain)
        asked = await guild.requests.open(RequestKind.DKIM, domain, place, member)
        assert await watching.can_be_offered(member, domain)
        assert not await watching.is_known_owner(guild.ben.id, domain)
        card = answer_to(await guild.ann.slash(guild.channel, "watch add", domain=domain.ascii))
        assert "I look at it every day" in text_of(card)
        assert not await watching.can_be_offered(member, domain)  # it has been taken
        await guild.requests.deny(asked.request.id, ADMIN, "no")
        assert not await watching.is_known_owner(member, domain)
