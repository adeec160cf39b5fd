"""checkdmarc's library on the same zone, kept from every other network."""

from __future__ import annotations

import sys
import time
from typing import Any, Final

import checkdmarc
import checkdmarc.dnssec
import checkdmarc.smtp
import checkdmarc.utils
import dns.resolver
from dns.nameserver import Do53Nameserver

from benchmarks.child import HOST, BenchmarkError

PEER: Final = f"checkdmarc {checkdmarc.__version__}"
_CACHES: Final[tuple[Any, ...]] = (
    checkdmarc.utils.DNS_CACHE,
    checkdmarc.dnssec.DNSSEC_CACHE,
    checkdmarc.dnssec.DNSKEY_CACHE,
    checkdmarc.dnssec.TLSA_CACHE,
    checkdmarc.smtp.TLS_CACHE,
    checkdmarc.smtp.STARTTLS_CACHE,
)


class PeerCheck:
    """Its check of one domain with all its defaults, which test no SMTP."""

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._servers = [Do53Nameserver(HOST, port)]
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = self._servers

    def measure(self) -> float:
        """Check once, with empty caches, and return the seconds that it took.

        Raises:
            BenchmarkError: it finds fault with the healthy domain.

        """
        empty_caches()
        started = time.perf_counter()
        # Its DNSSEC check reads `nameservers` alone, all others take the resolver.
        result: Any = checkdmarc.check_domains(
            [self._name], resolver=self._resolver, nameservers=self._servers
        )
        seconds = time.perf_counter() - started
        sound = result["mx"]["hosts"] and result["spf"]["valid"] and result["dmarc"]["valid"]
        if not sound:
            raise BenchmarkError(f"{PEER} finds fault with {self._name}: {result}")
        return seconds


def empty_caches() -> None:
    """Let it forget every answer."""
    for cache in _CACHES:
        cache.clear()


def stay_at_home() -> None:
    """Refuse to this process, from now on, to send anything to another machine."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            address = arguments[1]
            if isinstance(address, tuple) and address[0] != HOST:
                raise BenchmarkError(f"something wants to reach {address[0]!r} ({event}).")
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"} and arguments[0] != HOST:
            raise BenchmarkError(f"something wants to look up {arguments[0]!r}.")

    sys.addaudithook(refuse)
