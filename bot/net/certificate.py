"""Whether the certificate that a web server shows for a name is valid for it (RFC 9525)."""

from __future__ import annotations

import asyncio
import ssl
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.dns.address_guard import NAME_DIFFERS, AddressFault
from bot.net.connector import ConnectFault, Connector
from bot.net.tls import web_context

if TYPE_CHECKING:
    import dns.name

    from bot.dns.answer import Ask


class Certificate(StrEnum):
    """What looking at the certificate of a name came to."""

    COVERS = "covers"
    OTHER_NAME = "certificate-other-name"  # it is for other names
    INVALID = "certificate-invalid"  # expired, or of nobody that browsers trust
    NO_ADDRESS = "certificate-no-address"  # an answer says that the name has none
    NOT_ASKED = "certificate-private-address"  # only addresses that are not connected to
    NO_ANSWER = "certificate-no-answer"  # the DNS or the web server did not answer


_BARRED = {
    AddressFault.NO_ADDRESS: Certificate.NO_ADDRESS,
    AddressFault.PRIVATE: Certificate.NOT_ASKED,
    AddressFault.NO_ANSWER: Certificate.NO_ANSWER,
}


class CertificateCheck:
    """Looks at certificates, at public addresses alone unless `allow_private`.

    `ask` is the resolver; a look takes at most `timeout` seconds in all.
    """

    def __init__(
        self,
        ask: Ask,
        *,
        allow_private: bool,
        port: int = 443,
        timeout: float = 10.0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._ask = ask
        self._connector = Connector(allow_private=allow_private)
        self._port = port
        self._timeout = timeout
        self._context = context

    async def __call__(self, name: dns.name.Name) -> Certificate:
        """Return whether the web server at a name has a certificate for it; never raises."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._look(name)
        except TimeoutError:
            return Certificate.NO_ANSWER

    async def _look(self, name: dns.name.Name) -> Certificate:
        host = await self._connector.find_host(self._ask, name)
        if isinstance(host, AddressFault):
            return _BARRED[host]
        context = self._context or await asyncio.to_thread(web_context)
        try:
            connection = await self._connector.connect(host, self._port, context=context)
        except ssl.SSLCertVerificationError as error:
            differs = error.verify_code == NAME_DIFFERS
            return Certificate.OTHER_NAME if differs else Certificate.INVALID
        if isinstance(connection, ConnectFault):
            return Certificate.NO_ANSWER
        connection.close()
        return Certificate.COVERS
