"""What may become of a rotation, step by step, and what is told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import RequestError
from bot.requests.model import BOT
from bot.rotations.rotation import (
    FINAL,
    TRANSITIONS,
    UNDOABLE,
    Rotation,
    RotationNews,
    RotationState,
    RotationStep,
    can_go,
)
from bot.rotations.rotation_changes import (
    FIRST_STEPS,
    begin_again,
    go_on,
    is_in_workshop,
    move,
    undo,
)
from rotation_parts import ADMIN, NEW, NOON, make_rotation

S, T = RotationState, RotationStep
SOON = NOON + timedelta(seconds=15)


def walk(rotation: Rotation) -> list[RotationStep]:
    """Return the steps until the state is another one."""
    steps, state = [], rotation.state
    while rotation.state is state and rotation.step is not None:
        steps.append(rotation.step)
        rotation = go_on(rotation, NOON).after
    return steps


def test_every_state_is_reached_and_every_one_that_is_not_final_ends() -> None:
    reached, before = {S.PREPARING}, set[RotationState]()
    while reached != before:
        before = set(reached)
        reached |= {after for state in before for after in TRANSITIONS[state]}
    assert reached == set(S)
    for state in S:
        ends, front = set[RotationState](), {state}
        while not front <= ends:
            ends |= front
            front = {after for each in front for after in TRANSITIONS[each]} - ends
        assert ends & FINAL


@pytest.mark.parametrize("state", S)
def test_what_may_not_follow_is_refused(state: RotationState) -> None:
    for after in set(S) - TRANSITIONS[state]:
        assert not can_go(state, after)
        with pytest.raises(RequestError) as caught:
            move(make_rotation(state), after, BOT, NOON)
        assert caught.value.code == "rotation-cannot-become"


def test_the_new_key_is_made_in_the_workshop_which_is_empty_before_and_afterwards() -> None:
    rotation = make_rotation(S.PREPARING, step=FIRST_STEPS[S.PREPARING])
    assert walk(rotation) == [
        *(T.OPEN_WORKSHOP, T.CLEAR_WORKSHOP, T.MAKE_KEY),
        *(T.KEEP_NEXT, T.LEAVE_WORKSHOP),
    ]


def test_the_old_key_is_kept_before_the_new_one_signs() -> None:
    rotation = move(make_rotation(S.LIVE), S.SWITCHING, BOT, NOON).after
    assert walk(rotation) == [T.KEEP_FORMER, T.SWITCH]


def test_after_the_last_call_the_next_state_comes_with_what_was_found_out() -> None:
    before = make_rotation(S.PREPARING, step=T.LEAVE_WORKSHOP, attempts=2, reason="was away")
    change = go_on(before, NOON)
    assert (change.after.state, change.after.step) == (S.PREPARED, None)
    assert (change.after.attempts, change.after.reason) == (0, "")
    assert change.news == (RotationNews.RECORD,)
    made = go_on(make_rotation(S.PREPARING, step=T.MAKE_KEY), NOON, value=NEW.record.text).after
    assert (made.step, made.value) == (T.KEEP_NEXT, NEW.record.text)


def test_whoever_goes_on_after_a_call_keeps_the_lease_and_whoever_changes_the_state_does_not() -> (
    None
):
    held = make_rotation(S.SWITCHING, step=T.KEEP_FORMER, lease_until=SOON)
    assert go_on(held, NOON).after.lease_until == SOON
    last = make_rotation(S.SWITCHING, step=T.SWITCH, lease_until=SOON)
    assert go_on(last, NOON).after.lease_until is None


@pytest.mark.parametrize("step", T)
def test_only_a_key_that_may_be_half_made_is_begun_with_an_empty_workshop(
    step: RotationStep,
) -> None:
    again = begin_again(make_rotation(S.PREPARING, step=step))
    if step is T.MAKE_KEY:
        assert again is not None
        assert again.after.step is T.CLEAR_WORKSHOP
    else:
        assert again is None


@pytest.mark.parametrize("state", sorted(UNDOABLE))
@pytest.mark.parametrize("step", [None, T.KEEP_FORMER, T.SWITCH])
def test_undo_puts_the_old_key_back_only_where_the_new_one_may_sign(
    state: RotationState, step: RotationStep | None
) -> None:
    after = undo(make_rotation(state, step=step), ADMIN, NOON).after
    assert after.state is S.UNDOING
    # A copy of the old key that was cut short is not put in its place.
    may_have_switched = state is S.SWITCHED or step is T.SWITCH
    assert (after.switched_at is not None) == may_have_switched
    steps = [T.DROP_NEXT, T.DROP_FORMER]
    assert walk(after) == ([T.RESTORE, *steps] if may_have_switched else steps)


@pytest.mark.parametrize("state", sorted(set(S) - UNDOABLE))
def test_undo_is_refused_when_it_is_too_late(state: RotationState) -> None:
    with pytest.raises(RequestError) as caught:
        undo(make_rotation(state), ADMIN, NOON)
    assert caught.value.code == "rotation-cannot-be-undone"


def test_undo_does_not_come_between_a_call_and_its_answer() -> None:
    at_server = make_rotation(S.SWITCHING, step=T.SWITCH, lease_until=SOON)
    with pytest.raises(RequestError) as caught:
        undo(at_server, ADMIN, NOON)
    assert caught.value.code == "rotation-at-work"
    # What was called in vain may go on at the mail server until it is called again.
    unclear = make_rotation(S.SWITCHING, step=T.SWITCH, due_at=SOON)
    assert undo(unclear, ADMIN, NOON).after.due_at == SOON


def test_whoever_is_by_hand_has_no_calls() -> None:
    by_hand = make_rotation(S.SWITCHED, by_hand=True)
    assert undo(by_hand, ADMIN, NOON).after.step is None
    assert move(by_hand, S.RETIRING, BOT, NOON).after.step is None


@pytest.mark.parametrize(
    ("before", "to", "news"),
    [
        (S.PREPARED, S.PUBLISHED, ()),
        (S.PUBLISHED, S.PREPARED, ()),  # the record was handed out before
        (S.SWITCHING, S.SWITCHED, (RotationNews.SWITCHED,)),
        (S.RETIRING, S.RETIRED, (RotationNews.REMOVE,)),
        (S.UNDOING, S.UNDONE, (RotationNews.UNDONE,)),
        (S.SWITCHING, S.FAILED, (RotationNews.STUCK,)),
    ],
)
def test_people_are_told_what_concerns_them(
    before: RotationState, to: RotationState, news: tuple[RotationNews, ...]
) -> None:
    assert move(make_rotation(before), to, BOT, NOON).news == news


def test_nobody_is_told_of_the_end_of_what_they_never_heard_of() -> None:
    unknown = make_rotation(S.UNDOING, value="")
    assert move(unknown, S.UNDONE, BOT, NOON).news == ()


def test_what_has_ended_is_never_due_again() -> None:
    for state in FINAL:
        before = next(each for each in S if can_go(each, state))
        after = move(make_rotation(before), state, BOT, NOON).after
        assert (after.due_at, after.open) == (None, False)


def test_the_workshop_is_left_with_the_last_call_that_is_about_it() -> None:
    rotation = make_rotation(S.PREPARING, step=T.LEAVE_WORKSHOP)
    assert is_in_workshop(rotation)
    assert not is_in_workshop(go_on(rotation, NOON).after)
