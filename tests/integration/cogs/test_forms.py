"""Forms of the admin that were open while the bot was restarted: nothing that was typed is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest
from simcord.results import ResponseMessage

from bot.demo.world import DOMAINS
from bot.interactions.request_answers import card_of
from bot.names import Domain
from bot.requests.model import RequestKind, State
from discord_simulation import answer_to, text_of, whisper_after

if TYPE_CHECKING:
    from simcord import ChannelHandle, MemberActor

    from bot.requests.model import Request
    from bot.requests.service import Requests
    from discord_simulation import Simulation

pytest_plugins = ["discord_fixtures"]

KEY = DOMAINS["eager.example"].dkim
TEXT = "Not **yours**: ask `me`."


class Desk:
    """A request channel and an admin."""

    def __init__(self, sim: Simulation, channel: ChannelHandle, ada: MemberActor) -> None:
        self.sim = sim
        self.channel = channel
        self.ada = ada

    @property
    def requests(self) -> Requests:
        assert self.sim.client.requests is not None
        return self.sim.client.requests

    async def ask(self) -> tuple[Request, ResponseMessage]:
        place = (self.sim.guild.id, self.sim.channel.id)
        domain = Domain.from_ascii("eager.example")
        opened = await self.requests.open(RequestKind.DKIM, domain, place, self.sim.ann.id)
        card = await card_of(self.sim.client, opened.request)
        channel = self.sim.client.get_partial_messageable(self.channel.id)
        sent = await channel.send(view=card.view)
        stored = self.sim.env.backend.get_message(self.channel.id, sent.id)
        return opened.request, ResponseMessage(self.sim.env, stored)

    async def now(self, request: Request) -> Request:
        found = await self.requests.get(request.id)
        assert found is not None
        return found


@pytest.fixture
async def desk(sim: Simulation) -> Desk:
    channel = sim.guild.create_text_channel("requests")
    ada = sim.guild.add_member(sim.env.create_user("ada"))
    sim.settings = sim.settings.model_copy(
        update={"admin_user_ids": (ada.id,), "request_channel_id": channel.id}
    )
    await sim.restart()
    return Desk(sim, channel, ada)


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_pasted_key_counts_also_after_a_restart(desk: Desk, *, restarted: bool) -> None:
    request, card = await desk.ask()
    form = await desk.ada.click(card, label="Approve")
    if restarted:
        await desk.sim.restart()
    await desk.ada.submit_modal(form, {"value": KEY, "selector": "Cow1"})
    approved = await desk.now(request)
    assert (approved.state, approved.selector) == (State.APPROVED, "cow1")
    assert approved.value.startswith("v=DKIM1")


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_reason_counts_also_after_a_restart(desk: Desk, *, restarted: bool) -> None:
    request, card = await desk.ask()
    form = await desk.ada.click(card, label="Deny")
    if restarted:
        await desk.sim.restart()
    await desk.ada.submit_modal(form, {"reason": TEXT})
    denied = await desk.now(request)
    assert (denied.state, denied.reason) == (State.DENIED, TEXT)


async def test_a_form_after_a_restart_counts_for_nobody_without_the_right(desk: Desk) -> None:
    request, card = await desk.ask()
    form = await desk.ada.click(card, label="Deny")
    desk.sim.settings = desk.sim.settings.model_copy(update={"admin_user_ids": ()})
    await desk.sim.restart()
    result = await desk.ada.submit_modal(form, {"reason": TEXT})
    assert "Only admins" in text_of(whisper_after(result))
    assert (await desk.now(request)).state is State.PENDING


async def test_a_form_after_a_restart_that_comes_too_late_is_told_so(desk: Desk) -> None:
    request, card = await desk.ask()
    form = await desk.ada.click(card, label="Approve")
    await desk.sim.restart()
    await desk.requests.deny(request.id, desk.ada.id, "no")
    result = await desk.ada.submit_modal(form, {"value": KEY, "selector": "dkim"})
    assert "was decided already" in text_of(whisper_after(result))


@pytest.mark.parametrize(
    ("text", "in_file"), [("short\nand plain", False), (TEXT, True), ("x" * 3000, True)]
)
async def test_what_was_typed_into_a_form_that_nobody_knows_is_given_back(
    desk: Desk, text: str, *, in_file: bool
) -> None:
    _, card = await desk.ask()
    form: Any = await desk.ada.click(card, label="Approve")
    form._interaction.modal["custom_id"] = "of an earlier version"
    await desk.sim.restart()
    result = await desk.ada.submit_modal(form, {"value": text, "selector": "dkim"})
    given = answer_to(result)
    assert given.ephemeral
    assert "nothing was done" in text_of(given)
    assert ("```\nshort\nand plain\n```" in text_of(given)) is not in_file
    files = [file.filename for file in given.attachments]
    assert files == (["what-you-wrote.txt"] if in_file else [])


async def test_a_button_under_the_id_of_a_form_does_nothing(desk: Desk) -> None:
    request, _ = await desk.ask()
    view = discord.ui.LayoutView(timeout=None)
    button: discord.ui.Button[Any] = discord.ui.Button(
        label="forged", custom_id=f"cowbell:form:deny:{request.id}"
    )
    view.add_item(discord.ui.ActionRow(button))
    channel = desk.sim.client.get_partial_messageable(desk.channel.id)
    sent = await channel.send(view=view)
    stored = desk.sim.env.backend.get_message(desk.channel.id, sent.id)
    result = await desk.ada.click(ResponseMessage(desk.sim.env, stored), label="forged")
    assert "out of date" in text_of(whisper_after(result))
    assert (await desk.now(request)).state is State.PENDING
