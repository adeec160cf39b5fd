"""Rotations that are undone, at each state, and those that an admin does by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.by_hand import ByHandBackend
from bot.checks.dkim.server_records import RecordState, load_servers
from bot.demo.mailcow_double.double_server import MailcowFault
from bot.errors import RequestError
from bot.records.dkim_key import DkimRecord
from bot.rotations.admin_changes import confirm_restore, confirm_switch, take_record
from bot.rotations.rotation import RotationState, RotationStep
from bot.store.repositories.known_keys import KnownKeys
from rotation_parts import ADMIN, FRIEND
from rotation_setup import open_rotations, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.rotations.rotation import Rotation
    from conftest import CaseFile
    from rotation_setup import RotationSetup

pytest_plugins = ["store_fixtures"]

S, T, R = RotationState, RotationStep, RecordState


@pytest_asyncio.fixture
async def setup(database_url: str, case_file: CaseFile) -> AsyncIterator[RotationSetup]:
    async with open_rotations(database_url, case_file) as opened:
        yield opened


async def assert_undone(setup: RotationSetup) -> Rotation:
    """Do what is due; then the old key signs, and nothing is left."""
    await setup.settle()
    rotation = await setup.get()
    assert (rotation.state, rotation.due_at) == (S.UNDONE, None)
    assert setup.signing == setup.old
    assert setup.kept() == (None, None)
    return rotation


@pytest.mark.parametrize("state", [S.PREPARED, S.PUBLISHED, S.LIVE])
async def test_before_the_switch_the_new_key_goes_and_nothing_else_happens(
    setup: RotationSetup, state: RotationState
) -> None:
    await setup.begin()
    await setup.bring_to(state)
    written = len(setup.writes())
    await setup.undo()
    rotation = await assert_undone(setup)
    assert rotation.switched_at is None
    assert setup.writes()[written:] == ["delete/dkim", "delete/dkim"]
    assert setup.watch.looked_at == []


async def test_it_is_undone_before_anything_was_done(setup: RotationSetup) -> None:
    await setup.begin()
    await setup.undo()
    rotation = await assert_undone(setup)
    assert rotation.value == ""


async def test_it_is_undone_in_the_middle_of_the_workshop(setup: RotationSetup) -> None:
    setup.cow.throws = {"add/dkim_duplicate"}
    await setup.begin()
    await setup.worker.step()
    rotation = await setup.undo()
    assert rotation.due_at is not None
    assert rotation.due_at > setup.time  # a call may go on at the mail server
    await setup.pass_time(seconds=16)
    await assert_undone(setup)


async def test_after_the_switch_the_old_key_signs_again_and_what_is_cached_is_told(
    setup: RotationSetup,
) -> None:
    await setup.begin()
    await setup.bring_to(S.SWITCHED)
    await setup.pass_time(hours=1)
    setup.publish(setup.new, at=(2,))
    setup.watch.looked_at.clear()
    await setup.undo()
    rotation = await assert_undone(setup)
    assert rotation.switched_at is not None
    records = load_servers(rotation.servers)
    assert records.lacking_old == ("ns2.friend-dns.example",)
    assert records.old_keeps == 900
    assert setup.watch.looked_at == [FRIEND]
    key = await KnownKeys(setup.database).current(FRIEND)
    assert key is not None
    assert key.selector == setup.old.selector


async def test_a_switch_whose_outcome_nobody_knows_is_undone(setup: RotationSetup) -> None:
    await setup.begin()
    await setup.bring_to(S.LIVE)
    setup.cow.before_write = lambda: setattr(setup.cow, "loses_redis", bool(setup.kept()[1]))
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert (rotation.state, rotation.step) == (S.SWITCHING, T.SWITCH)
    assert setup.signing.private == ""  # so mail leaves unsigned
    await setup.undo()
    setup.cow.before_write = None
    setup.cow.loses_redis = False
    await setup.pass_time(seconds=16)
    await assert_undone(setup)


async def test_a_mail_server_that_is_away_keeps_the_undo_waiting(setup: RotationSetup) -> None:
    await setup.begin()
    await setup.bring_to(S.SWITCHED)
    setup.cow.mood = MailcowFault.BAD_GATEWAY
    await setup.undo()
    rotation = await setup.pass_until(setup.time + timedelta(minutes=10))
    assert (rotation.state, rotation.step) == (S.UNDOING, T.RESTORE)
    assert "rotation:1:0:stuck" in await setup.news()
    setup.cow.mood = MailcowFault.FINE
    await setup.pass_time(minutes=2)
    await assert_undone(setup)


async def test_when_the_old_key_is_gone_it_is_too_late(setup: RotationSetup) -> None:
    await setup.begin()
    await setup.bring_to(S.RETIRED)
    with pytest.raises(RequestError) as caught:
        await setup.undo()
    assert caught.value.code == "rotation-cannot-be-undone"


# By hand.


async def begin_by_hand(setup: RotationSetup) -> None:
    """Begin one that an admin does, and paste the record of the key that they made."""
    await setup.begin(by_hand=True)
    await setup.settle()
    assert (await setup.get()).state is S.PREPARING
    record = DkimRecord.read(text_of(setup.new))
    await setup.change(lambda before: take_record(before, record, ADMIN, setup.time))


async def make_live_by_hand(setup: RotationSetup) -> None:
    await begin_by_hand(setup)
    setup.publish(setup.old, setup.new)
    await setup.settle()
    await setup.pass_time(minutes=2)
    rotation = await setup.pass_time(minutes=16)
    assert rotation.state is S.LIVE


async def test_by_hand_the_bot_calls_nobody_and_sees_what_the_admin_did(
    setup: RotationSetup,
) -> None:
    await make_live_by_hand(setup)
    rotation = await setup.pass_time(hours=20)
    assert rotation.state is S.LIVE
    setup.cow.dkim[FRIEND.ascii] = setup.new
    rotation = await setup.pass_time(hours=1)
    assert (rotation.state, rotation.switched_at) == (S.SWITCHED, setup.time)
    rotation = await setup.pass_time(days=8)
    assert rotation.state is S.RETIRED
    assert setup.writes() == []


async def test_by_hand_an_admin_says_so_where_the_mail_server_tells_nothing(
    setup: RotationSetup,
) -> None:
    setup.backend = ByHandBackend("mail.example")
    setup.restart()
    await make_live_by_hand(setup)
    server = await setup.backend.look_up(FRIEND)
    await setup.change(lambda before: confirm_switch(before, server, ADMIN, setup.time))
    await setup.settle()
    rotation = await setup.get()
    assert rotation.state is S.SWITCHED
    assert setup.watch.looked_at == [FRIEND]
    await setup.undo()
    await setup.settle()
    rotation = await setup.get()
    assert (rotation.state, rotation.due_at) == (S.UNDOING, None)
    assert load_servers(rotation.servers).servers
    await setup.change(lambda before: confirm_restore(before, server, ADMIN, setup.time))
    assert (await setup.get()).state is S.UNDONE


async def test_by_hand_the_way_back_is_seen_too(setup: RotationSetup) -> None:
    await make_live_by_hand(setup)
    setup.cow.dkim[FRIEND.ascii] = setup.new
    assert (await setup.pass_time(hours=7)).state is S.SWITCHED
    await setup.undo()
    assert (await setup.pass_time(minutes=1)).state is S.UNDOING
    setup.cow.dkim[FRIEND.ascii] = setup.old
    rotation = await setup.pass_time(hours=1)
    assert rotation.state is S.UNDONE
    assert load_servers(rotation.servers).lacking_old == ()


async def test_by_hand_it_is_undone_at_once_before_the_switch(setup: RotationSetup) -> None:
    await make_live_by_hand(setup)
    await setup.undo()
    await setup.settle()
    assert (await setup.get()).state is S.UNDONE
    assert setup.writes() == []


async def test_by_hand_a_switch_that_nobody_told_of_is_seen_before_it_counts_as_undone(
    setup: RotationSetup,
) -> None:
    await make_live_by_hand(setup)
    setup.cow.dkim[FRIEND.ascii] = setup.new
    await setup.undo()
    await setup.settle()
    rotation = await setup.get()
    assert rotation.state is S.UNDOING
    assert rotation.switched_at == setup.time
    setup.cow.dkim[FRIEND.ascii] = setup.old
    assert (await setup.pass_time(hours=1)).state is S.UNDONE


async def test_by_hand_a_record_that_goes_away_is_seen(setup: RotationSetup) -> None:
    await make_live_by_hand(setup)
    setup.publish(setup.old)
    rotation = await setup.pass_time(minutes=20)
    assert rotation.state is S.PREPARED
