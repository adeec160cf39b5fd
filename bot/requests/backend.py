"""The mail server as this program needs it, whichever software runs there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.errors import BackendError
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the program can ask a mail server and do there without an admin."""

    can_tell_domains: bool = False  # which domains it has, and their keys
    can_make_keys: bool = False
    can_add_domains: bool = False


@dataclass(frozen=True, slots=True)
class DomainLimits:
    """What a new domain may use; the sizes are in MiB."""

    mailboxes: int
    aliases: int
    usual_quota: int  # of a mailbox that is made without saying how large
    mailbox_quota: int  # of one mailbox, at most
    domain_quota: int  # of all mailboxes together


class MailBackend(Protocol):
    """A mail server.

    Each call can be made again: it looks first, makes nothing twice, and replaces nothing. All of
    them raise BackendError where the server does not tell or do what it was asked, also where
    `capabilities` say that it never does.
    """

    @property
    def name(self) -> str:
        """What people know the software or the server by."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do with the access that is configured."""
        ...

    @property
    def limits(self) -> DomainLimits | None:
        """What a domain that `add_domain` adds may use; None where that is not known."""
        ...

    @property
    def refusals(self) -> tuple[BackendError, ...]:
        """Why the server is not called until `unlock`; empty while it is called."""
        ...

    def unlock(self) -> None:
        """Call it again: an admin says that the reason for its refusals is gone."""
        ...

    async def knows_domain(self, domain: Domain) -> bool | None:
        """Return whether the domain is on the server; None where it cannot tell."""
        ...

    async def find_key(self, domain: Domain) -> KnownKey | None:
        """Return the DKIM key that it signs the domain's mail with; None: it has none."""
        ...

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:
        """Return the domain's key; only where there is none, one with this selector is made."""
        ...

    async def add_domain(self, domain: Domain) -> None:
        """Add the domain with `limits`; one that is there already stays as it is."""
        ...
