"""A member who sends a command twice a second, all the time: how long nobody answered, and why."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.processes_disturbances import ALL_CUT, KILLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.processes_discord import SoakDiscord
    from benchmarks.processes_disturbances import Disturbance

EVERY: Final = 0.5  # seconds
COMMAND: Final = "requests"  # it reads the store
ANSWER: Final = "You have not asked for anything yet."
_PATIENCE: Final = 8.0  # seconds for all of an answer
_FIRST_MEMBER: Final = 350_000_000_000_000_000
MOST_REFUSED: Final = 15.0  # seconds without an answer at a takeover
_BEFORE: Final = 20.0  # seconds that a cause may lie before the gap


@dataclass(frozen=True, slots=True)
class Gap:
    """How long no command was answered, from the first one refused to the next one answered."""

    since: float  # of the monotonic clock
    seconds: float
    cause: str
    allowed: float | None  # seconds; None where nobody was left who could take over


class Probe:
    """Sends the commands, and knows which of them were answered."""

    def __init__(self, discord: SoakDiscord) -> None:
        self._discord = discord
        self._commands: list[tuple[float, bool]] = []
        self.others: list[str] = []  # what was said in place of the answer

    async def run(self) -> None:
        """Send commands until cancelled."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in itertools.count():
                await asyncio.sleep(max(began + number * EVERY - time.monotonic(), 0))
                group.create_task(self._send(_FIRST_MEMBER + number))

    async def _send(self, member: int) -> None:
        sent = await self._discord.run_command(COMMAND, member=member)
        try:
            await sent.until(lambda sent: ANSWER in sent.texts, _PATIENCE)
        except TimeoutError:
            if sent.texts:
                self.others.append(sent.texts)
        is_answered = ANSWER in sent.texts and sent.was_in_time
        self._commands.append((sent.sent_at, is_answered))

    @property
    def sent(self) -> int:
        """How many commands came to an end."""
        return len(self._commands)

    @property
    def refused(self) -> int:
        """How many of them were not answered as they should."""
        return sum(not is_answered for _, is_answered in self._commands)

    def gaps(self, causes: Sequence[Disturbance]) -> list[Gap]:
        """Return the times without an answer, with what was done just before each."""
        found, since = [], None
        for at, is_answered in sorted(self._commands):
            if not is_answered:
                since = at if since is None else since
            elif since is not None:
                found.append(_explain(since, at, causes))
                since = None
        return found


def _explain(since: float, until: float, causes: Iterable[Disturbance]) -> Gap:
    """Return a gap with what was done just before it, or meanwhile."""
    near = [one for one in causes if since - _BEFORE - one.lasts <= one.at <= until]
    seconds = until - since
    runs = {one.seat for one in near if one.what in KILLS and one.seat.startswith("run")}
    if any(one.what == ALL_CUT for one in near):
        return Gap(since, seconds, ALL_CUT, MOST_REFUSED + max(one.lasts for one in near))
    if len(runs) > 1:
        return Gap(since, seconds, "each `run` killed, one after the other", None)
    worst = max(near, key=lambda one: one.weight, default=None)
    return Gap(since, seconds, "none known" if worst is None else worst.what, MOST_REFUSED)
