"""A Discord server whose bot rotates keys, on a Mailcow or by hand, step by step."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from admin_guild import open_admin_guild
from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.world import DEMO_ENVIRONMENT
from bot.demo.zones import parse_zone
from bot.names import Domain
from bot.store.repositories.watchers import Watchers
from bot.watch.watched_domain import MOST_OF_MEMBER
from discord_simulation import open_simulation, text_of
from mailcow_helpers import READ, WRITE
from rotation_setup import pair
from watch_guild import WatchGuild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from simcord import MemberActor
    from simcord.results import ResponseMessage

    from admin_guild import AdminGuild
    from bot.demo.mailcow_double.mailcow_state import DkimPair
    from bot.rotations.rotation import Rotation
    from bot.rotations.rotation_service import Rotations
    from discord_simulation import Simulation

BARN = "barn.example"
DOMAIN = Domain.from_ascii(BARN)


@dataclass
class RotationGuild:
    """The server with its admins, and the mail server behind the bot; None: by hand."""

    admins: AdminGuild
    double: MailcowDouble | None

    @property
    def sim(self) -> Simulation:
        """The simulation."""
        return self.admins.sim

    @property
    def rotations(self) -> Rotations:
        """The bot's service."""
        service = self.sim.client.rotations
        assert service is not None
        return service

    async def rotate(self, who: MemberActor | None = None, **options: Any) -> ResponseMessage:
        """Return the private answer to the command, of Ada's if nobody is named."""
        return await self.admins.mailadmin(who or self.admins.ada, "rotate", **options)

    async def work(self) -> None:
        """Do what is due for rotations, and deliver the news of it."""
        client = self.sim.client
        while await client.rotation_worker.step() + await client.watch.step():
            pass

    async def later(self, **span: float) -> None:
        """Let time pass, Discord's too, and do what is due then."""
        self.sim.clock.advance(timedelta(**span))
        await self.work()

    async def get(self, number: int = 1) -> Rotation:
        """Return a rotation as it is now."""
        rotation = await self.rotations.get(number)
        assert rotation is not None
        return rotation

    async def watched_by(self, who: MemberActor) -> None:
        """Have a member told of the domain."""
        now = self.sim.clock()
        database = WatchGuild(self.sim, self.admins.channel).database
        await Watchers(database).add(DOMAIN, who.id, now, MOST_OF_MEMBER)

    def publish(self, *keys: tuple[str, str]) -> None:
        """Have the domain's name server answer with these keys, each a selector and a value."""
        lines = ["@ MX 10 mx1.cow.example.", '@ TXT "v=spf1 include:_spf.cow.example -all"']
        for selector, value in keys:
            strings = " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
            lines.append(f"{selector}._domainkey TXT {strings}")
        self.sim.dns.zones = self.sim.dns.zones.with_zone(parse_zone(BARN, "\n".join(lines)))

    async def make_live(self) -> Rotation:
        """Bring the rotation that was begun to where the switch is next."""
        await self.work()
        rotation = await self.get()
        self.publish(old_record(), (rotation.selector, rotation.value))
        await self.later(minutes=5)
        await self.later(hours=2)
        return await self.get()

    async def card(self) -> ResponseMessage:
        """Return the admins' card in their channel."""
        guild = WatchGuild(self.sim, self.admins.channel)
        channel = guild.channel
        (card,) = (
            message
            for message in guild._messages(channel.id, channel.history())
            if text_of(message).startswith("## Rotation #")
        )
        return card

    def posted(self) -> list[str]:
        """Return what is in the admins' channel, oldest first."""
        return WatchGuild(self.sim, self.admins.channel).posted()

    def told(self, who: MemberActor) -> list[str]:
        """Return the direct messages to a member as they are now, oldest first."""
        found = WatchGuild(self.sim, self.admins.channel).sent_to(who)
        return [text_of(message).replace("\\", "") for message in found]


def old_key() -> DkimPair:
    """Return the key that the domain begins with."""
    return pair(0)


def old_record() -> tuple[str, str]:
    """Return selector and value of that key."""
    return old_key().selector, f"v=DKIM1;k=rsa;t=s;s=email;p={old_key().public}"


@asynccontextmanager
async def open_rotation_guild(
    store: Path, environ: Mapping[str, str] | None = None, *, by_hand: bool = False
) -> AsyncIterator[RotationGuild]:
    """Yield the server, whose bot may write to a Mailcow that has the domain; or has none."""
    environment = {**DEMO_ENVIRONMENT, **(environ or {})}
    async with open_simulation(store, environ=environment, asks_authorities=True) as sim:
        sim.follow_clock()
        sim.clock.advance(_until_noon(sim.clock()))
        if by_hand:
            guild = RotationGuild(await open_admin_guild(sim), None)
            guild.publish(old_record())
            yield guild
            return
        double = MailcowDouble(
            keys={READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)},
            keeps_connections=False,  # the simulation would wait until an idle one is closed
        )
        double.add_domain(BARN)
        double.dkim[BARN] = old_key()
        async with double:
            sim.settings = sim.settings.model_copy(
                update={
                    "mailcow_url": double.url,
                    "mailcow_read_key": SecretStr(READ),
                    "mailcow_api_key": SecretStr(WRITE),
                }
            )
            guild = RotationGuild(await open_admin_guild(sim), double)
            guild.publish(old_record())
            yield guild
            await sim.stack.aclose()  # before the mail server goes


def _until_noon(now: datetime) -> timedelta:
    """Return how long it is until the next noon (UTC), from which no hour soon is a quiet one."""
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    return (noon - now) % timedelta(days=1)
