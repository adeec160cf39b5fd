"""Mailcow's API keys: how many calls one carries at once, and none once Mailcow refused it."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from bot.errors import BackendLocked, BackendUnreachable, ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Refusals of a key count for Mailcow's fail2ban, and so many calls can be under way when a key
# stops working; ten refusals of both keys would ban us.
_AT_ONCE = 4
_SECRET = re.compile(r"[!-~]{1,200}")


class Key:
    """One API key: how many calls it may have under way, and whether Mailcow refused it."""

    def __init__(self, secret: str, variable: str) -> None:
        if not _SECRET.fullmatch(secret):
            raise ConfigError(
                (f"{variable}: A key is one line of letters, digits and hyphens, without blanks.",)
            )
        self.secret = secret
        self.variable = variable
        self.refusal: BackendLocked | None = None
        self._is_proven = False
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._trial = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<key of {self.variable}>"

    @asynccontextmanager
    async def turn(self, seconds: float) -> AsyncIterator[None]:
        """Wait so long for a turn; until the key has worked once, one call at a time.

        Raises:
            BackendLocked: Mailcow refused the key before.
            BackendUnreachable: there was no turn, as those before get no answers.

        """
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(seconds):
                    await stack.enter_async_context(self._slots)
                    if not self._is_proven:
                        await stack.enter_async_context(self._trial)
            except TimeoutError:
                raise BackendUnreachable("mailcow-busy", seconds=f"{seconds:g}") from None
            if self.refusal is not None:
                raise BackendLocked.of(self.refusal.code, self.refusal.facts)
            yield

    def prove(self) -> None:
        """Note that Mailcow took the key."""
        self._is_proven = True

    def forget(self) -> None:
        """Let the key be tried again."""
        self.refusal = None
        self._is_proven = False
