"""Gives checks their turn, so that nobody who asks for many keeps the others waiting."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from bot.services.look_steps import LookSteps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AT_ONCE: Final = 20  # checks of all askers
OF_ONE: Final = 2  # checks of one asker
BY_ITSELF: Final = 4  # checks that nobody sits and waits for ...
MOST_LENT: Final = 2  # ... and so many times that with those of which nobody answers
BURST: Final = 4  # of those that begin without a rest after a calm
REST: Final = 0.25  # seconds between the beginnings of further ones ...
MEMBERS_REST: Final = 4.0  # ... and while members' checks run, or have just run
CALM: Final = 1.0  # seconds without a check of a member, after which there is none to disturb
OURSELVES: Final = 0  # the asker of what the bot looks at by itself; no member has this id
REQUESTS: Final = -1  # the asker of looks at what was asked of the admin
ADMINS: Final = -2  # the asker of such looks that an admin waits for
_SOONEST: Final = 0.001  # seconds until it is tried again whether a rest is over
_BY_ITSELF: Final = frozenset({OURSELVES, REQUESTS})  # askers whom nobody waits for


class LookTurn:
    """The turn of a look that nobody waits for; see `Unhurried`.

    While no server answers, it costs nothing but time, so that its turn is lent to another one.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.is_lent = False
        # Who held it has gone; somebody who joined may still wait for the look.
        self.is_over = False

    async def give_way(self) -> None:
        """Return when the next larger piece of work may be done."""
        await self._turns.steps.take()

    def note_silence(self) -> None:
        """Lend the turn to the next look, as far as that many may wait."""
        self._turns.lend(self)


class Turns:
    """Lets `at_once` checks run, `of_one` of them for one member; the others wait.

    A turn that becomes free goes to each asker who waits in their order, one check at a time, so
    that who has one check waits for no more than one of each other's. What the bot looks at by
    itself comes after all members, and `by_itself` of those looks run at most; beside these may go
    on those that have lent their turns, as nobody answers them. After `BURST` of those for no
    request there are `rest` seconds between their beginnings, more where members use the processor.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        of_one: int = OF_ONE,
        by_itself: int = BY_ITSELF,
        *,
        rest: float = 0.0,
    ) -> None:
        self._at_once = at_once
        self._rest = rest
        self._rested_at = 0.0  # by the loop's clock: when all of the burst may begin again,
        self._last_look_at = 0.0  # when a look of the bot began last,
        self._calm_at = 0.0  # and when no check of a member has run for a while
        self._seen_at = 0.0  # when the clock was read last
        self._timer: asyncio.TimerHandle | None = None
        self._lent = 0  # turns of looks that wait for servers
        self.steps = LookSteps(self._has_members)
        self.by_itself = by_itself  # looks of the bot that may run
        self.of_one = of_one  # checks of one member that may run
        self._running: Counter[int] = Counter()
        self._waiting: OrderedDict[int, deque[asyncio.Future[None]]] = OrderedDict()

    def must_wait(self, asker: int) -> bool:
        """Whether a check that this asker begins now has to wait."""
        return self._is_ahead(asker) or not self._is_free_for(asker)

    def has_many(self, asker: int) -> bool:
        """Whether as many checks of this asker run as may."""
        if has_somebody(asker):
            return self._running[asker] >= self.of_one
        return self.running_by_itself - self._lent >= self.by_itself

    @property
    def most_by_itself(self) -> int:
        """How many looks of the bot go on at most, with those that have lent their turns."""
        return MOST_LENT * self.by_itself

    @property
    def running_by_itself(self) -> int:
        """How many looks of the bot run."""
        return sum(count for asker, count in self._running.items() if not has_somebody(asker))

    @property
    def waiting_by_itself(self) -> int:
        """How many looks of the bot wait for their turn."""
        return sum(
            not turn.cancelled()
            for asker, turns in self._waiting.items()
            if not has_somebody(asker)
            for turn in turns
        )

    @asynccontextmanager
    async def of(self, asker: int) -> AsyncIterator[LookTurn | None]:
        """Wait for the asker's turn, and hold it until the block ends, however that is.

        Where nobody sits and waits for it, that is a turn that lets others go first.
        """
        await self._take(asker)
        turn = None if has_somebody(asker) else LookTurn(self)
        try:
            yield turn
        finally:
            if turn is not None:
                turn.is_over = True
                self._lent -= turn.is_lent
            self._give_back(asker)

    def lend(self, turn: LookTurn) -> None:
        """Have another look begin beside one that waits for servers, unless too many do."""
        if turn.is_lent or turn.is_over:
            return
        if self._lent < self.most_by_itself - self.by_itself:
            turn.is_lent = True
            self._lent += 1
            self._hand_out()

    async def _take(self, asker: int) -> None:
        if not self.must_wait(asker):
            self._begin(asker)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker, deque()).append(turn)
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it came in the same instant
                self._give_back(asker)
            raise

    def _begin(self, asker: int) -> None:
        self._running[asker] += 1
        if self._rest and asker == OURSELVES:
            now = self._last_look_at = self._read_clock()
            self._rested_at = max(self._rested_at, now) + self._rest

    def _give_back(self, asker: int) -> None:
        self._running[asker] -= 1
        if not self._running[asker]:
            del self._running[asker]
        if self._rest and has_somebody(asker):
            self._calm_at = self._read_clock() + CALM
        self._hand_out()

    def _hand_out(self) -> None:
        """Give free turns to those who wait, and come back where only a rest is in the way."""
        while (following := self._find_next()) is not None:
            own = self._waiting.pop(following)
            turn = own.popleft()
            if own:
                self._waiting[following] = own  # behind the others
            if not turn.cancelled():
                turn.set_result(None)
                self._begin(following)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._rest and self._is_ahead(OURSELVES) and self._has_room_for(OURSELVES):
            # Also where the rest ended since it was looked at above: nobody else would come back.
            seconds = max(self._rest_left(), _SOONEST)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._hand_out)

    def _rest_left(self) -> float:
        """Return the seconds until another look of the bot may begin; 0 or less: now."""
        if not self._rest:
            return 0.0
        now = self._read_clock()
        rested_at = self._rested_at - (BURST - 1) * self._rest
        beside_members_at = self._last_look_at + MEMBERS_REST
        if self._has_members():
            rested_at = max(rested_at, beside_members_at)
        elif now < self._calm_at:
            rested_at = max(rested_at, min(beside_members_at, self._calm_at))
        return rested_at - now

    def _read_clock(self) -> float:
        """Return the loop's time; what was noted by a later one is forgotten.

        The demo's loop has a clock that is set forward and back.
        """
        now = asyncio.get_running_loop().time()
        if now < self._seen_at:
            self._rested_at = self._last_look_at = self._calm_at = 0.0
        self._seen_at = now
        return now

    def _find_next(self) -> int | None:
        """Return who gets a free turn: a member before the bot; None where nobody may have it."""
        free = [asker for asker in self._waiting if self._is_free_for(asker)]
        return next(filter(has_somebody, free), free[0] if free else None)

    def _is_ahead(self, asker: int) -> bool:
        """Whether an earlier check of the same asker still waits."""
        return any(not turn.cancelled() for turn in self._waiting.get(asker, ()))

    def _has_room_for(self, asker: int) -> bool:
        return self._running.total() - self._lent < self._at_once and not self.has_many(asker)

    def _has_members(self) -> bool:
        """Whether a check runs that somebody waits for."""
        return any(has_somebody(asker) for asker in self._running)

    def _is_free_for(self, asker: int) -> bool:
        rests = asker == OURSELVES and self._rest_left() > 0
        return self._has_room_for(asker) and not rests


def has_somebody(asker: int) -> bool:
    """Whether somebody sits and waits for a check, so that it is not the bot's own."""
    return asker not in _BY_ITSELF
