"""The card of a request in the admins' channel: its evidence, and who may press its buttons."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from admin_guild import PENDING, forge
from bot.demo.world import mend
from bot.demo.zones import parse_zone
from bot.requests.evidence import load_evidence
from bot.requests.model import RequestKind, State
from discord_simulation import answer_to, labels_of, text_of, whisper_of

if TYPE_CHECKING:
    from admin_guild import AdminGuild

pytest_plugins = ["admin_fixtures"]


async def test_the_card_shows_who_asks_for_what_and_the_evidence(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    text = text_of(card)
    assert f"Request #{request.id}: DKIM for `mover.example`" in text
    assert f"<@{admins.sim.ann.id}>" in text
    assert "🟡 **waiting for a decision**" in text
    assert "❌ MX · ✅ SPF · ❓ DKIM · ✅ DMARC" in text
    assert "Cow Mail does not have this domain." in text
    assert "Could not be checked: DKIM." in text
    assert "**DKIM** `dkim._domainkey` · Found: `v=DKIM1;k=rsa" in text
    assert labels_of(card) == PENDING


async def test_the_card_names_another_member_who_asked_before(admins: AdminGuild) -> None:
    first, _ = await admins.ask(RequestKind.DMARC, who=admins.sim.ben)
    _, card = await admins.ask(RequestKind.DKIM)
    assert f"<@{admins.sim.ben.id}> (#{first.id} DMARC" in text_of(card)
    again = await admins.post(first)
    assert f"<@{admins.sim.ann.id}>" not in text_of(again)


async def test_a_member_is_refused_at_every_button_and_command(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    for label in PENDING:
        notice = whisper_of(await admins.sim.ann.click(card, label=label))
        assert "Only admins" in text_of(notice)
    assert await admins.now(request) == request


@pytest.mark.parametrize(
    "action", ["approve", "deny", "check", "full", "done", "retry", "add", "limits", "byhand"]
)
async def test_a_forged_custom_id_decides_nothing(admins: AdminGuild, action: str) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    result = await forge(admins.sim.ann, card, f"cowbell:req:{action}:{request.id}")
    assert "Only admins" in text_of(whisper_of(result))
    assert await admins.now(request) == request


async def test_a_number_that_was_never_given_is_said_to_be_none(admins: AdminGuild) -> None:
    _, card = await admins.ask(RequestKind.WEBMAIL)
    result = await forge(admins.ada, card, f"cowbell:req:approve:{'9' * 18}")
    assert "There is no request" in text_of(answer_to(result))


async def test_who_lost_the_role_is_refused_at_the_next_click(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    admins.sim.env.backend.get_guild(admins.sim.guild.id).members[admins.ada.id].role_ids = []
    assert "Only admins" in text_of(answer_to(await admins.ada.click(card, label="Approve")))
    assert (await admins.now(request)).state is State.PENDING


async def test_check_again_puts_fresh_evidence_on_the_card(admins: AdminGuild) -> None:
    _, card = await admins.ask(RequestKind.DKIM)
    before = text_of(card)
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(mend("mover.example"))
    result = await admins.ada.click(card, label="Check again")
    assert not result.followups
    assert text_of(card) != before
    assert "waiting for a decision" in text_of(card)
    assert labels_of(card) == PENDING


async def test_fresh_evidence_stays_on_the_card_after_the_decision(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    assert "❌ MX" in text_of(card)
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(mend("mover.example"))
    await admins.ada.click(card, label="Check again")
    assert "✅ MX · ✅ SPF" in text_of(card)
    await admins.ada.click(card, label="Approve")
    assert (await admins.now(request)).state is State.APPROVED
    assert "✅ MX · ✅ SPF" in text_of(card)
    again = await admins.mailadmin(admins.bob, "show", number=request.id)
    assert "❌" not in text_of(again)


async def test_a_card_of_an_earlier_version_shows_what_that_kept(admins: AdminGuild) -> None:
    request, _ = await admins.ask(RequestKind.DKIM)
    kept = '{"at": "2026-11-22T12:00:00+00:00", "checks": {"mx": "fail"}, "on_server": false}'
    card = await admins.post(replace(request, evidence=kept))
    assert "❌ broken: MX" in text_of(card)
    assert "Cow Mail does not have this domain." in text_of(card)


async def test_the_full_check_is_shown_to_the_admin_alone_and_is_of_now(
    admins: AdminGuild,
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    before = text_of(card)
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(mend("mover.example"))
    full = answer_to(await admins.ada.click(card, label="Full check"))
    assert full.ephemeral
    assert "right: Domain, MX, SPF" in text_of(full)
    assert text_of(card) == before
    assert await admins.now(request) == request
    assert answer_to(await admins.ada.click(full, label="Why?")).ephemeral


async def test_the_full_check_stays_after_the_end(admins: AdminGuild) -> None:
    request, _ = await admins.ask(RequestKind.DKIM)
    for state in State:
        card = await admins.post(replace(request, state=state))
        assert "Full check" in labels_of(card)
    full = answer_to(await admins.bob.click(card, label="Full check"))
    assert "questions to the DNS" in text_of(full)


async def test_full_checks_in_a_row_are_put_off(admins: AdminGuild) -> None:
    _, card = await admins.ask(RequestKind.DKIM)
    shown = [text_of(answer_to(await admins.ada.click(card, label="Full check"))) for _ in range(7)]
    assert "6 times a minute" in shown[-1]


async def test_text_of_a_zone_stays_text_on_the_card(admins: AdminGuild) -> None:
    zone = parse_zone("mover.example", '_dmarc TXT "v=DMARC1; p=`@everyone` <@1> **x**"')
    admins.sim.dns.zones = admins.sim.dns.zones.with_zone(zone)
    _, card = await admins.ask(RequestKind.DMARC)
    assert "Found: `v=DMARC1; p=ˋ@everyoneˋ <@1> **x**`" in text_of(card)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"at": 1, "checks": {}}', '{"at":"x"}'])
def test_evidence_of_another_version_is_none(text: str) -> None:
    assert load_evidence(text) is None
