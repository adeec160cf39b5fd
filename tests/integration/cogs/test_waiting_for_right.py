"""“Tell me when it is right”: on cards and for each step, once, and after a restart as well."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from admin_guild import forge
from bot.demo.world import mend
from bot.names import Domain
from discord_simulation import (
    AWAIT,
    answer_to,
    labels_of,
    read_store,
    text_of,
    walk,
)
from watch_steps import CANCEL, direct, look, open_home, watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

NAME = "newcomer.example"  # it lacks everything


@pytest.fixture
async def sim(store: Path, errors: LogWatch) -> AsyncIterator[Simulation]:
    """The bot in its home server, where no requests are taken."""
    async with open_home(store) as sim:
        yield sim


async def press(who: MemberActor, card: ResponseMessage) -> ResponseMessage:
    answered = answer_to(await who.click(card, label=AWAIT))
    assert answered.ephemeral
    assert answered.id != card.id
    return answered


def choice_on(card: ResponseMessage) -> dict[str, Any]:
    (choice,) = (
        part
        for part in walk(card.components)
        if str(part.get("custom_id", "")).startswith("cowbell:await-one:")
    )
    return choice


def goals(sim: Simulation) -> list[tuple[Any, ...]]:
    return read_store(sim, "SELECT goal, end FROM awaited ORDER BY id")


async def test_the_button_says_what_was_noted_until_when_and_how_to_stop(sim: Simulation) -> None:
    card = await sim.check(NAME)
    noted = await press(sim.ann, card)
    said = text_of(noted)
    assert "`newcomer.example`: MX, SPF" in said
    assert "I look at it from now on, and send you a direct message as soon as it is right" in said
    assert "If it is not by <t:" in said
    assert "watch list" in said
    assert labels_of(noted) == [CANCEL]
    again = await press(sim.ann, card)
    assert "That is noted already" in text_of(again)
    stopped = answer_to(await sim.ann.click(again, label=CANCEL))
    assert "You wait for it no more" in text_of(stopped)
    assert [end for _, end in goals(sim)] == ["cancelled"]
    assert answer_to(await sim.ann.click(noted, label=CANCEL)).ephemeral
    await look(sim)
    assert direct(sim.ann) == []


async def test_one_message_comes_when_the_step_is_right(sim: Simulation) -> None:
    card, theirs = await sim.check(NAME), await sim.check(NAME, sim.ben)
    await sim.restart()
    await press(sim.ann, card)
    await look(sim)
    assert direct(sim.ann) == []
    sim.dns.zones = sim.dns.zones.with_zone(mend(NAME))
    sim.clock.advance(timedelta(minutes=10))
    await press(sim.ben, theirs)  # whose look is that of Ann, too
    await look(sim)
    for who in (sim.ann, sim.ben):
        (told,) = direct(who)
        assert "MX" in told
    await look(sim)
    assert len(direct(sim.ann)) == 1
    assert {end for _, end in goals(sim)} == {"right"}


async def test_each_step_of_the_plan_can_be_waited_for_alone(sim: Simulation) -> None:
    details = await sim.details(NAME)
    choice = choice_on(details)
    values = [option["value"] for option in choice["options"]]
    assert values[0] == "all"
    assert {"mx", "spf", "dkim", "dmarc"} <= set(values)
    await sim.restart()
    before = text_of(details)
    for goal in ("mx", "all"):
        result = await sim.ann.select(details, [goal], custom_id=choice["custom_id"])
        assert answer_to(result).ephemeral
    assert text_of(details) == before
    assert goals(sim) == [("mx", None), ("all", None)]
    sim.dns.zones = sim.dns.zones.with_zone(mend(NAME))
    await look(sim)
    (told,) = direct(sim.ann)
    assert "MX" in told
    assert goals(sim)[0] == ("mx", "right")


async def test_everybody_who_sees_a_shared_card_can_be_told(sim: Simulation) -> None:
    shared = await sim.share(await sim.check(NAME))
    noted = answer_to(await sim.ben.click(shared, label=AWAIT))
    assert noted.ephemeral
    listed = text_of(await watch(sim, "list", who=sim.ben))
    assert "`newcomer.example`" in listed
    assert "newcomer" not in text_of(await watch(sim, "list"))


async def test_the_records_that_come_next_have_the_button_too(sim: Simulation) -> None:
    card = answer_to(await sim.ann.slash(sim.channel, "dnsrecords", domain=NAME))
    assert AWAIT in labels_of(card)
    assert "I look at it from now on" in text_of(await press(sim.ann, card))


async def test_a_domain_too_long_for_a_button_is_known_by_its_check(sim: Simulation) -> None:
    name = f"{'a' * 60}.{'b' * 60}.example"
    card = await sim.check(name)
    await press(sim.ann, card)
    assert read_store(sim, "SELECT domain FROM awaited") == [(name,)]
    result = await forge(sim.ben, await sim.check(NAME, sim.ben), "cowbell:await:mx:1")
    assert "somebody else" in text_of(answer_to(result))


async def test_an_eleventh_goal_is_one_too_many(sim: Simulation) -> None:
    watching = sim.client.watching
    for number in range(10):
        domain = Domain.from_ascii(f"n{number}.example")
        await watching.wait_for(sim.ann.id, domain, "mx", confidential=True)
    refused = await press(sim.ann, await sim.check(NAME))
    assert "You wait for 10 things already" in text_of(refused)
    assert len(goals(sim)) == 10


async def test_who_presses_it_again_and_again_has_no_look_made_each_time(sim: Simulation) -> None:
    card = await sim.check(NAME)
    for _ in range(5):
        noted = await press(sim.ann, card)
        await sim.ann.click(noted, label=CANCEL)
    assert "seconds" in text_of(await press(sim.ann, card))
    assert len(goals(sim)) == 5


async def test_two_clicks_at_once_are_one(sim: Simulation) -> None:
    watching, domain = sim.client.watching, Domain.from_ascii(NAME)
    await asyncio.gather(
        *(watching.wait_for(sim.ann.id, domain, "mx", confidential=True) for _ in range(5))
    )
    assert len(goals(sim)) == 1


@pytest.mark.parametrize(
    "custom_id",
    [
        "cowbell:await:foo:newcomer.example:1",
        "cowbell:await:mx+foo:newcomer.example:1",
        "cowbell:await:dkim-key:newcomer.example:1",
        "cowbell:await:mx:-a.example:1",
        "cowbell:await-one:newcomer.example:1",
        "cowbell:await-end:999",
        "cowbell:watch:add:-a.example",
    ],
)
async def test_what_no_card_offers_is_out_of_date(sim: Simulation, custom_id: str) -> None:
    result = await forge(sim.ann, await sim.check(NAME), custom_id)
    shown = result.followups[0] if result.followups else answer_to(result)
    assert "out of date" in text_of(shown)
    assert goals(sim) == []


async def test_nobody_stops_what_another_waits_for(sim: Simulation) -> None:
    await press(sim.ann, await sim.check(NAME))
    card = await sim.check(NAME, sim.ben)
    result = await forge(sim.ben, card, "cowbell:await-end:1")
    shown = result.followups[0] if result.followups else answer_to(result)
    assert "out of date" in text_of(shown)
    assert [end for _, end in goals(sim)] == [None]


async def test_a_check_that_is_gone_can_be_waited_for_all_the_same(sim: Simulation) -> None:
    await forge(sim.ann, await sim.check(NAME), f"cowbell:await:mx:{NAME}:999")
    assert goals(sim) == [("mx", None)]
