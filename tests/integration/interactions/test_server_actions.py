"""What admins see of the mail server's own faults, and members do not, on a simulated Discord."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
import pytest
import simcord.actors
from dns.name import from_text
from simcord.results import ResponseMessage

from bot.checks.observe.ports import ServerPorts
from bot.demo.host_ports import MailHost
from bot.demo.zones import Zones
from bot.lifecycle import running_jobs
from bot.net.connector import Connector
from bot.net.port_look import ALL_PORTS
from discord_simulation import BUTTON, answer_to, labels_of, text_of, walk, whisper_after
from server_certificates import HOST, ServerCertificates, Shown
from watch_guild import WatchGuild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from simcord import ChannelHandle, MemberActor

    from conftest import CaseFile
    from discord_simulation import Simulation

pytest_plugins = ["discord_fixtures"]

FRIEND = "friend.example"
PTR = "25 PTR mx1.cow.example."


@dataclass
class AdminGuild:
    """The simulation with an admin, Ada, and a request channel, over the zones of the cases.

    Mod sees all commands, but is no admin of the mail server.
    """

    sim: Simulation
    ada: MemberActor
    mod: MemberActor
    channel: ChannelHandle
    texts: Mapping[str, str]

    def change(self, old: str, new: str) -> None:
        """Change a text in the world that the bot asks."""
        assert any(old in text for text in self.texts.values())
        self.sim.dns.zones = Zones.of({n: t.replace(old, new) for n, t in self.texts.items()})

    async def mailadmin(self, who: MemberActor, command: str) -> ResponseMessage:
        """Return the answer to a command of the admin's; it has to be private."""
        shown = answer_to(await who.slash(self.sim.channel, f"mailadmin {command}"))
        assert shown.ephemeral
        return shown

    def posted(self) -> list[str]:
        """Return the texts of what is in the request channel."""
        get = self.sim.env.backend.get_message
        messages = (get(self.channel.id, message.id) for message in self.channel.history())
        return [text_of(ResponseMessage(self.sim.env, message)) for message in messages]


@pytest.fixture
async def admins(sim: Simulation, case_file: CaseFile) -> AdminGuild:
    control = next(case for case in case_file.cases if case.code is None)
    texts = {
        **case_file.base_zones,
        "dns-servers.example": "ns1 A 192.0.2.53\nns2 A 192.0.2.54\n",
        FRIEND: control.zone,
    }
    role = sim.guild.create_role("Postmaster")
    channel = sim.guild.create_text_channel("requests")
    admin = discord.Permissions(administrator=True)
    staff = sim.guild.create_role("Staff", permissions=admin)
    ada = sim.guild.add_member(sim.env.create_user("ada"), roles=[role, staff])
    mod = sim.guild.add_member(sim.env.create_user("mod"), roles=[staff])
    sim.settings = sim.settings.model_copy(
        update={"admin_role_id": role.id, "request_channel_id": channel.id}
    )
    await sim.restart()
    sim.dns.zones = Zones.of(texts)
    return AdminGuild(sim, ada, mod, channel, texts)


async def test_an_admin_reads_what_is_wrong_and_the_remedy(admins: AdminGuild) -> None:
    admins.change(PTR, "25 TXT gone")
    card = await admins.mailadmin(admins.ada, "server")
    text = text_of(card)
    assert "❌ `mx1.cow.example`" in text
    assert "Ask the company that the address is from" in text.replace("\\", "")
    assert labels_of(card) == ["Check again"]


async def test_a_fix_is_on_the_card_to_be_copied(admins: AdminGuild) -> None:
    admins.change("*._report._dmarc TXT", "z TXT")
    text = text_of(await admins.mailadmin(admins.ada, "server"))
    assert "Name `*._report._dmarc`" in text
    assert "```\nv=DMARC1;\n```" in text


async def test_check_again_shows_what_was_mended_after_a_restart(admins: AdminGuild) -> None:
    admins.change(PTR, "25 TXT gone")
    card = await admins.mailadmin(admins.ada, "server")
    await admins.sim.restart()
    admins.change(PTR, PTR)
    await admins.ada.click(card, label="Check again")
    text = text_of(card)
    assert "❌" not in text
    assert "✅ `mx1.cow.example`" in text
    assert labels_of(card) == ["Check again"]


async def test_a_member_is_refused_by_command_and_by_button(admins: AdminGuild) -> None:
    refused = await admins.mailadmin(admins.mod, "server")
    assert "Only admins" in text_of(refused)
    asked = len(admins.sim.dns.asked_udp)
    public = await admins.sim.share(await admins.sim.check(FRIEND))
    asked_for_check = len(admins.sim.dns.asked_udp)
    stored = admins.sim.env.backend.get_message(public.channel_id, public.id)
    buttons = [part for part in walk(stored.components) if part["type"] == BUTTON]
    for number, button in enumerate(buttons):
        button["custom_id"] = "cowbell:server:again" if number == 0 else f"old:{number}"
    clicked = await simcord.actors._component_click(
        admins.sim.ann, public, label=None, custom_id="cowbell:server:again"
    )
    assert "Only admins" in text_of(whisper_after(clicked))
    assert asked < asked_for_check == len(admins.sim.dns.asked_udp)


async def test_an_admin_who_is_none_any_more_cannot_click(admins: AdminGuild) -> None:
    card = await admins.mailadmin(admins.ada, "server")
    client = admins.sim.client
    client.settings = client.settings.model_copy(update={"admin_role_id": 4242})
    clicked = await admins.ada.click(card, label="Check again")
    assert "Only admins" in text_of(whisper_after(clicked))


async def test_a_member_reads_only_that_the_admin_knows(admins: AdminGuild) -> None:
    admins.change("_spf TXT", "spf TXT")
    text = text_of(await admins.sim.check(FRIEND))
    assert text.count("The admin is told the details") == 1
    assert "❌" not in text
    for detail in ("MAIL_SPF", "_spf.cow.example leads", "include-missing"):
        assert detail not in text


async def test_setup_tells_what_members_met(admins: AdminGuild) -> None:
    assert "ℹ️ **Mail server**: no member has checked" in text_of(
        await admins.mailadmin(admins.ada, "setup")
    )
    await admins.sim.check(FRIEND)
    assert "✅ **Mail server**" in text_of(await admins.mailadmin(admins.ada, "setup"))
    admins.change("_spf TXT", "spf TXT")
    await admins.sim.restart()  # what is kept of the mail server's names is gone
    await admins.sim.check(FRIEND)
    text = text_of(await admins.mailadmin(admins.ada, "setup"))
    assert "❌ **Mail server**: the SPF value that is handed out does not let" in text
    assert "`/mailadmin server`" in text


async def test_the_request_channel_is_told_of_a_fault_that_a_second_look_sees_too(
    admins: AdminGuild,
) -> None:
    guild = WatchGuild(admins.sim, admins.channel)
    admins.change("_spf TXT", "spf TXT")
    await admins.sim.check(FRIEND)
    await admins.sim.check(FRIEND, admins.sim.ben)
    await guild.meet("spf-include")
    assert guild.posted() == []
    await guild.later(minutes=11)
    (text,) = guild.posted()
    assert "The mail server itself has" in text
    assert "`MAIL_SPF`" in text or "SPF value" in text
    await guild.later(hours=6)
    assert len(guild.posted()) == 1  # on a Monday the week's digest comes beside it


async def test_without_a_channel_the_fault_is_logged_and_on_the_setup_card(
    admins: AdminGuild, caplog: pytest.LogCaptureFixture
) -> None:
    admins.sim.settings = admins.sim.settings.model_copy(update={"request_channel_id": None})
    await admins.sim.restart()
    admins.change("_spf TXT", "spf TXT")
    async with running_jobs(admins.sim.client):
        for _ in range(2):
            await admins.sim.check(FRIEND)
    assert caplog.text.count("the mail server itself has a fault") == 1
    setup = text_of(await admins.mailadmin(admins.ada, "setup"))
    assert "❌ **Mail server**" in setup
    assert "ℹ️ **Watch**: no domain is looked at yet" in setup


@asynccontextmanager
async def mail_host(shown: Shown = Shown.RIGHT) -> AsyncIterator[ServerPorts]:
    """Yield the ports of a mail host on this machine, with a certificate of this kind."""
    certificates = ServerCertificates()
    async with MailHost(HOST, certificates.context(shown)) as host:
        connector = Connector(ports=host.numbers, stand_ins={"198.51.100.25": "127.0.0.1"})
        yield ServerPorts(connector, from_text(HOST), authorities=certificates.authority)


async def test_an_admin_sees_how_each_port_is(admins: AdminGuild) -> None:
    async with mail_host() as admins.sim.ports:
        await admins.sim.restart()
        text = text_of(await admins.mailadmin(admins.ada, "server"))
    assert "### Ports of the mail server" in text
    assert "-# ✅ `IMAP 993` TLSv1.3 · " in text
    assert "Login after TLS: `PLAIN LOGIN: 993, 143, 465, 587, 4190`" in text
    assert text.count("TLSv1.3") == len(ALL_PORTS)
    live_ports = admins.sim.client.member_service.live_ports
    assert live_ports is not None
    assert live_ports.known() is not None  # for members too


async def test_the_request_channel_is_told_what_a_member_met_at_the_ports(
    admins: AdminGuild,
) -> None:
    guild = WatchGuild(admins.sim, admins.channel)
    async with mail_host(Shown.EXPIRED) as admins.sim.ports:
        await admins.sim.restart()
        live_ports = admins.sim.client.member_service.live_ports
        assert live_ports is not None
        await live_ports.look()
        await guild.meet("certificate-wrong")
        await guild.later(minutes=11)
        text = text_of(await admins.mailadmin(admins.ada, "setup"))
    (posted,) = [told for told in guild.posted() if "**Certificate**" in told]  # DANE is told too
    assert "❌ **Certificate** · broken since" in posted
    assert "The certificate on" in posted
    assert "❌ **Mail server**: mail programs refuse the certificate" in text
