"""The base of the Discord client: the parts that handlers of interactions use."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import CowbellError
from bot.interactions.admin_channel import AdminChannel
from bot.interactions.bursts import Burst
from bot.interactions.clicks import ClickHandlers
from bot.interactions.error_manager import ErrorManager
from bot.interactions.home_guild import HomeGuild
from bot.interactions.item_factory import PersistentItems
from bot.interactions.rate_limits import RateLimits
from bot.interactions.sending_fence import SendingFence
from bot.interactions.tracking import InteractionTracker
from bot.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping
    from datetime import datetime

    from bot.config.settings import Settings
    from bot.doctor.line import Line
    from bot.requests.backend import MailBackend
    from bot.requests.service import Requests
    from bot.requests.verification import DomainVerifier
    from bot.rotations.rotation_service import Rotations
    from bot.rotations.rotation_worker import RotationWorker
    from bot.services.domain_control import DomainControl
    from bot.services.domain_history import DomainHistory
    from bot.services.mail_testing import MailTesting
    from bot.services.member_mails import MemberMails
    from bot.services.member_service import MemberService
    from bot.services.privacy import Privacy
    from bot.services.watching import Watching
    from bot.watch.running_watch import RunningWatch
    from bot.watch.timeline import History
    from bot.words import Words

_log = logging.getLogger(__name__)


class _Tree(app_commands.CommandTree["BotBase"]):
    """The slash commands: each is admitted first, and its errors go to the error manager."""

    async def interaction_check(self, interaction: discord.Interaction[BotBase], /) -> bool:
        """Whether the bot takes new work."""
        return await self.client.tracker.admit(interaction)

    async def on_error(
        self, interaction: discord.Interaction[BotBase], error: app_commands.AppCommandError, /
    ) -> None:
        """Have the error worded and logged."""
        await self.client.error_manager.report(interaction, error)


class BotBase(commands.Bot):
    """The bot with everything that handlers of commands, buttons and forms need.

    It has no intents, for interactions come without.
    """

    def __init__(
        self,
        settings: Settings,
        member_service: MemberService,
        words: Words,
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
        self.fence = SendingFence(telemetry.http_trace)
        self.http.http_trace = self.fence.trace
        self.settings = settings
        self.member_service = member_service
        self.words = words
        self.items = PersistentItems(words)
        self.clicks = ClickHandlers()
        self.error_manager = ErrorManager(words)
        self.tracker = InteractionTracker(words, telemetry)
        self.tracker.after = self._welcome_back
        self.burst = Burst()
        self.limits = RateLimits()
        self.home = HomeGuild(self, settings)
        self.admin_channel = AdminChannel(self)
        self.requests: Requests | None = None  # where none are taken
        self.control: DomainControl | None = None  # where nobody can show it
        self.rotations: Rotations | None = None  # where keys are not changed
        self.mail_testing: MailTesting | None = None  # where no mailbox is configured
        self.member_mails: MemberMails | None = None  # where none can be sent
        # Given before the client starts.
        self.now: Callable[[], datetime]
        self.watch: RunningWatch
        self.rotation_worker: RotationWorker
        self.backend: MailBackend
        self.verifier: DomainVerifier  # where requests are taken
        self.examine_backend: Callable[[], Awaitable[tuple[Line, ...]]]
        self.examine_probe: Callable[[], Awaitable[tuple[Line, ...]]]
        self.privacy: Privacy
        self.domain_history: DomainHistory
        self.draw_timeline: Callable[[History, Words], bytes]  # takes long, so in a thread
        self.drawing = asyncio.Lock()  # one picture at a time
        self.watching: Watching
        self.awaiting_ports: set[int] = set()  # ids of cards that a look at the ports goes onto
        self.command_ids: Mapping[str, int] = {}  # Discord's, by the command's name

    def mention(self, command: str) -> str:
        """Return a command for people to click, or its name where Discord's id is not known."""
        number = self.command_ids.get(command.partition(" ")[0])  # a group has one for all
        return f"</{command}:{number}>" if number else f"`/{command}`"

    async def _welcome_back(self, interaction: discord.Interaction[Any]) -> None:
        """Have who was just here sent what could not be delivered to them before."""
        if self.requests is None:
            return
        guild_id, channel_id = interaction.guild_id, interaction.channel_id
        place = None if guild_id is None or channel_id is None else (guild_id, channel_id)
        try:
            await self.requests.welcome_back(interaction.user.id, place)
        except CowbellError as error:
            _log.warning("what did not reach a member is not sent again: %s", error)

    def find_faults(self) -> Iterator[str]:
        """Yield what keeps members from being answered, each in a word."""
        if self.tracker.draining:
            yield "stopping"
        if self.admin_channel.lost:
            yield "request-channel"
        # The library leaves `ws` at None until it is connected, whatever its type says. It calls
        # itself ready only two seconds after Discord did, as it waits for servers without need.
        socket: discord.gateway.DiscordWebSocket | None = self.ws
        if socket is None or not socket.open or socket.session_id is None:
            yield "discord"
