"""The stand-in for Discord with the bot's server: what the bot may do in its channels, the time."""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import discord
from aiohttp import web
from discord_channels import DiscordChannels
from discord_payloads import APPLICATION, GUILD, Json, describe_application, describe_bot
from discord_stand_in import reply

if TYPE_CHECKING:
    from datetime import datetime

_GONE = {"message": "Unknown Channel", "code": 10003}


class DiscordGuild(DiscordChannels):
    """Everybody in the server may do what `permissions` says, in the channel number `there`."""

    def __init__(self, there: int) -> None:
        super().__init__()
        self.there = there
        self.permissions = discord.Permissions.all()
        self.flags = discord.ApplicationFlags()
        self.date: datetime | None = None  # what its answers say the time is; None: the right one
        self.is_down = False
        self.calls: list[str] = []

    def _routes(self) -> list[web.RouteDef]:
        routes = [
            web.get(f"/api/guilds/{GUILD}", self._guild),
            web.get(f"/api/guilds/{GUILD}/members/{APPLICATION}", self._member),
            *super()._routes(),
        ]
        return [web.route(r.method, r.path, self._date(r.handler)) for r in routes]

    def _date(self, handle: Any) -> Any:
        async def answer(request: web.Request) -> web.StreamResponse:
            response: web.StreamResponse = await handle(request)
            if self.date is not None and not response.prepared:
                response.headers["Date"] = format_datetime(self.date, usegmt=True)
            return response

        return answer

    async def _me(self, request: web.Request) -> web.Response:
        self.calls.append(request.path)
        if self.is_down:
            return reply({"message": "down", "code": 0}, 403)
        return await super()._me(request)

    async def _application(self, _: web.Request) -> web.Response:
        return reply({**describe_application(), "flags": self.flags.value})

    async def _channel(self, request: web.Request) -> web.Response:
        if request.match_info["channel"] != str(self.there):
            return reply(_GONE, 404)
        return await super()._channel(request)

    async def _guild(self, _: web.Request) -> web.Response:
        role: Json = {
            "id": str(GUILD),
            "name": "@everyone",
            "permissions": str(self.permissions.value),
            "position": 0,
            "color": 0,
            "hoist": False,
            "managed": False,
            "mentionable": False,
        }
        return reply({"id": str(GUILD), "name": "cows", "owner_id": "1", "roles": [role]})

    async def _member(self, _: web.Request) -> web.Response:
        return reply({"user": describe_bot(), "roles": [], "joined_at": None, "flags": 0})
