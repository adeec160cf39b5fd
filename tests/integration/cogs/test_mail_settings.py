"""`/mailsettings`: how the ports are, the steps of an app, the Apple profile and the QR code."""

from __future__ import annotations

import plistlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.interactions import settings_actions
from bot.net.port_look import CLIENT_PORTS
from discord_simulation import answer_to, labels_of, text_of, walk
from live_mail_host import looking_at_ports
from profile_rules import find_profile_faults
from server_certificates import Shown
from signing_files import make_signing_files, verify, with_openssl

if TYPE_CHECKING:
    from pathlib import Path

    from simcord.results import ResponseMessage

    from admin_guild import AdminGuild
    from bot.dns.answer import Answer
    from discord_simulation import LogWatch, Simulation

pytest_plugins = ["admin_fixtures"]

ANN = "ann@friend.example"
SELECT = 3  # a type of components
LOOKING = "Whether this works right now is being looked at."


async def settings_of(sim: Simulation, address: str | None = ANN) -> ResponseMessage:
    options = {} if address is None else {"address": address}
    return answer_to(await sim.ann.slash(sim.channel, "mailsettings", **options))


def menu_of(card: ResponseMessage) -> list[str]:
    (menu,) = (part for part in walk(card.components) if part["type"] == SELECT)
    return [option["value"] for option in menu["options"]]


def versions_of(sim: Simulation) -> list[str]:
    """Return the texts that the answer has had, one after the other."""
    edits = [r.json for r in sim.env.http_requests if r.method == "PATCH" and r.json]
    return [_text(edit) for edit in edits if "components" in edit]


def _text(edit: Any) -> str:
    return "\n".join(p["content"] for p in walk(edit["components"]) if "content" in p)


async def test_settings_come_at_once_and_then_say_how_the_ports_are(sim: Simulation) -> None:
    async with looking_at_ports(sim):
        card = await settings_of(sim)
    first, second = versions_of(sim)
    assert LOOKING in first
    assert "reading IMAP 993 TLS" in first
    assert re.search(r"✅ Reading and sending mail worked at <t:\d+:t>", second)
    assert text_of(card) == second
    assert card.ephemeral


async def test_a_look_of_the_last_minutes_is_used_again(sim: Simulation) -> None:
    async with looking_at_ports(sim):
        await settings_of(sim)
    # Nobody listens any more, and nobody is asked.
    card = await settings_of(sim)
    assert "worked at" in text_of(card)
    assert [LOOKING in version for version in versions_of(sim)] == [True, False, False]


async def test_a_closed_port_is_not_handed_out_where_another_works(sim: Simulation) -> None:
    async with looking_at_ports(sim, closed=(465,)):
        card = await settings_of(sim)
        assert "sending SMTP 587 STARTTLS" in text_of(card)
        assert "465" not in text_of(card)
        await sim.ann.select(card, ["thunderbird"])
        assert "`587`, **Connection security** **STARTTLS**" in text_of(card)


async def test_pop_that_is_proven_closed_is_left_out(sim: Simulation) -> None:
    async with looking_at_ports(sim, closed=(995, 110)):
        card = await settings_of(sim)
    assert "POP" not in text_of(card)


async def test_a_fault_of_the_server_is_one_calm_sentence(sim: Simulation) -> None:
    async with looking_at_ports(sim, shown=Shown.EXPIRED):
        card = await settings_of(sim)
    (line,) = (line for line in text_of(card).splitlines() if line.startswith("⚠️"))
    # No request channel is configured, so that no admin is told.
    assert line == ("⚠️ Mail does not work at the moment; your settings are not at fault.")
    assert "certificate" not in line
    faults = sim.client.member_service.faults
    assert faults is not None
    assert faults.recent()


async def test_members_read_that_a_fault_is_looked_at_where_an_admin_is_told_of_it(
    admins: AdminGuild,
) -> None:
    async with looking_at_ports(admins.sim, shown=Shown.EXPIRED):
        card = await settings_of(admins.sim)
        assert "does not work at the moment; this is being looked at." in text_of(card)
        assert admins.sim.client.member_service.faults is not None
        fault = await admins.sim.client.member_service.faults.next()
    assert "certificate" in fault.what


async def test_what_could_not_be_looked_at_is_no_claim(sim: Simulation) -> None:
    async with looking_at_ports(sim, up=False):
        card = await settings_of(sim)
    assert "❓ I could not find out whether this works right now." in text_of(card)
    assert "POP, only if you must: 995 TLS or 110 STARTTLS (not known to work)" in text_of(card)


async def test_a_look_that_takes_too_long_is_given_up(
    sim: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_actions, "PATIENCE", 0.0)
    async with looking_at_ports(sim):
        card = await settings_of(sim)
        assert "❓ I could not find out whether this works right now." in text_of(card)


# The simulation takes one action at a time, so what goes on during a look is tested in two halves.
async def test_steps_that_are_chosen_during_a_look_take_the_card_from_it(sim: Simulation) -> None:
    card = await settings_of(sim)
    sim.client.awaiting_ports.add(card.id)
    await sim.ann.select(card, ["gmail"])
    assert card.id not in sim.client.awaiting_ports
    sim.client.awaiting_ports.add(card.id)
    await sim.ann.click(card, label="All settings")
    assert card.id not in sim.client.awaiting_ports


async def test_a_look_leaves_alone_what_is_not_its_card_any_more(sim: Simulation) -> None:
    async with looking_at_ports(sim) as ports:
        answer_question = ports._ask

        async def ask(name: Any, rdtype: Any) -> Answer:
            sim.client.awaiting_ports.clear()  # as a choice does that comes meanwhile
            return await answer_question(name, rdtype)

        ports._ask = ask
        await settings_of(sim)
    (only,) = versions_of(sim)
    assert LOOKING in only
    assert ports.known() is not None


async def test_the_steps_of_an_app_take_the_place_of_the_settings_and_give_it_back(
    sim: Simulation,
) -> None:
    async with looking_at_ports(sim):
        card = await settings_of(sim)
        before = text_of(card)
        assert (await sim.ann.select(card, ["gmail"])).followups == []
        assert "## Gmail app on Android" in text_of(card)
        assert "1. Open **Settings → Add account**" in text_of(card)
        assert f"`{ANN}`" in text_of(card)
        await sim.ann.select(card, ["samsung"])
        assert "## Samsung Email" in text_of(card)
        await sim.ann.click(card, label="All settings")
        assert text_of(card) == before
    assert card.ephemeral


async def test_menu_and_buttons_work_after_a_restart(sim: Simulation) -> None:
    card = await settings_of(sim)
    await sim.restart()
    async with looking_at_ports(sim):
        for key in menu_of(card):
            await sim.ann.select(card, [key])
            assert f"`{ANN}`" in text_of(card)
            await sim.ann.click(card, label="All settings")
            assert f"`{ANN}`" in text_of(card)
        (profile,) = (await profile_of(sim, card)).attachments
        assert profile.filename == "friend.example.mobileconfig"
        assert answer_to(await sim.ann.click(card, label="QR code")).ephemeral


async def test_without_an_address_the_steps_have_an_example(sim: Simulation) -> None:
    card = await settings_of(sim, None)
    await sim.ann.select(card, ["thunderbird"])
    assert "Where it says `you@friend.example`, type your own mail address." in text_of(card)


async def test_an_address_too_long_for_a_button_is_asked_for_again(sim: Simulation) -> None:
    address = f"{'x' * 64}@{'a' * 30}.example"
    card = await settings_of(sim, address)
    assert f"`{address}`" in text_of(card)
    await sim.ann.select(card, ["thunderbird"])
    assert f"`you@{'a' * 30}.example`" in text_of(card)
    form = await sim.ann.click(card, label="All settings")
    assert form.modal is None
    form = await sim.ann.click(card, label="Apple profile")
    assert form.modal is not None
    sent = answer_to(await sim.ann.submit_modal(form, {"address": address}))
    assert f"`{address}`" in text_of(sent)


async def profile_of(sim: Simulation, card: ResponseMessage) -> ResponseMessage:
    return answer_to(await sim.ann.click(card, label="Apple profile"))


async def content_of(card: ResponseMessage) -> bytes:
    (file,) = card.attachments
    return await file.read()


async def test_a_profile_is_sent_for_the_address_and_says_that_it_is_not_signed(
    sim: Simulation,
) -> None:
    async with looking_at_ports(sim, closed=(465,)):
        sent = await profile_of(sim, await settings_of(sim))
    assert sent.ephemeral
    assert "unsigned or not verified" in text_of(sent)
    profile = await content_of(sent)
    assert find_profile_faults(profile) == []
    (account,) = plistlib.loads(profile)["PayloadContent"]
    assert account["EmailAddress"] == ANN
    assert account["OutgoingMailServerPortNumber"] == 587  # what works
    assert account["PayloadDescription"].startswith(f"Sets up {ANN} on Cow Mail")


async def test_without_an_address_the_profile_asks_for_one(sim: Simulation) -> None:
    card = await settings_of(sim, None)
    form = await sim.ann.click(card, label="Apple profile")
    assert form.modal is not None
    assert "Your whole mail address, for the profile" in str(form.modal)
    refused = answer_to(await sim.ann.submit_modal(form, {"address": "friend.example"}))
    assert "has no @" in text_of(refused).replace("\\", "")
    form = await sim.ann.click(card, label="Apple profile")
    sent = answer_to(await sim.ann.submit_modal(form, {"address": " Ann@Friend.example "}))
    (account,) = plistlib.loads(await content_of(sent))["PayloadContent"]
    assert account["IncomingMailServerUsername"] == "Ann@friend.example"


@with_openssl
async def test_a_configured_certificate_signs_the_profile(sim: Simulation, tmp_path: Path) -> None:
    files = make_signing_files(tmp_path)
    update = {"profile_cert": files.certificate, "profile_key": files.key}
    sim.settings = sim.settings.model_copy(update=update)
    await sim.restart()
    sent = await profile_of(sim, await settings_of(sim))
    assert "The file is signed" in text_of(sent)
    verified = verify(await content_of(sent), files.root)
    assert verified.returncode == 0, verified.stderr
    assert find_profile_faults(verified.stdout) == []


async def test_a_certificate_that_is_gone_leaves_the_profile_unsigned_and_is_logged(
    sim: Simulation, tmp_path: Path, errors: LogWatch
) -> None:
    files = make_signing_files(tmp_path)
    update = {"profile_cert": files.certificate, "profile_key": files.key}
    sim.settings = sim.settings.model_copy(update=update)
    await sim.restart()
    files.certificate.unlink()
    sent = await profile_of(sim, await settings_of(sim))
    assert "unsigned or not verified" in text_of(sent)
    assert find_profile_faults(await content_of(sent)) == []
    (logged,) = errors.take()
    assert logged.startswith("PROFILE_CERT: profiles go out unsigned: The file cannot be read")


async def test_the_qr_code_leads_to_the_page_of_the_server(sim: Simulation) -> None:
    shown = answer_to(await sim.ann.click(await settings_of(sim), label="QR code"))
    assert shown.ephemeral
    assert "`https://mx1.cow.example/`" in text_of(shown)
    (picture,) = (part for part in walk(shown.components) if part["type"] == 12)
    assert picture["items"][0]["description"] == "QR code of the address https://mx1.cow.example/"
    assert labels_of(shown) == ["Open the page"]


async def test_without_a_page_there_is_no_qr_code(sim: Simulation) -> None:
    service = sim.client.member_service
    service.server = replace(service.server, password_url="")
    shown = answer_to(await sim.ann.click(await settings_of(sim), label="QR code"))
    assert "There is no page of Cow Mail" in text_of(shown)


async def test_on_a_card_that_others_see_the_steps_come_as_an_answer_of_ones_own(
    sim: Simulation,
) -> None:
    card = await settings_of(sim)
    before = text_of(card)
    sim.env.backend.get_message(card.channel_id, card.id).flags = 1 << 15
    own = answer_to(await sim.ben.select(card, ["gmail"]))
    assert own.ephemeral
    assert "## Gmail app on Android" in text_of(own)
    assert text_of(card) == before
    sim.env.backend.get_message(own.channel_id, own.id).flags = 1 << 15
    back = answer_to(await sim.ben.click(own, label="All settings"))
    assert back.ephemeral
    assert "## Cow Mail: mail settings" in text_of(back)


@pytest.mark.parametrize("who", ["@", "ann@nodot", "nodot", "ann@-.example"])
async def test_a_forged_name_is_out_of_date(sim: Simulation, who: str) -> None:
    card = await settings_of(sim)
    for part in walk(sim.env.backend.get_message(card.channel_id, card.id).components):
        if "custom_id" in part:
            part["custom_id"] = part["custom_id"].replace(ANN, who)
    for result in (
        await sim.ann.select(card, ["gmail"]),
        await sim.ann.click(card, label="Apple profile"),
    ):
        message = result.followups[0] if result.followups else answer_to(result)
        assert "out of date" in text_of(message)


def test_every_port_that_settings_name_is_looked_at() -> None:
    assert {993, 143, 465, 587, 995, 110} <= {port.number for port in CLIENT_PORTS}
