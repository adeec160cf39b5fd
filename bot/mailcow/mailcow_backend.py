"""Mailcow as the mail server that requests and checks know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.mailcow.values import USUAL_LIMITS
from bot.requests.backend import Capabilities

if TYPE_CHECKING:
    from bot.errors import BackendError
    from bot.mailcow.api import Mailcow
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey
    from bot.requests.backend import DomainLimits


class MailcowBackend:
    """Does everything over Mailcow's API; see `bot.requests.backend.MailBackend`.

    `selector` is for the key that Mailcow makes together with a new domain.
    """

    def __init__(self, mailcow: Mailcow, selector: str) -> None:
        self._mailcow = mailcow
        self._selector = selector

    @property
    def name(self) -> str:
        """Return the name of the software."""
        return "Mailcow"

    @property
    def capabilities(self) -> Capabilities:
        """Return what its keys allow: it always reads, and writes with a key for that."""
        can_write = self._mailcow.can_write
        return Capabilities(
            can_tell_domains=True, can_make_keys=can_write, can_add_domains=can_write
        )

    @property
    def limits(self) -> DomainLimits:
        """Return Mailcow's own limits."""
        return USUAL_LIMITS

    @property
    def refusals(self) -> tuple[BackendError, ...]:
        """Return why keys are not used any more."""
        return self._mailcow.refusals

    def unlock(self) -> None:
        """Use all keys again."""
        self._mailcow.unlock()

    async def knows_domain(self, domain: Domain) -> bool | None:
        """Return whether Mailcow has the domain, be it as an alias domain."""
        return await self._mailcow.find_domain(domain) is not None

    async def find_key(self, domain: Domain) -> KnownKey | None:
        """Return the key that Mailcow signs the domain's mail with; None: it has none."""
        key = await self._mailcow.dkim(domain)
        return None if key is None else key.known

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:
        """Return the domain's key; only where there is none, one is made."""
        return (await self._mailcow.find_or_make_dkim(domain, selector)).known

    async def add_domain(self, domain: Domain) -> None:
        """Add the domain with Mailcow's own limits; one that is there already stays as it is."""
        await self._mailcow.add_domain(domain, USUAL_LIMITS, selector=self._selector)
