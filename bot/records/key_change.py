"""A DKIM key that takes another one's place, and which records the domain needs meanwhile.

Receivers look for the key that a mail names when the mail arrives (RFC 6376 section 3.1), which
can be days after it was signed: so both records are there for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.records.dkim_key import KnownKey


class KeyRole(StrEnum):
    """What the key is that the mail server does not sign with."""

    NEXT = "next"  # the new one: its record is to be published beside the one in use
    FORMER = "former"  # the old one: mails that it signed are under way, so its record stays
    DONE = "done"  # the old one: its record is to be taken out of the DNS


@dataclass(frozen=True, slots=True)
class KeyChange:
    """The other key of a domain whose key is being changed, beside the one that signs."""

    role: KeyRole
    key: KnownKey
    until: datetime | None = None  # of FORMER: how long its record stays at least
