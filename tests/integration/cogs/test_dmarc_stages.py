"""Approving DMARC: the stages that an admin may choose from, and the evidence that they rest on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import simcord.actors
from simcord.results import ResponseMessage

from bot.demo.dkim_keys import KEYS
from bot.demo.world import mend
from bot.demo.zones import parse_zone
from bot.interactions.dmarc_approval import draw_stage_card
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.model import RequestKind, State
from bot.store.repositories.known_keys import KnownKeys
from discord_simulation import answer_to, text_of, walk, whisper_after

if TYPE_CHECKING:
    from admin_guild import AdminGuild

pytest_plugins = ["admin_fixtures"]

SPF = '"v=spf1 include:_spf.cow.example -all"'


async def test_the_evidence_of_a_choice_stays_on_the_card(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DMARC)
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(mend("mover.example"))
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    await admins.ada.select(choice, ["none"])
    shown = text_of(await admins.mailadmin(admins.bob, "show", number=request.id))
    assert "broken: " not in shown
    assert "does not have this domain" in shown  # nobody looked there anew


async def test_strict_dmarc_is_not_offered_without_proof(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DMARC)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    assert choice.ephemeral
    assert "Only `p=none` can be approved" in text_of(choice)
    assert stages_of(choice) == ["none"]
    assert (await admins.now(request)).state is State.PENDING
    result = await admins.ada.select(choice, ["none"])
    assert not result.followups
    assert f"Request #{request.id}" in text_of(choice)
    approved = await admins.now(request)
    assert (approved.state, approved.stage) == (State.APPROVED, "none")


async def test_strict_dmarc_is_approved_where_spf_and_dkim_are_right(admins: AdminGuild) -> None:
    domain = Domain.from_ascii("friend.example")
    keys = KnownKeys(admins.sim.client._fingerprints._database)
    value = f"v=DKIM1; k=rsa; p={KEYS['friend']}"
    await keys.learn(domain, "dkim", value, KeySource.ADMIN, datetime.now(UTC))
    request, card = await admins.ask(RequestKind.DMARC, domain.ascii)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    assert "SPF passes and DKIM is right" in text_of(choice)
    assert "Publish this once" not in text_of(choice)
    assert stages_of(choice) == ["none", "quarantine", "reject"]
    await admins.ada.select(choice, ["reject"])
    assert (await admins.now(request)).stage == "reject"
    assert await admins.requests.approved_stage(domain) == "reject"


async def test_records_have_the_approved_stage_once_it_is_safe(admins: AdminGuild) -> None:
    domain = Domain.from_ascii("friend.example")
    keys = KnownKeys(admins.sim.client._fingerprints._database)
    value = f"v=DKIM1; k=rsa; p={KEYS['friend']}"
    await keys.learn(domain, "dkim", value, KeySource.ADMIN, datetime.now(UTC))
    assert "v=DMARC1; p=none; sp=none" in await all_records(admins, domain)
    _, card = await admins.ask(RequestKind.DMARC, domain.ascii)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    await admins.ada.select(choice, ["quarantine"])
    assert "v=DMARC1; p=quarantine; sp=quarantine" in await all_records(admins, domain)
    without_key = parse_zone(domain.ascii, f"@ TXT {SPF}\n@ MX 10 mx1.cow.example.")
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(without_key)
    admins.sim.dns.forget()
    assert "v=DMARC1; p=none; sp=none" in await all_records(admins, domain)


async def all_records(admins: AdminGuild, domain: Domain) -> str:
    """Return what a member is shown of all records of a domain, checked anew."""
    ann, channel = admins.sim.ann, admins.sim.channel
    card = answer_to(await ann.slash(channel, "dnsrecords", domain=domain.ascii))
    return text_of(answer_to(await ann.click(card, label="All records")))


async def test_the_stage_that_was_approved_is_on_every_card_of_records(
    admins: AdminGuild,
) -> None:
    domain, sim = Domain.from_ascii("friend.example"), admins.sim
    keys = KnownKeys(sim.client._fingerprints._database)
    value = f"v=DKIM1; k=rsa; p={KEYS['friend']}"
    await keys.learn(domain, "dkim", value, KeySource.ADMIN, datetime.now(UTC))
    first = answer_to(await sim.ann.slash(sim.channel, "dnsrecords", domain=domain.ascii))
    full = answer_to(await sim.ann.click(first, label="All records"))
    assert "p=none; sp=none" in text_of(full)
    _, card = await admins.ask(RequestKind.DMARC, domain.ascii)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    await admins.ada.select(choice, ["reject"])
    full = answer_to(await sim.ann.click(first, label="All records"))
    assert "p=reject; sp=reject" in text_of(full)
    # Other words are of the same records.
    await sim.ann.select(full, ["cloudflare"])
    assert "p=reject; sp=reject" in text_of(full)
    file = answer_to(await sim.ann.click(first, label="Zone file"))
    assert file.attachments


async def test_a_domain_that_does_not_agree_to_reports_is_named(admins: AdminGuild) -> None:
    admins.sim.client.member_service.server = replace(
        admins.sim.client.member_service.server,
        dmarc="v=DMARC1; p=reject; rua=mailto:r@oldpost.example",
    )
    _, card = await admins.ask(RequestKind.DMARC)
    text = text_of(answer_to(await admins.ada.click(card, label="Approve")))
    assert "The reports go to `oldpost.example`" in text
    assert "`*._report._dmarc.oldpost.example" in text


async def test_a_forged_strict_stage_is_not_approved(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DMARC)
    choice = answer_to(await admins.ada.click(card, label="Approve"))
    data = {"custom_id": f"cowbell:req:stage:{request.id}", "component_type": 3}
    stored = admins.sim.env.backend.get_message(choice.channel_id, choice.id)
    await simcord.actors._component_interaction(admins.ada, stored, {**data, "values": ["reject"]})
    assert (await admins.now(request)).state is State.PENDING
    assert stages_of(choice) == ["none"]


async def test_a_member_cannot_choose_a_stage(admins: AdminGuild) -> None:
    request, _ = await admins.ask(RequestKind.DMARC)
    client = admins.sim.client
    report = (await client.member_service.check(request.domain, admins.ada.id)).report
    card = await draw_stage_card(client, request, report)
    sent = await client.get_partial_messageable(admins.channel.id).send(view=card.view)
    stored = admins.sim.env.backend.get_message(admins.channel.id, sent.id)
    choice = ResponseMessage(admins.sim.env, stored)
    assert "Only admins" in text_of(whisper_after(await admins.sim.ann.select(choice, ["none"])))
    assert (await admins.now(request)).state is State.PENDING


def stages_of(card: ResponseMessage) -> list[str]:
    """Return the values of a card's choice."""
    return [option["value"] for part in walk(card.components) for option in part.get("options", ())]
