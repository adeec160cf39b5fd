"""All that is known of a mail when it is judged: what was received, read, asked and configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.records.dkim_key import KnownKey, NoKeyYet

if TYPE_CHECKING:
    from bot.checks.mail.mail_reading import MailReading
    from bot.checks.mail.received_mail import MailAnswers, ReceivedMail
    from bot.checks.mail.trace_fields import Receiver, Trace
    from bot.names import Domain
    from bot.records.mail_server import MailServer


@dataclass(frozen=True, slots=True)
class MailEvidence:
    """All that is known of a mail when it is judged."""

    mail: ReceivedMail
    server: MailServer
    reading: MailReading
    trace: Trace
    receiver: Receiver
    answers: MailAnswers

    @property
    def tested(self) -> Domain | None:
        """The domain that is tested: the one that was to be, else that of From."""
        return self.mail.domain or self.reading.from_domain

    @property
    def selector(self) -> str:
        """The selector that the mail server signs with, by what is known of its key."""
        known = self.mail.dkim
        return known.selector if isinstance(known, KnownKey) else self.server.dkim_selector

    def is_foreign_key(self, octets: bytes) -> bool:
        """Whether the mail server is known not to sign the tested domain's mail with a key."""
        known = self.mail.dkim
        if isinstance(known, KnownKey):
            return known.record.key != octets
        return isinstance(known, NoKeyYet)

    @property
    def deliverer(self) -> str:
        """The address that handed the mail to the receiver; empty where it is not told."""
        return "" if self.trace.border is None else self.trace.border.address

    @property
    def is_from_host(self) -> bool:
        """Whether the mail host brought the mail.

        In a mailbox of its own it did where somebody handed it in there with name and password.
        """
        if not self.mail.is_foreign:
            return self.trace.submitted
        return self.deliverer in self.answers.host_addresses
