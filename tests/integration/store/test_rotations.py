"""Rotations in the store: one at a time for a domain, each change whole, and no selector twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.errors import RequestError, StoreError
from bot.names import Domain
from bot.records.dkim_key import KeySource
from bot.requests.model import BOT
from bot.rotations.rotation import (
    FINAL,
    TRANSITIONS,
    NewRotation,
    Rotation,
    RotationChange,
    RotationState,
    RotationStep,
)
from bot.rotations.rotation_changes import go_on, is_in_workshop, move, touch, undo
from bot.store.repositories.known_keys import KnownKeys
from bot.store.repositories.rotations import StoredRotations
from bot.store.repositories.tallies import StoredTallies
from rotation_parts import ADMIN, FRIEND, NEW, NOON, OLD

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store.engine.database import Database

S, T = RotationState, RotationStep
LEASE = timedelta(minutes=2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOVER = Domain.from_ascii("mover.example")
NONE = frozenset[str]()
# The way to each state through others, from the one that a rotation begins with.
WAYS = {
    S.PREPARING: (),
    S.PREPARED: (S.PREPARED,),
    S.PUBLISHED: (S.PREPARED, S.PUBLISHED),
    S.LIVE: (S.PREPARED, S.LIVE),
    S.SWITCHING: (S.PREPARED, S.LIVE, S.SWITCHING),
    S.SWITCHED: (S.PREPARED, S.LIVE, S.SWITCHING, S.SWITCHED),
    S.RETIRING: (S.PREPARED, S.LIVE, S.SWITCHING, S.SWITCHED, S.RETIRING),
    S.RETIRED: (S.PREPARED, S.LIVE, S.SWITCHING, S.SWITCHED, S.RETIRING, S.RETIRED),
    S.UNDOING: (S.UNDOING,),
    S.UNDONE: (S.UNDOING, S.UNDONE),
    S.FAILED: (S.FAILED,),
}

pytest_plugins = ["store_fixtures"]


@pytest.fixture
def store(database: Database) -> StoredRotations:
    return StoredRotations(database)


def asked(domain: Domain = FRIEND, *, by_hand: bool = False) -> NewRotation:
    return NewRotation(domain, OLD, 2048, by_hand=by_hand, actor=ADMIN)


async def begin(store: StoredRotations, domain: Domain = FRIEND) -> Rotation:
    rotation, is_new = await store.open(asked(domain), NONE, NOON)
    assert is_new
    return rotation


async def bring(store: StoredRotations, rotation: Rotation, *states: RotationState) -> Rotation:
    for state in states:
        rotation = await put(store, rotation, partial(move, to=state, actor=BOT, now=NOON))
    return rotation


async def put(
    store: StoredRotations, rotation: Rotation, decide: Callable[[Rotation], RotationChange]
) -> Rotation:
    after, is_changed = await store.change(rotation.id, decide, NOON)
    assert is_changed
    return after


async def test_a_new_rotation_is_due_at_once_with_its_first_call_written_down(
    store: StoredRotations,
) -> None:
    rotation = await begin(store)
    assert (rotation.state, rotation.step) == (S.PREPARING, T.OPEN_WORKSHOP)
    assert (rotation.old, rotation.selector, rotation.value) == (OLD, "cb202611a", "")
    assert (rotation.opened_by, rotation.due_at) == (ADMIN.id, NOON)
    assert await store.get(rotation.id) == rotation
    (entry,) = await store.entries(rotation.id)
    assert (entry.actor, entry.before, entry.after) == (ADMIN, None, S.PREPARING)


async def test_one_by_hand_waits_for_an_admin(store: StoredRotations) -> None:
    rotation, _ = await store.open(asked(by_hand=True), NONE, NOON)
    assert (rotation.by_hand, rotation.step, rotation.due_at) == (True, None, None)
    assert await store.next_due() is None


async def test_of_two_that_are_opened_at_once_there_is_one(store: StoredRotations) -> None:
    came = await asyncio.gather(*(store.open(asked(), NONE, NOON) for _ in range(8)))
    assert sorted(is_new for _, is_new in came) == [False] * 7 + [True]
    assert len({rotation.id for rotation, _ in came}) == 1
    assert len(await store.open_ones()) == 1


async def test_others_begin_beside_it_and_the_next_one_after_it(store: StoredRotations) -> None:
    first, other = await begin(store), await begin(store, MOVER)
    assert await store.open_ones() == (first, other)
    await bring(store, first, S.UNDOING, S.UNDONE)
    second = await begin(store)
    assert [each.id for each in await store.of_domain(FRIEND)] == [second.id, first.id]
    assert await store.domains() == (FRIEND, MOVER)
    assert await store.count_opened(NOON) == 0
    assert await store.count_opened(NOON - HOUR) == 3


async def test_a_selector_is_never_used_twice(store: StoredRotations, database: Database) -> None:
    keys = KnownKeys(database)
    for selector in ("cb202611a", "cb202611C"):
        await keys.learn(FRIEND, selector, OLD.record.text, KeySource.ADMIN, NOON)
    rotation, _ = await store.open(asked(), frozenset({"CB202611B"}), NOON)
    assert rotation.selector == "cb202611d"
    await bring(store, rotation, S.FAILED)
    assert (await begin(store)).selector == "cb202611b"
    # What another domain has used is of no matter.
    assert (await begin(store, MOVER)).selector == "cb202611a"


async def test_a_month_without_selectors_is_said(store: StoredRotations) -> None:
    used = frozenset(f"cb202611{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    with pytest.raises(RequestError) as caught:
        await store.open(asked(), used, NOON)
    assert caught.value.code == "rotation-no-selector"
    assert await store.open_ones() == ()


async def test_no_more_are_opened_in_a_day_than_are_allowed_even_at_once(
    store: StoredRotations,
) -> None:
    domains = [Domain.from_ascii(f"d{number}.example") for number in range(6)]
    limited = [replace(asked(domain), most_a_day=4) for domain in domains]
    came = await asyncio.gather(
        *(store.open(each, NONE, NOON) for each in limited), return_exceptions=True
    )
    refused = [each for each in came if isinstance(each, RequestError)]
    assert [each.code for each in refused] == ["rotation-too-many-a-day"] * 2
    rotation, is_new = await store.open(replace(asked(MOVER), most_a_day=4), NONE, NOON + DAY)
    assert is_new
    # Nobody is kept from what is under way.
    found, is_new = await store.open(replace(asked(MOVER), most_a_day=1), NONE, NOON + DAY)
    assert (found, is_new) == (rotation, False)


@pytest.mark.parametrize("state", S)
async def test_only_what_may_follow_a_state_does(
    store: StoredRotations, state: RotationState
) -> None:
    rotation = await bring(store, await begin(store), *WAYS[state])
    before = await store.entries(rotation.id)
    for after in set(S) - TRANSITIONS[state]:
        with pytest.raises(RequestError):
            await bring(store, rotation, after)
    assert await store.get(rotation.id) == rotation
    assert await store.entries(rotation.id) == before
    assert (rotation in await store.open_ones()) == (state not in FINAL)


async def test_each_call_and_what_it_came_to_is_written_down(store: StoredRotations) -> None:
    rotation = await begin(store)
    steps = []
    while rotation.state is S.PREPARING:
        steps.append(rotation.step)
        fields: dict[str, Any] = {}
        if rotation.step is T.MAKE_KEY:
            fields["value"] = NEW.record.text
        rotation = await put(store, rotation, partial(go_on, now=NOON, **fields))
    assert len(steps) == 5
    assert (rotation.state, rotation.value) == (S.PREPARED, NEW.record.text)
    assert rotation.version == 6
    states = [entry.after for entry in await store.entries(rotation.id)]
    assert states == [S.PREPARING, S.PREPARED]


async def test_every_field_that_changes_comes_back_as_it_was_written(
    store: StoredRotations,
) -> None:
    rotation = await begin(store)
    times = [NOON + number * HOUR for number in range(1, 7)]
    wanted = replace(
        rotation,
        bits=4096,
        value=NEW.record.text,
        step=T.KEEP_NEXT,
        due_at=times[0],
        attempts=3,
        reason='{"code":"x"}',
        servers='{"servers":[]}',
        live_at=times[1],
        caches_until=times[2],
        switched_at=times[3],
        proved_at=times[4],
        lease_until=times[5],
    )
    after, changed = await store.change(
        rotation.id, lambda _: RotationChange(wanted, ADMIN, "said"), NOON
    )
    assert changed
    assert after == replace(wanted, version=2)
    assert (await store.entries(rotation.id))[-1].detail == "said"


async def test_a_decision_is_made_on_what_is_there_and_none_is_lost(store: StoredRotations) -> None:
    rotation = await begin(store)

    def count(before: Rotation) -> RotationChange:
        return touch(before, attempts=before.attempts + 1)

    await asyncio.gather(*(store.change(rotation.id, count, NOON) for _ in range(8)))
    after = await store.get(rotation.id)
    assert after is not None
    assert (after.attempts, after.version) == (8, 9)


async def test_what_was_decided_on_a_version_of_before_is_not_written(
    store: StoredRotations,
) -> None:
    stale = await begin(store)
    await bring(store, stale, S.PREPARED)

    def answer_late(before: Rotation) -> RotationChange | None:
        return touch(before, reason="late") if before.version == stale.version else None

    after, changed = await store.change(stale.id, answer_late, NOON)
    assert (after.state, after.reason, changed) == (S.PREPARED, "", False)


async def test_what_nobody_knows_is_refused(store: StoredRotations) -> None:
    assert await store.get(99) is None
    with pytest.raises(RequestError) as caught:
        await store.change(99, lambda _: None, NOON)
    assert caught.value.code == "rotation-unknown"


async def test_of_two_undos_at_once_one_is_written(store: StoredRotations) -> None:
    rotation = await bring(store, await begin(store), *WAYS[S.SWITCHED])
    came = await asyncio.gather(
        *(store.change(rotation.id, lambda b: undo(b, ADMIN, NOON), NOON) for _ in range(2)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, RequestError) for each in came) == 1
    entries = [entry.after for entry in await store.entries(rotation.id)]
    assert entries.count(S.UNDOING) == 1


async def test_one_of_all_that_want_the_workshop_has_it(store: StoredRotations) -> None:
    domains = [Domain.from_ascii(f"d{number}.example") for number in range(5)]
    for domain in domains:
        rotation = await begin(store, domain)
        await store.change(rotation.id, lambda before: touch(before, step=None), NOON)

    def enter(before: Rotation, others: tuple[Rotation, ...]) -> RotationChange | None:
        if any(map(is_in_workshop, others)):
            return None
        return touch(before, step=T.OPEN_WORKSHOP)

    numbers = [rotation.id for rotation in await store.open_ones()]
    came = await asyncio.gather(
        *(store.change_among(number, enter, NOON) for number in numbers), return_exceptions=True
    )
    written = [each for each in came if not isinstance(each, BaseException) and each[1]]
    assert len(written) == 1
    assert sum(map(is_in_workshop, await store.open_ones())) == 1
    assert all(isinstance(each, tuple | StoreError) for each in came)


async def test_whoever_takes_a_rotation_is_at_it_alone_until_the_lease_ends(
    store: StoredRotations,
) -> None:
    first, second = await begin(store), await begin(store, MOVER)
    await store.change(second.id, lambda before: touch(before, due_at=NOON - HOUR), NOON)
    taken = await store.take_due(NOON, LEASE, 1)
    assert [each.id for each in taken] == [second.id]
    more = await store.take_due(NOON, LEASE, 9)
    assert [each.id for each in more] == [first.id]
    assert await store.take_due(NOON, LEASE, 9) == ()
    assert await store.next_due() == NOON + LEASE
    assert len(await store.take_due(NOON + LEASE, LEASE, 9)) == 2
    # Those were taken by another since.
    await store.give_back((*taken, *more))
    assert await store.take_due(NOON + LEASE, LEASE, 9) == ()


async def test_what_is_given_back_is_free_at_once_or_later(store: StoredRotations) -> None:
    await begin(store)
    soon = NOON + timedelta(seconds=15)
    await store.give_back(await store.take_due(NOON, LEASE, 9), soon)
    assert await store.take_due(NOON, LEASE, 9) == ()
    await store.give_back(await store.take_due(soon, LEASE, 9))
    assert len(await store.take_due(NOON, LEASE, 9)) == 1
    await store.release_leases()
    assert len(await store.take_due(NOON, LEASE, 9)) == 1


async def test_nothing_is_due_of_what_has_ended(store: StoredRotations) -> None:
    rotation = await bring(store, await begin(store), *WAYS[S.RETIRED])
    assert rotation.due_at is None
    assert await store.next_due() is None
    assert await store.take_due(NOON + 99 * DAY, LEASE, 9) == ()


async def test_the_new_key_becomes_the_one_that_is_known_with_the_switch(
    store: StoredRotations, database: Database
) -> None:
    keys = KnownKeys(database)
    await keys.learn(FRIEND, OLD.selector, OLD.record.text, KeySource.MAIL_SERVER, NOON - DAY)
    rotation = await bring(store, await begin(store), *WAYS[S.SWITCHING])
    await store.change(
        rotation.id, lambda before: move(before, S.SWITCHED, BOT, NOON, learned=NEW), NOON
    )
    current, (former,) = await keys.current(FRIEND), await keys.former(FRIEND)
    assert current is not None
    assert (current.selector, current.value) == (NEW.selector, NEW.record.text)
    assert (former.selector, former.superseded_at) == (OLD.selector, NOON)


async def test_a_member_who_is_forgotten_leaves_a_number(store: StoredRotations) -> None:
    mine = await begin(store)
    await bring(store, mine, S.PREPARED)
    await store.change(mine.id, lambda before: undo(before, ADMIN, NOON), NOON)
    assert ADMIN.id is not None
    await store.forget_member(ADMIN.id, -5, NOON)
    after = await store.get(mine.id)
    assert after is not None
    assert after.opened_by == -5
    assert [entry.actor.id for entry in await store.entries(mine.id)] == [-5, None, -5]


async def test_they_are_counted_by_state_and_those_that_do_not_get_on(
    store: StoredRotations, database: Database
) -> None:
    tallies = StoredTallies(database)
    first, _ = await begin(store), await begin(store, MOVER)
    await bring(store, first, S.UNDOING)
    assert await tallies.rotations_by_state() == {S.UNDOING: 1, S.PREPARING: 1}
    assert await tallies.stuck_rotations() == 0
    await put(store, first, lambda before: touch(before, reason="mailcow-away"))
    assert await tallies.stuck_rotations() == 1
    await bring(store, first, S.UNDONE)
    assert await tallies.stuck_rotations() == 0


async def test_copies_are_in_doubt_only_of_who_failed_when_the_new_key_may_sign(
    store: StoredRotations,
) -> None:
    other = Domain.from_ascii("other.example")
    for domain, switched_at in ((FRIEND, NOON), (other, None)):
        rotation = await begin(store, domain)
        fail = partial(move, to=S.FAILED, actor=BOT, now=NOON, switched_at=switched_at)
        await put(store, rotation, fail)
    assert await store.domains_in_doubt() == (FRIEND,)
    await begin(store)
    assert await store.domains_in_doubt() == ()
