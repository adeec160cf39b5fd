"""What becomes of a rotation by which key the mail server says that it signs with."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pytest

from bot.errors import BackendKeyFaulty, RequestError
from bot.requests.backend import MailHosting, ServerDomain
from bot.requests.failure import load_failure
from bot.rotations.admin_changes import confirm_restore
from bot.rotations.rotation import Rotation, RotationState
from bot.rotations.switched_key import judge_restored, judge_switched, signs_with
from dkim_zones import HANDED_OUT
from rotation_parts import ADMIN, NEW, NOON, OLD, make_key, make_rotation

S = RotationState
DAY: Final = timedelta(days=1)
ON: Final = MailHosting.ON
OTHER: Final = make_key("other", HANDED_OUT)
AT_OLD: Final = make_key("DKIM", NEW.record.text)  # another key at the old selector
FAULT: Final = BackendKeyFaulty("mailcow-key-too-short", domain="a", bits=512, least=1024)
UNTOLD: Final = ServerDomain(MailHosting.UNKNOWN)


def switched(**fields: object) -> Rotation:
    return make_rotation(S.SWITCHED, switched_at=NOON, **fields)


def code_of(rotation: Rotation) -> str:
    failure = load_failure(rotation.reason)
    return "" if failure is None else failure.code


@pytest.mark.parametrize(
    ("server", "code", "is_over"),
    [
        (ServerDomain(ON, NEW), "", True),
        (UNTOLD, "", True),
        (ServerDomain(MailHosting.ABSENT), "", True),
        (ServerDomain(ON, OLD), "rotation-old-key-signs", False),
        (ServerDomain(ON, AT_OLD), "rotation-other-key-signs", False),
        (ServerDomain(ON, OTHER), "rotation-other-key-signs", True),
        (ServerDomain(ON), "rotation-no-key-signs", False),
        (ServerDomain(ON, fault=FAULT), "mailcow-key-too-short", True),
    ],
)
def test_the_key_that_signs_is_looked_at_each_day_and_before_the_old_one_goes(
    server: ServerDomain, code: str, *, is_over: bool
) -> None:
    rotation = judge_switched(switched(), server, NOON).after
    assert (rotation.state, code_of(rotation), rotation.attempts) == (S.SWITCHED, code, 1)
    assert rotation.due_at == NOON + DAY
    rotation = judge_switched(rotation, server, NOON + 6.5 * DAY).after
    assert rotation.due_at == NOON + 7 * DAY
    rotation = judge_switched(rotation, server, NOON + 7 * DAY).after
    assert rotation.state is (S.RETIRING if is_over else S.SWITCHED)
    if not is_over:
        assert rotation.due_at == NOON + 8 * DAY


def test_a_mail_server_that_does_not_tell_is_asked_again() -> None:
    rotation = judge_switched(switched(reason="kept"), None, NOON + 9 * DAY).after
    assert (rotation.state, rotation.reason) == (S.SWITCHED, "kept")
    assert rotation.due_at == NOON + 9 * DAY + timedelta(hours=1)


def test_an_undo_by_hand_ends_at_once_where_nothing_was_switched() -> None:
    rotation = make_rotation(S.UNDOING, by_hand=True)
    assert judge_restored(rotation, None, NOON, servers="").after.state is S.UNDONE


def test_an_undo_by_hand_waits_where_the_new_key_signs_though_nobody_said_so() -> None:
    rotation = make_rotation(S.UNDOING, by_hand=True)
    after = judge_restored(rotation, ServerDomain(ON, NEW), NOON, servers="").after
    assert (after.state, after.switched_at) == (S.UNDOING, NOON)
    assert after.due_at == NOON + timedelta(hours=1)
    assert judge_restored(rotation, ServerDomain(ON, OLD), NOON, servers="").after.state is S.UNDONE


def test_nobody_can_say_that_the_old_key_signs_where_the_mail_server_signs_with_the_new_one() -> (
    None
):
    rotation = make_rotation(S.UNDOING, by_hand=True)
    with pytest.raises(RequestError) as caught:
        confirm_restore(rotation, ServerDomain(ON, NEW), ADMIN, NOON)
    assert caught.value.code == "rotation-signs-otherwise"
    change = confirm_restore(rotation, ServerDomain(ON, OTHER), ADMIN, NOON)
    assert change is not None
    assert change.after.state is S.UNDONE


def test_an_undo_by_hand_ends_when_the_old_key_signs_again() -> None:
    rotation = make_rotation(S.UNDOING, by_hand=True, switched_at=NOON)
    for server in (None, ServerDomain(ON, NEW), ServerDomain(ON)):
        after = judge_restored(rotation, server, NOON, servers="seen").after
        assert (after.state, after.servers) == (S.UNDOING, "seen")
        assert after.due_at == NOON + timedelta(hours=1)
    assert judge_restored(rotation, UNTOLD, NOON, servers="seen").after.due_at is None
    change = judge_restored(rotation, ServerDomain(ON, OLD), NOON, servers="seen")
    assert (change.after.state, change.learned) == (S.UNDONE, OLD)


def test_a_key_is_told_by_its_selector_and_its_octets() -> None:
    assert signs_with(ServerDomain(ON, OLD), OLD)
    assert not signs_with(ServerDomain(ON, OTHER), OLD)
    assert not signs_with(ServerDomain(ON, AT_OLD), OLD)
    assert not signs_with(None, OLD)
    assert not signs_with(ServerDomain(ON, OLD), None)
