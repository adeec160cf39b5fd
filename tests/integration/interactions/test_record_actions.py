"""`/dnsrecords`: what is needed next by a check, then all records, whoever has no check left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dns.rdatatype
import pytest

from bot.demo.world import DOMAINS
from bot.demo.zones import parse_zone
from discord_simulation import answer_to, labels_of, text_of, walk

if TYPE_CHECKING:
    from simcord.results import ResponseMessage

    from discord_simulation import Simulation

pytest_plugins = ["discord_fixtures"]

SERVERS = "@ NS ns1.hyp.net.\n@ NS ns2.hyp.net."


async def records(sim: Simulation, name: str) -> ResponseMessage:
    return answer_to(await sim.ann.slash(sim.channel, "dnsrecords", domain=name))


async def test_the_next_records_come_first_and_all_of_them_after_a_click(sim: Simulation) -> None:
    card = await records(sim, "newcomer.example")
    assert card.ephemeral
    said = text_of(card)
    assert "```\nmx1.cow.example.\n```" in said
    assert "autoconfig" not in said
    assert not card.attachments
    full = answer_to(await sim.ann.click(card, label="All records"))
    assert full.ephemeral
    assert "### Autoconfig · optional" in text_of(full)
    assert [file.filename for file in full.attachments] == ["newcomer.example.zone.txt"]
    assert "autoconfig" not in text_of(card)


@pytest.mark.parametrize(
    "name", ["friend.example", "newcomer.example", "mover.example", "open.example", "late.example"]
)
async def test_the_check_says_the_same_next_step(sim: Simulation, name: str) -> None:
    checked = text_of(await sim.check(name)).splitlines()
    listed = text_of(await records(sim, name)).splitlines()
    headline = next(line for line in checked if line.startswith("**"))
    assert headline in listed
    step = [line for line in checked if line.startswith("### ")]
    assert step == [line for line in listed if line.startswith("### ")]


async def test_the_choice_of_a_provider_draws_the_same_card_also_after_a_restart(
    sim: Simulation,
) -> None:
    zone = parse_zone("twice.example", f"{DOMAINS['twice.example'].text}\n{SERVERS}")
    sim.dns.zones = sim.dns.zones.with_zone(zone)
    card = await records(sim, "twice.example")
    links = {part["label"]: part["url"] for part in walk(card.components) if "url" in part}
    assert links == {"Open Domeneshop": "https://domene.shop/admin"}
    await sim.restart()
    before = labels_of(card)
    answered = answer_to(await sim.ann.select(card, ["ovh"]))
    assert answered.id == card.id
    assert "Sub-domain (leave empty)" in text_of(card)
    assert labels_of(card) == [label.replace("Domeneshop", "OVHcloud") for label in before]


async def test_the_zone_file_and_the_check_are_a_click_away(sim: Simulation) -> None:
    card = await records(sim, "newcomer.example")
    file = answer_to(await sim.ann.click(card, label="Zone file"))
    assert [file.filename for file in file.attachments] == ["newcomer.example.zone.txt"]
    sim.dns.forget()
    await sim.ann.click(card, label="Check again")
    assert dns.rdatatype.MX in {rdtype for _, rdtype in sim.dns.asked}
    assert "All details" in labels_of(card)


async def test_who_has_no_check_left_is_shown_all_records(sim: Simulation) -> None:
    seen = [await records(sim, f"n{number}.friend.example") for number in range(40)]
    assert "All records" in labels_of(seen[0])
    last = seen[-1]
    assert "### MX · required" in text_of(last)
    assert "All records" not in labels_of(last)
    assert last.attachments


@pytest.mark.parametrize("labels", [3, 2])
async def test_a_domain_too_long_for_a_button_has_its_records(sim: Simulation, labels: int) -> None:
    card = await records(sim, ".".join(["a" * 60] * labels) + ".example")
    full = answer_to(await sim.ann.click(card, label="All records"))
    assert "### MX · required" in text_of(full)
