"""Readers of the variables that say where the mailbox for test mails is; see `bot.config.readers`.

They say nothing of what was typed: people put passwords into URLs.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from bot.config.readers import read_host
from bot.errors import InvalidName
from bot.names import MailAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

# Octets of 64 before the @ (RFC 5321 section 4.5.3.1.1) that a plus sign and a token leave.
_LONGEST_LOCAL: Final = 47
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]*[A-Za-z0-9])?")
_LONGEST_PASSWORD = 512  # characters
_IMAP: Final = {"imaps": 993, "imap": 143}
_SMTP: Final = {"smtps": 465, "smtp": 587}
_TLS_FROM_START: Final = frozenset({"imaps", "smtps"})


@dataclass(frozen=True, slots=True)
class MailUrl:
    """Where a mail server listens, and who logs in there.

    `tls` from the first octet, else STARTTLS is demanded, but for `is_local`: this very machine.
    """

    host: str  # in ASCII
    port: int
    user: str  # empty: without a login
    tls: bool
    is_local: bool = False


def read_probe_address(text: str) -> MailAddress:
    """Return the address of the mailbox, one that a token can be put into behind a plus sign."""
    try:
        address = MailAddress.parse(text)
    except InvalidName:
        raise ValueError("It is no mail address.") from None
    if not _PLAIN_LOCAL.fullmatch(address.local):
        raise ValueError("The part before the @ is plain letters, digits, dots and hyphens.")
    if len(address.local) > _LONGEST_LOCAL:
        raise ValueError(f"The part before the @ has at most {_LONGEST_LOCAL} characters here.")
    return address


def read_imap_url(text: str) -> MailUrl:
    """Return where the mailbox is read; without TLS only on this machine."""
    url = _read_url(text, _IMAP)
    if not url.user:
        raise ValueError("It names no user, who stands before the host with an @ behind it.")
    if not (url.tls or url.is_local):
        raise ValueError("It begins with imaps://; imap:// is for this machine only.")
    return url


def read_smtp_url(text: str) -> MailUrl:
    """Return where mails are handed in: TLS from the start, or by STARTTLS."""
    return _read_url(text, _SMTP)


def read_password(text: str) -> SecretStr:
    """Return a password, which is never shown; it may hold blanks."""
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("It holds a line break or another character that no password has.")
    if len(text) > _LONGEST_PASSWORD:
        raise ValueError(f"A password has at most {_LONGEST_PASSWORD} characters here.")
    return SecretStr(text)


def _read_url(text: str, ports: Mapping[str, int]) -> MailUrl:
    schemes = " or ".join(f"{scheme}://" for scheme in ports)
    parts = _split(text)
    if parts is None or parts.scheme not in ports or not parts.hostname:
        raise ValueError(f"It is no address of a mail server that begins with {schemes}.")
    if parts.password is not None:
        raise ValueError("A password must not stand in it: it has a variable of its own.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("Nothing stands behind the host and its port.")
    user = unquote(parts.username or "")
    if any(unicodedata.category(c) in {"Cc", "Cs"} or c in '"\\' for c in user):
        raise ValueError("The user's name holds a character that no user name has.")
    is_local = _is_local(parts.hostname)
    host = parts.hostname if is_local else read_host(parts.hostname).ascii
    return MailUrl(
        host=host,
        port=parts.port or ports[parts.scheme],
        user=user,
        tls=parts.scheme in _TLS_FROM_START,
        is_local=is_local,
    )


def _split(text: str) -> SplitResult | None:
    """Return the parts of a URL; None where it has none, or an impossible port."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return None if " " in text or not text.isprintable() else parts


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
