"""A Mailcow of our own: a real HTTP server with state that answers as release 2026-07a does.

It answers as was measured, quirks included, where Mailcow's own OpenAPI file says otherwise.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECRET_IN_LOG = "SECRET-THAT-MAILCOW-WROTE-INTO-LOG"  # noqa: S105 - made to be looked for
_FAIL2BAN = 10  # refusals within 600 seconds
_WATCHED, _BANNED = 600.0, 1800.0  # seconds
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", re.IGNORECASE)
_SELECTOR = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9][A-Za-z0-9._-]*")


class MailcowFault(StrEnum):
    """A fault that the double shows in all its answers."""

    FINE = "fine"
    BAD_GATEWAY = "502 as HTML: php-fpm is down"
    BROKEN = "500 as HTML"
    FATAL = "200 as HTML: a PHP fatal error"
    EMPTY = "200 with an empty body"
    SILENT = "no answer at all"
    CUT = "the connection closed in the middle of the answer"


@dataclass
class ApiKey:
    """A key of the API, its right and where it may be used from."""

    may_write: bool
    active: bool = True
    addresses: tuple[str, ...] = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class DkimPair:
    """A key pair; both halves as Mailcow keeps them in Redis."""

    selector: str
    public: str
    private: str  # PEM

    @classmethod
    def make(cls, selector: str, bits: int = 2048) -> DkimPair:
        """Return a new pair."""
        key = rsa.generate_private_key(65537, bits)
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return cls(selector, base64.b64encode(public).decode(), private.decode())


@dataclass(frozen=True)
class Call:
    """A request that arrived."""

    method: str
    route: str  # "get/domain/a.test"
    key: str | None
    cookie: str | None
    body: bytes


@dataclass
class MailcowDouble:
    """The server; change its fields to change what it knows and how it behaves."""

    keys: dict[str, ApiKey] = field(default_factory=dict)
    domains: dict[str, dict[str, Any]] = field(default_factory=dict)
    alias_domains: dict[str, str] = field(default_factory=dict)
    dkim: dict[str, DkimPair] = field(default_factory=dict)
    mailboxes: dict[str, dict[str, Any]] = field(default_factory=dict)
    hostname: str = "mx1.cow.example"
    version: str = "2026-07a"

    mood: MailcowFault = MailcowFault.FINE  # of every call
    write_mood: MailcowFault = MailcowFault.FINE  # of writes, beside that
    writes_happen: bool = True  # whether a write of a bad mood is done before the answer is lost
    add_delay: float = 0.0  # seconds between "is there one?" and storing a new DKIM key
    keeps_connections: bool = True  # open, for the caller's next call
    shows_private_keys: bool = True
    splits_txt: bool = False
    # Raw answers that go before everything else, by the start of the route: (status, type, body).
    says: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    ready_keys: deque[DkimPair] = field(
        default_factory=deque
    )  # handed out before new ones are made
    # By domain; taken for the one that is made.
    prepared: dict[str, DkimPair] = field(default_factory=dict)

    before_write: Callable[[], object] | None = None  # called when a write arrives

    calls: list[Call] = field(default_factory=list)
    keys_made: Counter[str] = field(default_factory=Counter)
    sogo_restarts: int = 0

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

    # ── what is set up and looked at ───────────────────────────────────────────────────────────

    def add_domain(self, name: str, *, active: object = 1, **more: Any) -> None:
        """Have it take mail for a domain."""
        self.domains[name] = {"domain_name": name, "domain_h_name": name, "active": active, **more}

    def add_mailbox(self, address: str, *, active: object = 1) -> None:
        """Have it hold a mailbox."""
        domain = address.rpartition("@")[2]
        self.mailboxes[address] = {"username": address, "domain": domain, "active": active}

    def routes(self, method: str | None = None) -> list[str]:
        """Return what was called, in order."""
        return [call.route for call in self.calls if method in {None, call.method}]

    def secrets(self) -> tuple[str, ...]:
        """Return everything that must never show up anywhere."""
        private = [line for pair in self.dkim.values() for line in pair.private.splitlines()[1:-1]]
        encoded = [base64.b64encode(p.private.encode()).decode() for p in self.dkim.values()]
        return (SECRET_IN_LOG, *self.keys, *private, *encoded)

    @property
    def is_banning(self) -> bool:
        """Whether fail2ban has shut the caller out."""
        return time.monotonic() < self._banned_until

    # ── the server ──────────────────────────────────────────────────────────────────────────────

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        response = await self._reply(request)
        if not self.keeps_connections and not response.prepared:
            response.force_close()
        return response

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        # nginx decodes the path and hands it on as ?query=, PHP splits it.
        route = request.query.get("query", request.path.removeprefix("/api/v1/"))
        key = request.headers.get("X-API-Key")
        self.calls.append(Call(request.method, route, key, request.headers.get("Cookie"), body))
        if self.is_banning:
            return _hang_up(request)
        writing = request.method == "POST"
        if writing and self.before_write is not None:
            self.before_write()
        for start, (status, content_type, raw) in self.says.items():
            if route.startswith(start):
                return _say(status, raw, content_type)
        mood = (
            self.write_mood if writing and self.write_mood is not MailcowFault.FINE else self.mood
        )
        if mood is MailcowFault.FINE:
            return await self._answer(request, route, key, body)
        if writing and self.writes_happen:
            await self._answer(request, route, key, body)
        return await self._be_moody(mood, request)

    async def _be_moody(self, mood: MailcowFault, request: web.Request) -> web.StreamResponse:
        if mood is MailcowFault.SILENT:
            await self._silence.wait()
            return _hang_up(request)
        if mood is MailcowFault.CUT:
            return await _cut(request)
        if mood is MailcowFault.BAD_GATEWAY:
            return _say(502, b"<html><h1>502 Bad Gateway</h1><hr>nginx</html>", "text/html")
        if mood is MailcowFault.BROKEN:
            return _say(500, b"<html><h1>500 Internal Server Error</h1></html>", "text/html")
        if mood is MailcowFault.FATAL:
            text = f"<br />\n<b>Fatal error</b>:  Uncaught RedisException {SECRET_IN_LOG}<br />"
            return _say(200, text.encode(), "text/html")
        return _say(200, b"", "text/html")

    async def _answer(
        self, request: web.Request, route: str, secret: str | None, body: bytes
    ) -> web.StreamResponse:
        action, *rest = route.split("/")
        if secret is None:
            return _answer_without_key(request.method, action)
        key = self.keys.get(secret)
        if key is None or not key.active:
            return self._refuse("authentication failed")
        address = request.remote or ""
        if address not in key.addresses:
            return self._refuse(f"api access denied for ip {address}")
        if request.method == "GET" and action == "get":
            return self._get(rest)
        if request.method != "POST" or action not in {"add", "edit", "delete"}:
            return _error(404, "route not found")
        if not key.may_write:
            return _say(
                403, rb'{"type":"error","msg":"API read\/write access denied"}', "text/html"
            )
        return await self._write(request, action, rest, body)

    def _refuse(self, reason: str) -> web.Response:
        now = time.monotonic()
        self._refusals.append(now)
        while self._refusals[0] < now - _WATCHED:
            self._refusals.popleft()
        if len(self._refusals) >= _FAIL2BAN:
            self._banned_until = now + _BANNED
        return _error(401, reason)

    def _get(self, route: list[str]) -> web.Response:
        match route:
            case ["status", "version"]:
                return _json({"version": self.version})
            case ["domain", "all"]:
                return _list(self.domains.values())
            case ["domain", name]:
                return _json(self.domains.get(self.alias_domains.get(name, name), {}))
            case ["alias-domain", "all"]:
                return _list(
                    {"alias_domain": alias, "target_domain": target, "active": 1}
                    for alias, target in self.alias_domains.items()
                )
            case ["dkim", name]:
                pair = self.dkim.get(name)  # case-sensitive, no IDN conversion
                return _json(self._show(pair) if pair else {})
            case ["mailbox", "all"]:
                return _list(self.mailboxes.values())
            case ["mailbox", "all", name]:
                known = name in self.domains
                boxes = self.mailboxes.values()
                return _list(box for box in boxes if not known or box["domain"] == name)
            case ["mailbox", address]:
                return _json(self.mailboxes.get(address, {}))
        return _error(404, "route not found")

    def _show(self, pair: DkimPair) -> dict[str, Any]:
        text = f"v=DKIM1;k=rsa;t=s;s=email;p={pair.public}"
        if self.splits_txt:
            parts = [text[at : at + 255] for at in range(0, len(text), 255)]
            text = " ".join(f'"{part}"' for part in parts)
        size = len(pair.public)
        private = base64.b64encode(pair.private.encode()).decode()
        return {
            "pubkey": pair.public,
            "length": "1024" if size < 391 else "2048" if size < 736 else "4096",
            "dkim_txt": text,
            "dkim_selector": pair.selector,
            "privkey": private if self.shows_private_keys else "",
        }

    async def _write(
        self, request: web.Request, action: str, route: list[str], body: bytes
    ) -> web.Response:
        if request.headers.get("Content-Type") != "application/json":
            return _error(200, "Cannot find attributes in post data")
        try:
            fields = json.loads(body)
        except ValueError:
            return _error(400, "Request body doesn't contain valid json!")
        match action, route:
            case "add", ["dkim"]:
                return await self._add_dkim(fields)
            case "add", ["domain"]:
                return await self._add_domain(fields)
        return _error(404, "route not found")

    async def _add_dkim(self, fields: Any) -> web.Response:
        domains = fields.get("domains", "") if isinstance(fields, dict) else None
        if not isinstance(domains, str):
            return _say(200, b"", "text/html")  # a PHP TypeError: an empty body
        names = [name.strip() for name in re.split(r"[ ,;\n]", domains) if name.strip()]
        if not names:
            return _json({"type": "success", "msg": "Task completed"})
        selector = str(fields.get("dkim_selector", "dkim"))
        size = str(fields.get("key_size", ""))
        return _json([await self._make_pair(name, selector, size) for name in names])

    async def _make_pair(self, name: str, selector: str, size: str) -> dict[str, Any]:
        bits = int(size) if size.isdigit() else 0
        sound = _DOMAIN.fullmatch(name) and _SELECTOR.fullmatch(selector)
        if not sound or bits < 512 or name in self.dkim:
            return _danger(["dkim_domain_or_sel_invalid", name])
        if name not in self.domains and name not in self.alias_domains:
            return _danger(["access_denied", name])
        await asyncio.sleep(self.add_delay)
        ready = self.prepared.get(name)
        if ready is None and self.ready_keys:
            ready = self.ready_keys.popleft()
        if ready is not None:
            pair = DkimPair(selector, ready.public, ready.private)
        else:
            pair = await asyncio.to_thread(DkimPair.make, selector, bits)
        self.dkim[name] = pair  # whoever is last wins
        self.keys_made[name] += 1
        return _said("success", ["dkim_added", name], pair.private)

    async def _add_domain(self, fields: Any) -> web.Response:
        name = str(fields.get("domain", "")).strip().lower()
        if not _DOMAIN.fullmatch(name):
            return _json([_danger("domain_invalid")])
        if name in self.domains or name in self.alias_domains:
            return _json([_danger(["domain_exists", name])])
        if name == self.hostname:
            return _json([_danger("domain_cannot_match_hostname")])
        if int(fields.get("defquota", 3072)) > int(fields.get("maxquota", 10240)):
            return _json([_danger("mailbox_defquota_exceeds_mailbox_maxquota")])
        self.add_domain(name, active=int(fields.get("active", 1)))
        said = []
        size, selector = str(fields.get("key_size", "2048")), fields.get("dkim_selector", "dkim")
        if size != "0":
            if name in self.dkim:
                said.append(_said("success", "domain_add_dkim_available"))
            else:
                said.append(await self._make_pair(name, str(selector), size))
        self.sogo_restarts += bool(int(fields.get("restart_sogo", 0)))
        return _json([*said, _said("success", ["domain_added", name])])


def _answer_without_key(method: str, action: str) -> web.Response:
    if method == "GET":
        return _say(200, b"", "text/html")
    if action == "add":
        return _json([_danger("access_denied")])
    return _error(403, "access_denied")


def _said(kind: str, msg: object, secret: str = "") -> dict[str, Any]:
    """Return one entry; `log` repeats the request, secrets included."""
    log = ["dkim", "add", {"private_key": secret, "note": SECRET_IN_LOG}, None]
    return {"type": kind, "log": log, "msg": msg}


def _danger(msg: object) -> dict[str, Any]:
    return _said("danger", msg)


def _json(value: object) -> web.Response:
    return _say(200, json.dumps(value).encode(), "application/json")


def _list(items: Any) -> web.Response:
    return _json(list(items) or {})


def _error(status: int, text: str) -> web.Response:
    return _say(status, json.dumps({"type": "error", "msg": text}).encode(), "text/html")


def _say(status: int, body: bytes, content_type: str) -> web.Response:
    headers: Mapping[str, str] = {
        "Set-Cookie": "MCSESSID=a-session-that-would-stay-admin; path=/",
        "Content-Type": f"{content_type}; charset=utf-8"
        if "html" in content_type
        else content_type,
    }
    return web.Response(status=status, body=body, headers=headers)


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
