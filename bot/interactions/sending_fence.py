"""Keeps calls to Discord in while this process is not sure to be the one that speaks there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable


class NotTheOne(aiohttp.ClientError):
    """Another process may speak for the bot now; to whoever calls it is as if nobody answered."""


class SendingFence:
    """Asks `may_send` before each call, and again once there is a new connection for it.

    `trace` is for the client's HTTP session, through which the gateway is opened too. What was on
    its way before is ended with its connection; see `bot.lifecycle`.
    """

    def __init__(self, trace: aiohttp.TraceConfig | None = None) -> None:
        self.may_send: Callable[[], bool] = _always
        self.trace = trace or aiohttp.TraceConfig()
        self.trace.on_request_start.append(self._check)
        self.trace.on_connection_create_end.append(self._check)

    async def _check(self, *_: object) -> None:
        if not self.may_send():
            raise NotTheOne("another process may be the one at Discord now")


def _always() -> bool:
    return True
