"""The HTTP side of the double: keys, fail2ban, faults of all kinds, and the answers as they go out.

It answers as was measured, quirks included, where Mailcow's own OpenAPI file says otherwise.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from bot.demo.mailcow_double.mailcow_reads import read
from bot.demo.mailcow_double.mailcow_state import MailcowState
from bot.demo.mailcow_double.mailcow_writes import add_without_key, write
from bot.demo.mailcow_double.php_answers import (
    SECRET_IN_LOG,
    PhpAnswer,
    PhpThrow,
    as_error,
    as_html,
    is_down,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_FAIL2BAN = 10  # refusals within 600 seconds
_WATCHED, _BANNED = 600.0, 1800.0  # seconds
_WRITES = frozenset({"add", "edit", "delete"})


class MailcowFault(StrEnum):
    """A fault that the double shows in all its answers."""

    FINE = "fine"
    BAD_GATEWAY = "502 as HTML: php-fpm is down"
    BROKEN = "500 as HTML"
    NO_REDIS = "500 as HTML: Redis is down"
    NO_DATABASE = "500 as HTML: the database is down"
    NO_DOCKERAPI = "500 as HTML: dockerapi is down"
    FATAL = "200 as HTML: a PHP fatal error"
    EMPTY = "200 with an empty body: an exception in every call"
    SILENT = "no answer at all"
    CUT = "the connection closed in the middle of the answer"


_PAGES = {
    MailcowFault.BAD_GATEWAY: as_html(502, "<html><h1>502 Bad Gateway</h1><hr>nginx</html>"),
    MailcowFault.BROKEN: as_html(500, "<html><h1>500 Internal Server Error</h1></html>"),
    MailcowFault.NO_REDIS: is_down("Redis"),
    MailcowFault.NO_DATABASE: is_down("database"),
    MailcowFault.NO_DOCKERAPI: is_down("dockerapi container"),
    MailcowFault.FATAL: as_html(
        200, f"<br />\n<b>Fatal error</b>:  Uncaught RedisException {SECRET_IN_LOG}<br />"
    ),
    MailcowFault.EMPTY: as_html(200, ""),
}


@dataclass
class ApiKey:
    """A key of the API, its right and where it may be used from."""

    may_write: bool
    active: bool = True
    addresses: tuple[str, ...] = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Call:
    """A request that arrived."""

    method: str
    route: str  # "get/domain/a.test"
    key: str | None
    cookie: str | None
    body: bytes


@dataclass(kw_only=True)
class MailcowDouble(MailcowState):
    """The server; change its fields to change what it knows and how it behaves."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    mood: MailcowFault = MailcowFault.FINE  # of every call
    write_mood: MailcowFault = MailcowFault.FINE  # of writes, beside that
    writes_happen: bool = True  # whether a write of a bad mood is done before the answer is lost
    hides_keys: bool = False  # a proxy before it takes the header X-API-Key away
    keeps_connections: bool = True  # open, for the caller's next call
    # Raw answers that go before everything else, by the start of the route: (status, type, body).
    says: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    before_write: Callable[[], object] | None = None  # called when a write arrives
    calls: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._refusals: deque[float] = deque()
        self._banned_until = 0.0
        self._runner: web.AppRunner | None = None
        self._silence = asyncio.Event()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port: int = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._silence.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def routes(self, method: str | None = None) -> list[str]:
        """Return what was called, in order."""
        return [call.route for call in self.calls if method in {None, call.method}]

    def secrets(self) -> tuple[str, ...]:
        """Return everything that must never show up anywhere."""
        return (*self.private_secrets(), *self.keys)

    @property
    def is_banning(self) -> bool:
        """Whether fail2ban has shut the caller out."""
        return time.monotonic() < self._banned_until

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        response = await self._reply(request)
        if not self.keeps_connections and not response.prepared:
            response.force_close()
        return response

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        # nginx decodes the path and hands it on as ?query=, PHP splits it.
        route = request.query.get("query", request.path.removeprefix("/api/v1/"))
        key = None if self.hides_keys else request.headers.get("X-API-Key")
        self.calls.append(Call(request.method, route, key, request.headers.get("Cookie"), body))
        if self.is_banning:
            return _hang_up(request)
        self.sessions += 1
        writing = request.method == "POST"
        if writing and self.before_write is not None:
            self.before_write()
        for start, (status, content_type, raw) in self.says.items():
            if route.startswith(start):
                return _send(PhpAnswer(status, raw, content_type))
        mood = (
            self.write_mood if writing and self.write_mood is not MailcowFault.FINE else self.mood
        )
        if mood is MailcowFault.FINE:
            return _send(await self._answer(request, route, key, body))
        if writing and self.writes_happen:
            await self._answer(request, route, key, body)
        if mood is MailcowFault.SILENT:
            await self._silence.wait()
            return _hang_up(request)
        if mood is MailcowFault.CUT:
            return await _cut(request)
        return _send(_PAGES[mood])

    async def _answer(
        self, request: web.Request, route: str, secret: str | None, body: bytes
    ) -> PhpAnswer:
        if request.headers.get("Sec-Fetch-Dest", "empty") != "empty":
            return as_html(403, "")  # a browser's, and no script's
        refusal = None if secret is None else self._refuse(secret, request.remote or "")
        if refusal is not None:
            return refusal
        try:
            return await self._let_in(request, route, secret, body)
        except PhpThrow:
            return as_html(200, "")

    async def _let_in(
        self, request: web.Request, route: str, secret: str | None, body: bytes
    ) -> PhpAnswer:
        action, *rest = route.split("/")
        if action not in {"get", *_WRITES}:
            return as_error(404, "route not found")
        wanted = "GET" if action == "get" else "POST"
        if request.method != wanted:
            return as_error(405, f"only {wanted} method is allowed")
        if action == "get":
            return as_html(200, "") if secret is None else read(self, rest)
        if secret is None and action != "add":
            return as_error(403, "access_denied")
        if secret is not None and not self.keys[secret].may_write:
            return as_error(403, "API read/write access denied")
        if request.headers.get("Content-Type") != "application/json":
            return as_error(200, "Cannot find attributes in post data")
        try:
            fields: Any = json.loads(body)
        except ValueError:
            return as_error(400, "Request body doesn't contain valid json!")
        if secret is None:
            return add_without_key(self, rest, fields)
        return await write(self, action, rest, fields)

    def _refuse(self, secret: str, address: str) -> PhpAnswer | None:
        """Return the answer to a key that is not let in, which counts for fail2ban."""
        key = self.keys.get(secret)
        if key is None or not key.active:
            reason = "authentication failed"
        elif address not in key.addresses:
            reason = f"api access denied for ip {address}"
        else:
            return None
        now = time.monotonic()
        self._refusals.append(now)
        while self._refusals[0] < now - _WATCHED:
            self._refusals.popleft()
        if len(self._refusals) >= _FAIL2BAN:
            self._banned_until = now + _BANNED
        return as_error(401, reason)


def _send(answer: PhpAnswer) -> web.Response:
    headers = {
        "Set-Cookie": "MCSESSID=a-session-that-would-stay-admin; path=/",
        "Content-Type": answer.content_type,
    }
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 500
    await response.prepare(request)
    await response.write(b'[{"type":"succ')
    return _hang_up(request)
