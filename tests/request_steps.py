"""What tests of requests on a simulated Discord do again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.demo.world import DOMAINS
from bot.demo.zones import parse_zone
from discord_simulation import answer_to, walk
from request_guild import ADMIN

if TYPE_CHECKING:
    import discord
    from simcord import ChannelHandle, MemberActor
    from simcord.results import ResponseMessage

    from bot.requests.model import Request
    from request_guild import RequestGuild


async def ask(
    guild: RequestGuild,
    command: str,
    domain: str,
    who: MemberActor | None = None,
    channel: ChannelHandle | None = None,
) -> ResponseMessage:
    result = await (who or guild.ann).slash(channel or guild.channel, command, domain=domain)
    answer = answer_to(result)
    assert answer.ephemeral
    return answer


async def hand_out(guild: RequestGuild) -> Request:
    """Bring a request for DKIM to where its record was sent."""
    await ask(guild, "dkim", "eager.example")
    await guild.work()
    await guild.requests.approve(1, ADMIN, value=DOMAINS["eager.example"].dkim, selector="dkim")
    await guild.work()
    return await get(guild, 1)


def publish_policy(guild: RequestGuild, name: str, policy: str = "none") -> None:
    """Publish all the right records of one of the demo's domains, with this DMARC policy."""
    text = DOMAINS[name].mended.replace("p=reject; sp=reject", f"p={policy}; sp={policy}")
    guild.dns.zones = guild.dns.zones.with_zone(parse_zone(name, text))


async def get(guild: RequestGuild, request_id: int) -> Request:
    request = await guild.requests.get(request_id)
    assert request is not None
    return request


def close_direct_messages(guild: RequestGuild, times: int | None = None) -> None:
    path = f"/channels/{guild.ann_user.dm_channel.id}/messages"
    guild.env.inject_error("POST", path, status=403, code=50007, times=times)


def said(message: discord.Message) -> str:
    return "\n".join(p["content"] for p in parts(message) if p["type"] == 10)


def parts(message: discord.Message) -> list[dict[str, Any]]:
    components: list[Any] = [component.to_dict() for component in message.components]
    return list(walk(components))
