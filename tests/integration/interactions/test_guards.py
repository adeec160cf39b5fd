"""Buttons and forms of our own: where their errors end, and what a stop does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands

from bot.errors import UsageError
from bot.interactions import item_factory, request_forms
from bot.interactions.clicks import PersistentItem
from bot.interactions.error_manager import GuardedModal
from bot.interactions.limits_form import LIMITS_FORM
from bot.interactions.profile_form import PROFILE_FORM
from bot.interactions.rotation_forms import ROTATION_FORM
from discord_simulation import answer_to, text_of

if TYPE_CHECKING:
    from simcord.results import ResponseMessage

    from bot.interactions.bot import BotBase
    from bot.interactions.clicks import Click
    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

BUTTONS = ("Break", "Refuse", "Form")


class Form(GuardedModal):
    """A form with one field, which fails when it is sent."""

    field: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Domain", custom_id="domain")

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        raise ZeroDivisionError


async def breaks(_: discord.Interaction[BotBase], __: Click) -> None:
    raise ZeroDivisionError


async def refuses(_: discord.Interaction[BotBase], __: Click) -> None:
    raise UsageError("`@everyone` is no mail domain.")


async def opens(interaction: discord.Interaction[BotBase], _: Click) -> None:
    await interaction.response.send_modal(Form("A form", "a form"))


@app_commands.command(name="trial", description="A card of the test")
async def trial(interaction: discord.Interaction[Any]) -> None:
    view = discord.ui.LayoutView(timeout=None)
    buttons: list[discord.ui.Button[Any]] = [
        discord.ui.Button(label=label, custom_id=f"cowbell:test:{label}") for label in BUTTONS
    ]
    view.add_item(discord.ui.ActionRow(*map(PersistentItem, buttons)))
    await interaction.response.send_message(view=view, ephemeral=True)


@app_commands.command(name="forbidden", description="A command that nobody may use")
@app_commands.check(lambda _: False)
async def forbidden(interaction: discord.Interaction[Any]) -> None:
    raise AssertionError


@pytest.fixture
async def card(sim: Simulation) -> ResponseMessage:
    for label, handler in zip(BUTTONS, (breaks, refuses, opens), strict=True):
        sim.client.clicks.add(f"cowbell:test:{label}", handler)
    sim.client.tree.add_command(trial)
    sim.client.tree.add_command(forbidden)
    await sim.client.tree.sync()
    return answer_to(await sim.ann.slash(sim.channel, "trial"))


async def test_a_button_that_fails_answers_with_the_reference_of_the_log(
    sim: Simulation, card: ResponseMessage, errors: LogWatch
) -> None:
    result = await sim.ann.click(card, label="Break")
    (logged,) = errors.take()
    told = answer_to(result)
    assert told.ephemeral
    assert logged[:6] in text_of(told)


async def test_a_refusal_is_told_as_it_is_and_pings_nobody(
    sim: Simulation, card: ResponseMessage
) -> None:
    told = text_of(answer_to(await sim.ann.click(card, label="Refuse")))
    assert "is no mail domain" in told
    assert "@everyone" not in told.replace("\\@", "")


async def test_a_form_that_fails_answers_with_the_reference_of_the_log(
    sim: Simulation, card: ResponseMessage, errors: LogWatch
) -> None:
    result = await sim.ann.click(card, label="Form")
    submitted = await sim.ann.submit_modal(result, {"domain": "friend.example"})
    (logged,) = errors.take()
    assert logged[:6] in text_of(answer_to(submitted))


async def test_a_command_that_is_not_allowed_says_so(
    sim: Simulation, card: ResponseMessage
) -> None:
    told = answer_to(await sim.ann.slash(sim.channel, "forbidden"))
    assert told.ephemeral
    assert "may not do this" in text_of(told)


async def test_a_button_is_not_handled_any_more_while_the_bot_stops(
    sim: Simulation, card: ResponseMessage
) -> None:
    assert await sim.client.tracker.drain(0.1) == 0
    told = answer_to(await sim.ann.click(card, label="Break"))
    assert "restarting" in text_of(told)


async def test_what_is_left_to_another_process_is_not_answered_and_not_turned_away(
    sim: Simulation, card: ResponseMessage
) -> None:
    sim.client.tracker.gate.shut()
    assert await sim.client.tracker.drain(0.1) == 0
    clicked = await sim.ann.click(card, label="Break")
    assert not clicked.acknowledged


async def test_a_button_of_another_version_is_out_of_date(
    sim: Simulation, card: ResponseMessage
) -> None:
    await sim.restart()
    told = answer_to(await sim.ann.click(card, label="Refuse"))
    assert told.ephemeral
    assert "out of date" in text_of(told)


async def test_a_button_that_is_none_of_ours_is_out_of_date(sim: Simulation) -> None:
    @app_commands.command(name="other", description="A card of something else")
    async def other(interaction: discord.Interaction[Any]) -> None:
        view = discord.ui.LayoutView(timeout=None)
        button: discord.ui.Button[Any] = discord.ui.Button(label="Old", custom_id="other:1")
        view.add_item(discord.ui.ActionRow(button))
        await interaction.response.send_message(view=view, ephemeral=True)

    sim.client.tree.add_command(other)
    await sim.client.tree.sync()
    card = answer_to(await sim.ann.slash(sim.channel, "other"))
    await sim.restart()
    assert "out of date" in text_of(answer_to(await sim.ann.click(card, label="Old")))


async def test_each_template_of_a_custom_id_has_its_handler(sim: Simulation) -> None:
    templates = {
        value for name, value in vars(item_factory).items() if name.endswith(("_BUTTON", "_SELECT"))
    } | {
        request_forms.DENY_FORM,
        request_forms.PASTE_FORM,
        LIMITS_FORM,
        PROFILE_FORM,
        ROTATION_FORM,
    }
    assert {pattern.pattern for pattern in sim.client.clicks._handlers} == templates
