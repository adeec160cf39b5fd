"""One question to the servers of a resolver: sent, and sent again, until one answers it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.dns.answer import Answer, Outcome
from bot.dns.message import Query, Reply
from bot.dns.parsed_reply import ParsedReply, read_answer
from bot.dns.tcp import ask_stream
from bot.dns.udp import PROBE, new_id

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from bot.dns.answer import Question
    from bot.dns.pending import Pending
    from bot.dns.udp import Datagram, ResolverState, Upstream

_LATE = 0.02  # seconds after which a timer counts as late, the event loop as busy
_GRACE = 0.05  # at most so many seconds more then, once, for what waits to be read
_REFUSALS = 3  # by every server, until nobody is expected to be there any more ...
_RESTART = 1.0  # ... but not before so many seconds: one of them may just be starting anew
_TRIES_AFTER_FAILURE = 2  # of the other servers, where one has answered that it failed
_STREAM_TIMEOUT = 2.0  # seconds for TCP where there is another server to ask


class Exchange:
    """A question under one deadline, and all who wait for its answer.

    `finished` is called once, when it has an answer or nobody waits any more.
    """

    __slots__ = (
        "_current",
        "_datagrams",
        "_deadline",
        "_excused",
        "_failure",
        "_finished",
        "_order",
        "_refusals",
        "_sent_at",
        "_state",
        "_stream",
        "_timer",
        "_tries",
        "_truncated",
        "_useless",
        "_without_edns",
        "done",
        "query",
        "question",
        "started",
        "unchecked",
        "waiting",
    )

    def __init__(
        self,
        question: Question,
        state: ResolverState,
        finished: Callable[[Exchange], None],
        *,
        unchecked: bool = False,
    ) -> None:
        self.question = question
        self.unchecked = unchecked
        self.query = Query(
            question, recurse=state.recurse, unchecked=unchecked, signed=state.signed
        )
        self.done = False
        self.started = False
        self.waiting: list[Pending[Any]] = []
        self._state = state
        self._finished = finished
        self._order: list[Upstream] = []
        self._tries: dict[Upstream, int] = {}
        self._refusals: dict[Upstream, int] = {}
        self._useless: set[Upstream] = set()  # they have answered, to no avail
        self._without_edns: set[Upstream] = set()  # they are asked without EDNS
        self._datagrams: list[Datagram] = []
        self._failure: ParsedReply | None = None
        self._truncated: Answer | None = None  # all that is known where TCP brings nothing
        self._current: Upstream | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stream: asyncio.Task[None] | None = None
        self._excused = False
        self._sent_at = 0.0
        self._deadline = 0.0

    def leave(self, pending: Pending[Any]) -> None:
        """Tell one no more; the question is given up with the last who waited."""
        self.waiting.remove(pending)
        if not self.waiting:
            self.give_up()

    def start(self) -> None:
        """Send the question for the first time; the deadline counts from here."""
        now = self._state.loop.time()
        self.started = True
        self._deadline = now + self._state.timeout
        self._order = sorted(self._state.upstreams, key=lambda u: u.rank(now))
        self._tries = dict.fromkeys(self._order, 0)
        self._refusals = dict.fromkeys(self._order, 0)
        self._send_to(self._order[0])

    def give_up(self) -> None:
        """End with what is known: that a server failed, or that nobody answered."""
        silence = self._truncated or Answer(self.question, Outcome.TIMEOUT)
        self._end(self._failure or ParsedReply(silence))

    def close(self) -> None:
        """End without an answer, whatever is known: nobody is asked any more."""
        self._end(ParsedReply(Answer(self.question, Outcome.TIMEOUT)))

    def take_reply(self, datagram: Datagram, data: bytes) -> None:
        """Handle a reply to this question; a malformed one is ignored as if it had not come."""
        reply = self.query.read(data)
        if reply is None or self.done:
            return
        upstream = datagram.upstream
        upstream.note_reply(self._state.loop.time() - datagram.sent_at)
        if upstream in self._useless:
            return
        if reply.truncated:
            if self._stream is None:
                self._open_stream(upstream)
        elif reply.rejects_edns and datagram.edns:
            if upstream not in self._without_edns:
                self._without_edns.add(upstream)
                self._send_to(upstream)
        else:
            self._judge(upstream, reply)

    def take_refusal(self, datagram: Datagram) -> None:
        """Handle that no server listens at the address."""
        if not self.done:
            self._count_refusal(datagram.upstream)

    def _send_to(self, upstream: Upstream) -> None:
        now = self._state.loop.time()
        self._tries[upstream] += 1
        self._current = upstream
        self._sent_at = now
        self._excused = False
        try:
            datagram = upstream.send(self.query, self, now, edns=upstream not in self._without_edns)
        except OSError:
            self._arm(now)
            self._count_refusal(upstream)
        else:
            self._datagrams.append(datagram)
            self._arm(now)

    def _due(self) -> float:
        """When to send again: after about three round trips, twice as long each time round."""
        if self._stream is not None or self._current is None:
            return self._deadline
        # A server that never answered is tried again now and then; the others shall not wait long.
        doubtful = self._current.is_doubtful and len(self._order) > 1
        wait: float = PROBE if doubtful else self._current.first_wait
        wait *= 2 ** (self._tries[self._current] - 1)
        return min(self._sent_at + wait, self._deadline)

    def _arm(self, now: float) -> None:
        due = self._due()
        if self._current is not None and self._current.round_trip is None:
            # Another question's reply may tell the round trip meanwhile: look again soon.
            due = min(due, max(now, self._sent_at) + PROBE)
        self._arm_at(max(due, now))

    def _arm_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._state.loop.call_at(when, self._wake, when)

    def _wake(self, when: float) -> None:
        for datagram in tuple(self._datagrams):
            datagram.port.drain()  # a busy loop may not have read yet what has long come
        if self.done:
            return
        now = self._state.loop.time()
        late = now - when
        if late > _LATE and not self._excused:
            # A server in this very process had no turn either: sending again would only add to it.
            self._excused = True
            self._arm_at(now + min(late, _GRACE))
        elif now >= self._deadline:
            self.give_up()
        elif self._due() > now:
            self._arm(now)
        else:
            self._send_again(now)

    def _send_again(self, now: float) -> None:
        current = self._current
        if current is not None and current not in self._useless:
            current.note_miss(now)
        candidates = self._candidates()
        if self._failure and all(self._tries[u] >= _TRIES_AFTER_FAILURE for u in candidates):
            self.give_up()
        else:
            self._send_to(min(candidates, key=self._tries.__getitem__))

    def _candidates(self) -> list[Upstream]:
        return [u for u in self._order if u not in self._useless]

    def _count_refusal(self, upstream: Upstream) -> None:
        now = self._state.loop.time()
        upstream.note_refusal(now)
        self._refusals[upstream] += 1
        candidates = self._candidates()
        waited = now - self._deadline + self._state.timeout >= _RESTART
        if waited and all(self._refusals[u] >= _REFUSALS for u in candidates):
            self.give_up()
            return
        following = min(candidates, key=self._tries.__getitem__)
        if self._tries[following] < self._tries[upstream]:
            self._send_to(following)

    def _judge(self, upstream: Upstream, reply: Reply) -> None:
        reading = read_answer(self.question, reply, upstream.name)
        answer = reading.answer
        if not answer.failed or answer.alias_loop:
            self._end(reading)
            return
        if self._failure is None or answer.says_more_than(self._failure.answer):
            self._failure = reading
        self._discard(upstream)

    def _discard(self, upstream: Upstream) -> None:
        """Ask the others, where one server has answered to no avail."""
        self._useless.add(upstream)
        candidates = self._candidates()
        if not candidates:
            self.give_up()
            return
        following = min(candidates, key=self._tries.__getitem__)
        if not self._tries[following]:
            self._send_to(following)

    def _open_stream(self, upstream: Upstream) -> None:
        self._truncated = Answer(self.question, Outcome.TRUNCATED, server=upstream.name)
        now = self._state.loop.time()
        left = self._deadline - now
        others = len(self._candidates()) > 1
        self._stream = self._state.loop.create_task(
            self._run_stream(upstream, min(left, _STREAM_TIMEOUT) if others else left)
        )
        self._state.streams.add(self._stream)
        self._stream.add_done_callback(self._state.streams.discard)
        self._arm(now)

    async def _run_stream(self, upstream: Upstream, seconds: float) -> None:
        message_id = new_id()
        message = self.query.message(message_id, edns=upstream not in self._without_edns)
        read = partial(self.query.read_whole, message_id)
        reply = await ask_stream(upstream.server, message, read, seconds)
        self._stream = None
        if self.done:
            return
        if reply is None:
            self._discard(upstream)
        else:
            self._judge(upstream, reply)
        if not self.done:
            self._arm(self._state.loop.time())

    def _end(self, reading: ParsedReply) -> None:
        self.done = True
        if self._timer is not None:
            self._timer.cancel()
        for datagram in self._datagrams:
            datagram.forget()
        self._datagrams.clear()
        if self._stream is not None:
            self._stream.cancel()
        seconds = 0.0  # that it took, not counting any time before it was started
        if self.started:
            seconds = self._state.loop.time() - self._deadline + self._state.timeout
        self._finished(self)
        waiting, self.waiting = self.waiting, []
        for pending in waiting:
            pending.take(reading, seconds)
