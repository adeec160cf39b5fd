"""Answers under way: futures for those who ask, filled by the exchange that brings the reply.

No task stands behind one. Cancelling one affects nobody else: a question is given up only with the
last who waited for its answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from bot.dns.answer import Answer, DirectAnswer, Outcome, Question
from bot.dns.parsed_reply import join

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.dns.exchange import Exchange
    from bot.dns.parsed_reply import ParsedReply

T = TypeVar("T")

_HOPS: Final = 8  # questions more, where servers do not follow an alias out of their zones


class Pending(asyncio.Future[T]):
    """A future that leaves its exchange when it is cancelled."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self._exchange: Exchange | None = None

    def wait_for(self, exchange: Exchange) -> None:
        """Be given what an exchange brings."""
        self._exchange = exchange
        exchange.waiting.append(self)

    def take(self, reading: ParsedReply, seconds: float) -> None:
        """Handle what the exchange has brought, so many seconds after it was started."""
        raise NotImplementedError

    def cancel(self, msg: Any | None = None) -> bool:
        """Wait no longer; return whether anything was waited for."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.leave(self)
        return super().cancel(msg)


class PendingReply(Pending[DirectAnswer]):
    """The answer in a server's own reply, whose alias chain is not followed."""

    def take(self, reading: ParsedReply, seconds: float) -> None:  # noqa: ARG002 - has no chain
        """End with the answer."""
        self._exchange = None
        self.set_result(DirectAnswer(*reading))


class PendingAnswer(Pending[Answer]):
    """The answer to a question; an alias chain that a server leaves unfinished is followed.

    `ask` has it wait for the exchange of one question more; `timeout` is the deadline in seconds
    of all questions of a chain together.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ask: Callable[[Question, PendingAnswer], None],
        timeout: float,
    ) -> None:
        super().__init__(loop)
        self._ask = ask
        self._left = timeout
        self._hops = 0
        self._so_far: Answer | None = None  # as far as the chain is known

    def take(self, reading: ParsedReply, seconds: float) -> None:
        """End with the answer, or ask for the name in which the chain is cut."""
        self._exchange = None
        answer = reading.answer if self._so_far is None else join(self._so_far, reading.answer)
        self._left -= seconds
        if not reading.cut or answer.alias_loop:
            self.set_result(answer)
        elif self._hops == _HOPS:
            end = Answer(answer.question, Outcome.SERVFAIL, server=answer.server)
            self.set_result(join(answer, end))
        elif self._left <= 0:
            self.set_result(join(answer, Answer(answer.question, Outcome.TIMEOUT)))
        else:
            self._hops += 1
            self._so_far = answer
            self._ask(Question.of(answer.chain[-1], answer.question.rdtype), self)
