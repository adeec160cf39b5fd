"""A Discord server whose bot watches domains; its clock is set forward, and its work done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from simcord.results import ResponseMessage

from bot.demo.passing_time import let_pass
from bot.lifecycle import running_jobs
from bot.names import Domain
from bot.store.repositories.for_watch import WatchStore
from bot.store.repositories.watch_records import WatchRecords
from bot.store.repositories.watchers import Watchers
from bot.watch.watched_domain import MAIL_SERVER, MOST_OF_MEMBER
from discord_simulation import text_of
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import discord
    from simcord import ChannelHandle, MemberActor

    from bot.store.engine.database import Database
    from discord_simulation import Simulation

DIGEST = "## The week"


@dataclass
class WatchGuild:
    """The simulation with its request channel, and what the watch keeps."""

    sim: Simulation
    channel: ChannelHandle

    @property
    def database(self) -> Database:
        """The bot's store."""
        return self.sim.client._fingerprints._database

    @property
    def store(self) -> WatchStore:
        """What the watch keeps."""
        return WatchStore.of(self.database)

    async def add(self, *names: str) -> None:
        """Have domains watched, as an admin adds them by hand."""
        records = WatchRecords(self.database)
        for name in names:
            await records.add_by_hand(Domain.from_ascii(name), self.sim.clock())

    async def tell(self, who: MemberActor, name: str) -> None:
        """Have a member told of a domain."""
        domain, now = Domain.from_ascii(name), self.sim.clock()
        await Watchers(self.database).add(domain, who.id, now, MOST_OF_MEMBER)

    async def work(self) -> None:
        """Let the watch do all that is due now."""
        while await self.sim.client.watch.step():
            pass

    async def later(self, **span: float) -> None:
        """Let time pass, Discord's too, and the watch do what is due on the way."""
        self.sim.follow_clock()
        await let_pass(self.sim.client.watch, self.sim.clock, timedelta(**span))

    async def meet(self, what: str) -> None:
        """Let the bot's jobs run until the watch knows a fault of the mail server."""
        async with running_jobs(self.sim.client), asyncio.timeout(MAX_WAIT):
            for _ in range(500):
                if await self._knows(what):
                    return
                await asyncio.sleep(0.02)
        raise AssertionError(what)

    async def _knows(self, what: str) -> bool:
        server = await self.store.domains.get(MAIL_SERVER)
        return server is not None and what in server.state

    def posted(self) -> list[str]:
        """Return what is in the request channel, oldest first and digests aside."""
        messages = self._messages(self.channel.id, self.channel.history())
        return [text for text in map(text_of, messages) if not text.startswith(DIGEST)]

    def digests(self) -> list[str]:
        """Return the digests in the request channel, oldest first."""
        messages = self._messages(self.channel.id, self.channel.history())
        return [text for text in map(text_of, messages) if text.startswith(DIGEST)]

    def sent_to(self, who: MemberActor) -> list[ResponseMessage]:
        """Return the direct messages to a member, oldest first and digests aside."""
        direct = who.user.dm_channel
        messages = self._messages(direct.id, direct.history())
        return [message for message in messages if not text_of(message).startswith(DIGEST)]

    def _messages(
        self, channel_id: int, history: Sequence[discord.Message]
    ) -> list[ResponseMessage]:
        backend = self.sim.env.backend
        ids = sorted(message.id for message in history)
        return [ResponseMessage(self.sim.env, backend.get_message(channel_id, n)) for n in ids]
