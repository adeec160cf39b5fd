"""Looks whether what was asked for is live: in the DNS, at the mail server, in a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.checks.finding import Check
from bot.checks.report import find_propagation, seconds_left
from bot.net.certificate import Certificate
from bot.requests.dmarc_readiness import has_policy, is_right
from bot.requests.model import RequestKind
from bot.requests.ports import Verification

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import dns.name

    from bot.checks.report import Report
    from bot.dns.answer import Ask
    from bot.names import Domain
    from bot.requests.model import Request
    from bot.requests.ports import Mail


class DomainVerifier:
    """Looks with the core's own `check`, which knows the key and the stage of the domain.

    `ask` is the resolver; `certificate` looks at the web server of the alias with this label.
    """

    def __init__(
        self,
        check: Callable[[Domain], Awaitable[Report]],
        ask: Ask,
        mail: Mail,
        *,
        certificate: Callable[[dns.name.Name], Awaitable[Certificate]],
        webmail_label: str,
    ) -> None:
        self._check = check
        self._ask = ask
        self._mail = mail
        self._certificate = certificate
        self._webmail_label = webmail_label

    async def __call__(self, request: Request) -> Verification:
        """Look once."""
        match request.kind:
            case RequestKind.DKIM:
                report = await self._check(request.domain)
                live = is_right(report, Check.DKIM)
                label = f"{request.selector}._domainkey"
                return await self._see(request, report, Check.DKIM, label, live=live)
            case RequestKind.DMARC:
                report = await self._check(request.domain)
                live = has_policy(report, request.stage or "none")
                return await self._see(request, report, Check.DMARC, "_dmarc", live=live)
            case RequestKind.MAILDOMAIN:
                return Verification(live=await self._mail.knows_domain(request.domain) is True)
            case RequestKind.WEBMAIL:
                return await self._see_webmail(request.domain)

    async def _see(
        self, request: Request, report: Report, check: Check, label: str, *, live: bool
    ) -> Verification:
        if live:
            return Verification(live=True)
        waits = find_propagation(report, check)
        if waits is not None and (left := seconds_left(report, waits)) is not None:
            return Verification(live=False, seen=waits.code, ttl=left)
        own = (finding.code for finding in report.findings if finding.check is check)
        others = (finding.code for finding in report.findings)
        seen = next(own, None) or next(others, "")
        return Verification(live=False, seen=seen, ttl=await self._ttl(request.domain, label))

    async def _see_webmail(self, domain: Domain) -> Verification:
        name = domain.below(self._webmail_label)
        if name is None:
            return Verification(live=False)
        found = await self._certificate(name)
        return Verification(live=found is Certificate.COVERS, seen=found.value)

    async def _ttl(self, domain: Domain, label: str) -> int | None:
        """Return for how many seconds the answer of now stays with the resolver."""
        name = domain.below(label)
        if name is None:
            return None
        answer = await self._ask(name, "TXT")
        return None if answer.failed else answer.ttl
