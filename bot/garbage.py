"""How often Python looks for garbage that counting references does not free."""

from __future__ import annotations

import gc
from typing import Final

# New objects until the young ones are looked through, and how often that is done until the older
# ones are. A check's objects are freed by counting; by default they are looked through some twenty
# times a check all the same, which took a twentieth of a sweep's time. Not for the bot: what
# Discord's library makes of a command refers to itself in circles, and is left to these searches.
_THRESHOLDS: Final = (20_000, 20, 20)


def search_less() -> None:
    """Leave what is loaded by now out of each search for garbage, and search less often.

    For a process that checks domains and does little else. A search through all that was loaded
    holds the event loop for a tenth of a second.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
