"""Brings rotations further: one call to the mail server at a time, and looks at name servers."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.dkim.server_records import dump_servers
from bot.errors import BackendError, BackendUnclear
from bot.requests.leased_work import LeasedWork
from bot.requests.model import BOT
from bot.requests.polling import AMONG_PROCESSES, poll
from bot.requests.worker import AFTER_OTHER, STILL_AT_IT
from bot.rotations.call_outcomes import find_before, give_up, is_given_up, judge_done, judge_failed
from bot.rotations.readiness import judge_look, needs_look, put_off_switch
from bot.rotations.rotation import AWAITING_RECORD, RotationState, RotationStep
from bot.rotations.rotation_calls import RotationCalls
from bot.rotations.rotation_changes import begin_again, go_on, move, touch
from bot.rotations.rotation_looks import RotationLooks
from bot.rotations.switched_key import judge_restored, judge_switched, signs_with

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.requests.backend import MailBackend
    from bot.requests.polling import WakeUp
    from bot.requests.protocols import Watch
    from bot.rotations.key_rotator import KeyRotator
    from bot.rotations.rotation import Rotation, RotationChange
    from bot.rotations.rotation_protocols import LookAtKeys, RotationRepository

LEASE = timedelta(minutes=3)  # after it somebody else may take a rotation; each call begins anew
LONGEST_CALL = 60.0  # seconds; well within the lease
AT_ONCE = 4  # rotations

_S = RotationState

_log = logging.getLogger(__name__)


class RotationWorker:
    """Takes rotations whose time has come, and brings each as far as it gets now.

    What is done next is written down before it is done and after it, so that a rotation cut short
    goes on where it was. Of several workers on one store the one that holds a rotation's lease
    writes what becomes of it, and of all rotations one at a time has the workshop. `rotator` is
    None where the mail server cannot change keys by itself, `watch` where nothing is watched.
    """

    def __init__(  # noqa: PLR0917 - each of another kind, so that none can be mistaken for another
        self,
        store: RotationRepository,
        rotator: KeyRotator | None,
        backend: MailBackend,
        look: LookAtKeys,
        now: Callable[[], datetime],
        wake_up: WakeUp,
        *,
        watch: Watch | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        self._store = store
        self._calls = RotationCalls(rotator, backend)
        self._looks = RotationLooks(look, backend, watch)
        self._now = now
        self._wake_up = wake_up
        self._listener = wake_up.listen()
        self._lease = lease
        self._is_ending = False
        self._held: dict[int, Rotation] = {}  # those under way, as they were written last
        self._under_way = LeasedWork(
            self, self._take_further, _describe, now, lease=lease, most=AT_ONCE
        )

    async def run(self) -> None:
        """Work until cancelled; what is under way then is given back for others to take."""
        try:
            await poll(
                *("rotations", self._go_on, self._store.next_due, self._now, self._listener),
                # The console begins rotations from a process of its own, which wakes nobody.
                longest_rest=AMONG_PROCESSES,
            )
        finally:
            await self._under_way.cut_short()

    async def step(self) -> int:
        """Bring every rotation whose time has come as far as it gets; return how many."""
        begun = await self._under_way.begin()
        await self._under_way.wait_for_end()
        return begun

    async def next_due(self) -> datetime | None:
        """Return when the next rotation is due, or a lease runs out; None where nothing will be."""
        return await self._store.next_due()

    async def finish(self) -> None:
        """Take nothing more, and return when the calls that are under way have ended."""
        self._is_ending = True
        await self._under_way.finish()

    async def take_over(self) -> None:
        """Take back what a former process had taken; only where there is no other process.

        A call that it had begun may still go on at the mail server, so those are free later.
        """
        taken = [each for each in await self._store.open_ones() if each.lease_until is not None]
        await self.give_back(taken)

    async def take_due(self, now: datetime, lease: timedelta, most: int) -> tuple[Rotation, ...]:
        """Return up to `most` rotations whose time has come, leased to this worker."""
        return await self._store.take_due(now, lease, most)

    async def give_back(self, taken: Iterable[Rotation]) -> None:
        """Let others take rotations that were cut short, those in the middle of a call later."""
        cut = [self._held.pop(rotation.id, rotation) for rotation in taken]
        at_server = [rotation for rotation in cut if rotation.step is not None]
        await self._store.give_back(each for each in cut if each.step is None)
        await self._store.give_back(at_server, self._now() + STILL_AT_IT)

    async def _go_on(self) -> int:
        begun = await self._under_way.begin()
        await self._under_way.wait_for_room()
        return begun

    async def _take_further(self, rotation: Rotation) -> None:
        self._held[rotation.id] = rotation
        await self._advance(rotation)
        self._held.pop(rotation.id, None)  # unless it was cut short, and is given back as it is
        self._wake_up.wake()

    async def _advance(self, rotation: Rotation) -> None:
        if rotation.state in AWAITING_RECORD:
            await self._await_record(rotation)
        elif rotation.state is _S.SWITCHED:
            await self._keep_both(rotation)
        elif rotation.by_hand:
            await self._follow_admin(rotation)
        else:
            await self._work(rotation)

    async def _work(self, taken: Rotation) -> None:
        """Make the calls of a state, one after the other."""
        if is_given_up(taken):
            await self._write(taken, lambda now: give_up(taken, now))
            return
        again = begin_again(taken)
        rotation = taken if again is None else await self._write(taken, lambda _: again)
        if rotation is None or not await self._has_turn(rotation):
            return
        if needs_look(rotation, self._now()):
            records = await self._looks.ask_servers(rotation)
            put_off = put_off_switch(rotation, records, self._now())
            if put_off is not None:
                await self._write(rotation, lambda _: put_off)
                return
        while rotation is not None:
            rotation = await self._call(rotation)

    async def _has_turn(self, rotation: Rotation) -> bool:
        """Whether a rotation may make its call; where it may not, it is put off."""
        may = False

        def decide(current: Rotation, others: tuple[Rotation, ...]) -> RotationChange | None:
            nonlocal may
            now = self._now()
            before = find_before(current, others, now)
            may = _is_same(current, rotation) and before is None
            if before is None or not _is_same(current, rotation):
                return None
            due_at = max(now + AFTER_OTHER, before.due_at or now)
            return touch(current, due_at=due_at, lease_until=None)

        _, is_put_off = await self._store.change_among(rotation.id, decide, self._now())
        if not may and not is_put_off:
            await self._store.give_back((rotation,))
        return may

    async def _call(self, rotation: Rotation) -> Rotation | None:
        """Make one call, and write down what became of it.

        Returns the rotation where its next call can be made at once.
        """
        try:
            async with asyncio.timeout(LONGEST_CALL):
                made = await self._calls.make(rotation)
        except (BackendError, TimeoutError) as error:
            failure = _as_failure(error)
            return await self._write(rotation, lambda now: judge_failed(rotation, failure, now))
        seen = None
        if rotation.state is _S.UNDOING and rotation.step is RotationStep.DROP_FORMER:
            seen = await self._looks.see_undone(rotation)
        return await self._write(rotation, lambda now: judge_done(rotation, made, seen, now))

    async def _await_record(self, rotation: Rotation) -> None:
        """Look whether the new record is everywhere, and whether an admin was faster."""
        if rotation.by_hand and rotation.state is _S.LIVE:
            server = await self._looks.look_up(rotation.domain)
            if signs_with(server, rotation.new):
                await self._write(
                    rotation,
                    lambda now: move(rotation, _S.SWITCHING, BOT, now, switched_at=now),
                )
                return
        records = await self._looks.ask_servers(rotation)
        await self._write(rotation, lambda now: judge_look(rotation, records, now))

    async def _keep_both(self, rotation: Rotation) -> None:
        """Look whether the new key signs still, until the old one can go."""
        if rotation.attempts == 0:
            await self._looks.have_looked_at(rotation.domain)
        server = await self._looks.look_up(rotation.domain)
        await self._write(rotation, lambda now: judge_switched(rotation, server, now))

    async def _follow_admin(self, rotation: Rotation) -> None:
        """Look what an admin did by hand, where that can be seen."""
        if rotation.state is _S.SWITCHING:
            switched_at = rotation.switched_at
            await self._write(
                rotation,
                lambda now: go_on(
                    rotation, now, learned=rotation.new, switched_at=switched_at or now
                ),
            )
            return
        if rotation.state is not _S.UNDOING:
            await self._write(rotation, lambda now: go_on(rotation, now))
            return
        server = await self._looks.look_up(rotation.domain)
        seen = await self._looks.see_undone(rotation)
        servers = rotation.servers if seen is None else dump_servers(seen)
        await self._write(
            rotation, lambda now: judge_restored(rotation, server, now, servers=servers)
        )

    async def _write(
        self, held: Rotation, make: Callable[[datetime], RotationChange]
    ) -> Rotation | None:
        """Write what becomes of a rotation, unless somebody was faster.

        Returns it where it is still held, as its next call can be made at once.
        """

        def decide(current: Rotation) -> RotationChange | None:
            if not _is_same(current, held):
                return None
            now = self._now()
            change = make(now)
            lease = now + self._lease if self._goes_on(held, change.after) else None
            return replace(change, after=replace(change.after, lease_until=lease))

        after, is_written = await self._store.change(held.id, decide, self._now())
        if not is_written:  # it is still to be done, with the rotation as it is now
            await self._store.give_back((held,))
            return None
        if after.lease_until is None:
            return None
        self._held[after.id] = after
        return after

    def _goes_on(self, before: Rotation, after: Rotation) -> bool:
        """Whether the next call comes at once; at a stop others make it."""
        is_next = after.step is not None and after.step is not before.step
        return is_next and after.state is before.state and not self._is_ending


def _is_same(current: Rotation, held: Rotation) -> bool:
    """Whether nobody changed or took a rotation since it was read."""
    # What was found out meanwhile is about the past then, or somebody else's to say.
    return (current.version, current.lease_until) == (held.version, held.lease_until)


def _as_failure(error: BackendError | TimeoutError) -> BackendError:
    """Return an error as the mail server's: a call that takes too long may go on there."""
    return error if isinstance(error, BackendError) else BackendUnclear("backend-too-slow")


def _describe(rotation: Rotation) -> str:
    """Return how the log calls a rotation that was taken."""
    at = "" if rotation.step is None else f", {rotation.step}"
    return f"rotation {rotation.id}: {rotation.state}{at}"
