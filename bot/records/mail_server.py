"""The mail server as its members see it: names, addresses of pages, and what is handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.names import text_of

if TYPE_CHECKING:
    import dns.name

USUAL_OFFER: Final = frozenset({"webmail", "autoconfig", "autodiscover"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """What the operator configured about the mail server; see .env.example for each field."""

    host: dns.name.Name  # absolute; IMAP, SMTP, POP and MX host
    spf: str  # the SPF value to hand out
    dmarc: str  # the whole strict DMARC value
    name: str = "Mailcow"
    about: str = ""
    pop: bool = True
    webmail_url: str = ""
    password_url: str = ""
    admin_contact: str = ""
    mx_priority: int = 10
    record_ttl: int = 3600  # seconds
    webmail_label: str = "mail"
    dkim_selector: str = "dkim"
    cert_issuer: str = "letsencrypt.org"  # whose certificates it uses, as CAA names them (RFC 8659)
    dmarc_rua: str = ""  # comma-separated mailto: addresses (RFC 9989 section 4.7)
    offer: frozenset[str] = USUAL_OFFER  # names of optional checks
    is_mailcow: bool = False  # its pages are Mailcow's
    tells_admin: bool = False  # of its faults, in a channel that is configured

    @property
    def host_text(self) -> str:
        """The host without its final dot, as people type it."""
        return text_of(self.host)
