"""The stand-in for Discord with channels: messages that are sent, found again and edited."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web
from discord_payloads import BUTTON, GUILD, Json, describe_message, walk
from discord_stand_in import DiscordStandIn, read_body, reply

from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable

DIRECT = 100000000000000900  # the channel of direct messages with whom the bot writes to
_EPOCH = 1_420_070_400_000  # milliseconds; the first ones of 2015
_NOT_FOUND = {"message": "Unknown Message", "code": 10008}
_NO_CHANNEL = {"message": "Unknown Channel", "code": 10003}


class DiscordChannels(DiscordStandIn):
    """Keeps the messages of every channel; `loses_answers` keeps the bot from hearing of one.

    Channels in `deleted` are not there any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.channels: dict[int, list[Json]] = {}
        self.loses_answers = False
        self.deleted: set[int] = set()
        self._came = asyncio.Condition()
        self._silence = asyncio.Event()

    async def __aexit__(self, *rest: object) -> None:
        self._silence.set()
        await super().__aexit__(*rest)

    async def message(
        self, channel: int, is_it: Callable[[Json], bool], seconds: float = MAX_WAIT
    ) -> Json:
        """Return the first message of a channel that is so, once there is one."""
        async with self._came, asyncio.timeout(seconds):
            await self._came.wait_for(lambda: any(map(is_it, self.channels.get(channel, ()))))
        return next(filter(is_it, self.channels[channel]))

    def _routes(self) -> list[web.RouteDef]:
        return [
            *super()._routes(),
            web.post("/api/users/@me/channels", self._open_direct),
            web.get("/api/channels/{channel}", self._channel),
            web.get("/api/channels/{channel}/messages", self._history),
            web.post("/api/channels/{channel}/messages", self._post),
            web.patch("/api/channels/{channel}/messages/{message}", self._change),
        ]

    async def _open_direct(self, request: web.Request) -> web.Response:
        recipient = {"id": str((await request.json())["recipient_id"]), "username": "ann"}
        user = {**recipient, "discriminator": "0", "avatar": None}
        return reply({"id": str(DIRECT), "type": 1, "recipients": [user]})

    async def _channel(self, request: web.Request) -> web.Response:
        number = request.match_info["channel"]
        return reply(
            {"id": number, "type": 0, "name": "mail", "position": 0, "guild_id": str(GUILD)}
        )

    async def _history(self, request: web.Request) -> web.Response:
        messages = self.channels.get(int(request.match_info["channel"]), [])
        after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 50))
        # Discord takes the first ones after an id, and answers with the latest of them first.
        found = [message for message in messages if int(message["id"]) > after][:limit]
        return reply(found[::-1])

    async def _post(self, request: web.Request) -> web.Response:
        channel, body = int(request.match_info["channel"]), await read_body(request)
        if channel in self.deleted:
            return reply(_NO_CHANNEL, 404)
        return await self._take(channel, body)

    async def _take(self, channel: int, body: Json) -> web.Response:
        messages = self.channels.setdefault(channel, [])
        nonce = body.get("nonce")
        known = next((m for m in messages if nonce and m["nonce"] == nonce), None)
        if known is None or not body.get("enforce_nonce"):
            known = self._describe(body, channel)
            async with self._came:
                messages.append(known)
                self._came.notify_all()
        if self.loses_answers:
            await self._silence.wait()
        return reply(known)

    async def _change(self, request: web.Request) -> web.Response:
        body, channel = await read_body(request), int(request.match_info["channel"])
        if channel in self.deleted:
            return reply(_NO_CHANNEL, 404)
        for message in self.channels.get(channel, []):
            if message["id"] == request.match_info["message"]:
                async with self._came:
                    message["components"] = body["components"]
                    self._came.notify_all()
                return reply(message)
        return reply(_NOT_FOUND, 404)

    def _describe(self, body: Json, channel: int) -> Json:
        for place, part in enumerate(walk(body), 1):
            part.setdefault("id", place)
        # A real id, which says when: the library asks for what came after a time.
        number = str((int(time.time() * 1000) - _EPOCH << 22) + next(self._numbers) % (1 << 22))
        message: dict[str, Any] = describe_message(number, body.get("flags", 0), body["components"])
        return {**message, "channel_id": str(channel), "nonce": body.get("nonce")}


def has_button(message: Json, start: str) -> bool:
    """Whether a message has a button whose id starts so."""
    return any(str(part.get("custom_id")).startswith(start) for part in walk(message, BUTTON))
