"""The word by which a test mail is known: made, put into an address, and found in header fields."""

from __future__ import annotations

import base64
import email.errors
import email.header
import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.names import MailAddress

SUBJECT_MARK: Final = "cowbell-"  # before the token in a subject
_OCTETS: Final = 10  # 80 bits: nobody finds one within the half hour that it is good for
_MOST_FIELDS: Final = 64 * 1024  # octets that are looked at
_MOST_TOKENS: Final = 20  # of one mail
_LONGEST_SUBJECT: Final = 2000  # characters
_LETTERS: Final = "[a-z2-7]{16}"
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_IN_SUBJECT = re.compile(rf"(?i){SUBJECT_MARK}({_LETTERS})(?![a-z0-9])")


def make_token() -> str:
    """Return a new random token: 16 small letters and digits (base32, RFC 4648 section 6)."""
    return base64.b32encode(secrets.token_bytes(_OCTETS)).decode("ascii").lower()


def digest_token(token: str) -> str:
    """Return what is stored of a token, which does not give it away."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def address_with(token: str, address: MailAddress) -> str:
    """Return the address of a mailbox with the token as its subaddress (RFC 5233)."""
    return f"{address.local}+{token}@{address.domain.ascii}"


def find_tokens(fields: bytes, address: MailAddress, order: Sequence[str]) -> tuple[str, ...]:
    """Return what may be tokens in header fields, each once, those of the first fields first.

    `order` are the names of fields whose subaddress counts; last comes the subject.
    """
    found: dict[str, None] = {}
    lines = list(_unfold(fields))
    in_address = re.compile(rf"(?i)(?<![^\s<,:;\"]){re.escape(address.local)}\+({_LETTERS})@")
    for name in order:
        for field, text in lines:
            if field == name.lower():
                found |= dict.fromkeys(token.lower() for token in in_address.findall(text))
    for field, text in lines:
        if field == "subject":
            tokens = _IN_SUBJECT.findall(_decode(text))
            found |= dict.fromkeys(token.lower() for token in tokens)
    return tuple(found)[:_MOST_TOKENS]


def _unfold(fields: bytes) -> Iterator[tuple[str, str]]:
    """Yield the name of each field in lower case, and its value on one line."""
    for line in _FOLD.sub(b"", fields[:_MOST_FIELDS]).splitlines():
        name, colon, text = line.decode("utf-8", "replace").partition(":")
        if colon:
            yield name.strip().lower(), text


def _decode(subject: str) -> str:
    """Return a subject without the encoding of RFC 2047, or as it stands where that is broken."""
    text = subject[:_LONGEST_SUBJECT]
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    # MessageError: base64 that is none, and a charset whose name is not ASCII.
    except (email.errors.MessageError, LookupError, ValueError):
        return text
