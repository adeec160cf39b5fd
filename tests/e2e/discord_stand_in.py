"""A small stand-in for Discord: the HTTP calls and the gateway that the bot uses, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

from aiohttp import WSMsgType, web
from discord_payloads import (
    APPLICATION,
    BUTTON,
    SELECT,
    Json,
    describe_application,
    describe_bot,
    describe_interaction,
    describe_member,
    describe_message,
    text_of,
    walk,
)
from gateway_connection import GatewayConnection
from sent_interaction import LONGEST_WAIT, SentInteraction

from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOKEN = "token-of-the-stand-in"
_EPHEMERAL, _COMPONENTS_V2 = 1 << 6, 1 << 15


class DiscordStandIn:
    """Listens while the `async with` block lasts; remembers all that the bot sends.

    As at Discord, every connection to the gateway is told of every interaction.
    """

    def __init__(self) -> None:
        self.syncs: list[tuple[str, list[Json]]] = []  # path and commands
        self.identifies: list[Json] = []
        self.resumes: list[Json] = []
        self.refusals: list[float] = []  # when a 429 was sent
        self.retry_after = 0.0  # > 0: the next edit of a message is refused with this
        self.clicks: dict[str, SentInteraction] = {}  # by token
        self.gateway_up = asyncio.Event()
        self._numbers = iter(range(10_000, 10_000_000))
        self._deliveries: set[asyncio.Task[None]] = set()
        self.choose_lag: Callable[[], float] = lambda: 0.0  # of each connection
        self.connections: list[GatewayConnection] = []  # all that there were, the oldest first

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=30_000_000)
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.api, self.gateway = f"http://{host}:{port}/api", f"ws://{host}:{port}/gateway"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/users/@me", self._me),
            web.get("/api/oauth2/applications/@me", self._application),
            web.put("/api/applications/{app}/commands", self._sync),
            web.put("/api/applications/{app}/guilds/{guild}/commands", self._sync),
            web.post("/api/interactions/{id}/{token}/callback", self._first),
            web.patch("/api/webhooks/{app}/{token}/messages/@original", self._edit),
            web.post("/api/webhooks/{app}/{token}", self._follow),
            web.get("/gateway", self._gateway),
        ]

    async def run_command(
        self,
        name: str,
        options: Mapping[str, str] = MappingProxyType({}),
        *,
        locale: str = "en-US",
        member: int | None = None,
    ) -> SentInteraction:
        """Send a slash command as a member does."""
        given = [{"name": key, "type": 3, "value": value} for key, value in options.items()]
        data = {"id": "77", "name": name, "type": 1, "options": given}
        more = {"member": describe_member(member)} if member else {}
        return await self._send_interaction(2, data, locale=locale, **more)

    async def type_into(
        self, command: str, option: str, typed: str, *, member: int
    ) -> SentInteraction:
        """Ask what may be typed into a command, as a member does with each letter."""
        focused = {"name": option, "type": 3, "value": typed, "focused": True}
        data = {"id": "77", "name": command, "type": 1, "options": [focused]}
        return await self._send_interaction(4, data, member=describe_member(member))

    async def run_subcommand(
        self,
        group: str,
        name: str,
        options: Mapping[str, str] = MappingProxyType({}),
        *,
        member: int,
    ) -> SentInteraction:
        """Send a command of a group."""
        given = [{"name": key, "type": 3, "value": value} for key, value in options.items()]
        chosen = [{"name": name, "type": 1, "options": given}]
        data = {"id": "78", "name": group, "type": 1, "options": chosen}
        return await self._send_interaction(2, data, member=describe_member(member))

    async def click(
        self, custom_id: str, message: Json, *, member: int | None = None
    ) -> SentInteraction:
        """Press a button of a message."""
        data = {"custom_id": custom_id, "component_type": BUTTON}
        more = {"member": describe_member(member)} if member else {}
        return await self._send_interaction(3, data, message=message, **more)

    async def choose(
        self, custom_id: str, value: str, message: Json, *, member: int
    ) -> SentInteraction:
        """Choose a value of a select of a message."""
        data = {"custom_id": custom_id, "component_type": SELECT, "values": [value]}
        return await self._send_interaction(
            3, data, message=message, member=describe_member(member)
        )

    async def submit(self, custom_id: str) -> SentInteraction:
        """Send a form."""
        return await self._send_interaction(5, {"custom_id": custom_id, "components": []})

    async def drop(self, *, code: int) -> None:
        """Close the gateway's connections with a code, as a lost connection does."""
        self.gateway_up.clear()
        for connection in self._up():
            await connection.socket.close(code=code)

    async def ask_to_reconnect(self) -> None:
        self.gateway_up.clear()
        for connection in self._up():
            await connection.send({"op": 7, "d": None})

    @property
    def unanswered(self) -> list[SentInteraction]:
        """What nobody acknowledged in time, whether it reached a connection or not.

        What may still be acknowledged is not among it.
        """
        end = time.monotonic() - LONGEST_WAIT
        sent = self.clicks.values()
        return [one for one in sent if not one.was_in_time and (one.first or one.sent_at < end)]

    @property
    def answered_twice(self) -> list[SentInteraction]:
        """What was acknowledged more than once."""
        return [sent for sent in self.clicks.values() if sent.refused]

    async def ready(self) -> None:
        """Return when the bot is connected to the gateway."""
        async with asyncio.timeout(MAX_WAIT):
            await self.gateway_up.wait()

    async def _send_interaction(self, kind: int, data: Json, **more: Any) -> SentInteraction:
        number = str(next(self._numbers))
        payload = {**describe_interaction(number, kind, data), **more}
        sent = self.clicks[payload["token"]] = SentInteraction(payload)
        sent.sent_at = time.monotonic()
        for connection in self._up():
            if connection.lag:
                later = self._deliver(connection, sent, connection.lag)
                self._deliveries.add(task := asyncio.create_task(later))
                task.add_done_callback(self._deliveries.discard)
            else:
                await self._deliver(connection, sent)
        return sent

    async def _deliver(
        self, connection: GatewayConnection, sent: SentInteraction, lag: float = 0.0
    ) -> None:
        await asyncio.sleep(lag)
        with contextlib.suppress(ConnectionError):  # it is being closed
            await connection.dispatch("INTERACTION_CREATE", sent.payload)
            sent.deliveries += 1

    def _up(self) -> list[GatewayConnection]:
        return [connection for connection in self.connections if connection.is_up]

    async def _me(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return reply({"message": "401: Unauthorized", "code": 0}, 401)
        return reply(describe_bot())

    async def _application(self, _: web.Request) -> web.Response:
        return reply(describe_application())

    async def _sync(self, request: web.Request) -> web.Response:
        commands = await request.json()
        self.syncs.append((request.path, commands))
        return reply(
            [
                {
                    **command,
                    "id": str(500 + place),
                    "application_id": str(APPLICATION),
                    "version": "1",
                }
                for place, command in enumerate(commands)
            ]
        )

    async def _first(self, request: web.Request) -> web.Response:
        came_at = time.monotonic()
        sent = self.clicks[request.match_info["token"]]
        body = await read_body(request)
        if sent.first is not None:
            sent.refused += 1
            return reply({"message": "already acknowledged", "code": 40060}, 400)
        sent.first, sent.first_at = body, came_at
        if body["type"] in (4, 7):
            await self._show(sent, body["data"])
        async with sent.changed:
            sent.changed.notify_all()
        number = sent.payload["id"]
        return reply(
            {
                "interaction": {"id": number, "type": sent.payload["type"]},
                "resource": {
                    "type": body["type"],
                    "message": self._message(body.get("data") or {}),
                },
            }
        )

    async def _edit(self, request: web.Request) -> web.Response:
        sent = self.clicks[request.match_info["token"]]
        body = await read_body(request)
        if self.retry_after:
            wait, self.retry_after = self.retry_after, 0.0
            self.refusals.append(time.monotonic())
            limit = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
            return reply(limit, 429, {"Via": "1.1 google", "Retry-After": str(wait)})
        return reply(await self._show(sent, body))

    async def _follow(self, request: web.Request) -> web.Response:
        sent = self.clicks[request.match_info["token"]]
        message = self._message(await read_body(request))
        async with sent.changed:
            sent.others.append(message)
            sent.changed.notify_all()
        return reply(message)

    async def _show(self, sent: SentInteraction, body: Json) -> Json:
        private = (sent.first or {}).get("data", {}).get("flags", 0) & _EPHEMERAL
        message = self._message(body, private)
        async with sent.changed:
            sent.message = message
            sent.shown.append(text_of(message))
            sent.changed.notify_all()
        return message

    def _message(self, body: Json, flags: int = 0) -> Json:
        for place, part in enumerate(walk(body), 1):
            part["id"] = place
        flags |= body.get("flags", 0) | _COMPONENTS_V2
        return describe_message(str(next(self._numbers)), flags, body.get("components", []))

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        connection = GatewayConnection(socket, time.monotonic(), lag=self.choose_lag())
        self.connections.append(connection)
        try:
            await connection.send({"op": 10, "d": {"heartbeat_interval": 41_250}})
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                await self._hear(connection, json.loads(message.data))
        finally:
            connection.closed_at = time.monotonic()
        return socket

    async def _hear(self, connection: GatewayConnection, said: Json) -> None:
        if said["op"] == 1:
            await connection.send({"op": 11, "d": None})
        elif said["op"] == 2:
            self.identifies.append(said["d"])
            connection.identified_at = time.monotonic()
            ready = {
                "v": 10,
                "user": describe_bot(),
                "guilds": [],
                "session_id": "session",
                "resume_gateway_url": self.gateway,
                "application": {"id": str(APPLICATION), "flags": 0},
            }
            await connection.dispatch("READY", ready)
            self.gateway_up.set()
        elif said["op"] == 6:
            self.resumes.append(said["d"])
            connection.identified_at = time.monotonic()
            await connection.dispatch("RESUMED", {})
            self.gateway_up.set()


async def read_body(request: web.Request) -> Json:
    """Return what a call says, whether files come with it or not."""
    if request.content_type == "application/json":
        body: Json = await request.json()
        return body
    form = await request.post()
    said: Json = json.loads(str(form["payload_json"]))
    return said


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # Discord names no charset, and the library reads JSON only then.
    head = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=head)
