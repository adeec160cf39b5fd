"""The states of a request: the whole matrix of what may follow what, and what is said of it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import RequestError
from bot.names import Domain
from bot.requests.model import (
    BOT,
    FINAL,
    TRANSITIONS,
    MessageKind,
    Request,
    RequestKind,
    State,
    can_go,
)
from bot.requests.transitions import move

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

ALLOWED = {
    ("pending", "approved"),
    ("pending", "denied"),
    ("pending", "withdrawn"),
    ("pending", "expired"),
    ("approved", "working"),
    ("approved", "withdrawn"),
    ("working", "waiting"),
    ("working", "failed"),
    ("waiting", "waiting"),  # with another record
    ("waiting", "live"),
    ("waiting", "withdrawn"),
    ("waiting", "expired"),
    ("live", "closed"),
    ("failed", "approved"),
    ("failed", "denied"),
    ("failed", "withdrawn"),
    ("failed", "expired"),
}


def make_request(state: State, kind: RequestKind = RequestKind.DKIM) -> Request:
    domain = Domain.from_ascii("friend.example")
    return Request(1, kind, domain, 100, 200, 1, state, 3, NOON, NOON, attempts=2, reason="old")


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)))
def test_a_state_follows_another_only_where_the_table_says_so(before: State, after: State) -> None:
    request = make_request(before)
    later = NOON + timedelta(hours=1)
    assert can_go(before, after) is ((before.value, after.value) in ALLOWED)
    if not can_go(before, after):
        with pytest.raises(RequestError, match="request-cannot-become"):
            move(request, after, BOT, later)
        return
    change = move(request, after, BOT, later)
    assert change.after.state is after
    assert (change.after.changed_at, change.after.attempts, change.after.reason) == (later, 0, "")
    assert (change.after.due_at is None) is (after in FINAL)
    assert len(set(change.messages)) == len(change.messages)


def test_every_state_can_be_reached_and_left_or_is_an_end() -> None:
    reached = {State.PENDING}
    while new := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= new
    assert reached == set(State)
    assert {State.CLOSED, State.DENIED, State.WITHDRAWN, State.EXPIRED} == FINAL


@pytest.mark.parametrize("kind", RequestKind)
def test_a_member_is_told_of_the_handing_out_and_not_of_a_failure(kind: RequestKind) -> None:
    handed_out = move(make_request(State.WORKING, kind), State.WAITING, BOT, NOON)
    record = kind in {RequestKind.DKIM, RequestKind.DMARC}
    assert (MessageKind.MEMBER_RECORD in handed_out.messages) is record
    assert (MessageKind.MEMBER_ACCEPTED in handed_out.messages) is not record
    failed = move(make_request(State.WORKING, kind), State.FAILED, BOT, NOON, reason="why")
    assert failed.messages == (MessageKind.ADMIN_EDIT, MessageKind.ADMIN_FAILED)
    assert failed.after.reason == "why"
