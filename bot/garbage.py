"""How often Python looks for garbage that counting references does not free."""

from __future__ import annotations

import gc
from typing import Final

# New objects until the young ones are looked through, and how often that is done until the older
# ones are. A check's objects are freed by counting; by default they are looked through some twenty
# times a check all the same, which took a tenth of a sweep's time.
SWEEPING: Final = (20_000, 20, 20)

# What Discord's library makes of a click refers to itself in circles: of a burst of commands most
# is left to this search. Were it made as seldom as in a sweep, one search would hold the loop for a
# fifth of a second, and what was left would grow without an end in sight.
ANSWERING: Final = (5_000, 10, 10)


def search_less(thresholds: tuple[int, int, int] = SWEEPING) -> None:
    """Leave what is loaded by now out of each search for garbage, and search less often.

    A search through all that was loaded holds the event loop for a tenth of a second.
    """
    gc.freeze()
    gc.set_threshold(*thresholds)
