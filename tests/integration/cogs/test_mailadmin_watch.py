"""`/mailadmin watch`: how far the watch is, what is open and unknown, and domains by hand."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import discord
import dns.name

from admin_guild import forge
from bot.demo.passing_time import let_pass
from bot.demo.world import DOMAINS
from bot.demo.zones import labels_of as zone_labels
from bot.demo.zones import parse_zone
from bot.names import Domain
from discord_simulation import answer_to, labels_of, read_store, text_of, whisper_after
from watch_steps import look

if TYPE_CHECKING:
    from admin_guild import AdminGuild

pytest_plugins = ["admin_fixtures"]

MOVER, FRIEND = "mover.example", "friend.example"
AGAIN = "Look again"


async def watch(admins: AdminGuild, **options: Any) -> str:
    """Return the answer to the command of an admin's."""
    return text_of(await admins.mailadmin(admins.ada, "watch", **options))


def rows(admins: AdminGuild) -> list[tuple[Any, ...]]:
    table = (
        "SELECT subject, by_hand, paused_until IS NOT NULL FROM watched WHERE subject != '@server'"
    )
    return read_store(admins.sim, table)


async def test_members_may_neither_look_nor_change_anything(admins: AdminGuild) -> None:
    await watch(admins, action="add", domain=FRIEND)
    role = admins.sim.guild.create_role(
        "Moderators", permissions=discord.Permissions(administrator=True)
    )
    member = admins.sim.guild.add_member(admins.sim.env.create_user("mod"), roles=[role])
    shown = await admins.mailadmin(member, "watch", action="add", domain=MOVER)
    assert "Only admins" in text_of(shown)
    assert [row[0] for row in rows(admins)] == [FRIEND]
    assert await member.autocomplete(admins.channel, "mailadmin watch", "domain", "") == []
    card = await admins.sim.check(FRIEND, member)
    pressed = await forge(member, card, "cowbell:watch:overview")
    assert "Only admins" in text_of(whisper_after(pressed))


async def test_it_says_how_far_the_cycle_is_and_when_the_next_look_is_due(
    admins: AdminGuild,
) -> None:
    assert "0 of 0 domains were looked at today" in await watch(admins)
    said = await watch(admins, action="add", domain=MOVER)
    assert "mover.example is watched from now on" in said.replace("\\", "")
    assert "0 of 1 domains were looked at today; the next look is due <t:" in said
    await admins.sim.restart()
    await look(admins.sim)
    said = await watch(admins)
    assert "1 of 1 domains was looked at today" in said
    assert "No fault is open" in said


async def test_the_button_draws_the_card_anew(admins: AdminGuild) -> None:
    card = await admins.mailadmin(admins.ada, "watch")
    assert labels_of(card) == [AGAIN]
    await watch(admins, action="add", domain=MOVER)
    await admins.sim.restart()
    result = await admins.ada.click(card, label=AGAIN)
    assert answer_to(result).id == card.id
    assert "0 of 1 domains" in text_of(card)


async def test_what_is_open_stands_with_its_check_and_since_when(admins: AdminGuild) -> None:
    sim = admins.sim
    await watch(admins, action="add", domain=FRIEND)
    await look(sim)
    without = "\n".join(line for line in DOMAINS[FRIEND].text.splitlines() if " MX " not in line)
    sim.dns.zones = sim.dns.zones.with_zone(parse_zone(FRIEND, without))
    await let_pass(sim.client.watch, sim.clock, timedelta(days=2))
    said = await watch(admins)
    assert "### Not right" in said
    assert re.search(r"❌ `friend\.example` · .*MX.* · .*<t:\d+:", said)
    assert "No fault is open" not in said


async def test_what_nobody_could_find_out_is_named_and_no_fault(admins: AdminGuild) -> None:
    sim = admins.sim
    await watch(admins, action="add", domain=FRIEND)
    failing = {zone_labels(dns.name.from_text(FRIEND)): None}
    sim.dns.zones = dataclasses.replace(sim.dns.zones, servfail=failing)
    await look(sim)
    said = await watch(admins)
    assert "### Could not be looked at\n`friend.example` · never known" in said
    assert "No fault is open" in said


async def test_a_domain_is_added_paused_and_taken_out_by_hand(admins: AdminGuild) -> None:
    assert "Name the domain, too" in await watch(admins, action="add")
    assert "is not watched" in await watch(admins, action="pause", domain=MOVER)
    assert "is not watched" in await watch(admins, action="remove", domain=MOVER)
    await watch(admins, action="add", domain=MOVER)
    assert "was added before" in await watch(admins, action="add", domain=MOVER)
    offered = await admins.ada.autocomplete(admins.channel, "mailadmin watch", "domain", "mo")
    assert [choice["value"] for choice in offered] == [MOVER]
    said = await watch(admins, action="pause", domain=MOVER, days=3)
    assert "Nobody is told of mover.example for 3 days" in said.replace("\\", "")
    assert "### Paused" in said
    assert rows(admins) == [(MOVER, 1, 1)]
    assert "told of mover.example again" in (
        await watch(admins, action="resume", domain=MOVER)
    ).replace("\\", "")
    assert "is watched no more" in await watch(admins, action="remove", domain=MOVER)
    assert rows(admins) == [(MOVER, 0, 0)]


async def test_a_domain_that_a_member_wants_stays(admins: AdminGuild) -> None:
    await watch(admins, action="add", domain=MOVER)
    await admins.sim.client.watching.wait_for(
        admins.sim.ann.id, Domain.from_ascii(MOVER), "mx", confidential=True
    )
    said = await watch(admins, action="remove", domain=MOVER)
    assert "mover.example is still watched" in said.replace("\\", "")
