"""What the receiver of a mail wrote in Authentication-Results (RFC 8601)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import authres

from bot.checks.mail.mail_verdict import AuthResult
from bot.checks.mail.structured_text import without_comments

if TYPE_CHECKING:
    from bot.checks.mail.header_fields import MailHeader
    from bot.checks.mail.trace_fields import Receiver, Trace

METHODS: Final = ("spf", "dkim", "dmarc")
_RESULTS: Final = frozenset(result.value for result in AuthResult)
_LONGEST: Final = 4096  # characters of one field; reading takes the square of them
_MOST: Final = 10  # fields that are read
_FEATURES: Final = authres.FeatureContext()


@dataclass(frozen=True, slots=True)
class ReceiverWords:
    """What the receiver said of spf, dkim and dmarc, in that order, and the authserv-id.

    `forged`: a field with the receiver's authserv-id stands where only the sender can have put it
    (section 5), or says that a signature is right where there is none.
    """

    says: tuple[tuple[str, str], ...] = ()
    authserv_id: str = ""
    forged: bool = False


def read_results(header: MailHeader, trace: Trace, receiver: Receiver) -> ReceiverWords:
    """Return what the receiver's own fields say; those of anybody else are passed over.

    They stand at the top, or just below the field by which the receiver took the mail: mail
    software adds them there. Below the next Received they came with the mail.
    """
    if not trace.end:
        return ReceiverWords()
    end = next(
        (at for at, f in enumerate(header.fields) if f.key == "received" and at >= trace.end),
        len(header.fields),
    )
    said: dict[str, str] = {}
    name, forged = "", False
    places = [at for at, f in enumerate(header.fields) if f.key == "authentication-results"]
    for at in places[:_MOST]:
        found = _parse(header.fields[at].text)
        if found is None or not receiver.owns(found[0]):
            continue
        lies = "pass" in found[1].get("dkim", ()) and not any(header.all("dkim-signature"))
        if at >= end or lies:
            forged = True
            continue
        name = name or found[0]
        for method, results in found[1].items():
            said.setdefault(method, "pass" if "pass" in results else results[0])
    says = tuple((method, said[method]) for method in METHODS if method in said)
    return ReceiverWords(says, name, forged)


def _parse(value: str) -> tuple[str, dict[str, list[str]]] | None:
    """Return the authserv-id and each method's results; None for what cannot be read."""
    bare = without_comments(value) if len(value) <= _LONGEST else None
    if bare is None:
        return None
    try:
        parsed = _FEATURES.parse_value(bare)
        rows = [(str(row.method), str(row.result)) for row in parsed.results]
        name = str(parsed.authserv_id)
    except (authres.AuthResError, ValueError):
        return None
    found: dict[str, list[str]] = {}
    for method, result in rows:
        if method in METHODS and result in _RESULTS:
            found.setdefault(method, []).append(result)
    return name, found
