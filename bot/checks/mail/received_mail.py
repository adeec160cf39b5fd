"""A test mail as it was received, and what was asked about it: values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import dns.name

    from bot.dns.answer import Answer
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.names import Domain


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail octet for octet, as the probe mailbox holds it; all of it is hostile.

    `receiver` names the domains whose own header lines count: that of the probe address, of its
    MX hosts and of its IMAP server. `is_foreign`: the mailbox is on another server than the mail
    host's, so that the mail really left it.
    """

    raw: bytes
    arrived_at: datetime  # as the mailbox says (INTERNALDATE)
    receiver: tuple[Domain, ...]
    is_foreign: bool = True


@dataclass(frozen=True, slots=True)
class MailAnswers:
    """What was asked about a mail: keys by owner name, the DMARC policy, SPF of the deliverer."""

    keys: Mapping[dns.name.Name, Answer] = field(default_factory=lambda: MappingProxyType({}))
    policies: Mapping[dns.name.Name, Answer] = field(default_factory=lambda: MappingProxyType({}))
    spf: SpfEvaluation | None = None  # None: the deliverer or the sender is not known
