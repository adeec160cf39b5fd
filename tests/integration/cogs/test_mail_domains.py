"""Approving a mail domain: its limits in Mailcow, or that the admin adds it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admin_guild import fail
from bot.demo.mailcow_double.double_server import MailcowFault
from bot.requests.backend import DomainLimits
from bot.requests.limits import load_limits
from bot.requests.model import RequestKind, State
from discord_simulation import answer_to, labels_of, text_of, whisper_after

if TYPE_CHECKING:
    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from admin_guild import AdminGuild
    from bot.demo.mailcow_double.double_server import MailcowDouble

pytest_plugins = ["admin_fixtures"]

RISK = "Go on all the same"


async def approve(admin: MemberActor, card: ResponseMessage) -> ResponseMessage:
    """Press Approve, and again where the card names the risk; return what comes of that."""
    risk = answer_to(await admin.click(card, label="Approve"))
    assert labels_of(risk) == [RISK]
    return answer_to(await admin.click(risk, label=RISK))


async def test_a_mail_domain_that_failed_can_be_added_by_hand(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = await approve(admins.ada, card)
    await admins.ada.click(choice, label="Add it with these limits")
    card = await admins.post(await fail(admins, request))
    await admins.ada.click(card, label="I add it by hand")
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, True)
    assert labels_of(card) == ["Full check"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_limits_that_an_admin_types_are_kept_and_the_others_are_as_usual(
    admins: AdminGuild, cow: MailcowDouble, *, restarted: bool
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    cow.default_template["max_num_mboxes_for_domain"] = 3
    choice = await approve(admins.ada, card)
    assert "Mailboxes: at most 3" in text_of(choice)
    form = await admins.ada.click(choice, label="Add it with other limits")
    if restarted:
        backend = admins.sim.client.backend
        await admins.sim.restart()
        admins.sim.client.backend = backend
        admins.requests.capabilities = backend.capabilities
    await admins.ada.submit_modal(form, {"aliases": "7", "domain_quota": "0.5"})
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, False)
    assert load_limits(approved.limits) == DomainLimits(aliases=7, domain_quota=512)
    assert "approved" in text_of(choice)


async def test_what_is_no_limit_is_refused_and_nothing_approved(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = await approve(admins.ada, card)
    form = await admins.ada.click(choice, label="Add it with other limits")
    result = await admins.ada.submit_modal(form, {"mailboxes": "many"})
    assert "is no limit for mailboxes" in text_of(whisper_after(result))
    assert (await admins.now(request)).state is State.PENDING


async def test_a_failed_mail_domain_can_be_added_with_other_limits(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, _ = await admins.ask(RequestKind.MAILDOMAIN)
    card = await admins.post(await fail(admins, request))
    form = await admins.ada.click(card, label="Add it with other limits")
    await admins.ada.submit_modal(form, {"mailbox_quota": "2"})
    approved = await admins.now(request)
    assert approved.state is State.APPROVED
    assert load_limits(approved.limits) == DomainLimits(mailbox_quota=2048)


async def test_limits_that_mailcow_does_not_tell_are_left_out(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    _, card = await admins.ask(RequestKind.MAILDOMAIN)
    cow.mood = MailcowFault.BROKEN
    choice = await approve(admins.ada, card)
    assert "with the limits that new domains have there" in text_of(choice)
    assert "at most" not in text_of(choice)


async def test_a_form_of_limits_that_comes_after_the_decision_is_told_so(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    _, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = await approve(admins.ada, card)
    form = await admins.ada.click(choice, label="Add it with other limits")
    again = await approve(admins.bob, card)
    await admins.bob.click(again, label="Add it with these limits")
    result = await admins.ada.submit_modal(form, {"mailboxes": "1"})
    shown = result.followups[0] if result.followups else choice
    assert "decided already" in text_of(shown)


async def test_a_mail_domain_is_added_after_its_limits_were_shown(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = await approve(admins.ada, card)
    assert choice.ephemeral
    assert "Mailboxes: at most 10" in text_of(choice)
    assert labels_of(choice) == [
        "Add it with these limits",
        "Add it with other limits",
        "I add it by hand",
    ]
    assert (await admins.now(request)).state is State.PENDING
    await admins.ada.click(choice, label="Add it with these limits")
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, False)
    assert labels_of(choice) == []


async def test_a_mail_domain_can_be_added_by_hand(admins: AdminGuild, cow: MailcowDouble) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    choice = await approve(admins.ada, card)
    await admins.ada.click(choice, label="I add it by hand")
    assert (await admins.now(request)).by_hand


async def test_without_the_write_key_a_mail_domain_is_the_admins_work(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.MAILDOMAIN)
    await approve(admins.ada, card)
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, True)
    waiting = await admins.put(await admins.put(approved, State.WORKING), State.WAITING)
    card = await admins.post(waiting)
    assert "Add `mover.example` in Cow Mail" in text_of(card)
    assert labels_of(card) == ["I did it", "Check again", "Full check"]
    await admins.ada.click(card, label="I did it")
    assert (await admins.now(request)).state is State.LIVE
