"""Our check of one domain, again and again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.child import HOST, BenchmarkError
from benchmarks.zones import make_server
from bot.checks.finding import Status
from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.services.domain_check import Checker

if TYPE_CHECKING:
    from bot.checks.report import Report
    from bot.dns.authority import Authorities


class OurCheck:
    """Our check of one domain.

    The resolver may be one that has asked before, so that it knows the round trip. No answer is
    remembered: every check has a checker of its own.
    """

    def __init__(self, name: str, dkim: str) -> None:
        self._domain = Domain.from_ascii(name)
        self._key = key_of(dkim)
        self._server = make_server()

    async def measure(self, resolver: Resolver, authorities: Authorities | None = None) -> float:
        """Check once and return the seconds that it took.

        The domain's name servers are asked too where `authorities` says which may be.

        Raises:
            BenchmarkError: the domain does not come out as healthy as it is.

        """
        started = time.perf_counter()
        checker = Checker(
            resolver.ask,
            self._server,
            now,
            single_server=authorities is None,
            authorities=authorities,
        )
        report = await checker.check(self._domain, self._key)
        seconds = time.perf_counter() - started
        require_healthy(report)
        return seconds


def make_resolver(port: int) -> Resolver:
    """Return a resolver that asks a port of this machine; it wants to be closed."""
    return Resolver((Server(HOST, port),))


def key_of(dkim: str) -> KnownKey:
    """Return a DKIM value as the key that the bot knows of a domain."""
    return KnownKey("dkim", DkimRecord.read(dkim), "mailcow")


def now() -> datetime:
    """Return the time for a report."""
    return datetime.now(UTC)


def require_healthy(report: Report) -> None:
    """Raise BenchmarkError where a healthy domain comes out as unknown, warn or fail."""
    bad = [f.code for f in report.findings if f.severity.rank > Status.INFO.rank]
    if bad or report.status.rank > Status.INFO.rank:
        raise BenchmarkError(f"{report.domain} is healthy but comes out as {', '.join(bad)}.")
