"""Mailcow as the mail server that requests and checks know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import BackendKeyFaulty, BackendRefused
from bot.mailcow.workshop_names import is_workshop_name
from bot.requests.backend import Capabilities, MailHosting, ServerDomain

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.errors import BackendError
    from bot.mailcow.api import Mailcow
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey
    from bot.requests.backend import DomainLimits


class MailcowBackend:
    """Does everything over Mailcow's API; see `bot.requests.backend.MailBackend`.

    `selector` is for the key that Mailcow makes together with a new domain. `unlock_others` has the
    other processes use all keys again, too; None where there are none.
    """

    def __init__(
        self, mailcow: Mailcow, selector: str, unlock_others: Callable[[], None] | None = None
    ) -> None:
        self._mailcow = mailcow
        self._selector = selector
        self._unlock_others = unlock_others

    @property
    def name(self) -> str:
        """Return the name of the software."""
        return "Mailcow"

    @property
    def capabilities(self) -> Capabilities:
        """Return what its keys allow: it always reads, and writes with a key for that."""
        can_write = self._mailcow.can_write
        return Capabilities(
            can_tell_domains=True,
            can_make_keys=can_write,
            can_add_domains=can_write,
            can_rotate_keys=can_write,
        )

    @property
    def refusals(self) -> tuple[BackendError, ...]:
        """Return why keys are not used any more."""
        return self._mailcow.refusals

    def unlock(self) -> None:
        """Use all keys again, here and in the other processes."""
        self._mailcow.unlock()
        if self._unlock_others is not None:
            self._unlock_others()

    async def look_up(self, domain: Domain) -> ServerDomain:
        """Return what Mailcow has of the domain, be it as an alias domain.

        Its keys outlive their domains, so the domain is asked for first. The workshop of rotations
        is no mail domain, and neither is any name below it.
        """
        if is_workshop_name(domain):
            return ServerDomain(MailHosting.ABSENT)
        found = await self._mailcow.find_domain(domain)
        if found is None:
            return ServerDomain(MailHosting.ABSENT)
        hosting = MailHosting.ON if found.active else MailHosting.OFF
        try:
            key = await self._mailcow.dkim(domain)
        except BackendKeyFaulty as error:
            return ServerDomain(hosting, fault=error)
        return ServerDomain(hosting, None if key is None else key.known)

    async def domains(self) -> tuple[Domain, ...]:
        """Return the mail domains and the alias domains that are switched on."""
        domains = [each.domain for each in await self._mailcow.domains() if each.active]
        aliases = [each.domain for each in await self._mailcow.alias_domains() if each.active]
        return tuple(domain for domain in (*domains, *aliases) if not is_workshop_name(domain))

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:
        """Return the domain's key; only where there is none, one is made."""
        _refuse_workshop(domain)
        return (await self._mailcow.find_or_make_dkim(domain, selector)).known

    async def usual_limits(self) -> DomainLimits:
        """Return those of Mailcow's Default template."""
        return await self._mailcow.default_limits()

    async def add_domain(self, domain: Domain, limits: DomainLimits) -> None:
        """Add the domain; one that is there already stays as it is."""
        _refuse_workshop(domain)
        await self._mailcow.add_domain(domain, limits, selector=self._selector)


def _refuse_workshop(domain: Domain) -> None:
    if is_workshop_name(domain):
        raise BackendRefused("mailcow-workshop-name", domain=domain.ascii)
