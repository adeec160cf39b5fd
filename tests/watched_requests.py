"""Requests whose looks are real ones: the whole check over real sockets, of one's own zones."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.dns.resolver import Resolver
from bot.dns.server_address import Server
from bot.net.certificate import Certificate
from bot.records.dkim_key import DkimRecord, KeyUnknown, KnownKey
from bot.requests.evidence import take_evidence
from bot.requests.verification import DomainVerifier
from bot.services.domain_check import Checker
from request_parts import FRIEND, KEY, SERVER, Setup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    import dns.name

    from bot.checks.report import Report
    from bot.demo.zone_server import ZoneServer
    from bot.names import Domain
    from bot.requests.backend import MailHosting
    from bot.requests.evidence import Evidence
    from bot.requests.model import Request, RequestKind

MAIL = '@ MX 10 mx1.cow.example.\n@ TXT "v=spf1 include:_spf.cow.example -all"\n'
DKIM = f'dkim._domainkey TXT "{KEY[:200]}" "{KEY[200:]}"\n'
NONE = '_dmarc TXT "v=DMARC1; p=none; sp=none; rua=mailto:dmarc@cow.example"\n'
STRICT = f'_dmarc TXT "{SERVER.dmarc}"\n'


class WatchedSetup(Setup):
    """Requests over a store whose looks are real ones."""

    certificate = Certificate.OTHER_NAME

    async def watch(self, resolver: Resolver) -> None:
        """Open it and look with this resolver."""
        await self.open()
        self.mail.put_domain(FRIEND)
        self.checker = Checker(resolver.ask, SERVER, self.now)
        self.verifier = DomainVerifier(
            self.check,
            self.mail,
            certificate=self.see_certificate,
            webmail_label="mail",
            describe=describe,
        )

    async def check(
        self, domain: Domain, key: KnownKey | None = None, since: datetime | None = None
    ) -> Report:
        """Check with a key that is given, else what the store knows, as the core does."""
        stored = await self.keys.current(domain)
        known = key or (
            stored and KnownKey(stored.selector, DkimRecord.parse(stored.value), stored.source)
        )
        stage = await self.requests.approved_stage(domain)
        return await self.checker.check(domain, known or KeyUnknown(), stage)

    async def see_certificate(self, name: dns.name.Name) -> Certificate:
        """Return what the test has for the alias."""
        assert name.to_text() == "mail.friend.example."
        return self.certificate

    async def now_of(self, request: Request) -> Request:
        """Return a request as it is now."""
        found = await self.requests.get(request.id)
        assert found is not None
        return found


async def describe(kind: RequestKind, report: Report, hosting: MailHosting) -> Evidence:
    """Return what is kept of a look; the plan has no part in it here."""
    return take_evidence(kind, report, hosting)


@asynccontextmanager
async def watching(folder: Path, server: ZoneServer) -> AsyncIterator[WatchedSetup]:
    """Yield requests that are looked at with the answers of this server."""
    async with Resolver([Server(*server.address)]) as resolver:
        parts = WatchedSetup(folder)
        await parts.watch(resolver)
        try:
            yield parts
        finally:
            await parts.close()
