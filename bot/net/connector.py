"""The one way to other hosts: a name is resolved, looked at, and connected to by what was found.

A name in somebody's zone may lead anywhere. So public addresses alone are connected to, by that
very address, so that no second answer of the DNS leads elsewhere.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.dns.address_guard import AddressFault, find_addresses
from bot.net.connection import OpenConnection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import dns.name

    from bot.dns.answer import Ask

_LONGEST: Final = 8.0  # seconds of trying all addresses
_PER_ADDRESS: Final = 4.0  # seconds of one: lost packets are sent again after 1 and after 3 s
_NOWHERE: Final = MappingProxyType[int, int]({})
NOBODY: Final = MappingProxyType[str, str]({})  # no stand-ins

# What this machine or a firewall on the way says, and not the host (RFC 1122 section 3.2.2.1).
_OURS = frozenset(
    {
        errno.ENETUNREACH,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.EACCES,
        errno.EPERM,
        errno.EADDRNOTAVAIL,
        errno.EAFNOSUPPORT,
    }
)


class ConnectFault(Enum):
    """Why nobody was connected to."""

    REFUSED = auto()  # by the host itself: nobody listens at that port
    NO_ANSWER = auto()  # nothing came back in time
    BLOCKED = auto()  # this machine or its network lets nobody out to there


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A name and the addresses that it may be connected to by; a `Connector` alone makes it."""

    name: dns.name.Name
    addresses: tuple[str, ...]

    @property
    def text(self) -> str:
        """The name as a certificate has it: in lower case, without its final dot."""
        return self.name.to_text(omit_final_dot=True).lower()


class Connector:
    """Connects to public addresses alone, unless `allow_private`.

    The names in `configured` are those that the operator wrote into the settings: they may be
    private. `ports` says which port number is connected to in place of another, and `stand_ins`
    which address, both for tests and for the demo. Trying all addresses takes `seconds` at most.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        configured: Collection[dns.name.Name] = (),
        ports: Mapping[int, int] = _NOWHERE,
        stand_ins: Mapping[str, str] = NOBODY,
        seconds: float = _LONGEST,
    ) -> None:
        self._allow_private = allow_private
        self._configured = frozenset(configured)
        self._ports = ports
        self._stand_ins = stand_ins
        self._seconds = seconds

    async def find_host(self, ask: Ask, name: dns.name.Name) -> FoundHost | AddressFault:
        """Return a name with its addresses that may be connected to, or why there are none."""
        addresses = await find_addresses(
            ask,
            name,
            allow_private=self._allow_private or name in self._configured,
            allowed=self._stand_ins,
        )
        return addresses if isinstance(addresses, AddressFault) else FoundHost(name, addresses)

    async def connect(
        self, host: FoundHost, port: int, *, context: ssl.SSLContext | None = None
    ) -> OpenConnection | ConnectFault:
        """Return a connection to the first address of a host that answers, or why there is none.

        With a `context` TLS begins at once, and an address where it fails is passed over too.

        Raises:
            ssl.SSLCertVerificationError: a certificate was shown, and is refused.

        """
        faults = set[ConnectFault]()
        seconds = min(_PER_ADDRESS, self._seconds / len(host.addresses))
        for address in host.addresses:
            connection = await self._connect_to(address, port, seconds)
            if isinstance(connection, ConnectFault):
                # No way to IPv6 at all says nothing of the host.
                if connection is not ConnectFault.BLOCKED or ":" not in address:
                    faults.add(connection)
                continue
            if context is None:
                return connection
            try:
                await connection.start_tls(context, host.text)
            except ssl.SSLCertVerificationError:
                connection.close()
                raise
            except (OSError, EOFError, UnicodeError):
                # A zone may name a host by any octets; for some names TLS cannot even be begun.
                connection.close()
                faults.add(ConnectFault.NO_ANSWER)
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        return _worst(faults)

    async def _connect_to(
        self, address: str, port: int, seconds: float
    ) -> OpenConnection | ConnectFault:
        place = self._stand_ins.get(address, address), self._ports.get(port, port)
        try:
            async with asyncio.timeout(seconds):
                return await OpenConnection.open(address, *place)
        except ConnectionRefusedError:
            return ConnectFault.REFUSED
        except OSError as error:
            return ConnectFault.BLOCKED if error.errno in _OURS else ConnectFault.NO_ANSWER


def _worst(faults: set[ConnectFault]) -> ConnectFault:
    """Return what is known of all addresses: refused where each of them refused."""
    order = ConnectFault.NO_ANSWER, ConnectFault.REFUSED, ConnectFault.BLOCKED
    return next((fault for fault in order if fault in faults), ConnectFault.BLOCKED)
