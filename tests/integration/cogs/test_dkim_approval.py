"""Approving DKIM: the value that an admin pastes, or the key that Mailcow makes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from admin_guild import PENDING, fail
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.requests.model import RequestKind, State
from discord_simulation import answer_to, labels_of, text_of

if TYPE_CHECKING:
    from admin_guild import AdminGuild
    from bot.demo.mailcow_double.double_server import MailcowDouble

pytest_plugins = ["admin_fixtures"]

KEY = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC4mQjFHgLqJTCSdwFdQNVIN2mMlG1xz4lB"


async def test_without_mailcow_the_dkim_value_is_pasted(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    inputs = [part for part in walk_form(form.modal) if part.get("custom_id") == "selector"]
    assert inputs[0]["value"] == "dkim"
    value = await a_key()
    result = await admins.ada.submit_modal(form, {"value": value, "selector": "Cow1"})
    assert not result.followups
    approved = await admins.now(request)
    assert approved.state is State.APPROVED
    assert (approved.by_hand, approved.selector) == (True, "cow1")
    assert approved.value.startswith("v=DKIM1")


async def test_a_value_is_taken_out_of_what_was_pasted_around_it(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    value = await a_key()
    strings = f"\u201c{value[:99]}\u201d\n \u201c{value[99:]}\u201d"
    pasted = f"```dns\ndkim._domainkey IN TXT ( {strings} )\n```"
    await admins.ada.submit_modal(form, {"value": pasted, "selector": "dkim"})
    assert (await admins.now(request)).value == value


async def test_what_is_wrong_with_a_value_is_said_with_its_place(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    value = await a_key()
    pasted = f"{value[:99]}\u2014{value[99:]}"
    result = await admins.ada.submit_modal(form, {"value": pasted, "selector": "dkim"})
    notice = result.followups[0] if result.followups else answer_to(result)
    assert f"character 100 of {len(pasted)}" in text_of(notice)
    assert "em dash" in text_of(notice)
    assert await admins.now(request) == request


@pytest.mark.parametrize(
    ("value", "selector"),
    [("hello", "dkim"), (KEY, "dkim"), ("", "a b"), ("v=spf1 -all", "dkim")],
    ids=["text", "cut off", "selector", "another record"],
)
async def test_what_is_no_key_is_refused_before_it_is_taken(
    admins: AdminGuild, value: str, selector: str
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    form = await admins.ada.click(card, label="Approve")
    values = {"value": value or await a_key(), "selector": selector}
    result = await admins.ada.submit_modal(form, values)
    notice = result.followups[0] if result.followups else answer_to(result)
    assert notice.ephemeral
    kept = await admins.now(request)
    assert (kept.state, kept.value) == (State.PENDING, "")
    assert labels_of(card) == PENDING


async def test_with_the_write_key_dkim_is_approved_at_once(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    result = await admins.ada.click(card, label="Approve")
    assert result.modal is None
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand, approved.value) == (State.APPROVED, False, "")


async def test_a_failed_request_takes_a_pasted_key_instead(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    await admins.ada.click(card, label="Approve")
    card = await admins.post(await fail(admins, request))
    form = await admins.ada.click(card, label="Paste the key")
    await admins.ada.submit_modal(form, {"value": await a_key(), "selector": "dkim"})
    approved = await admins.now(request)
    assert (approved.state, approved.by_hand) == (State.APPROVED, True)


async def a_key() -> str:
    """Return a sound DKIM value."""
    return f"v=DKIM1; k=rsa; p={(await asyncio.to_thread(DkimPair.make, 'dkim')).public}"


def walk_form(modal: Any) -> list[dict[str, Any]]:
    """Return the fields of a form."""
    return [label["component"] for label in modal["components"] if "component" in label]
