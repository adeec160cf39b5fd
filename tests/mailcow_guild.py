"""A Discord server whose bot has a Mailcow that answers as the real one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.demo.mailcow_double.double_server import ApiKey, MailcowDouble
from bot.demo.zones import parse_zone
from bot.mailcow.mailcow_backend import MailcowBackend
from discord_simulation import answer_to, text_of, walk
from mailcow_helpers import READ, WRITE, connect
from request_guild import ADMIN, open_request_guild

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import discord

    from bot.demo.mailcow_double.mailcow_state import DkimPair
    from bot.requests.model import Request
    from request_guild import RequestGuild

BARN = "barn.example"
HIDDEN = ("RedisException", "json_api", "Stack trace", "redis_error", "SECRET", "mailcow-")


@dataclass
class MailcowGuild:
    """A Discord server whose bot has a Mailcow, and the double behind that."""

    guild: RequestGuild
    double: MailcowDouble

    async def ask(self, command: str = "dkim") -> None:
        """Have Ann ask for something for the domain, and let the admin's card appear."""
        answer = answer_to(await self.guild.ann.slash(self.guild.channel, command, domain=BARN))
        assert "Request #1" in text_of(answer)
        await self.guild.work()

    async def approve(self, **fields: Any) -> None:
        """Have the request approved, whoever controls the domain, and do what is due then."""
        approval = self.guild.requests.approve(1, ADMIN, accepts_risk=True, **fields)
        assert (await approval).won
        await self.guild.work()

    async def look(self) -> None:
        """Have the bot look now, whatever is in caches."""
        await self.guild.requests.look_now(1)
        await self.guild.work()

    async def check(self) -> str:
        """Return what `/dnscheck` says to Ann."""
        command = self.guild.ann.slash(self.guild.channel, "dnscheck", domain=BARN)
        return text_of(answer_to(await command))

    async def request(self) -> Request:
        """Return the request as it is now."""
        request = await self.guild.requests.get(1)
        assert request is not None
        return request

    def told(self) -> list[str]:
        """Return the texts of the direct messages to Ann as they are now, oldest first."""
        return [said(message) for message in self.guild.direct()]

    def card(self) -> str:
        """Return the text of the admin's card as it is now."""
        return said(self.guild.request_channel.history()[0])

    async def listed(self) -> str:
        """Return what `/requests` says to Ann."""
        return text_of(answer_to(await self.guild.ann.slash(self.guild.channel, "requests")))

    def publish(self, pair: DkimPair | None = None, *, dmarc: str | None = None) -> None:
        """Publish the domain's records, with this key and this policy or none."""
        lines = ["@ MX 10 mx1.cow.example.", '@ TXT "v=spf1 include:_spf.cow.example -all"']
        if pair is not None:
            value = f"v=DKIM1;k=rsa;t=s;s=email;p={pair.public}"
            strings = " ".join(f'"{value[at : at + 255]}"' for at in range(0, len(value), 255))
            lines.append(f"{pair.selector}._domainkey TXT {strings}")
        if dmarc is not None:
            lines.append(f'_dmarc TXT "{dmarc}"')
        zone = parse_zone(BARN, "\n".join(lines))
        self.guild.dns.zones = self.guild.dns.zones.with_zone(zone)


def said(message: discord.Message) -> str:
    components: list[Any] = [component.to_dict() for component in message.components]
    text = "\n".join(p["content"] for p in walk(components) if p["type"] == 10)
    return text.replace("\\", "")


@asynccontextmanager
async def open_barn(store: Path) -> AsyncIterator[MailcowGuild]:
    """Yield the server; at its end, nothing of Mailcow's insides may have been said."""
    double = MailcowDouble(
        keys={READ: ApiKey(may_write=False), WRITE: ApiKey(may_write=True)},
        # SimCord takes a connection that is kept for work of the bot, and waits for its end.
        keeps_connections=False,
    )
    double.add_domain(BARN)
    async with double, connect(double) as mailcow:
        backend = MailcowBackend(mailcow, "dkim")
        async with open_request_guild(store, backend=backend) as guild:
            barn = MailcowGuild(guild, double)
            barn.publish()
            yield barn
            everything = "\n".join([*barn.told(), *map(said, guild.request_channel.history())])
            assert not [text for text in HIDDEN if text in everything]
