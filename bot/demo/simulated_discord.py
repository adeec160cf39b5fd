"""Runs the demo: the unmodified bot on a simulated Discord, served as a web page."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import discord
import simcord
from discord import app_commands

from bot.app.bot_root import open_client
from bot.config.loading import load_settings
from bot.demo import world
from bot.demo.demo_host import open_host
from bot.demo.demo_mailcow import access_to, give_key, make_mailcow
from bot.demo.publishing import line_of_request, publish, type_fixes, waiting_records
from bot.demo.zone_server import ZoneServer
from bot.lifecycle import running_jobs
from bot.names import Domain
from bot.records.control_token import CONTROL_LABEL
from bot.requests.model import RequestKind
from bot.services.plan.plan_words import part_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simcord import ChannelHandle, Env, GuildHandle, MemberActor, Preview

    from bot.client import Client
    from bot.config.settings import Settings
    from bot.demo.demo_host import DemoHost
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.requests.service import Requests

BOT: Final = "Cowbell"
GUILD: Final = "Cow Mail"
CHANNEL: Final = "front-desk"  # the page shows one channel, so requests arrive here too
MEMBERS: Final = ("Ann", "Ben")
ADMIN: Final = "Cleo"
_TICK = 0.25  # seconds
_NOBODY = 0  # no member has this id: the demo's own checks are offered to nobody
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
        self, client: Client, server: ZoneServer, mailcow: MailcowDouble, preview: Preview
    ) -> None:
        self._client = client
        self._server = server
        self._mailcow = mailcow
        self._preview = preview

    @property
    def url(self) -> str:
        """The page's address; whoever has it can act as any member."""
        return self._preview.url

    def mend(self, name: str) -> None:
        """Put all records of a domain right, with a key for it at the mail server.

        Raises:
            KeyError: it is none of `world.DOMAINS`.

        """
        self._server.zones = self._server.zones.with_zone(world.mend(name))
        give_key(self._mailcow, name)

    async def publish(self, name: str) -> tuple[str, ...]:
        """Publish the records that were handed out for a domain's requests, and have them seen.

        Returns what they are called; nothing where none waits to be published.

        Raises:
            KeyError: it is none of `world.DOMAINS`.

        """
        return await _publish(self._client, self._server, name)

    async def wait_closed(self) -> None:
        """Return once somebody ended the session on the page."""
        await self._preview.wait_closed()


@asynccontextmanager
async def open_demo(welcome: str, *, port: int = 0) -> AsyncIterator[RunningDemo]:
    """Yield the demo while it runs; `welcome` stands in its channel as the first message.

    `port` is the page's, on the loopback address; 0 takes any that is free.
    """
    with TemporaryDirectory(prefix="cowbell-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with (
            ZoneServer(world.zones()) as server,
            make_mailcow() as mailcow,
            open_host(folder) as host,
            _simulate() as simulation,
            open_client(
                _configure(server, mailcow, host, simulation, folder=folder),
                ports=host.ports,
            ) as client,
            _connect(simulation.env, client, server),
            _serve_page(simulation, welcome, port) as preview,
        ):
            yield RunningDemo(client, server, mailcow, preview)


@asynccontextmanager
async def _simulate() -> AsyncIterator[_Simulation]:
    """Yield the simulated Discord, its clock set to our time, with people in it and no bot."""
    # The bot is told the ids of the channel and of the admin's role, and they are given out by a
    # simulation that runs, which it does with some client.
    nobody = discord.Client(intents=discord.Intents.none())
    env = simcord.Env(nobody, check_errors=False, settle_timeout=_LONGEST_COMMAND)
    env.backend.bot_user.name = BOT
    _set_clock(env)
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
async def _connect(env: Env, client: Client, server: ZoneServer) -> AsyncIterator[None]:
    """Have the bot in the simulation while the block lasts, with its jobs beside it."""
    client.tree.add_command(_demo_command(client, server))
    try:
        await env.restart_bot(client)
        # What a member mistyped ends in the tree's handler of errors, which answers it; SimCord
        # put one of its own before it, and the page would report a failure of the bot.
        vars(client.tree).pop("on_error", None)
        with env.time_context():
            async with running_jobs(client):
                yield
    finally:
        await client.close()


def _demo_command(client: Client, server: ZoneServer) -> app_commands.Command[Any, ..., None]:
    """Return the one command that the bot has in the demo alone."""

    @app_commands.command(
        name="demo-publish", description="Demo: publish what you were given, or the next step"
    )
    @app_commands.describe(domain="One of the demo's domains, like newcomer.example")
    async def demo_publish(interaction: discord.Interaction[Client], domain: str) -> None:
        name = domain.strip().lower()
        if name not in world.DOMAINS:
            answer = client.words.sentence("demo/no_domain", {"domains": tuple(world.DOMAINS)})
        else:
            kinds = await _publish(client, server, name)
            answer = client.words.sentence("demo/published", {"domain": name, "kinds": kinds})
        await interaction.response.send_message(answer, ephemeral=True)

    return demo_publish


async def _publish(client: Client, server: ZoneServer, name: str) -> tuple[str, ...]:
    """Publish what was handed out for requests, or where nothing was, what the plan says next."""
    requests, domain = client.requests, Domain.from_ascii(name)
    if requests is None:
        return ()
    waiting = await waiting_records(requests, domain)
    proofs = await _proof_lines(client, requests, domain)
    server.zones = publish(server.zones, domain, (*map(line_of_request, waiting), *proofs))
    for request in waiting:
        await requests.look_now(request.id)
    if not waiting:
        return await _type_next(client, server, domain) or ((CONTROL_LABEL,) if proofs else ())
    kinds = tuple(request.kind.value.upper() for request in waiting)
    return (*kinds, *([CONTROL_LABEL] if proofs else []))


async def _type_next(client: Client, server: ZoneServer, domain: Domain) -> tuple[str, ...]:
    """Type what the plan of a domain has next; return what that is for, if there is anything."""
    service = client.member_service
    kept = await service.check(domain, _NOBODY, confidential=True)
    step = (await service.plan(kept, confidential=True, can_ask=True)).next
    if step is None:
        return ()
    server.zones = type_fixes(server.zones, domain, step.fixes)
    return tuple(dict.fromkeys(part_of(step, fix).value.upper() for fix in step.fixes))


async def _proof_lines(client: Client, requests: Requests, domain: Domain) -> list[str]:
    """Return the zone lines that show the domain to be theirs who ask to have it added."""
    asked = [r for r in await requests.of_domain(domain) if r.kind is RequestKind.MAILDOMAIN]
    control = client.control
    if control is None:
        return []
    tokens = [await control.token(r.member_id, domain) for r in asked if r.open]
    return [f'{CONTROL_LABEL} TXT "{token}"' for token in tokens]


@asynccontextmanager
async def _serve_page(simulation: _Simulation, welcome: str, port: int) -> AsyncIterator[Preview]:
    """Yield the page on which all members see one channel, with a welcome in it."""
    env, channel = simulation.env, simulation.channel
    await simulation.guild.create_webhook(channel, GUILD).send(welcome)
    viewers = simulation.members
    async with env.preview(channel, viewers=viewers, layout="channel", port=port) as preview:
        ticking = asyncio.create_task(_keep_current(env, preview, channel))
        try:
            yield preview
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking


async def _keep_current(env: Env, preview: Preview, channel: ChannelHandle) -> None:
    """Let the simulation's time go on, and have the page show what the bot writes by itself."""
    shown = ""
    while True:
        # SimCord's time stands still unless it is told to go on, and its own way of telling it
        # turns away what a member does in the same moment.
        await asyncio.sleep(_TICK)
        _set_clock(env)
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


def _set_clock(env: Env) -> None:
    behind = (datetime.now(UTC) - env.now()).total_seconds()
    env.backend.advance_clock(max(0.0, behind))


def _configure(
    server: ZoneServer,
    mailcow: MailcowDouble,
    host: DemoHost,
    simulation: _Simulation,
    *,
    folder: Path,
) -> Settings:
    address, port = server.address
    return load_settings(
        {
            **world.DEMO_ENVIRONMENT,
            **access_to(mailcow),
            **host.settings,
            "DNS_SERVERS": f"{address}:{port}",
            # It is each zone's own name server, too, so that members can show control of theirs.
            "DNS_PORT": str(port),
            "DNS_ALLOW_PRIVATE": "true",
            "DATABASE_URL": f"sqlite+aiosqlite:///{(folder / 'bot.db').as_posix()}",
            "REQUEST_CHANNEL_ID": str(simulation.channel.id),
            "ADMIN_USER_IDS": str(simulation.admin.id),
        }
    )
