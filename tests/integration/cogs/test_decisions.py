"""The admins' decisions: one of two counts, a denial has a reason, a failure can be retried."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import simcord.actors

from admin_guild import PENDING, fail
from bot.requests.model import RequestKind, State
from discord_simulation import labels_of, text_of, whisper_after

if TYPE_CHECKING:
    from admin_guild import AdminGuild
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from discord_simulation import LogWatch

pytest_plugins = ["admin_fixtures"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_approve_decides_and_draws_the_card_anew(
    admins: AdminGuild, *, restarted: bool
) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    if restarted:
        await admins.sim.restart()
    result = await admins.ada.click(card, label="Approve")
    assert not result.followups
    assert (await admins.now(request)).decided_by == admins.ada.id
    assert f"Decided by <@{admins.ada.id}>" in text_of(card)
    assert labels_of(card) == ["Full check"]


async def test_of_two_admins_one_wins_and_the_other_is_told_who_and_when(
    admins: AdminGuild,
) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    old = await admins.post(request)
    await admins.ada.click(card, label="Approve")
    for label in ("Approve", "Deny"):
        again = await admins.post(request)
        notice = whisper_after(await admins.bob.click(again, label=label))
        assert "decided already" in text_of(notice)
        assert f"<@{admins.ada.id}>" in text_of(notice)
        assert "<t:" in text_of(notice)
        assert labels_of(again) == ["Full check"]
    assert labels_of(old) == PENDING
    assert (await admins.now(request)).decided_by == admins.ada.id


async def test_two_clicks_in_the_same_instant_come_to_one_decision(
    admins: AdminGuild, errors: LogWatch
) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    results = await asyncio.gather(
        *(
            simcord.actors._component_click(who, card, label="Approve", custom_id=None)
            for who in (admins.ada, admins.bob)
        )
    )
    told = [message for result in results for message in result.followups]
    assert len(told) == 1
    assert len(await admins.requests.audit(request.id)) == 2


async def test_deny_asks_for_a_reason_and_keeps_it(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.bob.click(card, label="Deny")
    await admins.bob.submit_modal(form, {"reason": "Not **yours**, @everyone"})
    denied = await admins.now(request)
    assert (denied.state, denied.decided_by) == (State.DENIED, admins.bob.id)
    assert denied.reason == "Not **yours**, @everyone"
    assert "Not \\*\\*yours\\*\\*, \\@everyone" in text_of(card)
    assert labels_of(card) == ["Full check"]


async def test_a_reason_of_spaces_alone_denies_nothing(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.bob.click(card, label="Deny")
    result = await admins.bob.submit_modal(form, {"reason": "   "})
    assert "Say why" in text_of(whisper_after(result))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_form_counts_for_nobody_who_lost_the_right_meanwhile(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Deny")
    admins.sim.env.backend.get_guild(admins.sim.guild.id).members[admins.ada.id].role_ids = []
    result = await admins.ada.submit_modal(form, {"reason": "no"})
    assert "Only admins" in text_of(whisper_after(result))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_form_that_comes_after_the_decision_is_told_so(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    form = await admins.bob.click(card, label="Deny")
    await admins.ada.click(card, label="Approve")
    result = await admins.bob.submit_modal(form, {"reason": "no"})
    assert f"<@{admins.ada.id}>" in text_of(whisper_after(result))
    assert (await admins.now(request)).decided_by == admins.ada.id


async def test_a_failed_request_is_retried_by_its_button(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    await admins.ada.click(card, label="Approve")
    failed = await fail(admins, request)
    card = await admins.post(failed)
    assert "Mailcow did not answer" in text_of(card)
    assert labels_of(card) == ["Retry", "Paste the key", "Deny", "Check again", "Full check"]
    await admins.bob.click(card, label="Retry")
    assert (await admins.now(request)).state is State.APPROVED
    old = await admins.post(failed)
    notice = whisper_after(await admins.ada.click(old, label="Retry"))
    assert "<t:" in text_of(notice)
