"""The choice of the provider on cards: other words, remembered, lasting, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.world import DOMAINS
from bot.demo.zones import parse_zone
from discord_simulation import (
    ON_CARD,
    answer_to,
    change_store,
    labels_of,
    open_details,
    text_of,
    walk,
    whisper_after,
)

if TYPE_CHECKING:
    from simcord.results import InteractionResult, ResponseMessage

    from discord_simulation import Simulation

pytest_plugins = ["discord_fixtures"]

NAME = "newcomer.example"
SELECT = 3  # a type of component
CHOICE = "cowbell:provider:"
SERVERS = "@ NS ns1.hyp.net.\n@ NS ns2.hyp.net."


@pytest.fixture
def at_domeneshop(sim: Simulation) -> None:
    """Let a domain that lacks everything be at Domeneshop."""
    zone = parse_zone("newcomer.example", f"{DOMAINS['newcomer.example'].text}\n{SERVERS}")
    sim.dns.zones = sim.dns.zones.with_zone(zone)


def choice_of(card: ResponseMessage) -> dict[str, Any] | None:
    choices = (part for part in walk(card.components) if part["type"] == SELECT)
    return next((part for part in choices if part["custom_id"].startswith(CHOICE)), None)


async def choose(sim: Simulation, card: ResponseMessage, key: str) -> InteractionResult:
    """Choose a provider by its key; a card has other choices, too."""
    choice = choice_of(card)
    assert choice is not None
    return await sim.ann.select(card, [key], custom_id=choice["custom_id"])


def current(card: ResponseMessage) -> str:
    choice = choice_of(card)
    assert choice is not None
    (chosen,) = [option for option in choice["options"] if option.get("default")]
    return str(chosen["label"])


async def records(sim: Simulation, name: str = "newcomer.example") -> ResponseMessage:
    card = answer_to(await sim.ann.slash(sim.channel, "dnsrecords", domain=name))
    return answer_to(await sim.ann.click(card, label="All records"))


@pytest.mark.usefixtures("at_domeneshop")
async def test_the_card_says_at_whose_name_servers_the_domain_is(sim: Simulation) -> None:
    shown = await sim.check(NAME)
    assert "At Domeneshop." in text_of(shown)
    assert labels_of(shown) == [*ON_CARD, "Open Domeneshop"]
    for card in (await open_details(sim.ann, shown), await records(sim)):
        said = text_of(card)
        assert "Change the records of `newcomer.example` at Domeneshop" in said
        assert "`ns1.hyp.net` and `ns2.hyp.net`" in said
        links = {part["label"]: part["url"] for part in walk(card.components) if "url" in part}
        assert links == {"Open Domeneshop": "https://domene.shop/admin"}
        assert current(card) == "Your provider: Domeneshop"
        choice = choice_of(card)
        assert choice is not None
        options = choice["options"]
        assert len(options) <= 25
        assert options[0]["value"] == "domeneshop"
        assert options[-1] == {**options[-1], "value": "other", "label": "Other / not listed"}


async def test_unknown_name_servers_are_named_and_the_words_are_neutral(sim: Simulation) -> None:
    shown = await sim.check(NAME)
    assert "At the company that runs `ns1.dns-servers.example`." in text_of(shown)
    card = await open_details(sim.ann, shown)
    said = text_of(card)
    assert "are kept at `ns1.dns-servers.example`" in said
    assert "The full name is `newcomer.example`" in said
    assert current(card) == "Your provider: Other / not listed"


async def test_a_domain_with_nothing_to_type_has_no_choice(sim: Simulation) -> None:
    card = await sim.check("friend.example")
    for shown in (card, await open_details(sim.ann, card)):
        assert choice_of(shown) is None
        assert "name servers" not in text_of(shown)
        assert "dns-servers.example" not in text_of(shown)


@pytest.mark.usefixtures("at_domeneshop")
async def test_choosing_draws_the_same_card_in_other_words_and_is_remembered(
    sim: Simulation,
) -> None:
    card = await sim.details(NAME)
    result = await choose(sim, card, "route53")
    assert answer_to(result).id == card.id
    assert not result.followups
    assert "Record name (leave empty) · Record type `MX`" in text_of(card)
    assert "```\n10 mx1.cow.example.\n```" in text_of(card)
    assert "at Domeneshop" in text_of(card)  # which does not change
    assert current(card) == "Your provider: Amazon Route 53"
    shown = await sim.check(NAME)
    assert "Record name (leave empty) · Record type `MX`" in text_of(shown)
    again = await open_details(sim.ann, shown)
    assert current(again) == "Your provider: Amazon Route 53"
    assert current(await records(sim)) == "Your provider: Amazon Route 53"
    # It is the choice of one member, for one domain.
    assert "Record name" not in text_of(await sim.check(NAME, sim.ben))
    assert current(await sim.details(NAME, sim.ben)) == "Your provider: Domeneshop"
    assert current(await sim.details("mover.example")) == "Your provider: Other / not listed"


@pytest.mark.usefixtures("at_domeneshop")
async def test_records_change_their_words_too(sim: Simulation) -> None:
    card = await records(sim)
    answered = answer_to(await choose(sim, card, "cloudflare"))
    assert answered.id == card.id
    assert "Set the switch to `Proxy status: DNS only`." in text_of(card)
    assert [file.filename for file in card.attachments] == ["newcomer.example.zone.txt"]
    assert current(await sim.details(NAME)) == "Your provider: Cloudflare"


@pytest.mark.usefixtures("at_domeneshop")
async def test_a_choice_works_after_a_restart(sim: Simulation) -> None:
    check, shown = await sim.details(NAME), await records(sim)
    await sim.restart()
    await choose(sim, check, "ovh")
    assert "Sub-domain (leave empty)" in text_of(check)
    await choose(sim, shown, "godaddy")
    assert "`MX (Mail Exchanger)`" in text_of(shown)
    await sim.restart()
    assert current(await sim.details(NAME)) == "Your provider: GoDaddy"


@pytest.mark.usefixtures("at_domeneshop")
async def test_a_shared_card_speaks_the_name_servers_own_words_and_has_no_choice(
    sim: Simulation,
) -> None:
    card = await sim.details(NAME)
    await choose(sim, card, "route53")
    shared = await sim.share(card)
    assert choice_of(shared) is None
    assert "At Domeneshop" in text_of(shared)
    assert "Record name" not in text_of(shared)
    again = answer_to(await sim.ann.click(shared, label="Check again"))
    assert "Record name" not in text_of(again)
    assert choice_of(again) is None


@pytest.mark.usefixtures("at_domeneshop")
async def test_checking_again_keeps_the_words(sim: Simulation) -> None:
    card = await sim.details(NAME)
    await choose(sim, card, "route53")
    await sim.ann.click(card, label="Check again")
    assert "Record name (leave empty)" in text_of(card)
    details = await open_details(sim.ann, card)
    shown = answer_to(await sim.ann.click(details, label="All records"))
    assert current(shown) == "Your provider: Amazon Route 53"


async def test_what_only_the_asker_may_read_is_still_there_after_a_choice(sim: Simulation) -> None:
    card = await sim.details("open.example")
    before = text_of(card)
    await choose(sim, card, "cloudflare")
    assert text_of(card).count("**1. ") == before.count("**1. ") == 1


async def test_a_check_that_is_gone_is_said(sim: Simulation) -> None:
    card = await sim.details(NAME)
    before = text_of(card)
    change_store(sim, "DELETE FROM stored_check")
    result = await choose(sim, card, "cloudflare")
    assert "not kept any more" in text_of(whisper_after(result))
    assert text_of(card) == before


async def test_a_domain_too_long_for_a_button_has_the_choice_by_its_check(sim: Simulation) -> None:
    card = await records(sim, f"{'a' * 60}.{'b' * 60}.example")
    await choose(sim, card, "cloudflare")
    assert current(card) == "Your provider: Cloudflare"
    assert "### MX · required" in text_of(card)
