"""How a look is made that nobody sits and waits for."""

from __future__ import annotations

from typing import Protocol


class Unhurried(Protocol):
    """A look that lets all others go first."""

    async def give_way(self) -> None:
        """Return when the next larger piece of work may be done."""

    def note_silence(self) -> None:
        """Note that the look waits for servers that have not answered for a while."""
