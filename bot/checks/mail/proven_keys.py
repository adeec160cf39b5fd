"""The keys that a mail was signed with for certain, as its signatures verify by the DNS; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.checks.mail.mail_verdict import AuthResult
from bot.names import Domain

if TYPE_CHECKING:
    from bot.checks.mail.mail_verdict import MailVerdict


@dataclass(frozen=True, slots=True)
class ProvenKey:
    """A key of which somebody has the private half, as a mail shows that it signed."""

    domain: Domain  # d=
    selector: str  # s=, in lower case
    octets: bytes  # the public half, as `bot.records.dkim_key.DkimRecord.key`


def find_proven_keys(verdict: MailVerdict) -> tuple[ProvenKey, ...]:
    """Return the keys whose signatures passed when the mail was judged, each once.

    A verdict that was read back from the store has none. Whom the mail is from plays no part: it
    may be for another domain, as a signature proves its own d= alone (RFC 6376 section 1.2).
    """
    passed = (
        (_read_domain(one.domain), one)
        for one in verdict.signatures
        if one.outcome is AuthResult.PASS and one.key
    )
    found = (
        ProvenKey(domain, one.selector.lower(), one.key)
        for domain, one in passed
        if domain is not None
    )
    return tuple(dict.fromkeys(found))


def _read_domain(text: str) -> Domain | None:
    try:
        return Domain.from_ascii(text.lower())
    except ValueError:
        return None
