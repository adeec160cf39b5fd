"""The question whether another domain was meant, on cards: who is asked it, and its button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.world import DEMO_ENVIRONMENT
from bot.interactions.rate_limits import Cooldown
from discord_simulation import answer_to, labels_of, open_details, open_simulation, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

KEY = "READ00-0KEY00-000000"
MINE, SLIP = "friend.example", "freind.example"
QUESTION = f"Did you mean `{MINE}`?"
BUTTON = f"Check {MINE}"


@pytest.fixture
async def hosted(store: Path, errors: LogWatch) -> AsyncIterator[Simulation]:
    """A bot whose mail server has the domain; Ben decides requests."""
    async with MailcowDouble(keys={KEY: ApiKey(may_write=False)}, keeps_connections=False) as cow:
        cow.add_domain(MINE)
        environ = {**DEMO_ENVIRONMENT, "MAILCOW_URL": cow.url, "MAILCOW_READ_KEY": KEY}
        async with open_simulation(store, environ=environ) as sim:
            channel = sim.guild.create_text_channel("requests")
            update = {"request_channel_id": channel.id, "admin_user_ids": (sim.ben.id,)}
            sim.settings = sim.settings.model_copy(update=update)
            await sim.restart()
            yield sim


async def test_a_slip_is_asked_about_first_with_a_button_to_the_domain(sim: Simulation) -> None:
    await sim.check(MINE)
    card = await sim.check(SLIP)
    assert QUESTION in text_of(card)
    assert text_of(card).index(QUESTION) < text_of(card).index("Step 1 of")
    details = await open_details(sim.ann, card)
    assert text_of(details).index(QUESTION) < text_of(details).index("What to do")
    assert BUTTON in labels_of(details)
    found = answer_to(await sim.ann.click(card, label=BUTTON))
    assert found.ephemeral
    assert f"`{MINE}`" in text_of(found).splitlines()[0]
    assert "Did you mean" not in text_of(found)
    assert BUTTON not in labels_of(found)


async def test_nobody_else_is_asked_about_a_members_domain(sim: Simulation) -> None:
    await sim.check(MINE)
    card = await sim.check(SLIP)
    shared = await sim.share(card)
    for seen in (shared, await sim.check(SLIP, sim.ben)):
        assert "Did you mean" not in text_of(seen)
        assert BUTTON not in labels_of(seen)
    details = await open_details(sim.ben, shared)
    why = answer_to(await sim.ben.click(details, label="Why?"))
    for seen in (details, why):
        assert "Did you mean" not in text_of(seen)


async def test_the_question_stays_when_the_card_is_drawn_again(sim: Simulation) -> None:
    await sim.check(MINE)
    card = await sim.check(SLIP)
    details = await open_details(sim.ann, card)
    assert "Did you mean" in text_of(answer_to(await sim.ann.click(details, label="Why?")))
    await sim.ann.click(card, label="Check again")
    assert QUESTION in text_of(card)
    assert BUTTON in labels_of(card)


async def test_the_button_counts_as_a_check(sim: Simulation) -> None:
    await sim.check(MINE)
    card = await sim.check(SLIP)
    sim.client.limits.checks = Cooldown(1, 60.0, lambda: 0.0)
    assert sim.client.limits.checks.take(sim.ann.id) == 0
    told = answer_to(await sim.ann.click(card, label=BUTTON))
    assert "60 seconds" in text_of(told)


async def test_the_name_of_a_host_is_asked_about_on_every_card(sim: Simulation) -> None:
    card = await sim.check(f"https://www.{MINE}/")
    assert QUESTION in text_of(card)
    shared = await sim.share(card)
    assert QUESTION in text_of(shared)
    own = answer_to(await sim.ben.click(shared, label=BUTTON))
    assert own.ephemeral
    assert f"`{MINE}`" in text_of(own).splitlines()[0]


async def test_only_who_decides_is_asked_about_a_domain_on_the_mail_server(
    hosted: Simulation,
) -> None:
    assert "Did you mean" not in text_of(await hosted.check(SLIP, hosted.ann))
    assert QUESTION in text_of(await hosted.check(SLIP, hosted.ben))
    village = hosted.env.create_guild("Village")
    ben = village.add_member(hosted.ben.user)
    elsewhere = village.create_text_channel("mail")
    card = answer_to(await ben.slash(elsewhere, "dnscheck", domain="frriend.example"))
    assert "Did you mean" not in text_of(card)


async def test_who_had_their_data_deleted_is_asked_nothing(sim: Simulation) -> None:
    await sim.check(MINE)
    assert sim.client.privacy is not None
    await sim.client.privacy.forget(sim.ann.id)
    assert "Did you mean" not in text_of(await sim.check(SLIP))
