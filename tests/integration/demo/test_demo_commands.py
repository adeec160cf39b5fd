"""The commands that the bot has in the demo alone, beside those that they lead to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import discord
import pytest
from simcord import Env

from bot.app.bot_root import open_client
from bot.config.loading import load_settings
from bot.demo.demo_commands import add_commands
from bot.demo.demo_mails import MailFate
from bot.demo.demo_servers import open_servers
from discord_simulation import answer_to, text_of
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import ChannelHandle, MemberActor
    from simcord.results import ResponseMessage

    from bot.demo.demo_servers import DemoServers


class Demo(NamedTuple):
    """A member of the server in which the demo's bot is."""

    ann: MemberActor
    channel: ChannelHandle
    servers: DemoServers

    async def ask(self, command: str, **options: str) -> ResponseMessage:
        return answer_to(await self.ann.slash(self.channel, command, **options))


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    async with open_servers(tmp_path) as servers:
        # The bot is told the channel's id, which is given out by a simulation that runs.
        nobody = discord.Client(intents=discord.Intents.none())
        env = Env(nobody, check_errors=False, settle_timeout=MAX_WAIT)
        await env.start()
        guild = env.create_guild("Farm")
        channel = guild.create_text_channel("m")
        settings = load_settings(
            {
                **servers.settings(tmp_path),
                "DNS_PORT": str(servers.zones.address[1]),
                "DNS_ALLOW_PRIVATE": "true",
                "REQUEST_CHANNEL_ID": str(channel.id),
            }
        )
        async with open_client(settings, ports=servers.host.ports) as client:
            add_commands(client, servers)
            ann = guild.add_member(env.create_user("ann"))
            try:
                await env.restart_bot(client)
                yield Demo(ann, channel, servers)
            finally:
                await env.shutdown()
                await client.close()
                await nobody.close()


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (MailFate.RIGHT, "Our server signed this mail for your domain"),
        (MailFate.CHANGED, "was changed after it was signed"),
    ],
)
async def test_a_mail_is_sent_and_looked_at(demo: Demo, fate: MailFate, said: str) -> None:
    card = await demo.ask("testmail", domain="friend.example")
    found = re.search(r"probe\+\w+@else\.example", text_of(card))
    assert found is not None
    sent = await demo.ask("demo-mail", to=found[0], fate=fate.value)
    assert "press Look now" in sent.content
    assert said in text_of(answer_to(await demo.ann.click(card, label="Look now")))


async def test_a_mail_goes_to_the_mailbox_for_tests_alone_and_from_domains_of_the_demo(
    demo: Demo,
) -> None:
    sent = await demo.ask("demo-mail", to="ben@friend.example")
    assert "to no other" in sent.content
    sent = await demo.ask("demo-mail", to="probe@else.example", domain="nobody.example")
    assert "none of the demo's domains" in sent.content


async def test_a_mail_goes_to_a_member_once_the_domain_is_shown_to_be_theirs(demo: Demo) -> None:
    card = await demo.ask("testmail", receive="ann@friend.example")
    assert demo.servers.relay.mails == []
    assert "_cowbell" in text_of(card)
    assert "_cowbell" in (await demo.ask("demo-publish", domain="friend.example")).content
    shown = answer_to(await demo.ann.click(card, label="Check the proof"))
    assert "`/testmail` can now send a mail to it" in text_of(shown)
    sent = await demo.ask("testmail", receive="ann@friend.example")
    (mail,) = demo.servers.relay.mails
    assert b"\r\nTo: ann@friend.example\r\n" in mail
    assert "is on its way to `ann@friend.example`" in text_of(sent)
