"""Hands one mail to the operator's server for sending (RFC 6409), and says what came of it."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from email.policy import SMTP
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from bot.characters import echo
from bot.errors import ProbeError
from bot.probe.bounded_connection import LONGEST_READ, BoundedConnection, find_server, talk

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from email.message import EmailMessage

    from bot.config.mail_urls import MailUrl
    from bot.dns.answer import Ask
    from bot.names import MailAddress

_LONGEST: Final = 45.0  # seconds for all of it
_MOST: Final = 1024 * 1024  # octets of answers
_LOCAL_NAME: Final = "localhost"  # in EHLO: a server for clients takes any (RFC 6409 section 4.1)


class Handover(StrEnum):
    """Whether a server took a mail for sending."""

    TAKEN = "taken"
    REFUSED = "refused"  # it said no: nothing is sent
    FAILED = "failed"  # the conversation ended before the mail was there
    UNCLEAR = "unclear"  # it ended just when the mail was: it may be on its way


@dataclass(frozen=True, slots=True)
class Handed:
    """What came of handing in a mail; `said` are the server's words where it refused, hostile."""

    outcome: Handover
    said: str = ""


class _Smtp(smtplib.SMTP):
    """The library's client over a connection that is there already."""

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection
        super().__init__(local_hostname=_LOCAL_NAME, timeout=LONGEST_READ)

    def _get_socket(self, *_: Any) -> socket.socket:
        return self._connection.open()

    def getreply(self) -> tuple[int, bytes]:
        """Return the server's answer, each octet of it counted."""
        if self.file is None and self.sock is not None:
            reader: Any = self.sock.makefile("rb")
            self.file = self._connection.count(reader)
        return super().getreply()

    def secure(self) -> None:
        """Begin TLS, which has to be offered."""
        url = self._connection.url
        self.ehlo_or_helo_if_needed()
        if not self.has_extn("starttls"):
            raise ProbeError("probe-no-starttls", host=url.host, port=url.port)
        code, _ = self.docmd("STARTTLS")
        if code != 220 or self.sock is None:
            raise ProbeError("probe-no-starttls", host=url.host, port=url.port)
        self.sock = self._connection.secure(self.sock)
        self.file = None  # whatever came before TLS is forgotten (RFC 3207 section 4.2)
        self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


class MailSender:
    """Sends mails from one address by the operator's server; each conversation has an end."""

    def __init__(
        self,
        address: MailAddress,
        url: MailUrl,
        password: str | None,
        ask: Ask,
        *,
        context: ssl.SSLContext | None = None,
        seconds: float = _LONGEST,
    ) -> None:
        self.address = address
        self.url = url
        self._password = password
        self._ask = ask
        self._context = context
        self._seconds = seconds

    async def check(self) -> None:
        """Log in and send nothing. Raises ProbeError."""
        await self._talk(lambda _: None)

    async def send(self, mail: EmailMessage, to: MailAddress) -> Handed:
        """Hand in a mail for one recipient, once; what went wrong is in what comes back."""
        octets = mail.as_bytes(policy=SMTP)  # lines end with CRLF (RFC 5321 section 2.3.8)
        attempt = _Attempt(octets, str(self.address), str(to))
        try:
            await self._talk(attempt)
        except ProbeError as error:
            if attempt.came_to is None:
                outcome = Handover.UNCLEAR if attempt.has_begun else Handover.FAILED
                return Handed(outcome, str(error))
        return attempt.came_to or Handed(Handover.FAILED)

    async def _talk(self, work: Callable[[_Smtp], None]) -> None:
        addresses = await find_server(self._ask, self.url)
        connection = BoundedConnection(self.url, addresses, most=_MOST, context=self._context)
        await talk(connection, lambda: self._run(connection, work), seconds=self._seconds)

    def _run(self, connection: BoundedConnection, work: Callable[[_Smtp], None]) -> None:
        host = self.url.host
        smtp = _Smtp(connection)
        try:
            smtp.connect(host, self.url.port)
            if not (self.url.tls or self.url.is_local):
                smtp.secure()
            smtp.ehlo_or_helo_if_needed()
            if self.url.user:
                smtp.login(self.url.user, self._password or "")
            work(smtp)
            smtp.quit()
        except smtplib.SMTPAuthenticationError:  # what the server says may repeat what it was given
            raise ProbeError("probe-login-refused", host=host) from None
        except smtplib.SMTPServerDisconnected:
            raise ProbeError("probe-cut-off", host=host) from None
        except smtplib.SMTPException as error:
            raise ProbeError("probe-odd", host=host, said=echo(str(error))) from None
        except (OSError, UnicodeError):
            raise ProbeError("probe-cut-off", host=host) from None
        finally:
            smtp.close()


class _Attempt:
    """The one try to hand in a mail, and how far it came, whatever ends the conversation."""

    def __init__(self, mail: bytes, sender: str, recipient: str) -> None:
        self._mail = mail
        self._sender = sender
        self._recipient = recipient
        self.has_begun = False  # the mail itself is being sent
        self.came_to: Handed | None = None

    def __call__(self, smtp: _Smtp) -> None:
        for command, address in ((smtp.mail, self._sender), (smtp.rcpt, self._recipient)):
            code, said = command(address)
            if code // 100 != 2:
                self.came_to = _refuse(code, said)
                return
        self.has_begun = True
        try:
            code, said = smtp.data(self._mail)
        except smtplib.SMTPDataError as error:
            self.came_to = _refuse(error.smtp_code, error.smtp_error)
            return
        self.came_to = Handed(Handover.TAKEN) if code // 100 == 2 else _refuse(code, said)


def _refuse(code: int, said: bytes | str) -> Handed:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Handed(Handover.REFUSED, echo(f"{code} {text}"))
