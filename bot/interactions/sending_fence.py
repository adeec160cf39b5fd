"""Keeps calls to Discord in while this process is not sure to be the one that speaks there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

    Call: TypeAlias = tuple[str, str]  # method and path

# The only webhooks that we call are those of interactions, whose tokens are in the path.
_OF_AN_INTERACTION = re.compile(r"/(interactions|webhooks)/\d+/[^/]+(/|$)")


class NotTheOne(aiohttp.ClientError):
    """Another process may speak for the bot now; to whoever calls it is as if nobody answered."""


class SendingFence:
    """Asks `may_send` before each call, and again once there is a new connection for it.

    Where it may not, `lets_pass` says of some calls that they are right all the same. `trace` is
    for the client's HTTP session, through which the gateway is opened too. What was on its way
    before is ended with its connection; see `bot.lifecycle`.
    """

    def __init__(self, trace: aiohttp.TraceConfig | None = None) -> None:
        self.may_send: Callable[[], bool] = _always
        self.lets_pass: Callable[[Call], bool] | None = None
        self.trace = trace or aiohttp.TraceConfig()
        self.trace.on_request_start.append(self._begin)
        self.trace.on_connection_create_end.append(self._go_on)

    async def _begin(
        self, _: object, context: SimpleNamespace, begun: aiohttp.TraceRequestStartParams
    ) -> None:
        context.call = (begun.method, begun.url.path)
        self._check(context.call)

    async def _go_on(self, _: object, context: SimpleNamespace, __: Any) -> None:
        self._check(context.call)

    def _check(self, call: Call) -> None:
        if self.may_send() or (self.lets_pass is not None and self.lets_pass(call)):
            return
        raise NotTheOne("another process may be the one at Discord now")


def is_reading(call: Call) -> bool:
    """Whether a call changes nothing at Discord; one that waits has to look who it is there."""
    return call[0] == "GET"


def is_answering(call: Call) -> bool:
    """Whether a call answers an interaction, or looks something up for an answer.

    An interaction is answered by the process that took it, also when another one leads by then.
    """
    return is_reading(call) or _OF_AN_INTERACTION.search(call[1]) is not None


def _always() -> bool:
    return True
