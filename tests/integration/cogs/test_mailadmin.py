"""`/mailadmin`: the admins' commands, what they show, and that nobody else may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from admin_guild import PENDING, fail, forge
from bot.demo.zones import Zones
from bot.requests.model import RequestKind, State
from discord_simulation import answer_to, break_table, labels_of, text_of, whisper_after
from mailcow_helpers import READ

if TYPE_CHECKING:
    from admin_guild import AdminGuild
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from discord_simulation import LogWatch

pytest_plugins = ["admin_fixtures"]


async def test_help_shows_the_admins_commands_to_admins_alone(admins: AdminGuild) -> None:
    for who, shown in ((admins.ada, True), (admins.sim.ann, False)):
        text = text_of(answer_to(await who.slash(admins.sim.channel, "help")))
        assert ("</mailadmin queue:" in text) is shown


async def test_mailadmin_is_hidden_and_refused_for_members(admins: AdminGuild) -> None:
    command = admins.sim.client.tree.get_command("mailadmin")
    assert command is not None
    assert command.to_dict(admins.sim.client.tree)["default_member_permissions"] == 8
    role = admins.sim.guild.create_role(
        "Moderators", permissions=discord.Permissions(administrator=True)
    )
    user = admins.sim.env.create_user("mod")
    moderator = admins.sim.guild.add_member(user, roles=[role])
    for name, options in (
        ("queue", {}),
        ("setup", {}),
        ("show", {"number": 1}),
        ("audit", {"number": 1}),
        ("retry", {"number": 1}),
    ):
        shown = await admins.mailadmin(moderator, name, **options)
        assert "Only admins" in text_of(shown)


async def test_queue_lists_what_waits_for_the_admin(admins: AdminGuild) -> None:
    assert "Nothing waits for you" in text_of(await admins.mailadmin(admins.ada, "queue"))
    first, _ = await admins.ask(RequestKind.DKIM)
    second, card = await admins.ask(RequestKind.WEBMAIL)
    await admins.ada.click(card, label="Approve")
    text = text_of(await admins.mailadmin(admins.bob, "queue"))
    assert "1 request waits for you; 1 more under way" in text
    assert f"**#{first.id}** DKIM `mover.example`" in text
    assert f"**#{second.id}**" not in text


async def test_show_gives_a_card_whose_buttons_work(admins: AdminGuild) -> None:
    request, _ = await admins.ask(RequestKind.WEBMAIL)
    card = await admins.mailadmin(admins.ada, "show", number=request.id)
    assert labels_of(card) == PENDING
    await admins.ada.click(card, label="Approve")
    assert (await admins.now(request)).state is State.APPROVED
    assert "no request" in text_of(await admins.mailadmin(admins.ada, "show", number=99))


async def test_audit_tells_who_did_what(admins: AdminGuild) -> None:
    request, card = await admins.ask(RequestKind.WEBMAIL)
    await admins.ada.click(card, label="Approve")
    for options in ({"number": request.id}, {}):
        text = text_of(await admins.mailadmin(admins.bob, "audit", **options))
        assert f"Admin <@{admins.ada.id}>: waiting for a decision → **approved" in text
        assert f"Member <@{admins.sim.ann.id}>" in text


async def test_retry_by_number_tells_what_it_came_to(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    request, card = await admins.ask(RequestKind.DKIM)
    await admins.ada.click(card, label="Approve")
    await fail(admins, request)
    text = text_of(await admins.mailadmin(admins.bob, "retry", number=request.id))
    assert "approved" in text
    text = text_of(await admins.mailadmin(admins.bob, "retry", number=request.id))
    assert f"<@{admins.bob.id}>" in text
    assert "no request" in text_of(await admins.mailadmin(admins.bob, "retry", number=99))


async def test_setup_says_that_everything_works(admins: AdminGuild, cow: MailcowDouble) -> None:
    card = await admins.mailadmin(admins.ada, "setup")
    text = text_of(card)
    parts = ("Admins", "Request channel", "Mailcow", "Mailcow, reading", "Mailcow, writing")
    for part in (
        *parts,
        "Resolver `{}:{}`".format(*admins.sim.dns.address),
        "Mail host",
        "Database",
    ):
        assert f"✅ **{part}**" in text, text
    assert labels_of(card) == []


async def test_setup_names_each_thing_that_is_wrong_with_a_remedy(
    admins: AdminGuild, cow: MailcowDouble, errors: LogWatch
) -> None:
    cow.keys[READ].active = False
    everyone = admins.sim.guild.default_role
    hidden = admins.sim.guild.create_text_channel(
        "hidden", overwrites={everyone: discord.PermissionOverwrite(send_messages=False)}
    )
    client = admins.sim.client
    client.settings = client.settings.model_copy(update={"request_channel_id": hidden.id})
    break_table(admins.sim, "recent_domain")
    admins.sim.dns.zones = Zones.of((), outside="refused")
    card = await admins.mailadmin(admins.ada, "setup")
    text = text_of(card)
    assert "❌ **Request channel**" in text
    assert "Send Messages" in text
    assert "❌ **Mailcow**" in text
    assert "❓ **Mail host**" in text
    assert "❌ **Database**" in text
    assert labels_of(card) == ["Call the mail server again"]
    calls = len(cow.calls)
    await admins.mailadmin(admins.ada, "setup")
    assert len(cow.calls) == calls  # a refused key is not tried again by itself
    cow.keys[READ].active = True
    await admins.ada.click(card, label="Call the mail server again")
    assert "✅ **Mailcow**" in text_of(card)
    assert labels_of(card) == []


async def test_setup_says_that_the_channel_is_gone(admins: AdminGuild) -> None:
    client = admins.sim.client
    client.settings = client.settings.model_copy(update={"request_channel_id": 4242})
    text = text_of(await admins.mailadmin(admins.ada, "setup"))
    assert "there is no channel `4242`" in text
    assert "ℹ️ **Mailcow**: not set: `MAILCOW_URL`" in text


async def test_a_member_cannot_have_mailcow_called_again(
    admins: AdminGuild, cow: MailcowDouble
) -> None:
    cow.keys[READ].active = False
    card = await admins.mailadmin(admins.ada, "setup")
    assert labels_of(card) == ["Call the mail server again"]
    calls = len(cow.calls)
    _, public = await admins.ask(RequestKind.DKIM)
    notice = whisper_after(await forge(admins.sim.ann, public, "cowbell:mailcow:unlock"))
    assert "Only admins" in text_of(notice)
    assert len(cow.calls) == calls


async def test_commands_say_that_requests_are_off(admins: AdminGuild) -> None:
    admins.sim.client.requests = None
    text = text_of(await admins.mailadmin(admins.ada, "queue"))
    assert "`REQUEST_CHANNEL_ID`" in text
