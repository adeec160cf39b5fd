"""A test mail as it was received, and what was asked about it: values alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from bot.records.dkim_key import KeyUnknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import dns.name

    from bot.dns.answer import Answer
    from bot.dns.spf_evaluate import SpfEvaluation
    from bot.names import Domain
    from bot.records.dkim_key import DkimKnowledge
    from bot.records.key_change import KeyChange


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A mail octet for octet, as the probe mailbox holds it; all of it is hostile.

    `receiver` names the domains whose own header fields count: that of the probe address, of its
    MX hosts and of its IMAP server; a host counts where it is of the same organisation as one of
    them. `domain` is the one that is tested; where it is None, that of From is. `dkim` is what is
    known of the key that the mail server signs that domain's mail with, and `change` the other key
    while that is being changed. `is_foreign`: the mailbox is on another server than the mail
    host's, so that the mail really left it.
    """

    raw: bytes
    arrived_at: datetime  # as the mailbox says (INTERNALDATE), aware
    receiver: tuple[Domain, ...]
    domain: Domain | None = None
    dkim: DkimKnowledge = KeyUnknown()  # noqa: RUF009 - a frozen value without fields
    is_foreign: bool = True
    change: KeyChange | None = None


@dataclass(frozen=True, slots=True)
class MailAnswers:
    """What was asked about a mail.

    `keys` are the answers to TXT by the names of the signatures' keys, `policies` those of the
    tree walks of all domains concerned. `spf` is None where the deliverer or the sender is not
    known; `host_addresses` are the mail host's, all of them where `knows_host`.
    """

    keys: Mapping[dns.name.Name, Answer] = field(default_factory=lambda: MappingProxyType({}))
    policies: Mapping[dns.name.Name, Answer] = field(default_factory=lambda: MappingProxyType({}))
    spf: SpfEvaluation | None = None
    host_addresses: frozenset[str] = frozenset()
    knows_host: bool = False
