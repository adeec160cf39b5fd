"""The states of a request, and which may follow which."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where a request is on its way."""

    PENDING = "pending"  # the admin has not decided yet
    APPROVED = "approved"  # decided, the bot has not begun
    WORKING = "working"  # the bot is at it; written before the mail server is called
    WAITING = "waiting"  # the record was handed out, or the admin is at it: not live yet
    LIVE = "live"  # seen in the DNS or at the mail server; not everybody was told yet
    CLOSED = "closed"  # live, and everybody was told
    DENIED = "denied"
    WITHDRAWN = "withdrawn"  # by the member
    EXPIRED = "expired"  # nobody did anything for too long
    FAILED = "failed"  # the mail server refused; the admin can have it tried again


_S = State

# What may follow each state; everything else is refused.
TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        _S.PENDING: frozenset({_S.APPROVED, _S.DENIED, _S.WITHDRAWN, _S.EXPIRED}),
        _S.APPROVED: frozenset({_S.WORKING, _S.WITHDRAWN}),
        # Nobody else can step in while the mail server is being called: it takes seconds.
        _S.WORKING: frozenset({_S.WAITING, _S.FAILED}),
        _S.WAITING: frozenset({_S.LIVE, _S.WITHDRAWN, _S.EXPIRED}),
        _S.LIVE: frozenset({_S.CLOSED}),
        _S.FAILED: frozenset({_S.APPROVED, _S.DENIED, _S.WITHDRAWN, _S.EXPIRED}),
        _S.CLOSED: frozenset(),
        _S.DENIED: frozenset(),
        _S.WITHDRAWN: frozenset(),
        _S.EXPIRED: frozenset(),
    }
)

# States that nothing follows: the domain can be asked for again.
FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)


def can_go(before: State, after: State) -> bool:
    """Whether a request may go from one state to the other."""
    return after in TRANSITIONS[before]
