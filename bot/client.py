"""The Discord client: what it listens to, and which commands Discord knows."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import pkgutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import discord

import cogs
from bot.cards.form_card import build_given_back_card
from bot.cards.layout import build_notice
from bot.interactions.bot import BotBase
from bot.interactions.clicks import PersistentItem
from bot.interactions.error_manager import guard
from bot.interactions.form_fields import read_fields
from bot.interactions.replies import UNDELIVERED, whisper
from bot.interactions.sending_fence import is_reading
from bot.interactions.tracking import note_ending
from bot.store.repositories.command_fingerprints import CommandFingerprint
from bot.telemetry import InteractionOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from bot.config.settings import Settings
    from bot.services.member_service import MemberService
    from bot.store.repositories.command_fingerprints import CommandFingerprints
    from bot.telemetry import Telemetry
    from bot.words import Words

    Job = Callable[[], Coroutine[Any, Any, None]]
    Step = Callable[[], Coroutine[Any, Any, object]]

_STALE_AFTER = 0.5  # seconds that a button or form may take to find its handler

_log = logging.getLogger(__name__)


class Client(BotBase):
    """The bot as Discord sees it."""

    def __init__(
        self,
        settings: Settings,
        member_service: MemberService,
        words: Words,
        fingerprints: CommandFingerprints,
        telemetry: Telemetry | None = None,
    ) -> None:
        super().__init__(settings, member_service, words, telemetry)
        self.jobs: tuple[Job, ...] = ()  # to be run beside the client
        self.takeover: tuple[Step, ...] = ()  # steps before them; see `take_over`
        self.logged_in = asyncio.Event()
        self.connected = asyncio.Event()
        self.loaded = asyncio.Event()  # while it was muted, so that it has to `begin` later
        self._is_muted = False
        self._fingerprints = fingerprints
        guild_id = settings.discord_guild_id
        self._guild = discord.Object(guild_id) if guild_id else None

    def mute(self, may_send: Callable[[], bool]) -> None:
        """Only listen at Discord: what comes is held, and nothing is sent unless `may_send`."""
        self._is_muted = True
        self.tracker.gate.hold()
        self.fence.may_send, self.fence.lets_pass = may_send, is_reading

    def unmute(self) -> None:
        """Send like any other; the gate is the caller's to open."""
        self._is_muted = False
        self.fence.lets_pass = None

    async def take_over(self) -> None:
        """Take up what the process at Discord before had under way; before any job begins.

        Raises:
            StoreError: the store cannot be written.

        """
        for step in self.takeover:
            await step()

    async def setup_hook(self) -> None:
        """Load the commands, and begin unless another process is the one at Discord."""
        self.add_dynamic_items(PersistentItem)
        for name in find_cogs():
            await self.load_extension(name)
        if self._guild:
            self.tree.copy_global_to(guild=self._guild)
        known = await self._fingerprints.get(self.settings.discord_guild_id)
        if known:
            self.command_ids = known.command_ids
        if self._is_muted:
            self.loaded.set()
        else:
            await self.begin()

    async def begin(self) -> None:
        """Let Discord know the commands, if it does not yet, and the jobs begin."""
        try:
            self.command_ids = await self._sync()
        except (discord.DiscordException, *UNDELIVERED) as error:
            # What Discord knows from the last time goes on working meanwhile.
            _log.error("Discord did not take the commands: %s", error)
        self.logged_in.set()

    async def on_connect(self) -> None:
        """Note that from now on Discord tells this session of everything."""
        self.connected.set()

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Answer a button or a form that nothing knows any more."""
        self.tracker.note_arrival(interaction)  # which a form that nobody waits for asks late
        if interaction.type not in {
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        }:
            return
        if self.tracker.has_seen(interaction):
            return
        self.tracker.wait_for_this_task()
        await asyncio.sleep(_STALE_AFTER)
        if interaction.response.is_done() or self.tracker.has_seen(interaction):
            return
        if interaction.type is discord.InteractionType.modal_submit:
            data: Mapping[str, Any] = interaction.data or {}
            handler, click = self.clicks.find(str(data.get("custom_id", "")))
            if handler is not None and click is not None:  # it was open while the bot restarted
                await guard(interaction, lambda sent: handler(sent, click))
                return
        if not await self.tracker.admit(interaction):
            return
        note_ending(interaction, InteractionOutcome.STALE)
        _log.info("interaction %d: nothing knows this button or form any more", interaction.id)
        texts = [text for text in read_fields(interaction).values() if text.strip()]
        notice = build_notice("out_of_date", {}, self.words)
        try:
            card = build_given_back_card(texts, self.words) if texts else notice
            await whisper(interaction, card)
        except UNDELIVERED as error:
            _log.info("interaction %d: the member was not told (%s)", interaction.id, error)

    async def _sync(self) -> Mapping[str, int]:
        """Return the ids of the commands by name, asking Discord only where they changed."""
        guild_id = self.settings.discord_guild_id
        fingerprint = self._fingerprint()
        known = await self._fingerprints.get(guild_id)
        if known and known.fingerprint == fingerprint:
            return known.command_ids
        synced = await self.tree.sync(guild=self._guild)
        ids = {command.name: command.id for command in synced}
        await self._fingerprints.put(
            CommandFingerprint(guild_id, fingerprint, ids, datetime.now(UTC))
        )
        _log.info("%d commands synced", len(ids))
        return ids

    def _fingerprint(self) -> str:
        """Return a digest of what Discord is to know, and as which application."""
        guild = self._guild
        payloads = [command.to_dict(self.tree) for command in self.tree.get_commands(guild=guild)]
        what = [self.application_id, guild.id if guild else None, payloads]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def find_cogs() -> list[str]:
    """Return the modules of commands, sorted: the order is part of the commands' fingerprint."""
    return sorted(module.name for module in pkgutil.iter_modules(cogs.__path__, "cogs."))
