"""The resolver: asks DNS servers many questions at a time, equal ones once."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from bot.dns.answer import Answer, Outcome, Question
from bot.dns.exchange import Exchange
from bot.dns.parsed_reply import ParsedReply
from bot.dns.pending import PendingAnswer, PendingReply
from bot.dns.timers import Timers
from bot.dns.udp import ResolverState, Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import dns.rdatatype

    from bot.dns.answer import DirectAnswer
    from bot.dns.owner_name import AnyName
    from bot.dns.pending import Pending
    from bot.dns.server_address import Server


class Resolver:
    """Asks DNS servers, in order of preference, one of them at a time.

    `timeout` is the deadline of a question in seconds, from when it is first sent; at most
    `in_flight` are under way at once, and the others wait their turn. Servers that are to say
    what they hold themselves are asked without `recurse`; `signed` asks for signatures as well. It
    belongs to the event loop in which it is used first, and has to be closed there.

    A question is sent at once, before whoever asks waits for its future. Cancelling that one
    affects nobody else; the question is given up with the last who waited.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        *,
        timeout: float = 5.0,
        in_flight: int = 256,
        recurse: bool = True,
        signed: bool = False,
    ) -> None:
        if not servers:
            raise ValueError("a resolver needs at least one server to ask.")
        self.servers = tuple(dict.fromkeys(servers))
        self.queries = 0  # questions sent so far; sending again and merged ones do not count
        self._timeout = timeout
        self._in_flight = in_flight
        self._recurse = recurse
        self._signed = signed
        self._under_way = 0
        self._opened: ResolverState | None = None
        self._exchanges: dict[Question, Exchange] = {}
        self._unchecked: dict[Question, Exchange] = {}  # those without a check of the signatures
        self._queue: deque[Exchange] = deque()
        self._closed = False

    def ask(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> asyncio.Future[Answer]:
        """Return the answer to a question; a failure is returned as well, never raised.

        Where the first server fails or refuses, the others are asked; where none does better, the
        first such answer is returned. An alias chain that a server leaves unfinished is followed
        under the same deadline. A closed resolver answers TIMEOUT.
        """
        answer = PendingAnswer(self._state().loop, self._join, self._timeout)
        self._join(Question.of(name, rdtype), answer)
        return answer

    def ask_unchecked(
        self, name: AnyName, rdtype: str | dns.rdatatype.RdataType
    ) -> asyncio.Future[Answer]:
        """Return the same, asked for without a check of the signatures (CD, RFC 4035 3.2.2).

        A resolver that answers this and else SERVFAIL has found DNSSEC broken.
        """
        join = partial(self._join, unchecked=True)
        answer = PendingAnswer(self._state().loop, join, self._timeout)
        join(Question.of(name, rdtype), answer)
        return answer

    def read(
        self, name: AnyName, rdtype: str | dns.rdatatype.RdataType
    ) -> asyncio.Future[DirectAnswer]:
        """Return the answer in a server's own reply, whose alias chain is not followed further."""
        reply = PendingReply(self._state().loop)
        self._join(Question.of(name, rdtype), reply)
        return reply

    def close(self) -> None:
        """Answer TIMEOUT to all who still wait; only what asks over TCP takes a moment to end."""
        self._closed = True
        self._queue.clear()
        for exchange in (*self._exchanges.values(), *self._unchecked.values()):
            exchange.close()
        if self._opened is not None:
            self._opened.timers.close()
            for upstream in self._opened.upstreams:
                upstream.close()

    async def aclose(self) -> None:
        """Answer TIMEOUT to all who still wait, and close every socket.

        Whoever is cancelled meanwhile leaves none open.
        """
        self.close()
        if self._opened is not None:
            await asyncio.gather(*self._opened.streams, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _state(self) -> ResolverState:
        if self._opened is None:
            loop = asyncio.get_running_loop()
            upstreams = tuple(Upstream(server, loop) for server in self.servers)
            self._opened = ResolverState(
                loop, upstreams, Timers(loop), self._timeout, self._recurse, self._signed
            )
        return self._opened

    def _join(self, question: Question, pending: Pending[Any], *, unchecked: bool = False) -> None:
        """Have an answer under way wait for the exchange of a question, which starts if new."""
        if self._closed:
            pending.take(ParsedReply(Answer(question, Outcome.TIMEOUT)), 0.0)
            return
        exchanges = self._unchecked if unchecked else self._exchanges
        exchange = exchanges.get(question)
        if exchange is not None:
            pending.wait_for(exchange)
            return
        exchange = Exchange(question, self._state(), self._finish, unchecked=unchecked)
        exchanges[question] = exchange
        pending.wait_for(exchange)
        self._queue.append(exchange)
        self._start_next()

    def _finish(self, exchange: Exchange) -> None:
        del (self._unchecked if exchange.unchecked else self._exchanges)[exchange.question]
        if exchange.started:
            self._under_way -= 1
        self._start_next()

    def _start_next(self) -> None:
        while self._queue and self._under_way < self._in_flight:
            exchange = self._queue.popleft()
            if not exchange.done:
                self._under_way += 1
                self.queries += 1
                exchange.start()
