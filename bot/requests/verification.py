"""Finds out whether what was asked for is live: in the DNS, on the server, in a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Check, Status
from bot.checks.report import find_propagation, seconds_left
from bot.net.certificate import Certificate
from bot.requests.kinds import KINDS
from bot.requests.protocols import Verification

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import dns.name

    from bot.checks.report import Report
    from bot.dns.answer import Ask
    from bot.names import Domain
    from bot.requests.backend import MailBackend
    from bot.requests.kinds import PublishedRecord
    from bot.requests.model import Request


class DomainVerifier:
    """Checks with the core's own `check`, which knows the key and the stage of the domain.

    `ask` is the resolver; `certificate` looks at the web server of the alias with this label.
    """

    def __init__(
        self,
        check: Callable[[Domain], Awaitable[Report]],
        ask: Ask,
        backend: MailBackend,
        *,
        certificate: Callable[[dns.name.Name], Awaitable[Certificate]],
        webmail_label: str,
    ) -> None:
        self._check = check
        self._ask = ask
        self._backend = backend
        self._certificate = certificate
        self._webmail_label = webmail_label

    async def __call__(self, request: Request) -> Verification:
        """Look once, in the way of the request's kind."""
        return await KINDS[request.kind].verify(self, request)

    async def verify_record(self, request: Request, record: PublishedRecord) -> Verification:
        """Check the domain, and say what is in the way where the record is not live."""
        report = await self._check(request.domain)
        if record.is_live(report, request):
            return Verification(live=True)
        waits = find_propagation(report, record.check)
        if waits is not None and (left := seconds_left(report, waits)) is not None:
            return Verification(live=False, seen=waits.code, ttl=left)
        own = (finding.code for finding in report.findings if finding.check is record.check)
        others = (finding.code for finding in report.findings)
        seen = next(own, None) or next(others, "")
        ttl = await self._ttl(request.domain, record.label(request))
        return Verification(live=False, seen=seen, ttl=ttl)

    async def verify_on_server(self, request: Request) -> Verification:
        """Ask the mail server whether it has the domain."""
        return Verification(live=await self._backend.knows_domain(request.domain) is True)

    async def verify_certificate(self, request: Request) -> Verification:
        """Look whether the webmail alias leads to us, and only then at its certificate."""
        name = request.domain.below(self._webmail_label)
        if name is None:
            return Verification(live=False)
        report = await self._check(request.domain)
        result = next(result for result in report.results if result.check is Check.WEBMAIL)
        if result.status is not Status.PASS:
            own = (f.code for f in report.findings if f.check is Check.WEBMAIL)
            others = (f.code for f in report.findings)
            return Verification(live=False, seen=next(own, None) or next(others, ""))
        found = await self._certificate(name)
        return Verification(live=found is Certificate.COVERS, seen=found.value)

    async def _ttl(self, domain: Domain, label: str) -> int | None:
        """Return for how many seconds the answer of now stays with the resolver."""
        name = domain.below(label)
        if name is None:
            return None
        answer = await self._ask(name, "TXT")
        return None if answer.failed else answer.ttl
