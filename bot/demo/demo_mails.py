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
from bot.demo.dkim_keys import private_pem

if TYPE_CHECKING:
    from bot.demo.mailcow_double.double_server import MailcowDouble
    from bot.demo.zones import Zones

RECEIVER: Final = "mx.else.example"
_SELECTOR: Final = world.DEMO_ENVIRONMENT["DKIM_SELECTOR"].encode()
_HOST: Final = world.DEMO_ENVIRONMENT["MAIL_HOST"]
_SIGNED: Final = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version")


class MailFate(StrEnum):
    """What happens to a mail between its writer and the mailbox."""

    RIGHT = "right"
    UNSIGNED = "unsigned"  # the mail host does not sign it
    CHANGED = "changed"  # somebody on the way changes its text
    ELSEWHERE = "elsewhere"  # it is sent by another server


def write_mail(
    fate: MailFate, domain: str, recipient: str, zones: Zones, mailcow: MailcowDouble
) -> bytes:
    """Return a mail from Ann at a domain of the demo, as the mailbox of its recipient holds it.

    It is signed where the mail host has a key of the domain. It takes a tenth of a second, so call
    it in a thread.

    Raises:
        KeyError: it is none of `world.DOMAINS`.

    """
    now = format_datetime(datetime.now(UTC))
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
    if fate in {MailFate.RIGHT, MailFate.CHANGED} and domain in mailcow.dkim:
        mail = _sign(mail, domain) + mail
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


def _sign(mail: bytes, domain: str) -> bytes:
    """Return the header field with the mail host's signature."""
    pem = private_pem(domain.removesuffix(".example"))
    field: bytes = dkim.sign(mail, _SELECTOR, domain.encode(), pem, include_headers=_SIGNED)
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
