"""What a test mail shows: its verdict, to be kept with the test and shown on its card."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from bot.errors import Fact


class Alignment(StrEnum):
    """How a domain agrees with that of From (RFC 9989 section 4.4)."""

    STRICT = "strict"  # the same
    RELAXED = "relaxed"  # of the same organisation
    NONE = "none"


class Outcome(StrEnum):
    """What a mechanism came to, in the words of RFC 8601 section 2.7."""

    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM signature; `fault` is the code of what is wrong, empty where it verifies."""

    domain: str  # d=
    selector: str  # s=
    outcome: Outcome
    alignment: Alignment
    fault: str = ""
    counts_part: bool = False  # l= leaves the end of the body unsigned


@dataclass(frozen=True, slots=True)
class MailVerdict:
    """All that a test mail shows; texts in it are hostile.

    `causes` are codes with facts, the root cause first: `templates/en/findings/<code>.j2` says
    each. None of them is there where `passed`. `delivered_from` is the address that handed the
    mail to the receiver, empty where the receiver's own lines do not say. `receiver_says` is what
    the receiver itself wrote of spf, dkim and dmarc, where it is a foreign one.
    """

    passed: bool  # DMARC passes by a signature of ours, and our host delivered it
    from_domain: str
    envelope_domain: str
    delivered_from: str
    is_from_host: bool  # that address is one of the mail host's
    spf: Outcome
    spf_alignment: Alignment
    signatures: tuple[Signature, ...]
    dmarc: Outcome
    policy: str  # that is published for From's domain; empty for none
    causes: tuple[tuple[str, dict[str, Fact]], ...]
    receiver_says: tuple[tuple[str, str], ...] = ()
    receiver: str = ""  # the authserv-id of those words
    last_hop_tls: str = ""  # as the receiver wrote it; empty where it did not
    is_foreign: bool = True  # the probe mailbox is on another server than the mail host
    arrived_at: datetime | None = None
