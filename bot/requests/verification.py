"""Finds out whether what was asked for is live: in the DNS, on the server, in a certificate."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.checks.finding import Check
from bot.checks.report import find_propagation, seconds_left
from bot.errors import BackendError
from bot.net.certificate import Certificate
from bot.requests.backend import MailHosting, ServerDomain
from bot.requests.kinds import KINDS
from bot.requests.protocols import Verification
from bot.requests.server_view import OFF, SILENT, judge_hosting, judge_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import dns.name

    from bot.checks.report import Report
    from bot.records.dkim_key import KnownKey
    from bot.requests.backend import MailBackend
    from bot.requests.kinds import PublishedRecord
    from bot.requests.model import Request
    from bot.requests.protocols import Describe, Look

_log = logging.getLogger(__name__)


class DomainVerifier:
    """Looks with `look`, which knows the stage of the domain, and its key.

    A look counts that was made since the request was due, whoever made it. Where the mail server
    tells its keys, it is asked anew each time, and the key that it tells is the one that counts.
    `certificate` looks at the web server of the alias with this label. `describe` puts what was
    seen of a domain into evidence.
    """

    def __init__(
        self,
        look: Look,
        backend: MailBackend,
        *,
        certificate: Callable[[dns.name.Name], Awaitable[Certificate]],
        webmail_label: str,
        describe: Describe,
    ) -> None:
        self._look = look
        self._backend = backend
        self._certificate = certificate
        self._webmail_label = webmail_label
        self._describe = describe

    async def __call__(self, request: Request) -> Verification:
        """Look once, in the way of the request's kind."""
        return await KINDS[request.kind].verify(self, request)

    async def verify_record(self, request: Request, record: PublishedRecord) -> Verification:
        """Check the domain, and say what is in the way where the record is not live.

        A record that an admin pasted is compared with the DNS alone.
        """
        server = await self._look_up(request)
        hosting = MailHosting.UNKNOWN if server is None else server.hosting
        follows = record.is_of_server(request) and self._tells
        if server is not None:
            in_the_way = judge_hosting(server)
            if in_the_way is None and follows:
                in_the_way = judge_key(server, request, self._backend.name)
            if in_the_way is not None:
                return in_the_way
        key = server.key if server is not None and follows else None
        found = await self._look_at_record(request, record, key, hosting)
        if found.live and follows and server is None:  # nobody knows with which key it signs now
            return replace(found, live=False, seen=SILENT)
        return replace(found, hosting=hosting)

    async def _look_at_record(
        self,
        request: Request,
        record: PublishedRecord,
        key: KnownKey | None,
        hosting: MailHosting,
    ) -> Verification:
        report = await self._look(request.domain, key, request.due_at)
        evidence = await self._describe(request.kind, report, hosting)
        if record.is_live(report, request):
            return Verification(live=True, evidence=evidence)
        check = KINDS[request.kind].check
        waits = find_propagation(report, check)
        if waits is not None and (left := seconds_left(report, waits)) is not None:
            return Verification(live=False, seen=waits.code, ttl=left, evidence=evidence)
        seen, ttl = _find_cause(report, check), report.ttl_of(check)
        return Verification(live=False, seen=seen, ttl=ttl, evidence=evidence)

    async def verify_on_server(self, request: Request) -> Verification:
        """Ask the mail server whether it takes mail for the domain."""
        server = await self._backend.look_up(request.domain)
        if server.hosting is not MailHosting.ON:
            off = server.hosting is MailHosting.OFF
            return Verification(live=False, seen=OFF if off else "", hosting=server.hosting)
        report = await self._look(request.domain, None, request.due_at)
        evidence = await self._describe(request.kind, report, server.hosting)
        return Verification(live=True, hosting=server.hosting, evidence=evidence)

    async def verify_certificate(self, request: Request) -> Verification:
        """Look whether the webmail alias leads to us, and only then at its certificate."""
        if request.domain.below(self._webmail_label) is None:
            return Verification(live=False)
        report = await self._look(request.domain, None, request.due_at)
        evidence = await self._describe(request.kind, report, MailHosting.UNKNOWN)
        found = await self.look_at_alias(report)
        if found is None:
            seen = _find_cause(report, Check.WEBMAIL)
            return Verification(live=False, seen=seen, evidence=evidence)
        live = found is Certificate.COVERS
        return Verification(live=live, seen=found.value, evidence=evidence)

    async def look_at_alias(self, report: Report) -> Certificate | None:
        """Return what the certificate of a domain's webmail alias is like.

        None is returned where the report does not show that the alias leads to us.
        """
        name = report.domain.below(self._webmail_label)
        if name is None or not report.passes(Check.WEBMAIL):
            return None
        return await self._certificate(name)

    @property
    def _tells(self) -> bool:
        return self._backend.capabilities.can_tell_domains

    async def _look_up(self, request: Request) -> ServerDomain | None:
        """Return what the mail server has of the domain; None where it does not tell.

        What an admin did by hand is not held against what the server tells.
        """
        if request.by_hand or not self._tells:
            return ServerDomain(MailHosting.UNKNOWN)
        try:
            return await self._backend.look_up(request.domain)
        except BackendError as error:
            _log.info("request %d: the mail server does not tell: %s", request.id, error)
            return None


def _find_cause(report: Report, check: Check) -> str:
    """Return the code of what keeps a check from being right; empty where nothing is found."""
    own = (finding.code for finding in report.findings if finding.check is check)
    others = (finding.code for finding in report.findings)
    return next(own, None) or next(others, "")
