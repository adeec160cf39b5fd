"""A server of the simulated Discord in which the demo's bot is, with its commands."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import discord
from simcord import Env
from simcord.results import ResponseMessage

from bot.app.bot_root import open_client
from bot.config.loading import load_settings
from bot.demo.demo_commands import add_commands
from bot.demo.demo_servers import open_servers
from bot.demo.passing_time import DemoClock, PassingDays
from discord_simulation import answer_to, text_of
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from simcord import ChannelHandle, MemberActor

    from bot.demo.demo_servers import DemoServers


class DemoGuild(NamedTuple):
    """A member of the server, its admin, and its one channel, in which requests arrive too."""

    ann: MemberActor
    cleo: MemberActor
    channel: ChannelHandle
    servers: DemoServers
    env: Env
    days: PassingDays

    async def ask(self, command: str, **options: str | int) -> ResponseMessage:
        """Return the answer to a command of the member's."""
        return answer_to(await self.ann.slash(self.channel, command, **options))

    async def let_pass(self, days: int) -> None:
        """Let days pass by the command, and return when they have."""
        await self.ask("demo-days", days=days)
        await self.days.wait()

    async def work(self) -> None:
        """Have done what is due now."""
        self.days.begin(timedelta(0))
        await self.days.wait()

    def posted(self) -> list[str]:
        """Return the texts that the bot wrote into the channel by itself, oldest first."""
        history = self.channel.history()
        ids = sorted(m.id for m in history if m.interaction_metadata is None)
        backend, place = self.env.backend, self.channel.id
        return [text_of(ResponseMessage(self.env, backend.get_message(place, n))) for n in ids]


@asynccontextmanager
async def open_demo_guild(folder: Path) -> AsyncIterator[DemoGuild]:
    """Yield the server while it runs; what it needs of files is written into the folder."""
    async with open_servers(folder) as servers:
        # The bot is told the channel's id, which is given out by a simulation that runs.
        nobody = discord.Client(intents=discord.Intents.none())
        env, clock = Env(nobody, check_errors=False, settle_timeout=MAX_WAIT), DemoClock()
        clock.follow = lambda: env.backend.advance_clock((clock() - env.now()).total_seconds())
        clock.follow()
        await env.start()
        guild = env.create_guild("Farm")
        channel, cleo = guild.create_text_channel("m"), env.create_user("cleo")
        settings = load_settings(
            {
                **servers.settings(folder),
                "DNS_PORT": str(servers.zones.address[1]),
                "DNS_ALLOW_PRIVATE": "true",
                "REQUEST_CHANNEL_ID": str(channel.id),
                "ADMIN_USER_IDS": str(cleo.id),
            }
        )
        async with open_client(settings, ports=servers.host.ports, now=clock) as client:
            days = PassingDays(client.watch, clock, client.rotation_worker)
            add_commands(client, servers, days)
            passing = asyncio.create_task(days.run())
            ann = guild.add_member(env.create_user("ann"))
            try:
                await env.restart_bot(client)
                rights = discord.Permissions(administrator=True)
                admin = guild.add_member(cleo, roles=[guild.create_role("a", permissions=rights)])
                yield DemoGuild(ann, admin, channel, servers, env, days)
            finally:
                passing.cancel()
                await env.shutdown()
                await client.close()
                await nobody.close()
