"""Rotations whose calls fail, at each of them, and two that need the workshop at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from bot.demo.mailcow_double.double_server import MailcowFault
from bot.names import Domain
from bot.rotations.rotation import RotationNews, RotationState, RotationStep
from mailcow_helpers import READ, WRITE
from rotation_parts import FRIEND
from rotation_setup import code_of, open_rotations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from conftest import CaseFile
    from rotation_setup import RotationSetup

pytest_plugins = ["store_fixtures"]

S, T, N = RotationState, RotationStep, RotationNews
WRITES = 9  # of a whole way: five in the workshop, two at the switch, two at the end
STUCK = "rotation:1:0:stuck"


@pytest_asyncio.fixture
async def setup(database_url: str, case_file: CaseFile) -> AsyncIterator[RotationSetup]:
    async with open_rotations(database_url, case_file) as opened:
        yield opened


@dataclass
class At:
    """Does something when the write with this number arrives."""

    number: int
    do: Callable[[], object]
    otherwise: Callable[[], object] = lambda: None
    seen: int = 0

    def __call__(self) -> None:
        self.seen += 1
        (self.do if self.seen == self.number else self.otherwise)()


def fail(setup: RotationSetup, number: int, mood: MailcowFault, *, happens: bool) -> None:
    """Have one write fail, though it happens or not."""

    def set_mood(to: MailcowFault) -> None:
        setup.cow.write_mood = to

    setup.cow.writes_happen = happens
    setup.cow.before_write = At(
        number, partial(set_mood, mood), partial(set_mood, MailcowFault.FINE)
    )


def assert_whole(setup: RotationSetup) -> None:
    """The new key signs, with its private half, and nothing is left anywhere."""
    assert setup.signing.selector == setup.new.selector
    assert setup.signing.private
    assert setup.kept() == (None, None)
    assert setup.workshop is None


@pytest.mark.parametrize("happens", [True, False])
@pytest.mark.parametrize("number", range(1, WRITES + 1))
async def test_any_one_call_may_fail(setup: RotationSetup, number: int, *, happens: bool) -> None:
    fail(setup, number, MailcowFault.CUT, happens=happens)
    await setup.begin()
    rotation = await setup.bring_to(S.RETIRED)
    assert_whole(setup)
    assert setup.signing.public in rotation.value


async def test_a_mail_server_that_is_away_while_the_key_is_made_is_given_up(
    setup: RotationSetup,
) -> None:
    setup.cow.mood = MailcowFault.BAD_GATEWAY
    await setup.begin()
    rotation = await setup.bring_to(S.FAILED)
    assert code_of(rotation) == "mailcow-down"
    assert rotation.due_at is None
    assert setup.time - rotation.opened_at < timedelta(minutes=15)
    assert STUCK in await setup.news()


async def test_while_the_key_is_made_all_tries_count_together(setup: RotationSetup) -> None:
    setup.cow.throws = {"add/dkim"}
    await setup.begin()
    rotation = await setup.bring_to(S.FAILED)
    assert rotation.reason
    assert setup.writes().count("add/dkim") == 8
    assert setup.kept() == (None, None)


async def test_a_switch_that_does_not_come_about_is_tried_for_ever_and_said_once(
    setup: RotationSetup,
) -> None:
    await setup.begin()
    await setup.bring_to(S.LIVE)
    setup.cow.throws = {"add/dkim_duplicate"}
    rotation = await setup.pass_until(setup.time + timedelta(hours=15))
    assert (rotation.state, rotation.step) == (S.SWITCHING, T.KEEP_FORMER)
    assert (await setup.news()).count(STUCK) == 1  # the old key signs, and that lasts
    fail_switch(setup)
    rotation = await setup.pass_until(setup.time + timedelta(hours=1))
    assert (rotation.state, rotation.step) == (S.SWITCHING, T.SWITCH)
    assert rotation.reason
    assert (await setup.news()).count(STUCK) == 1
    tries = len(setup.writes())
    setup.cow.before_write = None
    setup.cow.loses_redis = False
    rotation = await setup.pass_time(minutes=2)
    assert (rotation.state, rotation.reason) == (S.SWITCHED, "")
    assert len(setup.writes()) == tries + 1
    assert setup.signing == setup.new


async def test_a_switch_that_was_put_off_waits_for_a_record_that_is_gone_and_for_caches(
    setup: RotationSetup,
) -> None:
    await setup.begin()
    await setup.bring_to(S.LIVE)
    setup.cow.throws = {"add/dkim_duplicate"}
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert (rotation.state, rotation.step) == (S.SWITCHING, T.KEEP_FORMER)
    setup.publish(setup.old)
    setup.cow.throws = set()
    rotation = await setup.pass_time(minutes=11)
    assert (rotation.state, code_of(rotation)) == (S.PREPARED, "rotation-record-gone")
    assert rotation.live_at is None
    assert setup.signing == setup.old
    setup.publish(setup.old, setup.new)
    rotation = await setup.pass_time(minutes=10)
    assert (rotation.state, rotation.reason) == (S.PUBLISHED, "")
    assert rotation.caches_until == setup.time + timedelta(minutes=15)  # "does not exist" is kept
    assert setup.signing == setup.old
    assert (await setup.bring_to(S.SWITCHED)).switched_at == setup.time


async def test_a_switch_that_nobody_could_finish_is_undone_where_its_record_is_gone_meanwhile(
    setup: RotationSetup,
) -> None:
    await setup.begin()
    await setup.bring_to(S.LIVE)
    fail_switch(setup)
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert (rotation.state, rotation.step) == (S.SWITCHING, T.SWITCH)
    setup.cow.mood = MailcowFault.BAD_GATEWAY
    await setup.pass_until(setup.time + timedelta(minutes=12))
    setup.publish(setup.old)
    setup.cow.before_write = None
    setup.cow.loses_redis = False
    setup.cow.mood = MailcowFault.FINE
    rotation = await setup.pass_time(minutes=2)
    assert (rotation.state, code_of(rotation)) == (S.UNDONE, "rotation-record-gone")
    assert setup.signing == setup.old


def fail_switch(setup: RotationSetup) -> None:
    """Have the connection to Redis lost in the middle of each copy but the first."""
    setup.cow.throws = set()

    def lose() -> None:
        setup.cow.loses_redis = True

    setup.cow.before_write = At(1, lambda: None, lose)


async def test_a_key_of_the_api_that_is_refused_keeps_it_waiting(setup: RotationSetup) -> None:
    for key in (READ, WRITE):
        setup.cow.keys[key].active = False
    await setup.begin()
    await setup.settle()
    rotation = await setup.pass_until(setup.time + timedelta(hours=1))
    assert (rotation.state, code_of(rotation)) == (S.PREPARING, "mailcow-api-key-refused")
    for key in (READ, WRITE):
        setup.cow.keys[key].active = True
    setup.backend.unlock()
    rotation = await setup.pass_time(minutes=2)
    assert rotation.state is S.PREPARED


async def test_a_bot_that_may_write_no_more_waits(setup: RotationSetup) -> None:
    await setup.begin()
    await setup.bring_to(S.LIVE)
    rotator, setup.rotator = setup.rotator, None
    setup.restart()
    rotation = await setup.pass_until((await setup.get()).due_at)
    assert (rotation.state, code_of(rotation)) == (S.SWITCHING, "rotation-without-access")
    setup.rotator = rotator
    setup.restart()
    rotation = await setup.pass_time(minutes=2)
    assert rotation.state is S.SWITCHED


async def test_what_the_mail_server_refuses_ends_it_with_nothing_changed(
    setup: RotationSetup,
) -> None:
    setup.cow.keys[WRITE].may_write = False
    await setup.begin()
    await setup.settle()
    rotation = await setup.get()
    assert (rotation.state, code_of(rotation)) == (S.FAILED, "mailcow-key-read-only")
    assert setup.signing == setup.old


async def test_a_copy_that_cannot_be_taken_away_is_left_behind(setup: RotationSetup) -> None:
    await setup.begin()
    rotation = await setup.bring_to(S.SWITCHED)
    setup.cow.keys[WRITE].may_write = False
    rotation = await setup.bring_to(S.RETIRED)
    assert code_of(rotation) == "mailcow-key-read-only"
    assert setup.kept() == (setup.new, setup.old)


# Two at once.

OTHER = Domain.from_ascii("other.example")


@pytest.mark.parametrize("workers", [1, 2])
async def test_of_two_rotations_one_at_a_time_has_the_workshop(
    database_url: str, case_file: CaseFile, workers: int
) -> None:
    async with open_rotations(database_url, case_file, OTHER.ascii) as setup:
        setup.cow.add_delay = 0.05
        await setup.begin()
        await setup.begin(OTHER)
        running = [setup.worker]
        if workers == 2:
            setup.restart()
            running.append(setup.worker)
        for _ in range(6):
            await asyncio.gather(*(worker.step() for worker in running))
            setup.time += timedelta(seconds=2)
        first, second = await setup.get(), await setup.get(2)
        assert (first.state, second.state) == (S.PREPARED, S.PREPARED)
        for rotation in (first, second):
            kept, _ = setup.kept(rotation.domain)
            assert kept is not None
            assert kept.public in rotation.value
        assert first.value != second.value
        assert setup.workshop is None
        made = [route for route in setup.writes() if route != "add/domain"]
        assert made == ["delete/dkim", "add/dkim", "add/dkim_duplicate", "delete/dkim"] * 2


async def test_whoever_waits_for_the_workshop_gets_it_when_the_first_one_gives_up(
    database_url: str, case_file: CaseFile
) -> None:
    async with open_rotations(database_url, case_file, OTHER.ascii) as setup:
        setup.cow.throws = {"add/dkim"}
        await setup.begin()
        await setup.begin(OTHER)
        await setup.bring_to(S.FAILED)
        second = await setup.get(2)
        assert second.state is S.PREPARING
        setup.cow.throws = set()
        setup.time += timedelta(seconds=15)
        await setup.settle()
        assert (await setup.get(2)).state is S.PREPARED


async def test_whoever_undid_it_in_the_workshop_keeps_others_away_while_a_call_may_go_on(
    database_url: str, case_file: CaseFile
) -> None:
    async with open_rotations(database_url, case_file, OTHER.ascii) as setup:
        fail(setup, 3, MailcowFault.CUT, happens=True)
        await setup.begin()
        await setup.begin(OTHER)
        await setup.worker.step()
        assert (await setup.get()).step is T.MAKE_KEY
        await setup.undo()
        setup.time += timedelta(seconds=5)
        await setup.settle()
        second = await setup.get(2)
        assert (second.state, second.step) == (S.PREPARING, T.OPEN_WORKSHOP)
        setup.time += timedelta(seconds=12)
        await setup.settle()
        setup.time += timedelta(seconds=2)
        await setup.settle()
        assert ((await setup.get()).state, (await setup.get(2)).state) == (S.UNDONE, S.PREPARED)
        assert setup.kept(FRIEND) == (None, None)
