"""Numbers that nobody can guess, for the ids and sockets of questions (RFC 5452 section 4.5)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK: Final = 1024  # octets read from the operating system at a time


class RandomNumbers:
    """Numbers of 16 bits from the operating system's source, which is asked for many at a time."""

    __slots__ = ("_block",)

    def __init__(self) -> None:
        self._block: Iterator[int] = iter(())

    def draw(self) -> int:
        """Return a number from 0 to 65,535, each as likely as any other and used once."""
        number = next(self._block, None)
        if number is None:
            self._block = iter(memoryview(os.urandom(_BLOCK)).cast("H"))
            number = next(self._block)
        return number
