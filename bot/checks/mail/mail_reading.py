"""What a mail says of itself, before anybody is asked: From, signatures, marks of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.checks.mail.dkim_signature import read_signatures
from bot.checks.mail.header_fields import read_header
from bot.checks.mail.mail_addresses import read_mailboxes

if TYPE_CHECKING:
    from bot.checks.mail.dkim_signature import SignatureField
    from bot.checks.mail.header_fields import MailHeader
    from bot.names import Domain

# Fields that only mailing lists add (RFC 2919, RFC 2369, RFC 8058 not among them).
_OF_LISTS: Final = ("list-id", "list-post", "mailing-list", "x-mailman-version")


@dataclass(frozen=True, slots=True)
class MailReading:
    """A mail's header as far as judging needs it; texts are hostile.

    `from_domain` is that of all addresses in the one From; None where there is no such, and
    `from_fault` is the code of why.
    """

    header: MailHeader
    from_domain: Domain | None
    from_address: str
    from_fault: str
    signatures: tuple[SignatureField, ...]
    is_from_list: bool


def read_mail(raw: bytes, tested: Domain | None) -> MailReading:
    """Return what a mail says; nothing that it may hold raises, and its body is not read.

    `tested` is the domain whose signatures are looked at before others, From's where it is None.
    """
    header = read_header(raw)
    domain, address, fault = _read_from(header)
    signatures = read_signatures(header, tested or domain)
    is_from_list = any(field.key in _OF_LISTS for field in header.fields)
    return MailReading(header, domain, address, fault, signatures, is_from_list)


def _read_from(header: MailHeader) -> tuple[Domain | None, str, str]:
    """Return From's domain, its first address, and the code of what is wrong (RFC 5322 3.6.2)."""
    fields = list(header.all("from"))
    if not fields:
        return None, "", "mail-no-from"
    mailboxes = read_mailboxes(fields[0].text)
    address = mailboxes[0].text if mailboxes else ""
    if len(fields) > 1:
        return None, address, "mail-two-from"
    if mailboxes is None:
        return None, address, "mail-from-odd"
    domains = {mailbox.domain for mailbox in mailboxes}
    if len(domains) > 1:
        return None, address, "mail-several-domains"
    domain = domains.pop()
    return domain, address, "" if domain is not None else "mail-from-odd"
