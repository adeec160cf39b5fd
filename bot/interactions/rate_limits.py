"""Rate limits of members: how often they may check a domain or share a card."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

from bot.cards.layout import build_notice

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cards.layout import Card
    from bot.errors import Fact
    from bot.words import Words

CHECKS_A_MINUTE: Final = 6
SAME_CLICK: Final = 10.0  # seconds in which a second click on a button is the same click


class Cooldown:
    """Lets each member do a thing `most` times in `seconds`, and forgets who has been quiet."""

    def __init__(self, most: int, seconds: float, now: Callable[[], float]) -> None:
        self._most = most
        self._seconds = seconds
        self._now = now
        self._times: OrderedDict[int, deque[float]] = OrderedDict()

    def take(self, member_id: int) -> float:
        """Count one use and return 0, or return the seconds to wait and count nothing."""
        now = self._now()
        self._forget_before(now - self._seconds)
        times = self._times.setdefault(member_id, deque())
        while times and times[0] <= now - self._seconds:
            times.popleft()
        if len(times) >= self._most:
            return times[0] + self._seconds - now
        times.append(now)
        self._times.move_to_end(member_id)
        return 0.0

    def _forget_before(self, time: float) -> None:
        while self._times:
            member_id, times = next(iter(self._times.items()))
            if times and times[-1] > time:
                return
            del self._times[member_id]


class RateLimits:
    """What one running bot lets members do: checks a member, and shares a card."""

    def __init__(self) -> None:
        self.checks = Cooldown(CHECKS_A_MINUTE, 60.0, time.monotonic)
        self._shared: dict[int, float] = {}

    def take_share(self, message_id: int) -> bool:
        """Whether a card may be shared: not where that was done, or begun, just before."""
        now = time.monotonic()
        self._shared = {key: at for key, at in self._shared.items() if at > now - SAME_CLICK}
        if message_id in self._shared:
            return False
        self._shared[message_id] = math.inf  # until it is done
        return True

    def end_share(self, message_id: int, *, done: bool) -> None:
        """Say that a card was shared now, or that it was not, so that it may be at once."""
        if done:
            self._shared[message_id] = time.monotonic()
        else:
            self._shared.pop(message_id, None)


def build_cooldown_notice(seconds: float, words: Words, *, asking: bool = False) -> Card:
    """Return the notice that says in how many seconds the next check can be asked for.

    `asking`: it was to be the check for a request, which was not made.
    """
    facts: dict[str, Fact] = {"seconds": math.ceil(seconds), "most": CHECKS_A_MINUTE}
    return build_notice("request_cooldown" if asking else "cooldown", facts, words)
