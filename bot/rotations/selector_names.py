"""Selectors for new keys: `cb`, the year, the month and a letter, so `cb202611a`."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from bot.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import datetime


def next_selector(now: datetime, used: Container[str]) -> str:
    """Return the first selector of this month that is not among those `used`, in lower case.

    A selector that was used once may still be in a cache with the key of then, and its private key
    is the way back to it.

    Raises RequestError where the month has none left.
    """
    for letter in ascii_lowercase:
        selector = f"cb{now:%Y%m}{letter}"
        if selector not in used:
            return selector
    raise RequestError("rotation-no-selector")
