"""Mails of the demo: signed by its mail host, delivered at another provider, some with a fault."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import dkim
import dns.name
from dns.rdatatype import TXT

from bot.demo import world

if TYPE_CHECKING:
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.demo.mailcow_double.mailcow_state import DkimPair
    from bot.demo.zones import Zones

RECEIVER: Final = "mx.else.example"
_HOST: Final = world.DEMO_ENVIRONMENT["MAIL_HOST"]
_SIGNED: Final = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version")


class MailFate(StrEnum):
    """What happens to a mail between its writer and the mailbox."""

    RIGHT = "right"
    UNSIGNED = "unsigned"  # the mail host does not sign it
    CHANGED = "changed"  # somebody on the way changes its text
    ELSEWHERE = "elsewhere"  # it is sent by another server


def write_mail(
    fate: MailFate,
    domain: str,
    recipient: str,
    zones: Zones,
    mailcow: MailcowDouble,
    *,
    at: datetime | None = None,
) -> bytes:
    """Return a mail from Ann at a domain of the demo, as the mailbox of its recipient holds it.

    `at` is when it is sent; None: now.

    It is signed with the key that the mail host has for the domain at that moment, where it has the
    private half. It takes a tenth of a second, so call it in a thread.

    Raises:
        KeyError: it is none of `world.DOMAINS`.

    """
    now = format_datetime(at or datetime.now(UTC))
    number = secrets.token_hex(6).upper()
    mail = _lines(
        f"From: Ann <ann@{world.DOMAINS[domain].name}>",
        f"To: {recipient}",
        "Subject: A test",
        f"Date: {now}",
        f"Message-ID: <{number.lower()}@{domain}>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Does this arrive?",
    )
    pair = mailcow.dkim.get(domain)
    if fate in {MailFate.RIGHT, MailFate.CHANGED} and pair is not None and pair.private:
        mail = _sign(mail, domain, pair) + mail
    if fate is MailFate.CHANGED:
        mail += _lines("-- ", "Scanned on its way by a program that adds this line.")
    by_host = fate is not MailFate.ELSEWHERE
    name, address = (_HOST, world.HOST_ADDRESSES[0]) if by_host else world.OTHER_SERVER
    said = "; ".join((RECEIVER, _result(mail, zones)))
    hops = _lines(
        f"Return-Path: <ann@{domain}>",
        f"Delivered-To: {recipient}",
        f"Authentication-Results: {said}",
        f"Received: from {name} ({name} [{address}])",
        "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))",
        f"\tby {RECEIVER} (Postfix) with ESMTPS id {number}",
        f"\tfor <{recipient}>; {now}",
    )
    return hops + mail


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def _sign(mail: bytes, domain: str, pair: DkimPair) -> bytes:
    """Return the header field with the mail host's signature."""
    selector, pem = pair.selector.encode(), pair.private.encode()
    field: bytes = dkim.sign(mail, selector, domain.encode(), pem, include_headers=_SIGNED)
    return field


def _result(mail: bytes, zones: Zones) -> str:
    """Return what the receiver writes of a mail's signature (RFC 8601 section 2.7.1)."""
    if not mail.startswith(b"DKIM-Signature:"):
        return "dkim=none"

    def look_up(name: bytes, **_: object) -> bytes:
        found = zones.look_up(dns.name.from_text(name.decode()), TXT).answer
        sets = (records.rdataset for records in found if records.rdataset.rdtype == TXT)
        texts = [b"".join(rdata.strings) for rdatas in sets for rdata in rdatas]
        return texts[-1] if texts else b""

    try:
        passes = dkim.verify(mail, dnsfunc=look_up)
    except dkim.DKIMException:
        passes = False
    return "dkim=pass" if passes else "dkim=fail"
