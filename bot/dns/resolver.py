"""The resolver: asks DNS servers many questions at a time, equal ones once."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Self

from bot.dns.answer import Answer, Outcome, Question
from bot.dns.exchange import Exchange
from bot.dns.parsed_reply import ParsedReply, join
from bot.dns.udp import ResolverState, Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import dns.name
    import dns.rdatatype

    from bot.dns.owner_name import AnyName
    from bot.dns.server_address import Server

_HOPS = 8  # questions more, where servers do not follow an alias out of their zones


class Resolver:
    """Asks DNS servers, in order of preference, one of them at a time.

    `timeout` is the deadline of a question in seconds, from when it is first sent; at most
    `in_flight` are under way at once, and the others wait their turn. Servers that are to say
    what they hold themselves are asked without `recurse`; `signed` asks for signatures as well. It
    belongs to the event loop in which it is used first, and has to be closed there.
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
        self._state: ResolverState | None = None
        self._exchanges: dict[tuple[Question, bool], Exchange] = {}
        self._queue: deque[Exchange] = deque()
        self._closed = False

    async def ask(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Return the answer to a question; a failure is returned as well, never raised.

        Where the first server fails or refuses, the others are asked; where none does better, the
        first such answer is returned. An alias chain that a server leaves unfinished is followed
        under the same deadline. A closed resolver answers TIMEOUT.
        """
        return await self._follow(Question.of(name, rdtype), unchecked=False)

    async def ask_unchecked(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Return the same, asked for without a check of the signatures (CD, RFC 4035 3.2.2).

        A resolver that answers this and else SERVFAIL has found DNSSEC broken.
        """
        return await self._follow(Question.of(name, rdtype), unchecked=True)

    async def _follow(self, question: Question, *, unchecked: bool) -> Answer:
        reading, seconds = await self._ask_once(question, unchecked)
        answer = reading.answer
        for _ in range(_HOPS):
            if not reading.cut:
                return answer
            if seconds >= self._timeout:
                return join(answer, Answer(question, Outcome.TIMEOUT))
            following = Question.of(answer.chain[-1], question.rdtype)
            reading, more = await self._ask_once(following, unchecked)
            seconds += more
            answer = join(answer, reading.answer)
            if answer.alias_loop:
                return answer
        return join(answer, Answer(question, Outcome.SERVFAIL, server=answer.server))

    async def read(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> ParsedReply:
        """Return the answer in a server's own reply, whose alias chain is not followed further."""
        return (await self._ask_once(Question.of(name, rdtype)))[0]

    async def aclose(self) -> None:
        """Answer TIMEOUT to all who still wait, and close every socket."""
        self._closed = True
        self._queue.clear()
        for exchange in tuple(self._exchanges.values()):
            exchange.close()
        if self._state is not None:
            await asyncio.gather(*self._state.streams, return_exceptions=True)
            for upstream in self._state.upstreams:
                upstream.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _ask_once(
        self, question: Question, unchecked: bool = False
    ) -> tuple[ParsedReply, float]:
        if self._closed:
            return ParsedReply(Answer(question, Outcome.TIMEOUT)), 0.0
        exchange = self._exchanges.get((question, unchecked)) or self._admit(question, unchecked)
        waiter = exchange.join()
        try:
            return await waiter, exchange.seconds
        except asyncio.CancelledError:
            exchange.leave(waiter)
            raise

    def _admit(self, question: Question, unchecked: bool) -> Exchange:
        if self._state is None:
            loop = asyncio.get_running_loop()
            upstreams = tuple(Upstream(server, loop) for server in self.servers)
            self._state = ResolverState(loop, upstreams, self._timeout, self._recurse, self._signed)
        exchange = Exchange(question, self._state, self._finish, unchecked=unchecked)
        self._exchanges[question, unchecked] = exchange
        self._queue.append(exchange)
        self._start_next()
        return exchange

    def _finish(self, exchange: Exchange) -> None:
        del self._exchanges[exchange.question, exchange.unchecked]
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
