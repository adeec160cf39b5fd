"""A rotation from its beginning to its end, over real parts and with a clock that is set."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest_asyncio

from bot.checks.dkim.server_records import RecordState
from bot.rotations.rotation import RotationState, RotationStep
from bot.store.repositories.known_keys import KnownKeys
from rotation_parts import FRIEND, NOON
from rotation_setup import code_of, open_rotations

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
    rotation = await setup.pass_until(rotation.switched_at + timedelta(days=6, hours=23))
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
    setup: RotationSetup, database_url: str
) -> None:
    await switch(setup)
    keys = KnownKeys(setup.store._database)
    found = await keys.get(FRIEND)
    assert found is not None
    assert found.selector == setup.new.selector
