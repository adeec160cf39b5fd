"""What members see when Discord or the store says no: one private answer, and a reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
import pytest

from discord_simulation import (
    DETAILS,
    ON_DETAILS,
    answer_to,
    break_table,
    labels_of,
    open_details,
    text_of,
    whisper_after,
)

if TYPE_CHECKING:
    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

COMMANDS = [
    ("mailsettings", {}),
    ("dnsrecords", {"domain": "friend.example"}),
    ("dnscheck", {"domain": "friend.example"}),
    ("help", {}),
]
CALLBACK = ("POST", "/interactions/*/callback")
EDIT = ("PATCH", "/webhooks/*/messages/@original")
FOLLOWUP = ("POST", "/webhooks/*")


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_a_dead_interaction_is_no_error(
    sim: Simulation, command: str, options: dict[str, str]
) -> None:
    sim.env.inject_error(*CALLBACK, status=404, code=10062)
    result = await sim.ann.slash(sim.channel, command, **options)
    assert result.response is None
    assert not sim.dns.asked


@pytest.mark.parametrize(("command", "options"), COMMANDS)
@pytest.mark.parametrize("place", [CALLBACK, EDIT])
async def test_discords_own_errors_are_told_with_the_reference_of_the_log(
    sim: Simulation,
    errors: LogWatch,
    command: str,
    options: dict[str, str],
    place: tuple[str, str],
) -> None:
    sim.env.inject_error(*place, status=500)
    result = await sim.ann.slash(sim.channel, command, **options)
    (logged,) = errors.take()
    answers = [answer_to(result), *result.followups]
    assert all(answer.ephemeral for answer in answers)
    assert logged[:6] in text_of(answers[-1])


@pytest.mark.parametrize(("command", "options"), COMMANDS)
async def test_an_answer_that_comes_too_late_is_no_error(
    sim: Simulation, command: str, options: dict[str, str]
) -> None:
    sim.env.inject_error(*EDIT, status=404, code=10015)
    await sim.ann.slash(sim.channel, command, **options)


@pytest.mark.parametrize("label", [*ON_DETAILS, DETAILS])
async def test_a_dead_click_is_no_error(sim: Simulation, label: str) -> None:
    card = await (sim.check if label == DETAILS else sim.details)("mover.example")
    before = text_of(card)
    sim.env.inject_error(*CALLBACK, status=404, code=10062)
    await sim.ann.click(card, label=label)
    assert text_of(card) == before


@pytest.mark.parametrize("label", [*ON_DETAILS, DETAILS])
async def test_an_error_of_a_click_is_told_privately(
    sim: Simulation, errors: LogWatch, label: str
) -> None:
    card = await (sim.check if label == DETAILS else sim.details)("mover.example")
    before = labels_of(card)
    sim.env.inject_error(*(FOLLOWUP if label == "Share" else EDIT), status=500)
    result = await sim.ann.click(card, label=label)
    (logged,) = errors.take()
    told = result.followups[-1] if result.followups else answer_to(result)
    assert told.ephemeral
    assert logged[:6] in text_of(told)
    assert labels_of(card) == before


async def test_sharing_that_discord_forbids_can_be_tried_again(
    sim: Simulation, errors: LogWatch
) -> None:
    card = await sim.details("mover.example")
    sim.env.inject_error(*FOLLOWUP, status=403, code=50013, message="Missing Permissions")
    notice = whisper_after(await sim.ann.click(card, label="Share"))
    (logged,) = errors.take()
    assert logged[:6] in text_of(notice)
    assert not (await sim.share(card)).ephemeral


async def test_the_bot_needs_no_permission_in_the_channel(sim: Simulation) -> None:
    me = sim.client.user
    assert me is not None
    nothing = discord.PermissionOverwrite(
        view_channel=False, send_messages=False, embed_links=False, attach_files=False
    )
    quiet = sim.guild.create_text_channel("quiet", overwrites={me: nothing})
    with pytest.raises(discord.Forbidden):
        await sim.client.get_partial_messageable(quiet.id).send("I may not.")
    card = answer_to(await sim.ann.slash(quiet, "dnscheck", domain="mover.example"))
    shared = await sim.share(card)
    assert not shared.ephemeral
    assert not (await sim.ben.click(shared, label="Check again")).followups
    details = await open_details(sim.ben, shared)
    assert len(answer_to(await sim.ben.click(details, label="Zone file")).attachments) == 1


async def test_a_store_that_fails_is_told_with_the_reference_of_the_log(
    sim: Simulation, errors: LogWatch
) -> None:
    break_table(sim, "stored_check")
    result = await sim.ann.slash(sim.channel, "dnscheck", domain="friend.example")
    (logged,) = errors.take()
    assert not result.followups
    assert answer_to(result).ephemeral
    assert logged[:6] in text_of(answer_to(result))
    assert "stored_check" not in text_of(answer_to(result))


async def test_nobody_listening_to_an_error_is_no_second_error(
    sim: Simulation, errors: LogWatch
) -> None:
    break_table(sim, "stored_check")
    sim.env.inject_error(*EDIT, status=404, code=10015)
    await sim.ann.slash(sim.channel, "dnscheck", domain="friend.example")
    assert len(errors.take()) == 1
