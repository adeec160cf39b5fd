"""Which record stays beside that of the key that signs, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.records.dkim_key import KeyUnknown, KnownKey, NoKeyYet
from bot.records.key_change import KeyChange, KeyRole
from bot.rotations.key_change_of import find_change
from bot.rotations.rotation import KEPT_FOR, RotationState
from dkim_zones import HANDED_OUT, KEY, OTHER
from rotation_parts import NEW, NOON, OLD, make_key, make_rotation

S, R = RotationState, KeyRole
WEEK = NOON + KEPT_FOR
SWITCHED = {"switched_at": NOON}


@pytest.mark.parametrize(
    ("state", "signing", "fields", "change"),
    [
        *((state, OLD, {}, KeyChange(R.NEXT, NEW)) for state in (S.PREPARED, S.PUBLISHED, S.LIVE)),
        (S.SWITCHING, OLD, {}, KeyChange(R.NEXT, NEW)),
        (S.SWITCHING, NEW, {}, KeyChange(R.FORMER, OLD)),
        # An admin was told to switch by hand, and the mail server shows that they did.
        (S.LIVE, NEW, {}, KeyChange(R.FORMER, OLD)),
        (S.SWITCHED, NEW, SWITCHED, KeyChange(R.FORMER, OLD, WEEK)),
        (S.RETIRING, NEW, SWITCHED, KeyChange(R.FORMER, OLD, WEEK)),
        (S.RETIRED, NEW, SWITCHED, KeyChange(R.DONE, OLD)),
        # Somebody put the old key back at the mail server: the new one has signed.
        (S.SWITCHED, OLD, SWITCHED, KeyChange(R.FORMER, NEW)),
        (S.UNDOING, NEW, SWITCHED, KeyChange(R.FORMER, OLD)),
        (S.UNDOING, OLD, SWITCHED, KeyChange(R.FORMER, NEW)),
        (S.UNDONE, OLD, SWITCHED, KeyChange(R.FORMER, NEW, WEEK)),
        (S.UNDONE, OLD, {}, KeyChange(R.DONE, NEW)),
        (S.FAILED, OLD, {}, KeyChange(R.DONE, NEW)),
        (S.UNDOING, OLD, {}, None),
    ],
)
def test_the_key_that_signs_says_which_one_is_the_other(
    state: RotationState, signing: KnownKey, fields: dict[str, object], change: KeyChange | None
) -> None:
    assert find_change(make_rotation(state, **fields), signing, NOON) == change


def test_the_record_of_a_key_that_was_put_back_is_needed_for_a_week() -> None:
    undone = make_rotation(S.UNDONE, **SWITCHED)
    second = timedelta(seconds=1)
    assert find_change(undone, OLD, WEEK - second) == KeyChange(R.FORMER, NEW, WEEK)
    assert find_change(undone, OLD, WEEK) == KeyChange(R.DONE, NEW)


@pytest.mark.parametrize("state", S)
def test_nothing_is_said_where_nobody_knows_which_of_the_two_signs(state: RotationState) -> None:
    third = make_key("dkim", HANDED_OUT.replace(KEY, OTHER))
    for signing in (KeyUnknown(), NoKeyYet(), third, make_key("else", HANDED_OUT)):
        assert find_change(make_rotation(state), signing, NOON) is None


def test_nothing_is_said_of_a_key_that_was_not_handed_out() -> None:
    assert find_change(None, OLD, NOON) is None
    assert find_change(make_rotation(S.PREPARING, value=NEW.record.text), OLD, NOON) is None
    assert find_change(make_rotation(S.FAILED, value=""), OLD, NOON) is None


def test_a_selector_is_the_same_in_capital_letters() -> None:
    signing = KnownKey("CB202611A", NEW.record, "admin")
    assert find_change(make_rotation(S.RETIRED), signing, NOON) == KeyChange(R.DONE, OLD)
