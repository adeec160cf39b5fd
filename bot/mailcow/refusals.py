"""What Mailcow's refusals and its silence mean; the templates name the remedies."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from bot.characters import echo
from bot.errors import (
    BackendError,
    BackendLocked,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
)

if TYPE_CHECKING:
    from bot.mailcow.parse import Entry

REDIS_REFUSES = "mailcow-redis-refuses"  # the code where its Redis takes no writes
_ADDRESS = re.compile(r"access denied for ip ([0-9A-Fa-f.:]{2,45})")


def is_redis_refusal(said: str) -> bool:
    """Whether Mailcow says that its Redis takes no writes, with PHP's own words for that or a code.

    PHP's words hold a stack trace, and are nothing to be shown.
    """
    return said.lstrip().startswith("Redis:") or said == "redis_error"


def explain_refusal(entry: Entry, about: str) -> BackendRefused | BackendUnclear:
    """Return what a refusal means; `about` is the domain or whatever was asked for.

    The fact `said` is Mailcow's own code, by which the template chooses its words. Where Redis
    takes no writes, a part may have been done, and trying again later helps.
    """
    if is_redis_refusal(entry.code):
        return BackendUnclear("mailcow-redis-refuses")
    return BackendRefused("mailcow-refused", said=echo(entry.code), about=about)


def explain_401(said: str, variable: str) -> BackendLocked:
    """Return why Mailcow let us not in, from what it said and the variable of the key."""
    found = _ADDRESS.search(said)
    try:
        address = str(ip_address(found[1])) if found else ""
    except ValueError:
        address = ""
    if address:
        return BackendLocked("mailcow-address-refused", address=address)
    if "authentication failed" not in said:
        return BackendLocked("mailcow-other-login", variable=variable)
    return BackendLocked("mailcow-api-key-refused", variable=variable)


def is_address_refused(said: str) -> bool:
    """Whether a 401 is for our address, whichever key we send."""
    return "access denied for ip" in said


def of_silence(error: BackendUnreachable) -> BackendError:
    """Return what it means that no answer came: of a write nobody knows whether it happened."""
    return BackendUnclear.of(error.code, error.facts) if error.facts["writing"] else error
