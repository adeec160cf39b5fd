"""Views and forms of our own: where their errors end, and what a stop does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest
from discord import app_commands

from bot.errors import UsageError
from bot.interactions.error_manager import GuardedModal, GuardedView
from discord_house import answer_to, text_of

if TYPE_CHECKING:
    from simcord.results import ResponseMessage

    from bot.client import Client
    from discord_house import House, LogWatch

pytest_plugins = ["discord_fixtures"]


class Row(discord.ui.ActionRow[Any]):
    """Buttons that fail, and one that opens a form that fails."""

    @discord.ui.button(label="Break")
    async def breaks(
        self, interaction: discord.Interaction[Client], _: discord.ui.Button[Any]
    ) -> None:
        raise ZeroDivisionError

    @discord.ui.button(label="Refuse")
    async def refuses(
        self, interaction: discord.Interaction[Client], _: discord.ui.Button[Any]
    ) -> None:
        raise UsageError("`@everyone` is no mail domain.")

    @discord.ui.button(label="Form")
    async def opens(
        self, interaction: discord.Interaction[Client], _: discord.ui.Button[Any]
    ) -> None:
        await interaction.response.send_modal(Form("A form"))


class Form(GuardedModal):
    """A form with one field, which fails when it is sent."""

    field: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Domain", custom_id="domain")

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        raise ZeroDivisionError


@app_commands.command(name="trial", description="A view of the test")
async def trial(interaction: discord.Interaction[Any]) -> None:
    view = GuardedView()
    view.add_item(Row())
    await interaction.response.send_message(view=view, ephemeral=True)


@app_commands.command(name="forbidden", description="A command that nobody may use")
@app_commands.check(lambda _: False)
async def forbidden(interaction: discord.Interaction[Any]) -> None:
    raise AssertionError


@pytest.fixture
async def card(house: House) -> ResponseMessage:
    house.client.tree.add_command(trial)
    house.client.tree.add_command(forbidden)
    await house.client.tree.sync()
    return answer_to(await house.ann.slash(house.channel, "trial"))


async def test_a_view_that_fails_answers_with_the_reference_of_the_log(
    house: House, card: ResponseMessage, errors: LogWatch
) -> None:
    result = await house.ann.click(card, label="Break")
    (logged,) = errors.take()
    told = answer_to(result)
    assert told.ephemeral
    assert logged[:6] in text_of(told)


async def test_a_refusal_is_told_as_it_is_and_pings_nobody(
    house: House, card: ResponseMessage
) -> None:
    told = text_of(answer_to(await house.ann.click(card, label="Refuse")))
    assert "is no mail domain" in told
    assert "@everyone" not in told.replace("\\@", "")


async def test_a_form_that_fails_answers_with_the_reference_of_the_log(
    house: House, card: ResponseMessage, errors: LogWatch
) -> None:
    result = await house.ann.click(card, label="Form")
    submitted = await house.ann.submit_modal(result, {"domain": "friend.example"})
    (logged,) = errors.take()
    assert logged[:6] in text_of(answer_to(submitted))


async def test_a_command_that_is_not_allowed_says_so(house: House, card: ResponseMessage) -> None:
    told = answer_to(await house.ann.slash(house.channel, "forbidden"))
    assert told.ephemeral
    assert "may not do this" in text_of(told)


async def test_a_view_is_not_handled_any_more_while_the_bot_stops(
    house: House, card: ResponseMessage
) -> None:
    assert await house.client.tracker.drain(0.1) == 0
    told = answer_to(await house.ann.click(card, label="Break"))
    assert "restarting" in text_of(told)


async def test_a_button_of_an_older_version_is_out_of_date(
    house: House, card: ResponseMessage
) -> None:
    await house.restart()
    result = await house.ann.click(card, label="Refuse")
    assert "out of date" in text_of(answer_to(result))
