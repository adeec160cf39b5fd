"""The Discord client: what it listens to, which commands Discord knows, and who answers errors."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

import cogs.admin
import cogs.dns
import cogs.help
import cogs.privacy
import cogs.requests
import cogs.settings
from bot.cards.notice import build_notice
from bot.interactions.error_manager import ErrorManager
from bot.interactions.home_guild import Home
from bot.interactions.rate_limits import Limits
from bot.interactions.replies import UNDELIVERED, whisper
from bot.interactions.tracking import InteractionTracker, note_ending
from bot.store.repositories.command_fingerprints import CommandFingerprint
from bot.telemetry import Ending, Telemetry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping

    from bot.config.settings import Settings
    from bot.doctor.line import Line
    from bot.requests.backend import MailBackend
    from bot.requests.service import Requests
    from bot.services.member_service import MemberService
    from bot.services.privacy import Privacy
    from bot.store.repositories.command_fingerprints import CommandFingerprints
    from bot.words import Words

    Job = Callable[[], Coroutine[Any, Any, None]]

_STALE_AFTER = 0.5  # seconds that a button or form may take to find its handler

_log = logging.getLogger(__name__)


class _Tree(app_commands.CommandTree["Client"]):
    """The slash commands; each is admitted first and fails into the funnel."""

    async def interaction_check(self, interaction: discord.Interaction[Client], /) -> bool:
        """Whether the bot takes new work."""
        return await self.client.tracker.admit(interaction)

    async def on_error(
        self, interaction: discord.Interaction[Client], error: app_commands.AppCommandError, /
    ) -> None:
        """Hand the error to the funnel."""
        await self.client.error_manager.report(interaction, error)


class Client(commands.Bot):
    """The bot as Discord sees it; it needs no intents, for interactions come without."""

    def __init__(
        self,
        settings: Settings,
        member_service: MemberService,
        words: Words,
        fingerprints: CommandFingerprints,
        telemetry: Telemetry | None = None,
    ) -> None:
        super().__init__(
            commands.when_mentioned,
            help_command=None,
            tree_cls=_Tree,
            intents=discord.Intents.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
        )
        telemetry = telemetry or Telemetry()
        self.http.http_trace = telemetry.http_trace
        self.settings = settings
        self.member_service = member_service
        self.words = words
        self.error_manager = ErrorManager(words)
        self.tracker = InteractionTracker(words, telemetry)
        self.limits = Limits()
        self.home = Home(self, settings)
        self.requests: Requests | None = None  # where none are taken
        # Given before the client starts, as are the privacy and the jobs below.
        self.backend: MailBackend
        self.examine_backend: Callable[[], Awaitable[tuple[Line, ...]]]
        self.privacy: Privacy  # given before the client starts, as it needs the same requests
        self.jobs: tuple[Job, ...] = ()  # to be run beside the client
        self.logged_in = asyncio.Event()
        self._fingerprints = fingerprints
        self._command_ids: Mapping[str, int] = {}

    def mention(self, command: str) -> str:
        """Return a command for people to click, or its name where Discord's id is not known."""
        number = self._command_ids.get(command.partition(" ")[0])  # a group has one for all
        return f"</{command}:{number}>" if number else f"`/{command}`"

    def find_faults(self) -> Iterator[str]:
        """Yield what keeps members from being answered, each in a word."""
        if self.tracker.draining:
            yield "stopping"
        # The library leaves `ws` at None until it is connected, whatever its type says. It calls
        # itself ready only two seconds after Discord did, as it waits for servers without need.
        socket: discord.gateway.DiscordWebSocket | None = self.ws
        if socket is None or not socket.open or socket.session_id is None:
            yield "discord"

    async def setup_hook(self) -> None:
        """Load the commands and let Discord know them, if it does not yet."""
        subjects = (
            cogs.settings,
            cogs.dns,
            cogs.requests,
            cogs.admin,
            cogs.privacy,
            cogs.help,
        )
        for module in subjects:
            await module.setup(self)
        try:
            self._command_ids = await self._sync()
        except (discord.DiscordException, *UNDELIVERED) as error:
            # What Discord knows from the last time goes on working meanwhile.
            _log.error("Discord did not take the commands: %s", error)
        self.logged_in.set()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer a button or a form that nothing knows any more."""
        if interaction.type not in {
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        }:
            return
        if self.tracker.has_seen(interaction):
            return
        await asyncio.sleep(_STALE_AFTER)
        if interaction.response.is_done() or self.tracker.has_seen(interaction):
            return
        if not await self.tracker.admit(interaction):
            return
        note_ending(interaction, Ending.STALE)
        _log.info("interaction %d: nothing knows this button or form any more", interaction.id)
        try:
            await whisper(interaction, build_notice("out_of_date", {}, self.words))
        except UNDELIVERED as error:
            _log.info("interaction %d: the member was not told (%s)", interaction.id, error)

    async def _sync(self) -> Mapping[str, int]:
        """Return the ids of the commands by name, asking Discord only where they changed."""
        guild_id = self.settings.discord_guild_id
        guild = discord.Object(guild_id) if guild_id else None
        if guild:
            self.tree.copy_global_to(guild=guild)
        fingerprint = self._fingerprint(guild)
        known = await self._fingerprints.get(guild_id)
        if known and known.fingerprint == fingerprint:
            return known.command_ids
        synced = await self.tree.sync(guild=guild)
        ids = {command.name: command.id for command in synced}
        await self._fingerprints.put(
            CommandFingerprint(guild_id, fingerprint, ids, datetime.now(UTC))
        )
        _log.info("%d commands synced", len(ids))
        return ids

    def _fingerprint(self, guild: discord.Object | None) -> str:
        """Return a digest of what Discord is to know, and as which application."""
        payloads = [command.to_dict(self.tree) for command in self.tree.get_commands(guild=guild)]
        what = [self.application_id, guild.id if guild else None, payloads]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
