"""The mail server as this program needs it, whichever software runs there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.errors import BackendError, BackendKeyFaulty
    from bot.names import Domain
    from bot.records.dkim_key import KnownKey


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the program can ask a mail server and do there without an admin."""

    can_tell_domains: bool = False  # which domains it has, and their keys
    can_make_keys: bool = False
    can_add_domains: bool = False
    can_rotate_keys: bool = False  # without the private key leaving it; else an admin does by hand


@dataclass(frozen=True, slots=True)
class DomainLimits:
    """What a new domain may use; sizes are in MiB. None: what the mail server gives by itself."""

    mailboxes: int | None = None
    aliases: int | None = None
    usual_quota: int | None = None  # of a mailbox that is made without saying how large
    mailbox_quota: int | None = None  # of one mailbox, at most
    domain_quota: int | None = None  # of all mailboxes together


class MailHosting(StrEnum):
    """Whether a mail server takes mail for a domain."""

    ON = "on"
    OFF = "off"  # the domain is there, but switched off
    ABSENT = "absent"
    UNKNOWN = "unknown"  # nobody tells


@dataclass(frozen=True, slots=True)
class ServerDomain:
    """What a mail server has of a domain.

    `key` is what it signs the domain's mail with, if it has any that can be used; `fault` is why
    the one that it has cannot be. Of a domain that is not there no key is told, even where the
    server has kept one.
    """

    hosting: MailHosting
    key: KnownKey | None = None
    fault: BackendKeyFaulty | None = None


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
    def refusals(self) -> tuple[BackendError, ...]:
        """Why the server is not called until `unlock`; empty while it is called."""
        ...

    def unlock(self) -> None:
        """Call it again: an admin says that the reason for its refusals is gone."""
        ...

    async def look_up(self, domain: Domain) -> ServerDomain:
        """Return what the server has of a domain now; nothing in it is remembered."""
        ...

    async def domains(self) -> tuple[Domain, ...]:
        """Return the domains that the server takes mail for; for the admin alone."""
        ...

    async def find_or_make_key(self, domain: Domain, selector: str) -> KnownKey:
        """Return the domain's key; only where there is none, one with this selector is made.

        A domain that is not there or switched off gets none.
        """
        ...

    async def usual_limits(self) -> DomainLimits:
        """Return what a new domain may use where nothing else is asked for, as far as known."""
        ...

    async def add_domain(self, domain: Domain, limits: DomainLimits) -> None:
        """Add the domain; one that is there already stays as it is."""
        ...
