"""What is on record about requests: themselves, their audit, and the DMARC stages approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.requests.kinds import waits_for_admin
from bot.requests.model import ENDED, State

if TYPE_CHECKING:
    from bot.names import Domain
    from bot.requests.model import AuditEntry, Request, RequestKind
    from bot.requests.protocols import Repositories


class RequestRecords:
    """Reads requests; whether somebody may see them is the caller's matter."""

    def __init__(self, store: Repositories) -> None:
        self._store = store.requests
        self._audit = store.audit
        self._stages = store.stages

    async def get(self, request_id: int) -> Request | None:
        """Return the request with this number; None where there never was one."""
        return await self._store.get(request_id)

    async def of_member(self, member_id: int) -> tuple[Request, ...]:
        """Return a member's requests, latest first."""
        return await self._store.of_member(member_id)

    async def of_domain(self, domain: Domain) -> tuple[Request, ...]:
        """Return all requests for a domain, whoever asked, latest first."""
        return await self._store.of_domain(domain)

    async def kinds_asked(self, domain: Domain) -> frozenset[RequestKind]:
        """Return the kinds of a domain's requests that an admin has to do something about."""
        return frozenset(r.kind for r in await self.of_domain(domain) if waits_for_admin(r))

    async def open_requests(self) -> tuple[Request, ...]:
        """Return the requests that are not at their end, oldest first."""
        return await self._store.in_states(frozenset(State) - ENDED)

    async def waiting_for_admin(self) -> tuple[Request, ...]:
        """Return the requests that an admin has to do something about, oldest first."""
        return await self._store.in_states(frozenset({State.PENDING, State.FAILED}))

    async def audit(self, request_id: int) -> tuple[AuditEntry, ...]:
        """Return what was done to a request, in its order."""
        return await self._audit.of(request_id)

    async def latest_audit(self, limit: int = 25) -> tuple[AuditEntry, ...]:
        """Return what was done last to any request, latest first."""
        return await self._audit.latest(limit)

    async def decisions_of(self, member_id: int) -> int:
        """Return how many steps of requests somebody took as an admin."""
        return await self._audit.count_of_admin(member_id)

    async def approved_stage(self, domain: Domain) -> str | None:
        """Return the DMARC policy approved for a domain last; None where there was none."""
        return await self._stages.of(domain)
