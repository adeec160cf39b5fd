"""A rotation from its beginning to its end, over real parts and with a clock that is set."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.checks.dkim.server_records import RecordState, load_servers
from bot.demo.mailcow_double.double_server import MailcowFault
from bot.demo.mailcow_double.mailcow_state import DkimPair
from bot.rotations.admin_changes import hasten_switch
from bot.rotations.rotation import RotationState, RotationStep
from bot.store.repositories.known_keys import KnownKeys
from rotation_parts import ADMIN, FRIEND, NOON
from rotation_setup import SELECTOR, code_of, open_rotations, pair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from conftest import CaseFile
    from rotation_setup import RotationSetup

pytest_plugins = ["store_fixtures"]

S, T, R = RotationState, RotationStep, RecordState


@pytest_asyncio.fixture
async def setup(database_url: str, case_file: CaseFile) -> AsyncIterator[RotationSetup]:
    async with open_rotations(database_url, case_file) as opened:
        yield opened


@pytest.fixture
def keys(setup: RotationSetup) -> KnownKeys:
    return KnownKeys(setup.database)


async def prepare(setup: RotationSetup) -> None:
    await setup.begin()
    await setup.settle()


async def make_live(setup: RotationSetup) -> None:
    """Bring it to where the switch waits for a quiet moment."""
    await prepare(setup)
    setup.publish(setup.old, setup.new)
    await setup.pass_time(minutes=5)
    rotation = await setup.pass_time(minutes=16)
    assert rotation.state is S.LIVE


async def switch(setup: RotationSetup) -> None:
    """Bring it to where both records stay."""
    await make_live(setup)
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert rotation.state is S.SWITCHED


async def test_the_key_is_prepared_by_one_call_after_the_other(setup: RotationSetup) -> None:
    await setup.begin()
    assert await setup.worker.step() == 1
    rotation = await setup.get()
    assert (rotation.state, rotation.step) == (S.PREPARED, None)
    assert setup.new.public in rotation.value
    assert setup.kept() == (setup.new, None)
    assert setup.workshop is None
    assert setup.signing == setup.old
    assert setup.writes() == [
        *("add/domain", "delete/dkim", "add/dkim", "add/dkim_duplicate", "delete/dkim")
    ]


async def test_the_whole_way(setup: RotationSetup) -> None:
    await prepare(setup)
    rotation = await setup.pass_time(minutes=1)
    assert (rotation.state, code_of(rotation)) == (S.PREPARED, "")
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_time(minutes=4)
    assert rotation.state is S.PUBLISHED
    assert rotation.live_at == setup.time
    assert rotation.caches_until == setup.time + timedelta(seconds=900)
    rotation = await setup.pass_time(minutes=14)
    assert rotation.state is S.PUBLISHED
    rotation = await setup.pass_time(minutes=2)
    assert rotation.state is S.LIVE
    assert rotation.due_at == NOON.replace(day=29, hour=2)
    assert setup.signing == setup.old
    rotation = await setup.pass_time(hours=13)
    assert rotation.state is S.LIVE
    rotation = await setup.pass_time(hours=1)
    assert rotation.state is S.SWITCHED
    assert rotation.switched_at == setup.time
    assert setup.signing == setup.new
    assert setup.kept() == (setup.new, setup.old)
    assert setup.watch.looked_at == [FRIEND]
    rotation = await setup.pass_time(days=6, hours=23)
    assert rotation.state is S.SWITCHED
    assert setup.kept() == (setup.new, setup.old)
    rotation = await setup.pass_time(hours=1)
    assert (rotation.state, rotation.due_at) == (S.RETIRED, None)
    assert setup.kept() == (None, None)
    assert setup.signing == setup.new
    assert await setup.store.next_due() is None
    entries = await setup.store.entries(rotation.id)
    assert [entry.after for entry in entries] == [
        *(S.PREPARING, S.PREPARED, S.PUBLISHED, S.LIVE, S.SWITCHING),
        *(S.SWITCHED, S.RETIRING, S.RETIRED),
    ]


async def test_the_new_key_is_the_known_one_since_the_switch(
    setup: RotationSetup, keys: KnownKeys
) -> None:
    await make_live(setup)
    assert await keys.current(FRIEND) is None
    await setup.pass_until((await setup.get()).due_at)
    current = await keys.current(FRIEND)
    assert current is not None
    assert (current.selector, setup.new.public in current.value) == (setup.new.selector, True)


async def test_an_admin_need_not_wait_for_a_quiet_moment(setup: RotationSetup) -> None:
    await make_live(setup)
    await setup.change(lambda before: hasten_switch(before, ADMIN, setup.time))
    await setup.settle()
    assert (await setup.get()).state is S.SWITCHED
    assert setup.time.hour == 12


async def test_a_quiet_moment_that_was_slept_through_is_waited_for_anew(
    setup: RotationSetup,
) -> None:
    await make_live(setup)
    rotation = await setup.pass_time(hours=20)
    assert (rotation.state, setup.signing) == (S.LIVE, setup.old)
    rotation = await setup.pass_until(rotation.due_at)
    assert (rotation.state, setup.time.day, setup.time.hour) == (S.SWITCHED, 30, 2)


# Waiting for the record.


async def test_one_name_server_that_lacks_it_keeps_it_from_being_live(
    setup: RotationSetup,
) -> None:
    await prepare(setup)
    setup.publish(setup.old, setup.new, at=(1,))
    rotation = await setup.pass_time(minutes=5)
    assert (rotation.state, rotation.live_at) == (S.PUBLISHED, None)
    assert [each.new for each in load_servers(rotation.servers).servers] == [R.RIGHT, R.MISSING]
    rotation = await setup.pass_time(days=3)
    assert rotation.state is S.PUBLISHED
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_time(hours=6)
    assert (rotation.state, rotation.live_at) == (S.PUBLISHED, setup.time)


async def test_a_server_that_is_silent_for_a_while_does_not_begin_the_wait_anew(
    setup: RotationSetup,
) -> None:
    await prepare(setup)
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_time(minutes=5)
    live_at = rotation.live_at
    setup.dns.servers[1].holds = False
    rotation = await setup.pass_time(minutes=16)
    assert (rotation.state, rotation.live_at) == (S.PUBLISHED, live_at)
    setup.dns.servers[1].holds = True
    rotation = await setup.pass_time(minutes=16)
    assert (rotation.state, rotation.live_at) == (S.LIVE, live_at)


async def test_a_record_that_is_taken_out_again_is_waited_for_anew(setup: RotationSetup) -> None:
    await prepare(setup)
    setup.publish(setup.old, setup.new)
    await setup.pass_time(minutes=5)
    setup.publish(setup.old)
    rotation = await setup.pass_time(minutes=16)
    assert (rotation.state, rotation.live_at, rotation.caches_until) == (S.PREPARED, None, None)


@pytest.mark.parametrize("at", [(1,), (1, 2)])
async def test_a_record_that_is_gone_at_the_quiet_moment_keeps_the_old_key(
    setup: RotationSetup, at: tuple[int, ...]
) -> None:
    await make_live(setup)
    setup.publish(setup.old, at=at)
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert rotation.state is (S.PREPARED if len(at) == 2 else S.PUBLISHED)
    assert rotation.live_at is None
    assert setup.signing == setup.old
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_until(setup.time + timedelta(days=2))
    assert rotation.state is S.SWITCHED


async def test_a_silent_server_at_the_quiet_moment_keeps_the_old_key(setup: RotationSetup) -> None:
    await make_live(setup)
    setup.dns.servers[0].holds = False
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert (rotation.state, setup.signing) == (S.PUBLISHED, setup.old)
    setup.dns.servers[0].holds = True
    rotation = await setup.pass_time(hours=1)
    assert rotation.state is S.SWITCHED


async def test_nobody_who_knows_the_name_servers_changes_nothing(setup: RotationSetup) -> None:
    await prepare(setup)
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_time(minutes=5)
    setup.dns.tell_resolver(broken=True)
    setup.dns.delegated = []
    later = await setup.pass_time(minutes=20)
    assert (later.state, later.live_at) == (S.PUBLISHED, rotation.live_at)
    assert load_servers(later.servers).servers == ()


async def test_another_record_that_was_there_is_waited_out_of_caches(setup: RotationSetup) -> None:
    await prepare(setup)
    other = DkimPair(SELECTOR, pair(2).public, "")
    setup.publish(setup.old, other, ttl=86_400)
    rotation = await setup.pass_time(minutes=5)
    assert rotation.state is S.PREPARED
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_time(minutes=16)
    assert rotation.live_at == setup.time
    assert rotation.caches_until == setup.time + timedelta(days=1)
    rotation = await setup.pass_time(hours=23, minutes=59)
    assert rotation.state is S.PUBLISHED
    rotation = await setup.pass_time(minutes=2)
    assert rotation.state is S.LIVE


async def test_no_cache_is_waited_for_longer_than_a_week(setup: RotationSetup) -> None:
    await prepare(setup)
    setup.publish(setup.old, DkimPair(SELECTOR, pair(2).public, ""), ttl=30 * 86_400)
    await setup.pass_time(minutes=5)
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_time(minutes=16)
    assert rotation.caches_until == setup.time + timedelta(days=7)


async def test_a_record_that_nobody_publishes_is_given_up_after_thirty_days(
    setup: RotationSetup,
) -> None:
    await prepare(setup)
    rotation = await setup.pass_time(days=29, hours=23)
    assert rotation.state is S.PREPARED
    rotation = await setup.pass_time(hours=1)
    assert (rotation.state, code_of(rotation)) == (S.UNDONE, "rotation-not-published")
    assert setup.kept() == (None, None)
    assert setup.signing == setup.old
    entries = await setup.store.entries(rotation.id)
    assert [entry.after for entry in entries] == [S.PREPARING, S.PREPARED, S.UNDOING, S.UNDONE]
    assert "rotation-not-published" in entries[2].detail


# The key that signs.


async def test_a_key_that_somebody_made_at_the_mail_server_meanwhile_stays(
    setup: RotationSetup,
) -> None:
    await make_live(setup)
    theirs = DkimPair("theirs", pair(3).public, pair(3).private)
    setup.cow.dkim[FRIEND.ascii] = theirs
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert (rotation.state, rotation.due_at) == (S.FAILED, None)
    assert setup.signing == theirs
    assert rotation.switched_at is None


async def test_a_key_that_somebody_made_after_the_switch_is_said_and_stays(
    setup: RotationSetup,
) -> None:
    await switch(setup)
    theirs = DkimPair("theirs", pair(3).public, pair(3).private)
    setup.cow.dkim[FRIEND.ascii] = theirs
    rotation = await setup.pass_time(days=1)
    assert (rotation.state, code_of(rotation)) == (S.SWITCHED, "rotation-other-key-signs")
    rotation = await setup.pass_time(days=9)
    assert rotation.state is S.RETIRED
    assert setup.signing == theirs


async def test_the_old_record_stays_while_somebody_has_the_old_key_sign_again(
    setup: RotationSetup,
) -> None:
    await switch(setup)
    setup.cow.dkim[FRIEND.ascii] = setup.old
    await setup.pass_time(days=1)
    rotation = await setup.pass_time(days=20)
    assert (rotation.state, code_of(rotation)) == (S.SWITCHED, "rotation-old-key-signs")
    assert setup.kept() == (setup.new, setup.old)
    setup.cow.dkim[FRIEND.ascii] = setup.new
    rotation = await setup.pass_time(days=1)
    assert rotation.state is S.RETIRED


async def test_a_domain_without_a_key_is_said(setup: RotationSetup) -> None:
    await switch(setup)
    del setup.cow.dkim[FRIEND.ascii]
    rotation = await setup.pass_time(days=1)
    assert code_of(rotation) == "rotation-no-key-signs"
    rotation = await setup.pass_time(days=20)
    assert rotation.state is S.SWITCHED
    assert setup.kept() == (setup.new, setup.old)  # all that is left of both keys
    await setup.undo()
    await setup.settle()
    assert (await setup.get()).state is S.UNDONE
    assert setup.signing == setup.old


async def test_a_domain_that_the_mail_server_has_no_more_keeps_its_key(
    setup: RotationSetup,
) -> None:
    await make_live(setup)
    del setup.cow.domains[FRIEND.ascii]
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert (rotation.state, code_of(rotation)) == (S.FAILED, "rotation-domain-absent")
    assert setup.signing == setup.old
    assert setup.kept() == (setup.new, None)


async def test_a_mail_server_that_does_not_tell_is_asked_before_the_old_key_goes(
    setup: RotationSetup,
) -> None:
    await switch(setup)
    setup.cow.mood = MailcowFault.BAD_GATEWAY
    rotation = await setup.pass_time(days=8)
    assert rotation.state is S.SWITCHED
    setup.cow.mood = MailcowFault.FINE
    rotation = await setup.pass_time(hours=1)
    assert rotation.state is S.RETIRED
