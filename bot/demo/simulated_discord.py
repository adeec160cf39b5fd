"""Runs the demo: the unmodified bot on a simulated Discord, served as a web page."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import discord
import simcord

from bot.app.bot_root import open_client
from bot.config.loading import load_settings
from bot.demo.breakages import Breakage, break_domain, mend_domain
from bot.demo.demo_commands import add_commands, publish_next
from bot.demo.demo_servers import open_servers
from bot.demo.passing_time import DemoClock, PassingDays
from bot.lifecycle import running_jobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simcord import ChannelHandle, Env, GuildHandle, MemberActor, Preview

    from bot.client import Client
    from bot.config.settings import Settings
    from bot.demo.demo_servers import DemoServers
    from bot.demo.publishing import Typed

BOT: Final = "Cowbell"
GUILD: Final = "Cow Mail"
CHANNEL: Final = "front-desk"  # the page shows one channel, so requests arrive here too
MEMBERS: Final = ("Ann", "Ben")
ADMIN: Final = "Cleo"
_TICK = 0.25  # seconds
_CLOSED = 50007  # Discord's code: the member takes no direct messages
_LONGEST_COMMAND = 20.0  # seconds that a command may take before the page gives up on it


@dataclass(frozen=True, slots=True)
class _Simulation:
    """The simulated Discord before the bot is there."""

    env: Env
    guild: GuildHandle
    channel: ChannelHandle
    members: tuple[MemberActor, ...]  # the admin is the last

    @property
    def admin(self) -> MemberActor:
        return self.members[-1]


class RunningDemo:
    """A running demo: the page that shows it, and what is behind it; made by `open_demo`."""

    def __init__(
        self, client: Client, servers: DemoServers, preview: Preview, days: PassingDays
    ) -> None:
        self._client = client
        self._servers = servers
        self._preview = preview
        self._days = days

    @property
    def url(self) -> str:
        """The page's address; whoever has it can act as any member."""
        return self._preview.url

    def mend(self, name: str) -> None:
        """Put all records of a domain right, with a key for it at the mail server.

        Raises:
            KeyError: it is none of `world.DOMAINS`.

        """
        mend_domain(self._servers, name)

    def damage(self, name: str) -> None:
        """Take the MX record of a domain away.

        Raises:
            KeyError: it is none of `world.DOMAINS`.

        """
        break_domain(self._servers, name, Breakage.MX_GONE)

    async def let_pass(self, days: int) -> None:
        """Let days pass, and have the watch do what is due on the way."""
        self._days.begin(timedelta(days=days))
        await self._days.wait()

    async def publish(self, name: str) -> Typed:
        """Publish the records that were handed out for a domain's requests, and have them seen.

        Returns what was typed; nothing where none waits to be published.

        Raises:
            KeyError: it is none of `world.DOMAINS`.

        """
        return await publish_next(self._client, self._servers.zones, name)

    async def wait_closed(self) -> None:
        """Return once somebody ended the session on the page."""
        await self._preview.wait_closed()


@asynccontextmanager
async def open_demo(welcome: str, *, port: int = 0) -> AsyncIterator[RunningDemo]:
    """Yield the demo while it runs; `welcome` stands in its channel as the first message.

    `port` is the page's, on the loopback address; 0 takes any that is free.
    """
    with TemporaryDirectory(prefix="cowbell-demo-", ignore_cleanup_errors=True) as name:
        folder, clock = Path(name), DemoClock()
        async with (
            open_servers(folder) as servers,
            _simulate(clock) as simulation,
            open_client(
                _configure(servers, simulation, folder), ports=servers.host.ports, now=clock
            ) as client,
            _connect(simulation.env, client, servers, clock) as days,
            _serve_page(simulation, welcome, port, clock) as preview,
        ):
            yield RunningDemo(client, servers, preview, days)


@asynccontextmanager
async def _simulate(clock: DemoClock) -> AsyncIterator[_Simulation]:
    """Yield the simulated Discord, whose time follows the clock, with people in it and no bot."""
    # The bot is told the ids of the channel and of the admin's role, and they are given out by a
    # simulation that runs, which it does with some client.
    nobody = discord.Client(intents=discord.Intents.none())
    env = simcord.Env(nobody, check_errors=False, settle_timeout=_LONGEST_COMMAND)
    env.backend.bot_user.name = BOT
    clock.follow = partial(_set_clock, env, clock)
    clock.follow()
    await env.start()
    try:
        yield _fill(env)
    finally:
        await env.shutdown()
        await nobody.close()


def _fill(env: Env) -> _Simulation:
    guild = env.create_guild(GUILD)
    channel = guild.create_text_channel(CHANNEL, topic="Ask about your mail and your domain")
    role = guild.create_role("Admin", permissions=discord.Permissions(administrator=True))
    members = []
    for name in (*MEMBERS, ADMIN):
        user = env.create_user(name.lower(), global_name=name)
        # The page shows no direct messages; where they are closed, the channel is written to.
        path = f"/channels/{user.dm_channel.id}/messages"
        env.inject_error("POST", path, status=403, code=_CLOSED, times=None)
        members.append(guild.add_member(user, roles=[role] if name == ADMIN else []))
    return _Simulation(env, guild, channel, tuple(members))


@asynccontextmanager
async def _connect(
    env: Env, client: Client, servers: DemoServers, clock: DemoClock
) -> AsyncIterator[PassingDays]:
    """Have the bot in the simulation while the block lasts, with its jobs beside it."""
    days = PassingDays(client.watch, clock, client.rotation_worker)
    client.jobs = (*client.jobs, days.run)
    add_commands(client, servers, days)
    try:
        await env.restart_bot(client)
        # What a member mistyped ends in the tree's handler of errors, which answers it; SimCord
        # put one of its own before it, and the page would report a failure of the bot.
        vars(client.tree).pop("on_error", None)
        with env.time_context():
            async with running_jobs(client):
                yield days
    finally:
        await client.close()


@asynccontextmanager
async def _serve_page(
    simulation: _Simulation, welcome: str, port: int, clock: DemoClock
) -> AsyncIterator[Preview]:
    """Yield the page on which all members see one channel, with a welcome in it."""
    env, channel = simulation.env, simulation.channel
    await simulation.guild.create_webhook(channel, GUILD).send(welcome)
    viewers = simulation.members
    async with env.preview(channel, viewers=viewers, layout="channel", port=port) as preview:
        ticking = asyncio.create_task(_keep_current(env, preview, channel, clock))
        try:
            yield preview
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking


async def _keep_current(
    env: Env, preview: Preview, channel: ChannelHandle, clock: DemoClock
) -> None:
    """Let the simulation's time go on, and have the page show what the bot writes by itself."""
    shown = ""
    while True:
        # SimCord's time stands still unless it is told to go on, and its own way of telling it
        # turns away what a member does in the same moment.
        await asyncio.sleep(_TICK)
        _set_clock(env, clock)
        preview.capture_time = env.now()  # "5 seconds ago" is reckoned from it
        # The page is drawn anew after what members do on it, and not after what the bot's jobs do.
        # Only those are looked at: just after it was drawn, it may turn away what is pressed.
        messages = env.backend.messages.get(channel.id, {}).values()
        there = repr([m for m in messages if m.interaction_metadata is None])
        if there != shown:
            try:
                await preview.refresh()
            except simcord.SetupError:
                continue  # a member is at something, or the session was ended
            shown = there


def _set_clock(env: Env, clock: DemoClock) -> None:
    behind = (clock() - env.now()).total_seconds()
    env.backend.advance_clock(max(0.0, behind))


def _configure(servers: DemoServers, simulation: _Simulation, folder: Path) -> Settings:
    return load_settings(
        {
            **servers.settings(folder),
            # It is each zone's own name server, too, so that members can show control of theirs.
            "DNS_PORT": str(servers.zones.address[1]),
            "DNS_ALLOW_PRIVATE": "true",
            "REQUEST_CHANNEL_ID": str(simulation.channel.id),
            "ADMIN_USER_IDS": str(simulation.admin.id),
        }
    )
