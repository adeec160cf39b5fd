"""One question to the servers of a resolver: sent, and sent again, until one answers it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from bot.dns.answer import Answer, Outcome
from bot.dns.attempts import Attempts, are_all_refused, are_all_tried, find_left, find_next
from bot.dns.message import Query, Reply
from bot.dns.parsed_reply import ParsedReply, read_answer
from bot.dns.tcp import ask_stream

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from bot.dns.answer import Question
    from bot.dns.pending import Pending
    from bot.dns.round_trip import RoundTrip
    from bot.dns.udp import Datagram, ResolverState, Upstream

_LATE = 0.02  # seconds after which a timer counts as late, the event loop as busy
_GRACE = 0.05  # at most so many seconds more then, once, for what waits to be read
_RESTART = 1.0  # seconds before refusals end a question: a server may just be starting anew
_EARLY = 2  # datagrams sent again before the long wait: three lost ones of a question are rare
_STREAM_TIMEOUT = 2.0  # seconds for TCP where there is another server to ask
_PROBE = 0.075  # seconds for a server that never answered yet, where there are others


class Exchange:
    """A question under one deadline, and all who wait for its answer.

    `finished` is called once, when it has an answer or nobody waits any more.
    """

    __slots__ = (
        "_attempts",
        "_current",
        "_datagrams",
        "_deadline",
        "_excused",
        "_failure",
        "_finished",
        "_sent_at",
        "_state",
        "_stream",
        "_truncated",
        "done",
        "due",
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
        self.due: float | None = None  # when to send again, in the loop's time
        self.waiting: list[Pending[Any]] = []
        self._state = state
        self._finished = finished
        self._attempts: list[Attempts] = []
        self._current: Attempts  # at the server that was asked last
        self._datagrams: list[Datagram] = []
        self._failure: ParsedReply | None = None
        self._truncated: Answer | None = None  # all that is known where TCP brings nothing
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
        self._attempts = [Attempts(upstream) for upstream in self._state.by_preference(now)]
        self._send_to(self._attempts[0])

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
        datagram.upstream.note_reply(self._state.loop.time() - datagram.sent_at)
        self._settle_early(datagram)
        attempts = self._find(datagram.upstream)
        if attempts.useless:
            return
        if reply.truncated:
            if self._stream is None:
                self._open_stream(attempts)
        elif reply.rejects_edns and datagram.edns:
            if attempts.edns:
                attempts.edns = False
                self._send_to(attempts)
        else:
            self._judge(attempts, reply)

    def take_refusal(self, datagram: Datagram) -> None:
        """Handle that no server listens at the address."""
        if not self.done:
            self._count_refusal(self._find(datagram.upstream))

    def set_timer(self) -> None:
        """Be woken when the question is to be sent again, by what is known of the server now."""
        if not self.done:
            self._state.timers.wake_at(max(self._due(), self._state.loop.time()), self)

    def wake(self, when: float) -> None:
        """Send the question again or give it up, unless a reply has come meanwhile."""
        for datagram in tuple(self._datagrams):
            datagram.port.drain()  # a busy loop may not have read yet what has long come
        if self.done:
            return
        now = self._state.loop.time()
        late = now - when
        if late > _LATE and not self._excused:
            # A server in this very process had no turn either: sending again would only add to it.
            self._excused = True
            self._state.timers.wake_at(now + min(late, _GRACE), self)
        elif now >= self._deadline:
            self.give_up()
        elif self._due() > now:
            self.set_timer()
        else:
            self._send_again_if_allowed(now)

    def _send_to(self, attempts: Attempts, early: RoundTrip | None = None) -> None:
        now = self._state.loop.time()
        attempts.tries += 1
        self._current = attempts
        self._sent_at = now
        self._excused = False
        self._state.timers.wake_at(self._due(), self)
        try:
            datagram = attempts.upstream.send(self.query, self, now, edns=attempts.edns)
        except OSError:
            self._count_refusal(attempts)
        else:
            datagram.early = early
            self._datagrams.append(datagram)

    def _due(self) -> float:
        """When to send again, in the loop's time."""
        if self._stream is not None:
            return self._deadline
        upstream = self._current.upstream
        if upstream.is_doubtful and len(self._attempts) > 1:
            # It is tried again now and then, and the others shall not wait long for it.
            return self._after(_PROBE)
        return self._after(upstream.round_trip.wait)

    def _after(self, wait: float) -> float:
        """When a wait is over that is twice as long each time round (RFC 6298 section 5.5)."""
        return min(self._sent_at + wait * 2.0 ** (self._current.tries - 1), self._deadline)

    def _send_again_if_allowed(self, now: float) -> None:
        round_trip = self._current.upstream.round_trip
        long = min(self._sent_at + round_trip.long_wait, self._deadline)
        may_be_early = len(self._datagrams) <= _EARLY and not self._are_others_tried()
        if not round_trip.is_known or now >= long:
            self._send_again(now)
        elif may_be_early and round_trip.take_room():
            self._send_again(now, round_trip)
        else:
            self._state.timers.wake_at(long, self)

    def _send_again(self, now: float, early: RoundTrip | None = None) -> None:
        if not self._current.useless:
            self._current.upstream.note_miss(self._sent_at, now)
        if self._are_others_tried():
            self.give_up()
        else:
            self._send_to(find_next(find_left(self._attempts)), early)

    def _are_others_tried(self) -> bool:
        """Whether one server has failed, and no other is to be asked once more.

        They are given the long wait before that is the answer: one may be looking the name up.
        """
        return self._failure is not None and are_all_tried(find_left(self._attempts))

    def _settle_early(self, answered: Datagram) -> None:
        """Take what was sent early until the datagram that is answered as not in vain."""
        for datagram in self._datagrams:
            if datagram.early is not None:
                datagram.early.give_back_room()
                datagram.early = None
            if datagram is answered:
                return

    def _find(self, upstream: Upstream) -> Attempts:
        return next(at for at in self._attempts if at.upstream is upstream)

    def _count_refusal(self, attempts: Attempts) -> None:
        now = self._state.loop.time()
        attempts.upstream.note_refusal(now)
        attempts.refusals += 1
        left = find_left(self._attempts)
        waited = now - self._deadline + self._state.timeout >= _RESTART
        if waited and are_all_refused(left):
            self.give_up()
            return
        following = find_next(left)
        if following.tries < attempts.tries:
            self._send_to(following)

    def _judge(self, attempts: Attempts, reply: Reply) -> None:
        reading = read_answer(self.question, reply, attempts.upstream.name)
        answer = reading.answer
        if not answer.failed or answer.alias_loop:
            self._end(reading)
            return
        if self._failure is None or answer.says_more_than(self._failure.answer):
            self._failure = reading
        self._discard(attempts)

    def _discard(self, attempts: Attempts) -> None:
        """Ask the others, where one server has answered to no avail."""
        attempts.useless = True
        left = find_left(self._attempts)
        if not left:
            self.give_up()
            return
        following = find_next(left)
        if not following.tries:
            self._send_to(following)

    def _open_stream(self, attempts: Attempts) -> None:
        self._truncated = Answer(self.question, Outcome.TRUNCATED, server=attempts.upstream.name)
        left = self._deadline - self._state.loop.time()
        others = len(find_left(self._attempts)) > 1
        self._stream = self._state.loop.create_task(
            self._run_stream(attempts, min(left, _STREAM_TIMEOUT) if others else left)
        )
        self._state.streams.add(self._stream)
        self._stream.add_done_callback(self._state.streams.discard)
        self.set_timer()

    async def _run_stream(self, attempts: Attempts, seconds: float) -> None:
        upstream = attempts.upstream
        message_id = upstream.numbers.draw()
        message = self.query.message(message_id, edns=attempts.edns)
        read = partial(self.query.read_whole, message_id)
        reply = await ask_stream(upstream.server, message, read, seconds)
        self._stream = None
        if self.done:
            return
        if reply is None:
            self._discard(attempts)
        else:
            self._judge(attempts, reply)
        self.set_timer()

    def _end(self, reading: ParsedReply) -> None:
        self.done = True
        self._state.timers.forget(self)
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
