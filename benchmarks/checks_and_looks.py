"""A member's checks, one after the other, and looks that never end, over the same domains."""

from __future__ import annotations

import asyncio
import random
import time
from itertools import cycle
from typing import TYPE_CHECKING, Final

from benchmarks.ours import now
from bot.services.domain_looks import DomainLooks

if TYPE_CHECKING:
    from bot.names import Domain
    from bot.services.core import Core

BLOCK: Final = 25  # checks, one after the other
ANN: Final = 1


class ChecksAndLooks:
    """A member who checks one domain after the other, and looks at all of them that never end.

    The pauses between checks, up to `most_apart` seconds, come from a seed; `looks` counts.
    """

    def __init__(self, core: Core, domains: list[Domain], seed: int, most_apart: float) -> None:
        self._core = core
        self._domains = domains
        self._own = cycle(domains)
        self._random = random.Random(seed)
        self._most_apart = most_apart
        self.looks = 0

    async def check_often(self) -> list[float]:
        """Return the seconds of each check of a block."""
        took = []
        for _ in range(BLOCK):
            await asyncio.sleep(self._random.uniform(0, self._most_apart))
            began = time.perf_counter()
            async with self._core.turns.of(ANN):
                await self._core.check_in_turn(next(self._own), confidential=False)
            took.append(time.perf_counter() - began)
        return took

    async def look_on(self) -> None:
        """Look at all domains, over and over, until cancelled."""
        looks = DomainLooks(self._core, now)

        def count(*_: object) -> None:
            self.looks += 1

        while True:
            await looks.sweep(self._domains, count)
