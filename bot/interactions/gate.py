"""Which interactions this process answers: all, none, or none for now, while it holds them.

Two processes may be at Discord for a moment, one that leaves and one that takes its place, and
Discord tells each of them of everything. Each interaction is taken by one of them: the one that
leaves says which it took, and the other takes the rest.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

MOST_HELD: Final = 300  # interactions that wait at once
# Seconds after which nobody is answered: Discord waits 3 from its own clock on, and the way here
# and back takes some of them.
LONGEST_HELD: Final = 2.7
REMEMBERED: Final = 30.0  # seconds for which it is known what was taken
MOST_REMEMBERED: Final = 1_500

_log = logging.getLogger(__name__)


class GateVerdict(Enum):
    """Who answers an interaction."""

    OURS = auto()
    ANOTHERS = auto()
    TURNED_AWAY = auto()  # ours, and they are told that the bot is about to stop
    NOBODYS = auto()  # it waited too long, or too many did


class _State(Enum):
    OPEN = auto()
    HOLDING = auto()
    STOPPING = auto()
    SHUT = auto()


@dataclass(frozen=True, slots=True)
class Arrival:
    """An interaction that came, when by the monotonic clock, and who answers it once that is known.

    The interactions that were held are told in the order in which they came.
    """

    interaction_id: int
    came_at: float
    verdict: asyncio.Future[GateVerdict]


class InteractionGate:
    """Decides of each interaction when it comes, and not again; open at first."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._state = _State.OPEN
        self._held: deque[Arrival] = deque()
        self._taken: deque[tuple[int, float]] = deque(maxlen=MOST_REMEMBERED)
        self._others: frozenset[int] = frozenset()  # which another process has taken

    @property
    def taken(self) -> tuple[int, ...]:
        """The interactions that were taken lately, the oldest first."""
        self._forget()
        return tuple(number for number, _ in self._taken)

    def receive(self, interaction_id: int) -> Arrival:
        """Return the arrival of an interaction; its verdict is there at once unless it is held."""
        verdict: asyncio.Future[GateVerdict] = asyncio.get_running_loop().create_future()
        arrival = Arrival(interaction_id, self._now(), verdict)
        match self._state:
            case _State.OPEN:
                self._decide(arrival)
            case _State.STOPPING:
                verdict.set_result(GateVerdict.TURNED_AWAY)
            case _State.SHUT:
                verdict.set_result(GateVerdict.ANOTHERS)
            case _State.HOLDING if len(self._held) < MOST_HELD:
                self._held.append(arrival)
            case _State.HOLDING:
                _log.warning("interaction %d: too many wait before it", interaction_id)
                verdict.set_result(GateVerdict.NOBODYS)
        return arrival

    def hold(self) -> None:
        """Let what comes from now on wait until it is known who answers."""
        self._state = _State.HOLDING

    def open(self, others: Collection[int] = ()) -> int:
        """Take what is held and what comes, but for what another process says to have taken.

        What has waited for longer than `LONGEST_HELD` seconds is not answered any more. Return how
        many were held.
        """
        self._state = _State.OPEN
        self._others = frozenset(others)
        held = self._let_go()
        for arrival in held:
            self._decide(arrival)
        return len(held)

    def drop(self) -> None:
        """Leave what is held to whoever has taken it; what comes is held on."""
        for arrival in self._let_go():
            arrival.verdict.set_result(GateVerdict.ANOTHERS)

    def turn_away(self) -> None:
        """Take nothing more, unless all is left to another process already."""
        if self._state is not _State.SHUT:
            self._state = _State.STOPPING
            for arrival in self._let_go():
                arrival.verdict.set_result(GateVerdict.TURNED_AWAY)

    def shut(self) -> None:
        """Leave what is held and what comes to another process."""
        self.drop()
        self._state = _State.SHUT

    def _let_go(self) -> list[Arrival]:
        held = [arrival for arrival in self._held if not arrival.verdict.done()]
        self._held.clear()
        return held

    def _decide(self, arrival: Arrival) -> None:
        if arrival.interaction_id in self._others:
            arrival.verdict.set_result(GateVerdict.ANOTHERS)
        elif self._now() - arrival.came_at > LONGEST_HELD:
            arrival.verdict.set_result(GateVerdict.NOBODYS)
        else:
            self._forget()
            self._taken.append((arrival.interaction_id, arrival.came_at))
            arrival.verdict.set_result(GateVerdict.OURS)

    def _forget(self) -> None:
        oldest = self._now() - REMEMBERED
        while self._taken and self._taken[0][1] < oldest:
            self._taken.popleft()
