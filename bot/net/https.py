"""Fetches one small page of a host that a name in somebody's zone leads to, and no more than that.

Such a name may lead anywhere. So it is resolved first, only public addresses are connected to, by
that very address, no redirect is followed, and time and size are bounded.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
from typing import TYPE_CHECKING, Any

from bot.dns.address_guard import NAME_DIFFERS, AddressFault, find_addresses
from bot.net.page import FetchOutcome, Page
from bot.net.tls import client_context

if TYPE_CHECKING:
    import ssl

    import dns.name

    from bot.dns.answer import Ask

LARGEST = 64 * 1024  # octets of a page (RFC 8461 section 3.3 suggests as much)


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
        port: int = 443,
        timeout: float = 5.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
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
        addresses = await find_addresses(ask, host, allow_private=self._allow_private)
        if isinstance(addresses, AddressFault):
            return Page(_BARRED[addresses])
        # Loaded late and beside the loop, as the authorities are read: most checks need neither.
        http = await asyncio.to_thread(importlib.import_module, "aiohttp")
        connector = http.TCPConnector(
            resolver=_Fixed(addresses, self._port),
            use_dns_cache=False,
            ssl=self._context or await asyncio.to_thread(client_context),
            force_close=True,
        )
        return await self._request(http, connector, host.to_text(omit_final_dot=True).lower(), path)

    async def _request(self, http: Any, connector: Any, name: str, path: str) -> Page:
        session = http.ClientSession(
            connector=connector,
            cookie_jar=http.DummyCookieJar(),
            auto_decompress=False,
            # What is small when packed need not be small.
            headers={"Accept": "text/plain", "Accept-Encoding": "identity"},
        )
        url = f"https://{name}:{self._port}{path}" if self._port != 443 else f"https://{name}{path}"
        try:
            async with session, session.get(url, allow_redirects=False) as response:
                return await _read(response)
        except http.ClientConnectorCertificateError as error:
            differs = getattr(error.certificate_error, "verify_code", 0) == NAME_DIFFERS
            return Page(FetchOutcome.OTHER_NAME if differs else FetchOutcome.INVALID)
        except (http.ClientError, OSError, ValueError):
            return Page(FetchOutcome.NO_ANSWER)


async def _read(response: Any) -> Page:
    status = int(response.status)
    if 300 <= status < 400:
        return Page(FetchOutcome.REDIRECT, status=status)
    if status != 200:
        return Page(FetchOutcome.STATUS, status=status)
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST:
            return Page(FetchOutcome.TOO_BIG, status=status)
    return Page(FetchOutcome.PAGE, bytes(body), status, str(response.content_type).lower())


class _Fixed:
    """A resolver for aiohttp that knows just the addresses that were looked at.

    No second answer leads elsewhere.
    """

    def __init__(self, addresses: tuple[str, ...], port: int) -> None:
        self._addresses = addresses
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        """Return the addresses in the form that aiohttp wants."""
        return [
            {
                "hostname": host,
                "host": address,
                "port": port or self._port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": socket.IPPROTO_TCP,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in self._addresses
            if family in {0, socket.AF_INET6 if ":" in address else socket.AF_INET}
        ]

    async def close(self) -> None:
        """Close nothing: there is nothing open."""
