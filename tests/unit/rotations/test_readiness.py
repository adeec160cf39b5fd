"""When a new key may be switched to, by what the name servers have."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.checks.dkim.server_records import (
    RecordState,
    ServerRecord,
    ServerRecords,
    dump_servers,
    load_servers,
)
from bot.rotations.readiness import (
    is_quiet,
    judge_look,
    needs_look,
    next_quiet_moment,
    put_off_switch,
)
from bot.rotations.rotation import AWAITING_RECORD, Rotation, RotationState, RotationStep, can_go
from rotation_parts import NOON, make_rotation

if TYPE_CHECKING:
    from bot.rotations.rotation import RotationChange

S, R = RotationState, RecordState
HOUR = timedelta(hours=1)


def seen(*new: RecordState, keeps: int | None = 900) -> ServerRecords:
    """Return what so many servers have of the new record."""
    servers = (ServerRecord(f"ns{at}.host.example", each, R.RIGHT) for at, each in enumerate(new))
    return ServerRecords(tuple(servers), keeps, 900)


ALL, ONE, NONE = seen(R.RIGHT, R.RIGHT), seen(R.RIGHT, R.MISSING), seen(R.MISSING, R.MISSING)
HALF_SILENT, SILENT = seen(R.RIGHT, R.UNANSWERED), seen(R.UNANSWERED, R.UNANSWERED)
NOBODY = ServerRecords()


def look(state: RotationState, records: ServerRecords, **fields: Any) -> Rotation:
    """Return what a rotation becomes by a look."""
    now = fields.pop("now", NOON)
    return judge_look(make_rotation(state, **fields), records, now).after


@pytest.mark.parametrize(
    ("state", "records", "after"),
    [
        *((state, ONE, S.PUBLISHED) for state in sorted(AWAITING_RECORD)),
        *((state, NONE, S.PREPARED) for state in sorted(AWAITING_RECORD)),
        *((state, HALF_SILENT, S.PUBLISHED) for state in sorted(AWAITING_RECORD)),
        (S.PREPARED, SILENT, S.PREPARED),
        (S.PREPARED, NOBODY, S.PREPARED),
        (S.PUBLISHED, SILENT, S.PUBLISHED),
        (S.PUBLISHED, NOBODY, S.PUBLISHED),
        (S.LIVE, SILENT, S.PUBLISHED),
        (S.LIVE, NOBODY, S.PUBLISHED),
        (S.PUBLISHED, seen(R.OTHER, R.MISSING), S.PREPARED),
        (S.PUBLISHED, seen(R.OTHER, R.UNANSWERED), S.PUBLISHED),
    ],
)
def test_a_record_that_is_not_everywhere_is_waited_for(
    state: RotationState, records: ServerRecords, after: RotationState
) -> None:
    live = {"live_at": NOON - HOUR, "caches_until": NOON}
    rotation = look(state, records, **live)
    assert rotation.state is after
    lacks = any(each.new in {R.MISSING, R.OTHER} for each in records.servers)
    assert rotation.live_at == (None if lacks else NOON - HOUR)
    assert load_servers(rotation.servers).servers == records.servers


@pytest.mark.parametrize("state", [S.PREPARED, S.PUBLISHED])
@pytest.mark.parametrize(
    ("keeps", "kept"),
    [
        (900, timedelta(seconds=900)),
        (0, timedelta(minutes=2)),
        (None, timedelta(days=1)),
        (86_400 * 30, timedelta(days=7)),
    ],
)
def test_from_when_it_is_everywhere_caches_are_waited_for(
    state: RotationState, keeps: int | None, kept: timedelta
) -> None:
    rotation = look(state, seen(R.RIGHT, keeps=keeps))
    assert (rotation.state, rotation.live_at) == (S.PUBLISHED, NOON)
    assert rotation.caches_until == NOON + kept
    assert rotation.due_at is not None
    assert NOON < rotation.due_at <= NOON + kept


def test_what_was_kept_longer_at_a_look_before_counts() -> None:
    before = dump_servers(seen(R.OTHER, keeps=7200))
    assert look(S.PREPARED, ALL, servers=before).caches_until == NOON + 2 * HOUR


def test_a_second_look_after_the_caches_makes_it_live() -> None:
    live = {"live_at": NOON - HOUR, "caches_until": NOON}
    rotation = look(S.PUBLISHED, ALL, **live)
    assert (rotation.state, rotation.due_at) == (S.LIVE, NOON.replace(day=29, hour=2))
    by_hand = look(S.PUBLISHED, ALL, **live, by_hand=True)
    assert (by_hand.state, by_hand.due_at) == (S.LIVE, NOON)


def test_the_last_look_leads_to_the_switch_or_to_the_next_quiet_moment() -> None:
    live = {"live_at": NOON - HOUR, "caches_until": NOON}
    night = NOON.replace(day=29, hour=2)
    assert look(S.LIVE, ALL, **live, due_at=night, now=night).state is S.SWITCHING
    assert look(S.LIVE, ALL, **live, due_at=NOON).state is S.SWITCHING  # as an admin said
    late = look(S.LIVE, ALL, **live, due_at=night, now=night + 5 * HOUR)
    assert (late.state, late.due_at) == (S.LIVE, night + 24 * HOUR)
    assert look(S.LIVE, ALL, **live, by_hand=True).state is S.LIVE


def test_it_is_undone_after_thirty_days_without_getting_on() -> None:
    late = NOON + timedelta(days=30)
    for state in (S.PREPARED, S.PUBLISHED):
        change = judge_look(make_rotation(state), NONE, late)
        assert (change.after.state, change.after.step) == (S.UNDOING, RotationStep.DROP_NEXT)
        assert "rotation-not-published" in change.detail
        assert change.after.reason == change.detail
    assert look(S.PUBLISHED, ALL, now=late).state is S.PUBLISHED


def test_a_silent_server_undoes_nothing_that_waited_for_an_admin_for_long() -> None:
    live = {"live_at": NOON, "caches_until": NOON + HOUR, "by_hand": True}
    after = look(S.LIVE, HALF_SILENT, **live, now=NOON + timedelta(days=31))
    assert (after.state, after.live_at) == (S.PUBLISHED, NOON)


@given(
    st.sampled_from(sorted(AWAITING_RECORD)),
    st.lists(st.sampled_from(RecordState), max_size=4),
    st.integers(0, 100),
    st.integers(0, 24 * 40),
)
def test_only_what_all_servers_have_comes_nearer_to_the_switch(
    state: RotationState, new: list[RecordState], attempts: int, hours: int
) -> None:
    live = {"live_at": NOON, "caches_until": NOON + HOUR} if state is S.LIVE else {}
    now = NOON + timedelta(hours=hours)
    before = make_rotation(state, attempts=attempts, **live)
    after = judge_look(before, seen(*new), now).after
    assert after.state is state or can_go(state, after.state)
    if after.state in {S.LIVE, S.SWITCHING}:
        assert new
        assert set(new) == {R.RIGHT}
    assert after.due_at is not None
    assert now <= after.due_at <= now + timedelta(days=1)


@given(st.integers(0, 60 * 24 * 366))
def test_a_quiet_moment_is_never_more_than_a_day_away(minutes: int) -> None:
    now = NOON + timedelta(minutes=minutes)
    moment = next_quiet_moment(now)
    assert is_quiet(moment)
    assert now <= moment < now + timedelta(days=1)
    assert moment == now or not is_quiet(now)


def test_a_switch_that_was_put_off_for_long_is_looked_at_again() -> None:
    for step in (RotationStep.KEEP_FORMER, RotationStep.SWITCH):
        rotation = make_rotation(S.SWITCHING, step=step)
        assert not needs_look(rotation, NOON + timedelta(minutes=10))
        assert needs_look(rotation, NOON + timedelta(minutes=11))


def put_off(step: RotationStep, *new: RecordState) -> RotationChange | None:
    """Return what becomes of a switch that waits for caches no more, after a look."""
    live = {"live_at": NOON - HOUR, "caches_until": NOON, "lease_until": NOON + HOUR}
    return put_off_switch(make_rotation(S.SWITCHING, step=step, **live), seen(*new), NOON)


def test_a_switch_that_changed_nothing_yet_goes_back_to_wait_for_its_record() -> None:
    for new, state in (((R.RIGHT, R.OTHER), S.PUBLISHED), ((R.MISSING,), S.PREPARED)):
        change = put_off(RotationStep.KEEP_FORMER, *new)
        assert change is not None
        after = change.after
        assert (after.state, after.step, after.live_at, after.caches_until) == (state, *[None] * 3)
        assert "rotation-record-gone" in after.reason
        assert after.due_at == NOON + timedelta(minutes=2)
    for silent in ((R.RIGHT, R.UNANSWERED), ()):
        change = put_off(RotationStep.KEEP_FORMER, *silent)
        assert change is not None
        after = change.after
        assert (after.state, after.reason) == (S.PUBLISHED, "")
        assert after.live_at is not None  # no server said that it is gone
    assert put_off(RotationStep.KEEP_FORMER, R.RIGHT) is None


def test_a_switch_that_may_have_been_made_is_undone_only_where_its_record_is_gone() -> None:
    change = put_off(RotationStep.SWITCH, R.RIGHT, R.MISSING)
    assert change is not None
    after = change.after
    assert (after.state, after.step) == (S.UNDOING, RotationStep.RESTORE)
    assert "rotation-record-gone" in after.reason
    for new in ((R.RIGHT,), (R.RIGHT, R.UNANSWERED), ()):
        assert put_off(RotationStep.SWITCH, *new) is None
