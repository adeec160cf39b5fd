"""What people do with rotations: begin one, undo it, and say what was done by hand."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.errors import BackendError, BackendRefused, InvalidKey, RequestError
from bot.mailcow.workshop_names import former_name, next_name
from bot.names import Domain
from bot.records.dkim_key import KeyUnknown, KnownKey
from bot.records.key_change import KeyRole
from bot.requests.model import MessageKind, NewRequest, RequestKind
from bot.rotations.admin_changes import PASTED_AGAIN, SWITCH_NOW
from bot.rotations.key_changes import KeyChanges
from bot.rotations.rotation import NewRotation, Rotation, RotationState, RotationStep
from pasted_keys import MAILCOW_TAGS
from rotation_parts import ADMIN, FRIEND, NEW, NOON, OLD
from rotation_service_parts import TO_SWITCHED, ServiceParts, open_service, pair, value_of
from strategies import RSA_1024, RSA_2048

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

S = RotationState
ANN = 5
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_VALUE = NEW.record.text

pytest_plugins = ["store_fixtures"]


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[ServiceParts]:
    async with open_service(database_url, "mover.example") as parts:
        yield parts


async def refuse(asking: Awaitable[Any]) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await asking
    return caught.value


async def ask_for_key(parts: ServiceParts, kind: RequestKind = RequestKind.DKIM) -> int:
    asked = NewRequest(*(kind, FRIEND, 1, 2, ANN, "[]", NOON + DAY, (MessageKind.ADMIN_CARD,), 10))
    request, _ = await parts.requests.open(asked, NOON)
    return request.id


async def test_a_rotation_begins_with_the_key_that_the_mail_server_tells(
    parts: ServiceParts,
) -> None:
    await parts.learn(number=1)  # which is of the past
    woken = parts.woken.listen()
    begun = await parts.rotations.begin(FRIEND, 4096, ADMIN)
    rotation = begun.rotation
    assert begun.is_new
    assert woken.is_set()
    assert (rotation.old.selector, rotation.old.record.text) == ("dkim", value_of(pair(0)))
    assert (rotation.bits, rotation.by_hand, rotation.selector) == (4096, False, "cb202611a")
    assert (rotation.state, rotation.step) == (S.PREPARING, RotationStep.OPEN_WORKSHOP)
    assert await parts.rotations.get(rotation.id) == rotation
    assert await parts.rotations.of_domain(FRIEND) == (rotation,)
    assert await parts.rotations.open_ones() == (rotation,)
    assert [each.actor for each in await parts.rotations.entries(rotation.id)] == [ADMIN]


async def test_the_open_rotation_is_found_again_however_many_ask(parts: ServiceParts) -> None:
    came = await asyncio.gather(*(parts.rotations.begin(FRIEND, 2048, ADMIN) for _ in range(4)))
    assert sum(each.is_new for each in came) == 1
    assert len({each.rotation.id for each in came}) == 1
    again = await parts.rotations.begin(FRIEND, 4096, ADMIN)
    assert (again.is_new, again.rotation.bits) == (False, 2048)


async def test_selectors_that_the_mail_server_kept_are_not_used_again(parts: ServiceParts) -> None:
    for name, letter in ((next_name(FRIEND), "a"), (former_name(FRIEND), "b")):
        kept = pair(1)
        parts.cow.dkim[name.ascii] = DkimPair(f"cb202611{letter}", kept.public, kept.private)
    assert (await parts.begin()).selector == "cb202611c"


@pytest.mark.parametrize("bits", [0, 1024, 2047, 3072, 8192])
async def test_a_key_of_another_size_is_refused(parts: ServiceParts, bits: int) -> None:
    error = await refuse(parts.rotations.begin(FRIEND, bits, ADMIN))
    assert (error.code, error.facts["sizes"]) == ("rotation-bad-size", "2048 or 4096")


async def test_a_domain_that_is_not_on_the_mail_server_is_refused(parts: ServiceParts) -> None:
    unknown = Domain.from_ascii("unknown.example")
    await parts.learn(unknown)
    error = await refuse(parts.rotations.begin(unknown, 2048, ADMIN))
    assert error.code == "rotation-domain-absent"
    parts.cow.domains[FRIEND.ascii]["active"] = 0
    error = await refuse(parts.rotations.begin(FRIEND, 2048, ADMIN))
    assert error.code == "rotation-domain-off"
    assert await parts.rotations.open_ones() == ()


async def test_a_domain_without_a_key_is_refused_also_where_it_had_one(
    parts: ServiceParts,
) -> None:
    await parts.learn()
    del parts.cow.dkim[FRIEND.ascii]
    error = await refuse(parts.rotations.begin(FRIEND, 2048, ADMIN))
    assert error.code == "rotation-no-key"
    other = Domain.from_ascii("never-seen.example")
    error = await refuse(parts.by_hand.begin(other, 2048, ADMIN))
    assert error.code == "rotation-no-key"


async def test_a_domain_whose_key_is_being_asked_for_is_refused(parts: ServiceParts) -> None:
    await ask_for_key(parts, RequestKind.DMARC)
    number = await ask_for_key(parts)
    error = await refuse(parts.rotations.begin(FRIEND, 2048, ADMIN))
    assert (error.code, error.facts["number"]) == ("rotation-request-open", number)


async def test_a_name_that_is_too_long_is_refused_before_anything_is_asked(
    parts: ServiceParts,
) -> None:
    long = Domain.from_ascii(".".join(("a" * 60,) * 4))
    with pytest.raises(BackendRefused):
        await parts.rotations.begin(long, 2048, ADMIN)
    assert parts.cow.routes("GET") == []


async def test_a_mail_server_that_does_not_answer_is_said(parts: ServiceParts) -> None:
    parts.cow.throws.add(f"get/dkim/{FRIEND}")
    with pytest.raises(BackendError):
        await parts.rotations.begin(FRIEND, 2048, ADMIN)
    assert await parts.rotations.open_ones() == ()


async def test_where_nothing_can_be_asked_an_admin_does_it_by_hand(parts: ServiceParts) -> None:
    rotation = await parts.begin_by_hand()
    assert parts.by_hand.by_hand
    assert not parts.rotations.by_hand
    assert (rotation.by_hand, rotation.step, rotation.due_at) == (True, None, None)
    assert rotation.old.record.text == value_of(pair(0))


async def test_undo_is_said_once_however_often_it_is_pressed(parts: ServiceParts) -> None:
    rotation = await parts.bring(await parts.begin(), *TO_SWITCHED)
    came = await asyncio.gather(*(parts.rotations.undo(rotation.id, ADMIN) for _ in range(3)))
    assert {each.state for each in came} == {S.UNDOING}
    entries = [entry.after for entry in await parts.rotations.entries(rotation.id)]
    assert entries.count(S.UNDOING) == 1


async def test_what_is_over_cannot_be_undone(parts: ServiceParts) -> None:
    rotation = await parts.bring(await parts.begin(), *TO_SWITCHED, S.RETIRING)
    error = await refuse(parts.rotations.undo(rotation.id, ADMIN))
    assert error.code == "rotation-cannot-be-undone"
    error = await refuse(parts.rotations.undo(99, ADMIN))
    assert error.code == "rotation-unknown"


async def test_a_switch_need_not_wait_for_the_night_once_the_record_is_live(
    parts: ServiceParts,
) -> None:
    rotation = await parts.bring(await parts.begin(), S.PREPARED)
    error = await refuse(parts.rotations.switch_now(rotation.id, ADMIN))
    assert error.code == "rotation-not-live"
    live = await parts.bring(rotation, S.LIVE, due_at=NOON + 14 * HOUR)
    for _ in range(2):
        now = await parts.rotations.switch_now(live.id, ADMIN)
        assert (now.state, now.due_at, now.version) == (S.LIVE, NOON, live.version + 1)
    entry = (await parts.rotations.entries(live.id))[-1]
    assert (entry.actor, entry.detail) == (ADMIN, SWITCH_NOW)
    switching = await parts.bring(live, S.SWITCHING)
    assert await parts.rotations.switch_now(live.id, ADMIN) == switching


async def test_an_admin_goes_through_it_by_hand(parts: ServiceParts) -> None:
    rotation = await parts.begin_by_hand()
    pasted = await parts.by_hand.paste(
        rotation.id, ADMIN, f'"{NEW_VALUE[:200]}" "{NEW_VALUE[200:]}"'
    )
    assert (pasted.state, pasted.value, pasted.bits) == (S.PREPARED, NEW_VALUE, 2048)
    assert pasted.due_at == NOON
    error = await refuse(parts.by_hand.confirm_switched(rotation.id, ADMIN))
    assert error.code == "rotation-not-live"
    await parts.bring(pasted, S.LIVE)
    error = await refuse(parts.by_hand.switch_now(rotation.id, ADMIN))
    assert error.code == "rotation-by-hand"
    switched = await parts.by_hand.confirm_switched(rotation.id, ADMIN)
    assert (switched.state, switched.switched_at, switched.due_at) == (S.SWITCHING, NOON, NOON)
    assert await parts.by_hand.confirm_switched(rotation.id, ADMIN) == switched
    await parts.bring(switched, S.SWITCHED)
    error = await refuse(parts.by_hand.confirm_restored(rotation.id, ADMIN))
    assert error.code == "rotation-not-awaited"
    await parts.by_hand.undo(rotation.id, ADMIN)
    restored = await parts.by_hand.confirm_restored(rotation.id, ADMIN)
    assert restored.state is S.UNDONE
    assert await parts.by_hand.confirm_restored(rotation.id, ADMIN) == restored
    current = await parts.keys.current(FRIEND)
    assert current is not None
    assert (current.selector, current.value) == ("dkim", value_of(pair(0)))


async def test_before_the_switch_nothing_has_to_be_put_back_by_hand(parts: ServiceParts) -> None:
    rotation = await parts.begin_by_hand()
    await parts.by_hand.undo(rotation.id, ADMIN)
    assert (await parts.by_hand.confirm_restored(rotation.id, ADMIN)).state is S.UNDONE


async def test_a_record_can_be_put_right_until_somebody_published_it(parts: ServiceParts) -> None:
    rotation = await parts.begin_by_hand()
    first = await parts.by_hand.paste(rotation.id, ADMIN, value_of(pair(1)))
    assert await parts.by_hand.paste(rotation.id, ADMIN, value_of(pair(1))) == first
    second = await parts.by_hand.paste(rotation.id, ADMIN, NEW_VALUE)
    assert (second.state, second.value) == (S.PREPARED, NEW_VALUE)
    assert (await parts.by_hand.entries(rotation.id))[-1].detail == PASTED_AGAIN
    await parts.bring(second, S.PUBLISHED)
    error = await refuse(parts.by_hand.paste(rotation.id, ADMIN, value_of(pair(1))))
    assert (error.code, error.facts["state"]) == ("rotation-not-awaited", "published")


async def test_the_old_key_a_short_one_and_what_is_no_key_are_refused(parts: ServiceParts) -> None:
    rotation = await parts.begin_by_hand()
    error = await refuse(parts.by_hand.paste(rotation.id, ADMIN, value_of(pair(0))))
    assert error.code == "rotation-same-key"
    error = await refuse(parts.by_hand.paste(rotation.id, ADMIN, MAILCOW_TAGS + RSA_1024))
    assert (error.code, error.facts) == ("rotation-key-too-short", {"bits": 1024, "least": 2048})
    with pytest.raises(InvalidKey):
        await parts.by_hand.paste(rotation.id, ADMIN, "what you sent me")
    assert await parts.by_hand.get(rotation.id) == rotation
    by_bot = await parts.rotations.begin(Domain.from_ascii("mover.example"), 2048, ADMIN)
    for asking in (
        parts.rotations.paste(by_bot.rotation.id, ADMIN, MAILCOW_TAGS + RSA_2048),
        parts.rotations.confirm_switched(by_bot.rotation.id, ADMIN),
        parts.rotations.confirm_restored(by_bot.rotation.id, ADMIN),
    ):
        assert (await refuse(asking)).code == "rotation-not-by-hand"


async def test_an_admin_is_not_taken_at_their_word_where_the_mail_server_denies_it(
    parts: ServiceParts,
) -> None:
    rotation = await parts.begin_by_hand()
    await parts.by_hand.paste(rotation.id, ADMIN, value_of(pair(1)))
    await parts.bring(rotation, S.LIVE, value=value_of(pair(1)))
    # The bot may read there and not write, say.
    error = await refuse(parts.rotations.confirm_switched(rotation.id, ADMIN))
    assert error.facts == {"selector": "dkim", "wanted": "cb202611a"}
    new = DkimPair("cb202611a", pair(1).public, pair(1).private)
    parts.cow.dkim[FRIEND.ascii] = new
    switched = await parts.rotations.confirm_switched(rotation.id, ADMIN)
    await parts.bring(switched, S.SWITCHED)
    await parts.rotations.undo(rotation.id, ADMIN)
    error = await refuse(parts.rotations.confirm_restored(rotation.id, ADMIN))
    assert (error.code, error.facts["wanted"]) == ("rotation-signs-otherwise", "dkim")
    parts.cow.dkim[FRIEND.ascii] = pair(0)
    assert (await parts.rotations.confirm_restored(rotation.id, ADMIN)).state is S.UNDONE


async def test_a_mail_that_the_new_key_signed_proves_it_once(parts: ServiceParts) -> None:
    rotation = await parts.begin()
    await parts.rotations.note_signed_mail(FRIEND, rotation.selector, NOON)
    assert (await now_of(parts, rotation)).proved_at is None
    await parts.bring(rotation, *TO_SWITCHED)
    await parts.rotations.note_signed_mail(FRIEND, "dkim", NOON)
    await parts.rotations.note_signed_mail(Domain.from_ascii("x.example"), "cb202611a", NOON)
    assert (await now_of(parts, rotation)).proved_at is None
    await parts.rotations.note_signed_mail(FRIEND, "CB202611A", NOON + HOUR)
    await parts.rotations.note_signed_mail(FRIEND, "cb202611a", NOON + DAY)
    assert (await now_of(parts, rotation)).proved_at == NOON + HOUR


async def test_which_other_record_is_needed_follows_the_key_that_signs(
    parts: ServiceParts,
) -> None:
    async def role(signing: KnownKey) -> tuple[KeyRole, str] | None:
        change = await KeyChanges(parts.store, parts.now).of(FRIEND, signing)
        return None if change is None else (change.role, change.key.selector)

    rotation = await parts.begin()
    old = rotation.old
    assert await role(old) is None
    await parts.bring(rotation, S.PREPARED)
    assert await role(old) == (KeyRole.NEXT, "cb202611a")
    assert await KeyChanges(parts.store, parts.now).of(FRIEND, KeyUnknown()) is None
    await parts.bring(rotation, S.LIVE, S.SWITCHING, S.SWITCHED)
    assert await role(NEW) == (KeyRole.FORMER, "dkim")
    assert await role(OLD) is None  # neither of the two
    await parts.bring(rotation, S.RETIRING, S.RETIRED)
    assert await role(NEW) == (KeyRole.DONE, "dkim")
    # The next one says nothing yet, and then more than the one before it.
    asked = NewRotation(FRIEND, NEW, 2048, by_hand=False, actor=ADMIN)
    again, _ = await parts.store.open(asked, frozenset(), parts.time)
    assert await role(NEW) == (KeyRole.DONE, "dkim")
    await parts.bring(again, S.PREPARED, value=value_of(pair(1)))
    assert await role(NEW) == (KeyRole.NEXT, "cb202611b")


async def test_after_an_undo_the_new_record_stays_for_a_week_where_it_was_used(
    parts: ServiceParts,
) -> None:
    rotation = await parts.bring(await parts.begin(), *TO_SWITCHED)
    await parts.rotations.undo(rotation.id, ADMIN)
    undone = await parts.bring(rotation, S.UNDONE)
    change = await KeyChanges(parts.store, parts.now).of(FRIEND, undone.old)
    assert change is not None
    assert (change.role, change.until) == (KeyRole.FORMER, NOON + 7 * DAY)
    parts.time += 7 * DAY
    change = await KeyChanges(parts.store, parts.now).of(FRIEND, undone.old)
    assert change is not None
    assert (change.role, change.key.selector) == (KeyRole.DONE, "cb202611a")


async def test_who_is_forgotten_is_a_number_that_nobody_can_lead_back(parts: ServiceParts) -> None:
    rotation = await parts.begin()
    assert ADMIN.id is not None
    assert await parts.rotations.count_of_admin(ADMIN.id) == 1
    await parts.rotations.forget_member(ADMIN.id)
    after = await now_of(parts, rotation)
    assert after.opened_by is not None
    assert after.opened_by < 0
    (entry,) = await parts.rotations.entries(rotation.id)
    assert entry.actor.id == after.opened_by
    assert await parts.rotations.count_of_admin(ADMIN.id) == 0


async def now_of(parts: ServiceParts, rotation: Rotation) -> Rotation:
    found = await parts.rotations.get(rotation.id)
    assert found is not None
    return found
