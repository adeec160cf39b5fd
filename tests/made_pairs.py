"""Key pairs for the double of Mailcow, each made once for all tests of a process."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from bot.demo.mailcow_double.mailcow_state import DkimPair


def made_pair(number: int, selector: str, bits: int = 2048) -> DkimPair:
    """Return the key pair of a number, always the same one, at a selector."""
    return replace(_make(number, bits), selector=selector)


@cache
def _make(number: int, bits: int) -> DkimPair:
    return DkimPair.make(f"made{number}", bits)  # it takes long
