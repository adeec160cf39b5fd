"""What tests of requests over a store do again and again: ask, and look what has become of it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from bot.requests.model import Request, RequestKind, can_go
from request_parts import ANN, FRIEND, PLACE, Setup

if TYPE_CHECKING:
    from bot.names import Domain


async def ask(
    parts: Setup, kind: RequestKind = RequestKind.DKIM, domain: Domain = FRIEND
) -> Request:
    """Return a new request of Ann's."""
    return (await parts.requests.open(kind, domain, PLACE, ANN, evidence="[]")).request


async def now_of(parts: Setup, request: Request) -> Request:
    """Return a request as it is now."""
    found = await parts.requests.get(request.id)
    assert found is not None
    return found


async def states_of(parts: Setup, request: Request) -> list[str]:
    """Return the states that a request was in, each of which could follow the one before."""
    entries = await parts.requests.audit(request.id)
    assert entries[0].before is None
    assert all(one.after is two.before for one, two in pairwise(entries))
    assert all(entry.before is None or can_go(entry.before, entry.after) for entry in entries)
    return [entry.after.value for entry in entries]
