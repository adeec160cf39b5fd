"""Mails for the tests of the probe mailbox, and what looks into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.config.mail_urls import read_imap_url
from bot.names import MailAddress
from bot.probe.mailbox import ProbeMailbox

if TYPE_CHECKING:
    import ssl

    import dns.name
    import dns.rdatatype

    from bot.demo.mailbox_double import MailboxDouble
    from bot.dns.answer import Answer
    from bot.dns.owner_name import AnyName

PROBE = MailAddress.parse("probe@else.example")


async def ask_nobody(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
    """Fail: a mailbox on this machine needs no DNS."""
    raise AssertionError((name, rdtype))


def mailbox_of(
    double: MailboxDouble,
    *,
    context: ssl.SSLContext | None = None,
    seconds: float | None = None,
    password: str | None = None,
) -> ProbeMailbox:
    """Return what looks into the double."""
    return ProbeMailbox(
        PROBE,
        read_imap_url(double.url),
        double.password if password is None else password,
        ask_nobody,
        context=context,
        seconds=seconds,
    )


def make_mail(
    to: str = "probe@else.example",
    subject: str = "Hello",
    *,
    head: str = "",
    body: str = "Moo.\r\n",
) -> bytes:
    """Return a mail octet for octet."""
    lines = (
        *([head.rstrip("\r\n")] if head else []),
        "From: Ann <ann@friend.example>",
        f"To: {to}",
        f"Subject: {subject}",
        "Message-ID: <1@friend.example>",
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
