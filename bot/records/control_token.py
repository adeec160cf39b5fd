"""The TXT record by which a member shows that they control a domain, and what makes it theirs.

Its text is `cowbell=<expiry>.<code>`: the expiry in seconds since 1970, and an HMAC (RFC 2104) with
SHA-256 over domain, member and expiry, so that nothing about it has to be kept but the secret.
"""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import dns.name

    from bot.names import Domain

CONTROL_LABEL: Final = "_cowbell"  # below the domain; RFC 8552 section 1.1 on names of this form
SECRET_OCTETS: Final = 32  # as long as the hash (RFC 2104 section 3)
VALID: Final = timedelta(days=14)  # at least, as long as a request waits for a decision
_PERIOD: Final = 7 * 86400  # seconds in which a member is handed out the same text
_TAG: Final = "cowbell="
_TEXT = re.compile(r"cowbell=([1-9][0-9]{8,10})\.([a-z2-7]{52})", re.ASCII)
_PURPOSE: Final = b"cowbell control of a domain, version 1"


class TokenState(StrEnum):
    """What a text at the name of the record is to one member and one domain."""

    OURS = "ours"
    EXPIRED = "expired"
    OTHER = "other"  # of another member, domain or bot, or mistyped
    NONE = "none"  # it has nothing to do with us


def control_name(domain: Domain) -> dns.name.Name | None:
    """Return the owner name of the record; None where it would be too long for the DNS."""
    return domain.below(CONTROL_LABEL)


def make_control_text(secret: bytes, domain: Domain, member_id: int, now: datetime) -> str:
    """Return the text that this member is to publish for this domain.

    It is the same for a week, and counts for two to three.
    """
    week = int(now.timestamp()) // _PERIOD
    expiry = week * _PERIOD + _PERIOD + int(VALID.total_seconds())
    return f"{_TAG}{expiry}.{_sign(secret, domain, member_id, expiry)}"


def read_control_text(
    text: str, secret: bytes, domain: Domain, member_id: int, now: datetime
) -> TokenState:
    """Return what a text from the zone is to this member and domain.

    White space and one pair of quotation marks around it are slips of the hand that change nothing.
    """
    bare = text.strip()
    if len(bare) > 1 and bare[0] == bare[-1] == '"':
        bare = bare[1:-1].strip()
    parts = _TEXT.fullmatch(bare)
    if parts is None:
        return TokenState.OTHER if bare.lower().startswith(_TAG) else TokenState.NONE
    expiry, code = int(parts[1]), parts[2]
    if not hmac.compare_digest(code, _sign(secret, domain, member_id, expiry)):
        return TokenState.OTHER
    if now >= datetime.fromtimestamp(expiry, UTC):
        return TokenState.EXPIRED
    return TokenState.OURS


def _sign(secret: bytes, domain: Domain, member_id: int, expiry: int) -> str:
    # None of the parts can hold the blank between them, so no two triples give the same message.
    message = b" ".join((_PURPOSE, domain.ascii.encode(), b"%d" % member_id, b"%d" % expiry))
    code = hmac.digest(secret, message, "sha256")
    return base64.b32encode(code).decode().rstrip("=").lower()
