"""What Mailcow knows of a mail domain, in values that hold no secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.records.dkim_key import DkimRecord, KeySource, KnownKey

if TYPE_CHECKING:
    from bot.names import Domain


@dataclass(frozen=True, slots=True)
class MailDomain:
    """A domain that Mailcow takes mail for."""

    domain: Domain
    active: bool


@dataclass(frozen=True, slots=True)
class AliasDomain:
    """A domain whose mail Mailcow delivers as if it were sent to another domain."""

    domain: Domain
    target: Domain
    active: bool


@dataclass(frozen=True, slots=True)
class MailcowKey:
    """The DKIM key that Mailcow signs a domain's mail with; the public half alone."""

    domain: Domain
    selector: str
    record: DkimRecord

    @property
    def bits(self) -> int:
        """The length of the key, computed from the key itself."""
        return self.record.bits

    @property
    def known(self) -> KnownKey:
        """The key as a check compares with it."""
        return KnownKey(self.selector, self.record, KeySource.MAIL_SERVER)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox; `address` is lower case, as Mailcow writes it."""

    address: str
    active: bool
