"""What a test mail shows: its verdict, to be kept with the test and shown on its card."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bot.checks.finding import Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.errors import Fact


# The codes of what could not be looked at.
UNKNOWN_CODES: Final = frozenset(
    {
        *("mail-no-received", "mail-host-unknown", "mail-key-unknown"),
        *("mail-policy-unknown", "mail-spf-unknown"),
    }
)


class Alignment(StrEnum):
    """How a domain agrees with that of From (RFC 9989 section 4.4)."""

    STRICT = "strict"  # the same
    RELAXED = "relaxed"  # of the same organisation
    NONE = "none"
    UNKNOWN = "unknown"  # From has no one domain, or its organisation could not be asked


class AuthResult(StrEnum):
    """What a mechanism came to, in the words of RFC 8601 section 2.7."""

    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    POLICY = "policy"  # it verifies, and is not taken as proof: such as with `l=`
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True)
class MailCause:
    """One thing that a mail shows: `templates/en/findings/<code>.j2` says it with these facts."""

    code: str
    facts: Mapping[str, Fact]

    @property
    def is_unknown(self) -> bool:
        """Whether it says that something could not be looked at."""
        return self.code in UNKNOWN_CODES


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM signature; `fault` is the code of what is wrong, empty where it verifies.

    `key` is what the DNS had for one that passed; it is not kept with the test.
    """

    domain: str  # d=
    selector: str  # s=
    outcome: AuthResult
    alignment: Alignment
    fault: str = ""
    counts_part: bool = False  # l= leaves octets at the end of the body unsigned
    is_ours: bool = False  # d= is the domain that is tested, s= the mail server's selector
    key: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class MailVerdict:
    """All that a test mail shows; texts in it are hostile.

    `causes` keep it from passing, the root cause first; there is none where `passed`. `remarks`
    are worth knowing either way. `from_domain` is empty where From names none or several.
    `envelope_sender` is empty for `<>`, whose `envelope_domain` is the HELO name; None where the
    receiver did not write it. `delivered_from` is the address that handed the mail to the
    receiver, empty where the receiver's own fields do not say, or where it is the member's own.
    `receiver_says` is what the receiver itself wrote of spf, dkim and dmarc.
    """

    passed: bool  # signed by our server for the tested domain, and delivered by our host
    domain: str  # that is tested
    from_domain: str
    from_address: str
    envelope_sender: str | None
    envelope_domain: str
    delivered_from: str
    is_from_host: bool  # the mail host delivered it
    spf: AuthResult
    spf_alignment: Alignment
    signatures: tuple[Signature, ...]
    dmarc: AuthResult
    policy: str  # that is published for From's domain; empty for none
    causes: tuple[MailCause, ...]
    remarks: tuple[MailCause, ...] = ()
    selector: str = ""  # that the mail server signs with
    receiver_says: tuple[tuple[str, str], ...] = ()
    receiver: str = ""  # the authserv-id of those words
    last_hop: str = ""  # the protocol in the receiver's words (RFC 5321 section 4.4): ESMTPS
    last_hop_tls: str = ""  # the version of TLS, as OpenSSL calls it; empty where it is not said
    is_foreign: bool = True  # the probe mailbox is on another server than the mail host
    arrived_at: datetime | None = None

    @property
    def status(self) -> Status:
        """Pass, fail, or unknown where nothing is against it but what could not be looked at."""
        if self.passed:
            return Status.PASS
        is_unknown = all(cause.is_unknown for cause in self.causes)
        return Status.UNKNOWN if is_unknown else Status.FAIL

    @property
    def outline(self) -> dict[str, Fact]:
        """What the headline of the mail is made of."""
        return {
            "status": self.status.value,
            "foreign": self.is_foreign,
            "passes_dmarc": self.dmarc is AuthResult.PASS,
        }
