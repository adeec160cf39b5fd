"""The commands that the bot has in the demo alone, beside those that they lead to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from simcord import Env

from bot.app.bot_root import open_client
from bot.config.loading import load_settings
from bot.demo.demo_commands import add_commands
from bot.demo.demo_mails import MailFate
from bot.demo.demo_servers import open_servers
from discord_simulation import GUILD, HOME, answer_to, text_of
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import ChannelHandle, MemberActor
    from simcord.results import ResponseMessage


class Demo(NamedTuple):
    """A member of the server in which the demo's bot is."""

    ann: MemberActor
    channel: ChannelHandle

    async def ask(self, command: str, **options: str) -> ResponseMessage:
        return answer_to(await self.ann.slash(self.channel, command, **options))


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    async with open_servers(tmp_path) as servers:
        settings = load_settings({**servers.settings(tmp_path), **HOME})
        async with open_client(settings, ports=servers.host.ports) as client:
            add_commands(client, servers)
            env = Env(client, check_errors=False, settle_timeout=MAX_WAIT)
            await env.start()
            guild = env.create_guild("Farm", id=GUILD)
            try:
                yield Demo(guild.add_member(env.create_user("ann")), guild.create_text_channel("m"))
            finally:
                await env.shutdown()
                await client.close()


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
