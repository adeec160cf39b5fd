"""The stage of the demo: the unmodified bot on a simulated Discord, served as a web page."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import simcord

from bot.app import open_client
from bot.config import load_settings
from bot.demo import world
from bot.demo.server import ZoneServer
from bot.names import Domain
from bot.store.database import Database
from bot.store.known_keys import KeySource, KnownKeys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simcord import Env, Preview

    from bot.client import Client
    from bot.config import Settings

BOT: Final = "Cowbell"
GUILD: Final = "Cow Mail"
CHANNEL: Final = "front-desk"
MEMBERS: Final = ("Ann", "Ben")
_TICK = 0.25  # seconds
_PATIENCE = 20.0  # seconds that a command may take before the page gives up on it


class Stage:
    """A running demo: the page that shows it, and the DNS behind it; got by `open_stage`."""

    def __init__(self, preview: Preview, server: ZoneServer) -> None:
        self._preview = preview
        self._server = server

    @property
    def url(self) -> str:
        """The page's address; whoever has it can act as any member."""
        return self._preview.url

    def mend(self, name: str) -> None:
        """Put all records of a domain right.

        Raises:
            KeyError: it is none of `world.DOMAINS`.

        """
        self._server.zones = self._server.zones.with_zone(world.mend(name))

    async def wait_closed(self) -> None:
        """Return once somebody ended the session on the page."""
        await self._preview.wait_closed()


@asynccontextmanager
async def open_stage(welcome: str, *, port: int = 0) -> AsyncIterator[Stage]:
    """Yield the demo while it runs; `welcome` stands in its channel as the first message.

    `port` is the page's, on the loopback address; 0 takes any that is free.
    """
    with TemporaryDirectory(prefix="cowbell-demo-", ignore_cleanup_errors=True) as folder:
        async with ZoneServer(world.zones()) as server:
            settings = _configure(server, Path(folder))
            await _teach_keys(settings)
            async with (
                open_client(settings) as client,
                _simulate(client) as env,
                _present(env, welcome, port) as preview,
            ):
                yield Stage(preview, server)


@asynccontextmanager
async def _simulate(client: Client) -> AsyncIterator[Env]:
    """Yield the simulated Discord that the bot is connected to, its clock set to our time."""
    env = simcord.Env(client, check_errors=False, settle_timeout=_PATIENCE)
    env.backend.bot_user.name = BOT
    _set_clock(env)
    await env.start()
    # What a member mistyped ends in the tree's handler of errors, which answers it; SimCord put
    # one of its own before it, and the page would report a failure of the bot.
    vars(client.tree).pop("on_error", None)
    try:
        with env.time_context():
            yield env
    finally:
        await env.shutdown()
        await client.close()


@asynccontextmanager
async def _present(env: Env, welcome: str, port: int) -> AsyncIterator[Preview]:
    """Yield the page on which both members see one channel, with a welcome in it."""
    guild = env.create_guild(GUILD)
    channel = guild.create_text_channel(CHANNEL, topic="Ask about your mail and your domain")
    members = [
        guild.add_member(env.create_user(name.lower(), global_name=name)) for name in MEMBERS
    ]
    await guild.create_webhook(channel, GUILD).send(welcome)
    async with env.preview(channel, viewers=members, layout="channel", port=port) as preview:
        ticking = asyncio.create_task(_keep_time(env, preview))
        try:
            yield preview
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking


async def _keep_time(env: Env, preview: Preview) -> None:
    # SimCord's time stands still unless it is told to go on, and its own way of telling it turns
    # away what a member does in the same moment.
    while True:
        await asyncio.sleep(_TICK)
        _set_clock(env)
        preview.capture_time = env.now()  # "5 seconds ago" is reckoned from it


def _set_clock(env: Env) -> None:
    behind = (datetime.now(UTC) - env.now()).total_seconds()
    env.backend.advance_clock(max(0.0, behind))


def _configure(server: ZoneServer, folder: Path) -> Settings:
    host, port = server.address
    return load_settings(
        {
            **world.DEMO_ENVIRONMENT,
            "DNS_SERVERS": f"{host}:{port}",
            "DATABASE_URL": f"sqlite+aiosqlite:///{(folder / 'bot.db').as_posix()}",
        }
    )


async def _teach_keys(settings: Settings) -> None:
    """Put the key of every domain into the store, as if the mail server had told them."""
    now = datetime.now(UTC)
    async with await Database.open(settings.database_url) as database:
        keys = KnownKeys(database)
        for domain in world.DOMAINS.values():
            await keys.learn(
                Domain.of(domain.name),
                settings.dkim_selector,
                domain.dkim,
                KeySource.MAILCOW,
                now,
            )
