"""Domains whose web servers tell mail programs something, over real sockets: discovery.yaml."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import yaml

from authority import Authority
from bot.checks.observe.optional_records import OptionalSources
from bot.demo.zone_server import ZoneServer
from bot.demo.zones import Zones
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.https import HttpsFetcher
from bot.services.domain_check import Checker
from deceiving_zones import DOMAIN, FILE, KNOWN, SERVER, load_healthy

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

    from bot.checks.report import Report

DATA = Path(__file__).parent / "data" / "discovery.yaml"
OURS, WEBSITE, OLD, BARRED = "127.0.0.25", "127.0.0.80", "127.0.0.66", "127.0.0.99"
STAND_INS = {"198.51.100.25": OURS, "203.0.113.80": WEBSITE, "192.0.2.66": OLD}
NAMES = (
    *("friend.example", "*.friend.example", "mx1.cow.example"),
    *("autodiscover.old.example", "imap.old.example"),
)
OLD_ZONE = "".join(
    f"{label} A 192.0.2.66\n"
    for label in ("@", "autoconfig", "autodiscover", "imap", "smtp", "mail")
)


@dataclass(frozen=True, slots=True)
class DiscoveryCase:
    """One domain, what is answered where, and what has to be found."""

    name: str
    add: tuple[str, ...] = ()
    web: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    want: tuple[str, ...] = ()
    says: str = ""
    fixes: tuple[str, ...] = ()
    server: tuple[str, ...] = ()
    expired: bool = False
    note: str = ""

    @property
    def zones(self) -> Zones:
        """The mail records of a healthy domain, and the lines of the case."""
        kept = [line for line in load_healthy() if line.split()[1] in {"MX", "TXT"}]
        texts = {**FILE.base_zones, "old.example": OLD_ZONE}
        texts[DOMAIN.ascii] = "\n".join((*kept, *self.add))
        texts["cow.example"] += "\nmail A 198.51.100.25\n"
        return Zones.of(texts)


def load_discovery_cases() -> tuple[DiscoveryCase, ...]:
    """Return the cases of the file."""
    raw: Any = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    lists = ("add", "want", "fixes", "server")
    rows = ({**row, **{key: tuple(row.get(key, ())) for key in lists}} for row in raw["zones"])
    return tuple(DiscoveryCase(**row) for row in rows)


@dataclass
class Web:
    """The web servers of a case: `asked` are method, address and local address of each request."""

    case: DiscoveryCase
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    brought: list[str] = field(default_factory=list)
    https: int = 0
    http: int = 0
    count: itertools.count[int] = field(default_factory=itertools.count)

    @asynccontextmanager
    async def serving(self, context: ssl.SSLContext) -> AsyncIterator[Web]:
        """Listen at all addresses of the world, with TLS and without, until the block ends."""
        servers = []
        for scheme, tls in (("https", context), ("http", None)):
            sockets = _listen(OURS, WEBSITE, OLD, BARRED)
            setattr(self, scheme, sockets[0].getsockname()[1])
            serve = self._handler(scheme)
            servers += [await asyncio.start_server(serve, sock=one, ssl=tls) for one in sockets]
        try:
            yield self
        finally:
            for server in servers:
                server.close()
                await server.wait_closed()

    def _handler(self, scheme: str) -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                (method, target, _), *lines = (line.split() for line in head.splitlines() if line)
                fields = {line[0].lower(): line[1] for line in lines}
                size = int(fields.get("content-length:", 0))
                self.brought.append((await reader.readexactly(size)).decode())
                host = fields["host:"].rpartition(":")[0]
                url = f"{scheme}://{host}{target.partition('?')[0]}"
                local = writer.get_extra_info("sockname")[0]
                self.asked.append((method, f"{scheme}://{host}{target}", local))
                answer = self.case.web.get(url) or self.case.web.get("*", {"status": 404})
                if answer.get("silent"):
                    await reader.read()  # until the other side has had enough
                writer.write(_reply(answer, next(self.count)))
                await writer.drain()
                writer.close()
            except (OSError, EOFError):
                writer.transport.abort()

        return serve


async def check_discovery(case: DiscoveryCase, folder: Path) -> tuple[Report, Web]:
    """Return the report of a case, with the web servers standing in for those of its zones."""
    authority = Authority(folder)
    lasts = timedelta(days=-1) if case.expired else timedelta(days=1)
    async with (
        Web(case).serving(authority.serving(*NAMES, lasts=lasts)) as web,
        ZoneServer(case.zones) as server,
        Resolver([Server(*server.address)]) as resolver,
    ):
        fetch = HttpsFetcher(
            allow_private=False,
            port=web.https,
            plain_port=web.http,
            context=authority.trusting(),
            stand_ins=STAND_INS,
        )
        checker = Checker(
            resolver.ask,
            SERVER,
            lambda: datetime(2026, 11, 23, tzinfo=UTC),
            sources=OptionalSources(fetch=fetch),
        )
        return await checker.check(DOMAIN, KNOWN), web


def autoconfig_file(told: Mapping[str, Any]) -> str:
    """Return a file as Mailcow gives it, but for what a case has otherwise."""
    host, user = told.get("host", "mx1.cow.example"), told.get("user", "%EMAILADDRESS%")
    socket_type, auth = told.get("socket", "SSL"), told.get("auth", "password-cleartext")
    rows: list[tuple[object, ...]] = [
        ("incoming", "imap", host, told.get("port", 993), socket_type),
        ("incoming", "imap", host, 143, "STARTTLS"),
        ("incoming", "pop3", host, 995, "SSL"),
        ("outgoing", "smtp", told.get("smtp_host", host), told.get("smtp_port", 465), "SSL"),
        ("outgoing", "smtp", host, 587, "STARTTLS"),
    ]
    if told.get("smtp_port") == 587:
        del rows[3]
    servers = "".join(
        f'<{way}Server type="{kind}"><hostname>{escape(str(name))}</hostname><port>{port}</port>'
        f"<socketType>{security}</socketType><username>{user}</username>"
        f"<authentication>{auth}</authentication></{way}Server>\n"
        for way, kind, name, port, security in rows
    )
    return (
        '<?xml version="1.0"?>\n<clientConfig version="1.1"><emailProvider id="mx1.cow.example">'
        f"<domain>%EMAILDOMAIN%</domain>{servers}</emailProvider></clientConfig>"
    )


def autodiscover_answer(told: Mapping[str, Any]) -> str:
    """Return an answer as Mailcow gives it for an address that it has, but for what differs."""
    host = told.get("host", "mx1.cow.example")
    rows = (("IMAP", told.get("port", 993)), ("SMTP", told.get("smtp_port", 465)))
    user = told.get("user", "cowbell-check@friend.example")
    protocols = "".join(
        f"<Protocol><Type>{kind}</Type><Server>{host}</Server><Port>{port}</Port>"
        f"<LoginName>{user}</LoginName><SPA>{told.get('spa', 'off')}</SPA>"
        f"<SSL>{told.get('ssl', 'on')}</SSL><AuthRequired>on</AuthRequired></Protocol>"
        for kind, port in rows
    )
    schemas = "http://schemas.microsoft.com/exchange/autodiscover"
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<Autodiscover xmlns="{schemas}/responseschema/2006">'
        f'<Response xmlns="{schemas}/outlook/responseschema/2006a"><Account>'
        f"<AccountType>email</AccountType><Action>settings</Action>{protocols}</Account>"
        "</Response></Autodiscover>"
    )


def _reply(answer: Mapping[str, Any], number: int) -> bytes:
    status, media, body, more = answer.get("status", 200), "application/xml", "", ""
    if "autoconfig" in answer:
        body = autoconfig_file(answer["autoconfig"])
    elif "autodiscover" in answer:
        body = autodiscover_answer(answer["autodiscover"])
    elif "json" in answer:
        told = {"Protocol": "ActiveSync", "Url": f"https://{answer['json']}/ActiveSync"}
        body, media = json.dumps(told), "application/json"
    elif "html" in answer:
        body, media = f"<!doctype html><title>{answer['html']}</title><p>&nbsp;", "text/html"
    elif where := answer.get("location") or answer.get("counting"):
        counted = number if "counting" in answer else ""
        status, more = 302, f"Location: {where}{counted}\r\n"
    else:
        body = answer.get("xml", "")
    sent: bytes = (body + " " * answer.get("padding", 0)).encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: {media}\r\nContent-Length: {len(sent)}\r\n"
    return f"{head}{more}\r\n".encode() + sent


def _listen(*addresses: str) -> list[socket.socket]:
    """Return sockets that listen at one port of all these addresses."""
    first = socket.create_server((addresses[0], 0))
    port = first.getsockname()[1]
    return [first, *(socket.create_server((address, port)) for address in addresses[1:])]
