"""How often members may do what costs others something."""

from __future__ import annotations

import time
from typing import Final

from bot.services.member_service import Cooldown

CHECKS_A_MINUTE: Final = 6
SAME_PRESS: Final = 10.0  # seconds in which a second press on a button is the same press


class Limits:
    """What one running bot lets members do: checks a member, and shares a card."""

    def __init__(self) -> None:
        self.checks = Cooldown(CHECKS_A_MINUTE, 60.0, time.monotonic)
        self._shared: dict[int, float] = {}

    def take_share(self, message_id: int) -> bool:
        """Whether a card may be shared: not where that was done, or begun, just before."""
        now = time.monotonic()
        self._shared = {key: at for key, at in self._shared.items() if at > now - SAME_PRESS}
        if message_id in self._shared:
            return False
        self._shared[message_id] = now
        return True

    def give_back_share(self, message_id: int) -> None:
        """Let a card be shared at once, because it was not after all."""
        self._shared.pop(message_id, None)
