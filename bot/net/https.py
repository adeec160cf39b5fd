"""Fetches one small page of a host that a name in somebody's zone leads to, and no more than that.

Such a name may lead anywhere. So the connector looks at it first, no redirect is followed, and time
and size are bounded. Where a protocol wants a redirect followed, its host is fetched from anew, by
its name.
"""

from __future__ import annotations

import asyncio
import http
import ssl
from typing import TYPE_CHECKING

from bot.dns.address_guard import NAME_DIFFERS, AddressFault
from bot.net.connector import NOBODY, ConnectFault, Connector
from bot.net.page import FetchOutcome, Page
from bot.net.page_reply import PageReply, ReplyState
from bot.net.tls import web_context

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dns.name

    from bot.dns.answer import Ask
    from bot.net.connection import OpenConnection

LARGEST = 64 * 1024  # octets of a page (RFC 8461 section 3.3 suggests as much)
_HTTPS = 443
_HTTP = 80

_BARRED = {
    AddressFault.NO_ADDRESS: FetchOutcome.NO_ADDRESS,
    AddressFault.PRIVATE: FetchOutcome.PRIVATE,
    AddressFault.NO_ANSWER: FetchOutcome.NO_ANSWER,
}


class HttpsFetcher:
    """Fetches pages over HTTPS, at public addresses alone unless `allow_private`.

    A fetch takes at most `timeout` seconds in all, the questions to the DNS among them. `port` and
    `plain_port` are those of HTTPS and of HTTP; `stand_ins` are as those of the connector.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        port: int = _HTTPS,
        plain_port: int = _HTTP,
        timeout: float = 5.0,
        context: ssl.SSLContext | None = None,
        stand_ins: Mapping[str, str] = NOBODY,
    ) -> None:
        self._connector = Connector(allow_private=allow_private, stand_ins=stand_ins)
        self._port = port
        self._plain_port = plain_port
        self._timeout = timeout
        self._context = context

    async def __call__(
        self,
        ask: Ask,
        host: dns.name.Name,
        path: str,
        *,
        post: str = "",
        plain: bool = False,
    ) -> Page:
        """Return the page at a path of a host, its name asked for over `ask`; never raises.

        `post` is XML that is sent along, `plain` asks without TLS.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._fetch(ask, host, path, post, plain=plain)
        except TimeoutError:
            return Page(FetchOutcome.NO_ANSWER)

    async def _fetch(
        self, ask: Ask, host: dns.name.Name, path: str, post: str, *, plain: bool
    ) -> Page:
        found = await self._connector.find_host(ask, host)
        if isinstance(found, AddressFault):
            return Page(_BARRED[found])
        port, context = self._plain_port, None
        if not plain:
            port = self._port
            context = self._context or await asyncio.to_thread(web_context)
        try:
            connection = await self._connector.connect(found, port, context=context)
        except ssl.SSLCertVerificationError as error:
            differs = error.verify_code == NAME_DIFFERS
            return Page(FetchOutcome.OTHER_NAME if differs else FetchOutcome.INVALID)
        if isinstance(connection, ConnectFault):
            return Page(FetchOutcome.NO_ANSWER)
        try:
            connection.write(self._request(found.text, path, post, plain=plain))
            return await _read(connection)
        except OSError:
            return Page(FetchOutcome.NO_ANSWER)
        finally:
            connection.close()

    def _request(self, name: str, path: str, post: str, *, plain: bool) -> bytes:
        port, usual = (self._plain_port, _HTTP) if plain else (self._port, _HTTPS)
        host = name if port == usual else f"{name}:{port}"
        body = post.encode()
        sent = ("Content-Type: text/xml; charset=utf-8", f"Content-Length: {len(body)}")
        lines = (
            f"{'POST' if body else 'GET'} {path} HTTP/1.1",
            f"Host: {host}",
            "User-Agent: cowbell",
            "Accept: */*",
            "Accept-Encoding: identity",  # what is small when packed need not be small
            "Connection: close",
            *(sent if body else ()),
        )
        return "\r\n".join((*lines, "", "")).encode("ascii") + body


async def _read(connection: OpenConnection) -> Page:
    """Read the reply to a request, as far as it is of use."""
    reply, state = PageReply(LARGEST), ReplyState.UNFINISHED
    while state is ReplyState.UNFINISHED:
        data = await connection.read()
        state = reply.feed(data) if data else reply.end()
        if reply.status and reply.status != http.HTTPStatus.OK:
            is_redirect = 300 <= reply.status < 400
            outcome = FetchOutcome.REDIRECT if is_redirect else FetchOutcome.STATUS
            location = reply.location if is_redirect else ""
            return Page(outcome, status=reply.status, location=location)
        if not data and state is ReplyState.UNFINISHED:
            return Page(FetchOutcome.NO_ANSWER)
    if state is ReplyState.COMPLETE:
        return Page(FetchOutcome.PAGE, bytes(reply.body), reply.status, reply.media_type)
    outcome = FetchOutcome.TOO_BIG if state is ReplyState.TOO_BIG else FetchOutcome.ODD
    return Page(outcome, status=reply.status)
