"""What becomes of a rotation by how a call to the mail server ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.checks.dkim.server_records import RecordState, ServerRecord, ServerRecords, load_servers
from bot.errors import (
    BackendCallFailed,
    BackendError,
    BackendKeyFaulty,
    BackendLocked,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
)
from bot.requests.failure import dump_failure
from bot.requests.worker import STILL_AT_IT
from bot.rotations.call_outcomes import (
    MOST_TRIES,
    STUCK_AFTER,
    find_before,
    give_up,
    is_given_up,
    judge_done,
    judge_failed,
)
from bot.rotations.rotation import (
    IN_WORKSHOP,
    Rotation,
    RotationNews,
    RotationState,
    RotationStep,
)
from bot.rotations.rotation_view import Signer, signer_of
from rotation_parts import NEW, NOON, OLD, make_rotation

S, T = RotationState, RotationStep
PASSING = (BackendUnclear("a"), BackendUnreachable("a"), BackendCallFailed("a"))
LASTING = (BackendRefused("a"), BackendKeyFaulty("a"))
STEPS = {
    **dict.fromkeys(sorted(IN_WORKSHOP), S.PREPARING),
    **dict.fromkeys((T.KEEP_FORMER, T.SWITCH), S.SWITCHING),
    T.RESTORE: S.UNDOING,
}


def at(step: RotationStep, state: RotationState | None = None, **fields: object) -> Rotation:
    return make_rotation(state or STEPS[step], step=step, **fields)


@pytest.mark.parametrize("step", [*sorted(STEPS), T.DROP_NEXT, T.DROP_FORMER])
@pytest.mark.parametrize("failure", PASSING)
def test_the_same_call_is_made_again_once_it_cannot_be_under_way_any_more(
    step: RotationStep, failure: BackendError
) -> None:
    state = STEPS.get(step, S.RETIRING)
    rotation, waits = at(step, state, switched_at=NOON), []
    for tries in range(1, 7):
        rotation = judge_failed(rotation, failure, NOON).after
        assert (rotation.state, rotation.step, rotation.attempts) == (state, step, tries)
        assert rotation.due_at is not None
        waits.append(rotation.due_at - NOON)
    assert rotation.reason == dump_failure(failure)
    seconds = (15, 15, 40, 120, 120, 120)
    assert waits == [timedelta(seconds=each) for each in seconds]
    assert min(waits) == STILL_AT_IT


def test_what_nothing_depends_on_yet_is_given_up() -> None:
    rotation = at(T.MAKE_KEY)
    for _ in range(MOST_TRIES):
        assert not is_given_up(rotation)
        rotation = judge_failed(rotation, BackendUnclear("a"), NOON).after
    assert rotation.due_at == NOON + STILL_AT_IT
    assert is_given_up(rotation)
    change = give_up(rotation, NOON)
    assert change.after.state is S.FAILED
    assert change.after.reason == change.detail == dump_failure(BackendUnclear("a"))


def test_all_tries_in_the_workshop_count_together() -> None:
    rotation = at(T.CLEAR_WORKSHOP, attempts=3)
    for made in (None, NEW, None):
        rotation = judge_done(rotation, made, None, NOON).after
        assert rotation.attempts == 3
    assert (rotation.step, rotation.value) == (T.LEAVE_WORKSHOP, NEW.record.text)
    assert judge_done(rotation, None, None, NOON).after.attempts == 0


@pytest.mark.parametrize("step", [T.SWITCH, T.RESTORE])
def test_what_mail_depends_on_is_tried_for_ever_and_said_once(step: RotationStep) -> None:
    rotation, said = at(step, switched_at=NOON), []
    for tries in range(1, 50):
        change = judge_failed(rotation, BackendUnclear("a"), NOON)
        rotation = change.after
        said += [tries for news in change.news if news is RotationNews.STUCK]
        assert not is_given_up(rotation)
    assert said == [STUCK_AFTER]


def test_a_switch_that_has_not_begun_for_long_is_said_once() -> None:
    rotation, said = at(T.KEEP_FORMER), []
    for tries in range(1, 50):
        change = judge_failed(rotation, BackendUnreachable("a"), NOON)
        rotation = change.after
        said += [tries for news in change.news if news is RotationNews.STUCK]
    assert said == [MOST_TRIES]
    assert signer_of(rotation) is Signer.OLD


def test_after_a_call_of_which_nobody_knows_the_end_a_refusal_does_not_mean_the_old_key_signs() -> (
    None
):
    refused = judge_failed(at(T.SWITCH), BackendRefused("a"), NOON).after
    assert signer_of(refused) is Signer.OLD
    unclear = judge_failed(at(T.SWITCH), BackendUnclear("a"), NOON).after
    refused = judge_failed(unclear, BackendRefused("a"), NOON).after
    assert (refused.state, signer_of(refused)) == (S.FAILED, Signer.UNSURE)


@pytest.mark.parametrize("step", sorted(STEPS))
@pytest.mark.parametrize("failure", LASTING)
def test_what_is_refused_ends_it(step: RotationStep, failure: BackendError) -> None:
    change = judge_failed(at(step), failure, NOON)
    assert change.after.state is S.FAILED
    assert change.after.reason == change.detail == dump_failure(failure)
    assert change.news == (RotationNews.STUCK,)


@pytest.mark.parametrize("state", [S.RETIRING, S.UNDOING])
@pytest.mark.parametrize("failure", LASTING)
def test_a_copy_that_stays_is_no_reason_not_to_end(
    state: RotationState, failure: BackendError
) -> None:
    rotation = judge_failed(at(T.DROP_NEXT, state), failure, NOON).after
    assert (rotation.state, rotation.step) == (state, T.DROP_FORMER)
    rotation = judge_failed(rotation, failure, NOON).after
    assert rotation.state is (S.RETIRED if state is S.RETIRING else S.UNDONE)
    assert rotation.reason == dump_failure(failure)


def test_an_admins_matter_is_waited_for_and_counts_as_no_try_in_the_workshop() -> None:
    rotation = judge_failed(at(T.MAKE_KEY), BackendLocked("a"), NOON).after
    assert (rotation.attempts, rotation.due_at) == (0, NOON + timedelta(minutes=2))
    change = judge_failed(at(T.SWITCH, attempts=STUCK_AFTER - 1), BackendLocked("a"), NOON)
    assert change.news == (RotationNews.STUCK,)


def test_the_key_that_signs_is_learned_by_the_call_that_changed_it() -> None:
    change = judge_done(at(T.SWITCH), None, None, NOON)
    assert (change.after.state, change.after.switched_at) == (S.SWITCHED, NOON)
    assert change.learned == NEW
    change = judge_done(at(T.RESTORE), None, None, NOON)
    assert (change.after.state, change.after.step) == (S.UNDOING, T.DROP_NEXT)
    assert change.learned == OLD


def test_an_undone_rotation_says_what_was_seen_and_why_the_bot_did_it_by_itself() -> None:
    why = '{"code": "rotation-not-published", "facts": {}}'
    rotation = at(T.DROP_FORMER, S.UNDOING, reason=why)
    seen = ServerRecords((ServerRecord("ns1", RecordState.RIGHT, RecordState.MISSING),), 1, 2)
    after = judge_done(rotation, None, seen, NOON).after
    assert (after.state, after.reason) == (S.UNDONE, why)
    assert load_servers(after.servers) == seen
    other = replace(rotation, reason=dump_failure(BackendUnclear("a")), servers="kept")
    after = judge_done(other, None, None, NOON).after
    assert (after.reason, after.servers) == ("", "kept")


def test_whoever_was_opened_first_has_the_workshop() -> None:
    mine = at(T.OPEN_WORKSHOP, id=2)
    for step in IN_WORKSHOP:
        first = at(step, id=1)
        assert find_before(mine, [first], NOON) is first
        assert find_before(first, [mine], NOON) is None
    assert find_before(mine, [at(T.SWITCH, id=1)], NOON) is None
    assert find_before(at(T.SWITCH, id=2), [at(T.MAKE_KEY, id=1)], NOON) is None


def test_a_call_that_may_go_on_after_an_undo_keeps_others_out_of_the_workshop() -> None:
    undone = at(T.DROP_NEXT, S.UNDOING, id=3, due_at=NOON + timedelta(seconds=9))
    mine = at(T.OPEN_WORKSHOP, id=2)
    assert find_before(mine, [undone], NOON) is undone
    assert find_before(mine, [undone], NOON + timedelta(seconds=9)) is None
    assert find_before(mine, [replace(undone, attempts=1)], NOON) is None
