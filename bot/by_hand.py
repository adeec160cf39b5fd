"""A mail server that the program cannot call: an admin carries out by hand what was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import BackendError, BackendRefused
from bot.requests.backend import Capabilities, DomainLimits, MailHosting, ServerDomain

if TYPE_CHECKING:
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey


class ByHandBackend:
    """A `MailBackend` that knows and does nothing; `name` is what people call the mail server."""

    capabilities = Capabilities()
    refusals: tuple[BackendError, ...] = ()

    def __init__(self, name: str) -> None:
        self.name = name

    def unlock(self) -> None:
        """Do nothing: nothing is ever locked."""

    async def look_up(self, domain: Domain) -> ServerDomain:  # noqa: ARG002 - the protocol's
        """Return that nobody tells."""
        return ServerDomain(MailHosting.UNKNOWN)

    async def domains(self) -> tuple[Domain, ...]:
        """Return that none are told."""
        return ()

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:  # noqa: ARG002 - as above
        """Raise BackendRefused: a key has to be pasted."""
        raise BackendRefused("backend-by-hand")

    async def usual_limits(self) -> DomainLimits:
        """Return that none are known."""
        return DomainLimits()

    async def add_domain(self, domain: Domain, limits: DomainLimits) -> None:  # noqa: ARG002 - as above
        """Raise BackendRefused: it has to be added by hand."""
        raise BackendRefused("backend-by-hand")
