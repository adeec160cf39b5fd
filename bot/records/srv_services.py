"""The SRV records by which mail programs may find the mail server (RFC 6186, RFC 8314)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.names import absolute_text_of

if TYPE_CHECKING:
    from bot.records.mail_server import MailServer


@dataclass(frozen=True, slots=True)
class SrvService:
    """One service that mail programs look up by an SRV record, such as `_imaps._tcp`.

    `usual` is encrypted from the first octet, which RFC 8314 prefers; who has these needs no other.
    `family` is shared by the two ways to the same thing.
    """

    label: str
    port: int
    family: str
    usual: bool

    def value(self, server: MailServer) -> str:
        """Return the record's value: priority, weight, port and target (RFC 2782)."""
        return f"0 1 {self.port} {absolute_text_of(server.host)}"


_SERVICES = (
    SrvService("_imaps._tcp", 993, "imap", usual=True),
    SrvService("_submissions._tcp", 465, "submission", usual=True),
    SrvService("_submission._tcp", 587, "submission", usual=False),
    SrvService("_imap._tcp", 143, "imap", usual=False),
    SrvService("_pop3s._tcp", 995, "pop", usual=False),
)
_WITHOUT_POP = tuple(service for service in _SERVICES if service.family != "pop")


def srv_services(server: MailServer) -> tuple[SrvService, ...]:
    """Return the ways that the mail server offers, the usual ones first."""
    return _SERVICES if server.pop else _WITHOUT_POP
