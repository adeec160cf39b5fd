"""Fetches one small page of a host that a name in somebody's zone leads to, and no more than that.

Such a name may lead anywhere. So the connector looks at it first, no redirect is followed, and time
and size are bounded.
"""

from __future__ import annotations

import asyncio
import http
import ssl
from typing import TYPE_CHECKING

from bot.dns.address_guard import NAME_DIFFERS, AddressFault
from bot.net.connector import ConnectFault, Connector
from bot.net.page import FetchOutcome, Page
from bot.net.page_reply import PageReply, ReplyState
from bot.net.tls import client_context

if TYPE_CHECKING:
    import dns.name

    from bot.dns.answer import Ask
    from bot.net.connection import OpenConnection

LARGEST = 64 * 1024  # octets of a page (RFC 8461 section 3.3 suggests as much)
_HTTPS = 443

_BARRED = {
    AddressFault.NO_ADDRESS: FetchOutcome.NO_ADDRESS,
    AddressFault.PRIVATE: FetchOutcome.PRIVATE,
    AddressFault.NO_ANSWER: FetchOutcome.NO_ANSWER,
}


class HttpsFetcher:
    """Fetches pages over HTTPS, at public addresses alone unless `allow_private`.

    A fetch takes at most `timeout` seconds in all, the questions to the DNS among them.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        port: int = _HTTPS,
        timeout: float = 5.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._connector = Connector(allow_private=allow_private)
        self._port = port
        self._timeout = timeout
        self._context = context

    async def __call__(self, ask: Ask, host: dns.name.Name, path: str) -> Page:
        """Return the page at a path of a host, its name asked for over `ask`; never raises."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._fetch(ask, host, path)
        except TimeoutError:
            return Page(FetchOutcome.NO_ANSWER)

    async def _fetch(self, ask: Ask, host: dns.name.Name, path: str) -> Page:
        found = await self._connector.find_host(ask, host)
        if isinstance(found, AddressFault):
            return Page(_BARRED[found])
        context = self._context or await asyncio.to_thread(client_context)
        try:
            connection = await self._connector.connect(found, self._port, context=context)
        except ssl.SSLCertVerificationError as error:
            differs = error.verify_code == NAME_DIFFERS
            return Page(FetchOutcome.OTHER_NAME if differs else FetchOutcome.INVALID)
        if isinstance(connection, ConnectFault):
            return Page(FetchOutcome.NO_ANSWER)
        try:
            connection.write(self._request(found.text, path))
            return await _read(connection)
        except OSError:
            return Page(FetchOutcome.NO_ANSWER)
        finally:
            connection.close()

    def _request(self, name: str, path: str) -> bytes:
        host = name if self._port == _HTTPS else f"{name}:{self._port}"
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            "User-Agent: cowbell",
            "Accept: text/plain",
            "Accept-Encoding: identity",  # what is small when packed need not be small
            "Connection: close",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")


async def _read(connection: OpenConnection) -> Page:
    """Read the reply to a request, as far as it is of use."""
    reply, state = PageReply(LARGEST), ReplyState.UNFINISHED
    while state is ReplyState.UNFINISHED:
        data = await connection.read()
        state = reply.feed(data) if data else reply.end()
        if reply.status and reply.status != http.HTTPStatus.OK:
            is_redirect = 300 <= reply.status < 400
            outcome = FetchOutcome.REDIRECT if is_redirect else FetchOutcome.STATUS
            return Page(outcome, status=reply.status)
        if not data and state is ReplyState.UNFINISHED:
            return Page(FetchOutcome.NO_ANSWER)
    if state is ReplyState.COMPLETE:
        return Page(FetchOutcome.PAGE, bytes(reply.body), reply.status, reply.media_type)
    outcome = FetchOutcome.TOO_BIG if state is ReplyState.TOO_BIG else FetchOutcome.ODD
    return Page(outcome, status=reply.status)
