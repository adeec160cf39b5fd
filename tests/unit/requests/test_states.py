"""The states of a request: the whole matrix of what may follow what, and what is said of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import RequestError
from bot.names import Domain
from bot.records.dkim_key import DkimRecord, KeySource, KnownKey
from bot.requests.failure import load_failure
from bot.requests.model import (
    BOT,
    FINAL,
    TRANSITIONS,
    Actor,
    ActorKind,
    MessageKind,
    Request,
    RequestKind,
    State,
    Undelivered,
    can_go,
    make_pseudonym,
)
from bot.requests.transitions import move, replace_key, send_again
from strategies import RSA_1024, RSA_2048

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

ALLOWED = {
    ("pending", "approved"),
    ("pending", "denied"),
    ("pending", "withdrawn"),
    ("pending", "replaced"),
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
    ("failed", "replaced"),
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


@pytest.mark.parametrize(
    ("before", "after", "wait"),
    [
        (State.PENDING, State.APPROVED, timedelta(0)),
        (State.APPROVED, State.WORKING, timedelta(0)),
        (State.WAITING, State.LIVE, timedelta(0)),
        (State.WORKING, State.FAILED, timedelta(days=7)),
    ],
)
def test_the_bot_goes_on_at_once_and_gives_an_admin_a_week(
    before: State, after: State, wait: timedelta
) -> None:
    assert move(make_request(before), after, BOT, NOON).after.due_at == NOON + wait


def test_news_that_was_missed_is_out_of_date_when_there_is_other_news() -> None:
    missed = replace(make_request(State.WAITING), undelivered=Undelivered.LEFT)
    live = move(missed, State.LIVE, BOT, NOON).after
    assert live.undelivered is None
    missed = replace(live, undelivered=Undelivered.NO_WAY)
    assert move(missed, State.CLOSED, BOT, NOON).after.undelivered is Undelivered.NO_WAY


@pytest.mark.parametrize(("member_id", "forgotten"), [(1, False), (-1, True), (-(2**62), True)])
def test_a_pseudonym_is_below_every_members_number(member_id: int, *, forgotten: bool) -> None:
    request = replace(make_request(State.PENDING), member_id=member_id)
    assert request.forgotten is forgotten
    assert -(2**62) <= make_pseudonym() < 0


ANN = Actor(ActorKind.MEMBER, 1)


@pytest.mark.parametrize(
    ("place", "channel_id"), [(None, 200), ((100, 201), 201), ((101, 202), 200)]
)
def test_news_is_sent_again_where_the_member_is_in_the_same_server(
    place: tuple[int, int] | None, channel_id: int
) -> None:
    missed = replace(make_request(State.DENIED), undelivered=Undelivered.NO_WAY)
    change = send_again(missed, ANN, place)
    assert change is not None
    assert change.after == replace(missed, undelivered=None, channel_id=channel_id)
    assert change.messages == (MessageKind.MEMBER_DENIED, MessageKind.ADMIN_EDIT)


@pytest.mark.parametrize(
    ("state", "news"),
    [
        (State.WAITING, MessageKind.MEMBER_RECORD),
        (State.LIVE, MessageKind.MEMBER_LIVE),
        (State.CLOSED, MessageKind.MEMBER_LIVE),
        (State.EXPIRED, MessageKind.MEMBER_EXPIRED),
        (State.REPLACED, MessageKind.MEMBER_REPLACED),
    ],
)
def test_the_news_of_the_state_is_what_is_sent_again(state: State, news: MessageKind) -> None:
    request = make_request(state)
    change = send_again(replace(request, undelivered=Undelivered.LEFT), ANN)
    assert change is not None
    assert change.messages[0] is news
    assert send_again(request, ANN) is None


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.PENDING, State.FAILED])
def test_a_state_without_news_has_nothing_to_send_again(state: State) -> None:
    assert send_again(replace(make_request(state), undelivered=Undelivered.LEFT), ANN) is None


def test_keys_are_told_apart_by_selector_and_end_and_never_shown_whole() -> None:
    former = f"v=DKIM1;k=rsa;p={RSA_1024}"
    request = replace(make_request(State.WAITING), selector="dkim", value=former)
    key = KnownKey("cow", DkimRecord.parse(f"v=DKIM1;k=rsa;p={RSA_2048}"), KeySource.MAIL_SERVER)
    change = replace_key(request, key, NOON)
    kept = load_failure(change.detail)
    assert kept is not None
    assert kept.facts["before"] == f"dkim …{RSA_1024[-12:]}"
    assert kept.facts["after"] == f"cow …{RSA_2048[-12:]}"
    assert change.messages[:2] == (MessageKind.MEMBER_SUPERSEDED, MessageKind.MEMBER_RECORD)
    assert (change.after.selector, change.after.value) == ("cow", key.record.text)
    assert change.after.replaced == f"dkim {former}"


def test_every_state_can_be_reached_and_left_or_is_an_end() -> None:
    reached = {State.PENDING}
    while new := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= new
    assert reached == set(State)
    assert {State.CLOSED, State.DENIED, State.WITHDRAWN, State.REPLACED, State.EXPIRED} == FINAL


@pytest.mark.parametrize("kind", RequestKind)
def test_a_member_is_told_of_the_handing_out_and_not_of_a_failure(kind: RequestKind) -> None:
    handed_out = move(make_request(State.WORKING, kind), State.WAITING, BOT, NOON)
    record = kind in {RequestKind.DKIM, RequestKind.DMARC}
    assert (MessageKind.MEMBER_RECORD in handed_out.messages) is record
    assert (MessageKind.MEMBER_ACCEPTED in handed_out.messages) is not record
    failed = move(make_request(State.WORKING, kind), State.FAILED, BOT, NOON, reason="why")
    assert failed.messages == (MessageKind.ADMIN_EDIT, MessageKind.ADMIN_FAILED)
    assert failed.after.reason == "why"
