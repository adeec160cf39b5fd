"""What happens to the processes: kills, restarts of the database, cuts of the way to it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from benchmarks.processes_seats import Seat
    from benchmarks.processes_world import World

    Act = Callable[[], Coroutine[None, None, None]]

_log = logging.getLogger(__name__)
KILLS: Final = ("the leader killed", "another process killed")
ALL_CUT: Final = "all cut off"
_LEADER_CUT: Final = "the leader cut off"
_CUTS: Final = (_LEADER_CUT, ALL_CUT, "a worker cut off")


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that was done to processes; `at` is of the monotonic clock."""

    at: float
    what: str
    lasts: float = 0.0  # seconds
    seat: str = ""  # of the process that was killed

    @property
    def weight(self) -> float:
        """How long it can be in the way: what it lasts, and the leader's end before all others."""
        return self.lasts + (self.what != KILLS[1])


class Disturbances:
    """Does everything at random moments within some seconds."""

    def __init__(self, world: World, seats: list[Seat]) -> None:
        self._world = world
        self._seats = seats
        self.done: list[Disturbance] = []

    async def run(self, seconds: float) -> None:
        """Return when all was done, the last of it begun after so many seconds at most."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:  # processes are killed while they are cut off, too
            for at, act in self._plan(seconds):
                await asyncio.sleep(max(began + at - time.monotonic(), 0))
                group.create_task(act())

    def _plan(self, seconds: float) -> list[tuple[float, Act]]:
        """Return what is done when: kills at any time, each of the others in its own part of it."""
        extent, chance = self._world.extent, self._world.chance
        others: list[Act] = [self._restart] * extent.restarts
        others += [self._cutter(_CUTS[place % len(_CUTS)]) for place in range(extent.cuts)]
        chance.shuffle(others)
        part = seconds / max(len(others), 1)
        plan = [
            (part * (place + chance.uniform(0.2, 0.7)), act) for place, act in enumerate(others)
        ]
        kills = sorted(chance.uniform(0, seconds) for _ in range(extent.kills))
        return sorted([*plan, *((at, self._kill) for at in kills)], key=lambda one: one[0])

    async def _kill(self) -> None:
        """Kill one process that runs, the one at Discord as often as any other."""
        running = [seat for seat in self._seats if seat.life is not None]
        while not running:  # all of them are about to be started again
            await asyncio.sleep(0.1)
            running = [seat for seat in self._seats if seat.life is not None]
        seat = self._world.chance.choice(running)
        pid = seat.life.pid if seat.life is not None else None
        is_leader = pid == self._world.discord.connected
        self._note(KILLS[0] if is_leader else KILLS[1], seat=seat.name)
        seat.kill()

    async def _restart(self) -> None:
        self._note("database started anew")
        await asyncio.to_thread(self._world.postgres.restart)

    def _cutter(self, what: str) -> Act:
        async def cut() -> None:
            seats = self._find_seats(what)
            seconds = self._world.extent.cut_seconds
            self._note(what, lasts=seconds)
            for seat in seats:
                seat.way.cut_silently()
            await asyncio.sleep(seconds)
            for seat in seats:
                seat.way.restore()

        return cut

    def _find_seats(self, what: str) -> list[Seat]:
        if what == ALL_CUT:
            return self._seats
        leader = self._world.discord.connected
        if what == _LEADER_CUT:
            return [s for s in self._seats if s.life is not None and s.life.pid == leader]
        return [seat for seat in self._seats if seat.name.startswith("work")][:1]

    def _note(self, what: str, *, lasts: float = 0.0, seat: str = "") -> None:
        _log.info("%s%s", what, f": {seat}" if seat else "")
        self.done.append(Disturbance(time.monotonic(), what, lasts, seat))
