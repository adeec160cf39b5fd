"""What fetching a page came to, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FetchOutcome(StrEnum):
    """How far fetching a page came."""

    PAGE = "page"  # it is there, whole, with status 200
    NO_ADDRESS = "no-address"  # an answer says that the name has none
    PRIVATE = "private"  # it has only addresses that are not connected to
    NO_ANSWER = "no-answer"  # the DNS or the web server did not answer
    OTHER_NAME = "other-name"  # the certificate is for other names
    INVALID = "invalid"  # the certificate has expired, or is of nobody that is trusted
    REDIRECT = "redirect"
    STATUS = "status"  # an answer other than 200
    TOO_BIG = "too-big"
    ODD = "odd"  # no answer as HTTP wants it, or one without end


@dataclass(frozen=True, slots=True)
class Page:
    """What fetching came to; `body` and `location` are hostile, `body` empty without a page.

    `location` is where a redirect leads, as the server wrote it; empty where it leads nowhere.
    """

    reached: FetchOutcome
    body: bytes = b""
    status: int = 0  # of HTTP; 0 where there was no answer
    media_type: str = ""
    location: str = ""
