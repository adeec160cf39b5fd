"""How long members wait for the first answer, measured on the calls to Discord themselves."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable

_CALLBACK = re.compile(r"/interactions/(\d+)/[^/]+/callback$")


class Acknowledgements:
    """Knows when each interaction under way began, until it is acknowledged or given up."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        self._observe = observe
        self._begun: dict[int, float] = {}  # by the interaction's id

    def begin(self, interaction_id: int, came_at: float) -> None:
        """Note since when, by the monotonic clock, somebody waits."""
        self._begun[interaction_id] = came_at

    def give_up(self, interaction_id: int) -> None:
        """Forget one; nothing where it was acknowledged."""
        self._begun.pop(interaction_id, None)

    def trace(self) -> aiohttp.TraceConfig:
        """Return what tells this of the calls of an HTTP session."""
        config = aiohttp.TraceConfig()
        config.on_request_end.append(self._hear)
        return config

    async def _hear(self, _: object, __: object, call: aiohttp.TraceRequestEndParams) -> None:
        found = _CALLBACK.search(call.url.path)
        if found is None or call.response.status >= 300:
            return
        begun = self._begun.pop(int(found[1]), None)
        if begun is not None:
            self._observe(time.monotonic() - begun)
