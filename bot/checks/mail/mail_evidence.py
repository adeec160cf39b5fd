"""All that is known of a mail when it is judged: what was received, read, asked and configured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.records.dkim_key import KnownKey, NoKeyYet
from bot.records.key_change import KeyRole

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

    @property
    def other_key(self) -> KnownKey | None:
        """The other key that a mail which arrived then may be signed with; None for none.

        While a key is being changed that is the new one, which may sign since a moment ago; after
        that the old one, as long as its record is kept for mails that are under way.
        """
        change = self.mail.change
        if change is None or not isinstance(self.mail.dkim, KnownKey):
            return None
        is_over = change.until is not None and self.mail.arrived_at >= change.until
        return None if change.role is KeyRole.DONE or is_over else change.key

    def is_our_selector(self, selector: str) -> bool:
        """Whether a mail of our server may name this selector."""
        other = self.other_key
        ours = {self.selector.lower(), *(() if other is None else (other.selector.lower(),))}
        return selector.lower() in ours

    def is_foreign_key(self, octets: bytes, selector: str) -> bool:
        """Whether the mail server is known not to sign the tested domain's mail with a key.

        `selector` is the one at which the DNS has it.
        """
        known, other = self.mail.dkim, self.other_key
        if other is not None and selector.lower() == other.selector.lower():
            return other.record.key != octets
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
