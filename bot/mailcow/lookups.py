"""What can be asked of Mailcow: domains, keys, mailboxes, templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

from bot.errors import BackendRefused
from bot.mailcow import parse
from bot.mailcow.transport import PROBE
from bot.mailcow.values import MailDomain
from bot.requests.backend import DomainLimits

if TYPE_CHECKING:
    from types import TracebackType

    from bot.errors import BackendLocked
    from bot.mailcow.transport import Transport
    from bot.mailcow.values import AliasDomain, Mailbox, MailcowKey
    from bot.names import Domain, MailAddress

# Only these reach a path: Mailcow decodes it and splits it again.
_SAFE_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_SAFE_LOCAL = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


class MailcowLookups:
    """What Mailcow tells. Every call raises BackendError and nothing else that is to be expected.

    The read key is used; without one, the write key is.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def __aenter__(self) -> Self:
        await self._transport.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.close()

    @property
    def can_write(self) -> bool:
        """Whether a key for writing is configured."""
        return self._transport.can_write

    @property
    def has_read_key(self) -> bool:
        """Whether a key of its own is configured for reading."""
        return self._transport.has_read_key

    @property
    def date(self) -> str | None:
        """The Date header of its latest answer; None where there was none yet."""
        return self._transport.date

    @property
    def refusals(self) -> tuple[BackendLocked, ...]:
        """Why Mailcow is not called any more, for an admin; empty while it is."""
        return self._transport.refusals

    def unlock(self) -> None:
        """Call Mailcow again after a 401: an admin says that the reason is gone."""
        self._transport.unlock()

    async def version(self) -> str:
        """Return the release, such as "2026-07a"; a good probe of the key for reading."""
        return parse.read_version(await self._transport.get(PROBE))

    async def find_domain(self, domain: Domain) -> MailDomain | AliasDomain | None:
        """Return what Mailcow has under this name; None: it does not know it."""
        found = parse.read_domain(await self._transport.get(f"domain/{safe_name(domain)}"), domain)
        if found is None or found.domain == domain:
            return found
        return parse.read_alias_domain(await self._transport.get("alias-domain/all"), domain, found)

    async def domain(self, domain: Domain) -> MailDomain | None:
        """Return the mail domain of this name; None also for an alias domain."""
        found = await self.find_domain(domain)
        return found if isinstance(found, MailDomain) else None

    async def domains(self) -> tuple[MailDomain, ...]:
        """Return all mail domains."""
        return parse.read_domains(await self._transport.get("domain/all"))

    async def alias_domains(self) -> tuple[AliasDomain, ...]:
        """Return all alias domains."""
        return parse.read_alias_domains(await self._transport.get("alias-domain/all"))

    async def default_limits(self) -> DomainLimits:
        """Return the limits of the admin's Default template, as far as they can be read."""
        answer = await self._transport.get("domain/template/all")
        return parse.read_default_limits(answer) or DomainLimits()

    async def dkim(self, domain: Domain) -> MailcowKey | None:
        """Return the key that Mailcow signs the domain's mail with; None: it has none.

        It goes on telling the key of a domain that was deleted.

        Raises:
            BackendKeyFaulty: it has one that nobody can use.

        """
        return parse.read_dkim(await self._transport.get(f"dkim/{safe_name(domain)}"), domain)

    async def mailbox(self, address: MailAddress) -> Mailbox | None:
        """Return the mailbox of this address; None: there is none."""
        local = address.local.lower()
        whole = f"{local}@{safe_name(address.domain)}"
        if _SAFE_LOCAL.fullmatch(local):
            return parse.read_mailbox(await self._transport.get(f"mailbox/{whole}"), whole)
        found = await self.mailboxes(address.domain)
        return next((mailbox for mailbox in found if mailbox.address == whole), None)

    async def mailboxes(self, domain: Domain) -> tuple[Mailbox, ...]:
        """Return the mailboxes of a domain; none for one that Mailcow does not know."""
        answer = await self._transport.get(f"mailbox/all/{safe_name(domain)}")
        return parse.read_mailboxes(answer, domain)


def safe_name(domain: Domain) -> str:
    """Return a domain as it may stand in a path or in a field; raises BackendRefused."""
    if not _SAFE_DOMAIN.fullmatch(domain.ascii):
        raise BackendRefused("mailcow-domain-unsafe")
    return domain.ascii
