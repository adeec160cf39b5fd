"""A server that takes mails for sending, on a loopback address."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from aiosmtpd.smtp import Envelope, Session


class Takes:
    """Takes every mail, and answers as it is told to."""

    def __init__(self, data: str = "250 OK", rcpt: str = "250 OK") -> None:
        self.mails: list[Envelope] = []
        self._data = data
        self._rcpt = rcpt

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if self._rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self._rcpt

    async def handle_DATA(  # noqa: N802 - the library's name
        self, server: SMTP, _: Session, envelope: Envelope
    ) -> str:
        self.mails.append(envelope)
        if self._data == "hang up":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return self._data


@asynccontextmanager
async def serving(
    handler: Takes, *, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """Run a server; yield its port. `tls` begins with the first octet."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="smtp", loop=loop, **options), "127.0.0.1", 0, ssl=tls
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0)
