"""What the mail server says of a request that waits: the domain is there, and its key the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import BackendKeyFaulty, InvalidKey
from bot.records.dkim_key import DkimRecord
from bot.requests.backend import MailHosting
from bot.requests.protocols import Verification

if TYPE_CHECKING:
    from bot.records.dkim_key import KnownKey
    from bot.requests.backend import ServerDomain
    from bot.requests.model import Request

# What `Request.seen` is where the mail server is in the way and not the DNS.
ABSENT: Final = "backend-domain-absent"
OFF: Final = "backend-domain-off"
NO_KEY: Final = "backend-no-key"
FAULTY_KEY: Final = "backend-faulty-key"
SILENT: Final = "backend-silent"


def judge_hosting(server: ServerDomain) -> Verification | None:
    """Return that a request cannot become live, where the server takes no mail for its domain."""
    match server.hosting:
        case MailHosting.ABSENT:
            return Verification(live=False, seen=ABSENT, hosting=server.hosting)
        case MailHosting.OFF:
            return Verification(live=False, seen=OFF, hosting=server.hosting)
        case _:
            return None


def judge_key(server: ServerDomain, request: Request, backend: str) -> Verification | None:
    """Return what is in the way where the server does not sign with the key that was handed out."""
    if server.hosting is MailHosting.UNKNOWN:
        return None
    if server.fault is not None:
        return Verification(live=False, seen=FAULTY_KEY, hosting=server.hosting, fault=server.fault)
    if server.key is None:
        fault = BackendKeyFaulty("backend-key-gone", domain=request.domain.ascii, backend=backend)
        return Verification(live=False, seen=NO_KEY, hosting=server.hosting, fault=fault)
    if not _is_handed_out(server.key, request):
        return Verification(live=False, hosting=server.hosting, key=server.key)
    return None


def replaced_key(request: Request) -> tuple[str, str] | None:
    """Return selector and value that were handed out before those of now; None: there were none."""
    selector, _, value = request.replaced.partition(" ")
    return (selector, value) if value else None


def _is_handed_out(key: KnownKey, request: Request) -> bool:
    """Whether a key is the one of the record; names of selectors are the same in either case."""
    try:
        record = DkimRecord.parse(request.value)
    except InvalidKey:
        return False
    return (key.selector.lower(), key.record.key) == (request.selector.lower(), record.key)
