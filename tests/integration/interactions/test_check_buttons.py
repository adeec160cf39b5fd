"""The buttons of a check card: who may click them, what they change, and that they last."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import simcord.actors

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.world import DEMO_ENVIRONMENT, mend
from bot.interactions.rate_limits import Cooldown
from discord_simulation import (
    DETAILS,
    HOME,
    ON_CARD,
    ON_DETAILS,
    answer_to,
    break_table,
    change_store,
    labels_of,
    open_details,
    open_simulation,
    text_of,
    walk,
    whisper_after,
)

if TYPE_CHECKING:
    from pathlib import Path

    from simcord import MemberActor
    from simcord.results import InteractionResult, ResponseMessage

    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["discord_fixtures"]

ALL = [*ON_DETAILS, DETAILS]  # of both cards


async def test_check_again_puts_the_new_check_on_the_private_card(sim: Simulation) -> None:
    card = await sim.check("mover.example")
    sim.dns.zones = sim.dns.zones.with_zone(mend("mover.example"))
    result = await sim.ann.click(card, label="Check again")
    assert not result.followups
    assert answer_to(result).id == card.id
    assert text_of(card).count("mx.oldpost.example") == 1
    assert "`5 mx.oldpost.example` is gone" in text_of(card)
    assert labels_of(card) == ON_CARD
    assert ids_of(card) == {2}


async def test_all_details_come_as_a_private_answer_of_their_own(sim: Simulation) -> None:
    card = await sim.check("mover.example")
    before = text_of(card)
    details = answer_to(await sim.ann.click(card, label=DETAILS))
    assert details.ephemeral
    assert details.id != card.id
    assert labels_of(details) == ON_DETAILS
    assert "### Expected and found" in text_of(details)
    assert ids_of(details) == ids_of(card) == {1}
    assert text_of(card) == before


async def test_checking_again_from_all_details_goes_back_to_the_plan(sim: Simulation) -> None:
    details = await sim.details("mover.example")
    sim.dns.zones = sim.dns.zones.with_zone(mend("mover.example"))
    result = await sim.ann.click(details, label="Check again")
    assert not result.followups
    assert answer_to(result).id == details.id
    assert text_of(details).count("mx.oldpost.example") == 1
    assert "`5 mx.oldpost.example` is gone" in text_of(details)
    assert labels_of(details) == ON_CARD


async def test_records_button_answers_privately_and_leaves_the_card(sim: Simulation) -> None:
    card = await sim.details("mover.example")
    before = text_of(card)
    records = answer_to(await sim.ann.click(card, label="All records"))
    assert records.ephemeral
    assert records.id != card.id
    assert "```\nv=spf1 include:_spf.cow.example -all\n```" in text_of(records)
    assert text_of(card) == before


async def test_why_button_answers_privately_with_a_reason_for_each_finding(sim: Simulation) -> None:
    card = await sim.details("mover.example")
    before = text_of(card)
    answer = answer_to(await sim.ann.click(card, label="Why?"))
    assert answer.ephemeral
    said = text_of(answer)
    assert "**1. MX · ❌ broken**" in said
    assert "(https://www.rfc-editor.org/rfc/rfc5321#section-5.1)" in said
    steps = before.count("· ❌") + before.count("· ⚠️")
    assert steps == said.count("· ❌") + said.count("· ⚠️")
    assert text_of(card) == before


async def test_details_and_why_of_a_shared_card_are_told_to_who_asks_alone(
    sim: Simulation,
) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    before = text_of(shared)
    details = await open_details(sim.ben, shared)
    assert details.ephemeral
    answer = answer_to(await sim.ben.click(details, label="Why?"))
    assert answer.ephemeral
    assert "RFC 5321, section 5.1" in text_of(answer)
    assert text_of(shared) == before
    assert not shared.ephemeral


async def test_what_only_the_asker_was_told_is_explained_to_nobody_else(
    store: Path, errors: LogWatch
) -> None:
    async with MailcowDouble(
        keys={"READ00-0KEY00-000000": ApiKey(may_write=False)},
        keeps_connections=False,  # the simulation would wait 15 s for aiohttp to close an idle one
    ) as cow:
        environ = {"MAILCOW_URL": cow.url, "MAILCOW_READ_KEY": "READ00-0KEY00-000000", **HOME}
        async with open_simulation(store, environ={**DEMO_ENVIRONMENT, **environ}) as sim:
            card = await sim.check("mover.example")
            assert "On the server" in text_of(card)
            details = await open_details(sim.ann, card)
            assert "does not know" in text_of(details)
            shared = await sim.share(card)
            assert "On the server" not in text_of(shared)
            told = "takes mail only for the domains that it serves"
            assert told in text_of(answer_to(await sim.ann.click(details, label="Why?")))
            for who in (sim.ann, sim.ben):
                behind = await open_details(who, shared)
                assert "does not know" not in text_of(behind)
                assert told not in text_of(answer_to(await who.click(behind, label="Why?")))


async def test_zone_file_button_answers_with_the_file_alone(sim: Simulation) -> None:
    card = await sim.details("mover.example")
    answer = answer_to(await sim.ann.click(card, label="Zone file"))
    assert answer.ephemeral
    assert [file.filename for file in answer.attachments] == ["mover.example.zone.txt"]
    shown = [part["file"]["url"] for part in walk(answer.components) if part["type"] == 13]
    assert len(shown) == 1


async def test_share_posts_the_card_for_everybody_and_cannot_be_shared_on(sim: Simulation) -> None:
    card = await sim.check("mover.example")
    details = await open_details(sim.ann, card)
    shared = await sim.share(details)
    assert not shared.ephemeral
    assert labels_of(shared) == ON_CARD
    assert text_of(shared) == text_of(card)
    assert [message.id for message in sim.channel.history(viewer=sim.ben)] == [shared.id]
    assert labels_of(details) == ON_DETAILS


async def test_share_clicked_twice_posts_one_card(sim: Simulation) -> None:
    card = await sim.details("mover.example")
    await sim.share(card)
    assert not (await sim.ann.click(card, label="Share")).followups
    assert len(sim.channel.history(viewer=sim.ben)) == 1


async def test_share_works_in_a_direct_message(sim: Simulation) -> None:
    card = answer_to(await sim.ann.user.slash("dnscheck", domain="mover.example"))
    details = answer_to(await sim.ann.user.click(card, label=DETAILS))
    (shared,) = (await sim.ann.user.click(details, label="Share")).followups
    assert not shared.ephemeral
    await sim.ann.user.click(shared, label="Check again")
    assert ids_of(shared) == {2}


async def test_anybody_may_check_a_shared_card_again_for_all_to_see(sim: Simulation) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    sim.dns.zones = sim.dns.zones.with_zone(mend("mover.example"))
    result = await sim.ben.click(shared, label="Check again")
    assert not result.followups
    assert "mx.oldpost.example" not in text_of(shared)
    assert not shared.ephemeral
    assert labels_of(shared) == ON_CARD


async def test_a_shared_card_answers_others_privately(sim: Simulation) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    details = await open_details(sim.ben, shared)
    for label in ("Why?", "All records", "Zone file"):
        answer = answer_to(await sim.ben.click(details, label=label))
        assert answer.ephemeral
        assert answer.id not in {shared.id, details.id}


async def test_others_check_a_shared_cards_domain_from_its_details_for_themselves(
    sim: Simulation,
) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    before = text_of(shared)
    sim.dns.zones = sim.dns.zones.with_zone(mend("mover.example"))
    details = await open_details(sim.ben, shared)
    checked = answer_to(await sim.ben.click(details, label="Check again"))
    assert checked.ephemeral
    assert "mx.oldpost.example" not in text_of(checked)
    assert text_of(shared) == before


async def test_checking_a_shared_card_again_counts_for_who_clicks(sim: Simulation) -> None:
    sim.client.limits.checks = Cooldown(2, 60.0, lambda: 0.0)
    shared = await sim.share(await sim.check("mover.example"))
    for _ in range(2):
        assert not (await sim.ben.click(shared, label="Check again")).followups
    before = text_of(shared)
    refused = whisper_after(await sim.ben.click(shared, label="Check again"))
    assert "in 60 seconds" in text_of(refused)
    assert text_of(shared) == before
    assert not (await sim.ann.click(shared, label="Check again")).followups


async def test_a_member_who_checks_a_shared_card_is_not_offered_its_domain(sim: Simulation) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    await sim.ben.click(shared, label="Check again")
    assert await sim.ben.autocomplete(sim.channel, "dnscheck", "domain", "") == []


@pytest.mark.parametrize("label", ALL)
async def test_every_button_works_after_a_restart(sim: Simulation, label: str) -> None:
    card = await card_with(sim, label)
    await sim.restart()
    result = await sim.ann.click(card, label=label)
    assert result.acknowledged
    shown = result.followups[0] if label == "Share" else answer_to(result)
    assert "mover.example" in text_of(shown)


async def test_a_shared_card_works_for_others_after_a_restart(sim: Simulation) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    await sim.restart()
    sim.dns.zones = sim.dns.zones.with_zone(mend("mover.example"))
    await sim.ben.click(shared, label="Check again")
    assert "mx.oldpost.example" not in text_of(shared)


@pytest.mark.parametrize("label", ALL)
async def test_a_check_that_is_gone_is_said(sim: Simulation, label: str) -> None:
    card = await card_with(sim, label)
    before = text_of(card)
    change_store(sim, "DELETE FROM stored_check")
    sim.dns.forget()
    result = await sim.ann.click(card, label=label)
    notice = whisper_after(result) if label in {"Check again", "Share"} else answer_to(result)
    assert notice.ephemeral
    assert "not kept any more" in text_of(notice)
    assert text_of(card) == before
    assert not sim.dns.asked


@pytest.mark.parametrize("label", ALL)
async def test_where_a_check_is_gone_a_new_one_is_a_click_away(sim: Simulation, label: str) -> None:
    card = await card_with(sim, label)
    change_store(sim, "DELETE FROM stored_check")
    sim.dns.zones = sim.dns.zones.with_zone(mend("mover.example"))
    result = await sim.ann.click(card, label=label)
    notice = whisper_after(result) if label in {"Check again", "Share"} else answer_to(result)
    await sim.restart()
    fresh = answer_to(await sim.ann.click(notice, label="Check again"))
    assert fresh.ephemeral
    assert "mover.example" in text_of(fresh)
    assert "mx.oldpost.example" not in text_of(fresh)
    assert labels_of(fresh) == ON_CARD
    assert "mover.example" in text_of(await open_details(sim.ann, fresh))


async def test_a_card_of_former_times_names_the_command_where_its_check_is_gone(
    sim: Simulation,
) -> None:
    card = await sim.details("mover.example")
    change_store(sim, "DELETE FROM stored_check")
    stored = sim.env.backend.get_message(card.channel_id, card.id)
    for part in walk(stored.components):
        if "custom_id" in part:
            part["custom_id"] = part["custom_id"].replace("mover.example:", "")
    notice = answer_to(await sim.ann.click(card, label="Why?"))
    assert "not kept any more" in text_of(notice)
    assert "</dnscheck:" in text_of(notice)
    assert labels_of(notice) == []


async def test_a_check_kept_by_another_version_is_said_to_be_gone(sim: Simulation) -> None:
    card = await sim.check("mover.example")
    change_store(sim, "UPDATE stored_check SET schema = 99")
    notice = whisper_after(await sim.ann.click(card, label="Check again"))
    assert "not kept any more" in text_of(notice)


@pytest.mark.parametrize("label", ["Check again", DETAILS, "Share", "All records"])
async def test_two_clicks_in_the_same_instant_do_no_harm(
    sim: Simulation, errors: LogWatch, label: str
) -> None:
    card = await card_with(sim, label)
    before = labels_of(card)
    await asyncio.gather(*(click(sim.ann, card, label) for _ in range(2)))
    assert labels_of(card) == before
    public = sim.channel.history(viewer=sim.ben)
    assert len(public) == (1 if label == "Share" else 0)


async def test_two_members_share_one_running_check_of_a_card(sim: Simulation) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    sim.dns.forget()
    sim.dns.delay = 0.2  # seconds: the check still runs when the second member presses
    await asyncio.gather(*(click(who, shared, "Check again") for who in (sim.ann, sim.ben)))
    assert max(sim.dns.asked.values()) == 1
    assert "mx.oldpost.example" in text_of(shared)


async def test_a_check_that_fails_gives_the_card_back(sim: Simulation, errors: LogWatch) -> None:
    shared = await sim.share(await sim.check("mover.example"))
    before = text_of(shared)
    change_store(
        sim,
        "CREATE TRIGGER full BEFORE INSERT ON stored_check "
        "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    )
    edits = len(edits_of(sim))
    notice = whisper_after(await sim.ben.click(shared, label="Check again"))
    (logged,) = errors.take()
    assert logged[:6] in text_of(notice)
    # A progress notice may have taken the card's place, so it is put there again.
    assert len(edits_of(sim)) == edits + 1
    assert text_of(shared) == before
    assert labels_of(shared) == ON_CARD


async def test_a_broken_store_is_told_with_a_reference(sim: Simulation, errors: LogWatch) -> None:
    card = await sim.check("mover.example")
    details = await open_details(sim.ann, card)
    break_table(sim, "stored_check")
    for label in ALL:
        result = await sim.ann.click(card if label in ON_CARD else details, label=label)
        notice = result.followups[0] if result.followups else answer_to(result)
        assert notice.ephemeral
        (logged,) = errors.take()
        assert logged[:6] in text_of(notice)
        assert "stored_check" not in text_of(notice)


async def card_with(sim: Simulation, label: str) -> ResponseMessage:
    """Return the card of a check that has a button: the first one, or the one of all details."""
    card = await sim.check("mover.example")
    return card if label in ON_CARD else await open_details(sim.ann, card)


async def click(who: MemberActor, card: ResponseMessage, label: str) -> InteractionResult:
    """Press a button without the guard that admits one action at a time."""
    return await simcord.actors._component_click(who, card, label=label, custom_id=None)


def ids_of(card: ResponseMessage) -> set[int]:
    """Return the numbers of the stored checks that a card's buttons carry."""
    return {
        int(part["custom_id"].rpartition(":")[2])
        for part in walk(card.components)
        if part.get("custom_id")
    }


def edits_of(sim: Simulation) -> list[Any]:
    """Return the calls that changed a message."""
    return [request for request in sim.env.http_requests if request.method == "PATCH"]
