"""Carries out what was approved, checks whether it is live, and reminds or gives up in time."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.report import PROPAGATING
from bot.errors import (
    BackendError,
    BackendRefused,
    BackendUnclear,
    BackendUnreachable,
    CowbellError,
    StoreError,
)
from bot.requests.evidence import follow_hosting, follow_look, note_live
from bot.requests.failure import dump_failure
from bot.requests.kinds import KINDS
from bot.requests.leased_work import LeasedWork
from bot.requests.model import BOT, MessageKind, State
from bot.requests.polling import poll
from bot.requests.schedule import next_attempt, next_look
from bot.requests.transitions import expiry, move, replace_key, touch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from bot.requests.model import Change, Request
    from bot.requests.polling import WakeUp
    from bot.requests.protocols import Repositories, Verification, Watch
    from bot.requests.work import Tools

LEASE = timedelta(minutes=3)  # after it somebody else may take a request
LONGEST_JOB = 120.0  # seconds; well within the lease
LONGEST_LOOK = 10.0  # seconds
AT_ONCE = 8  # requests
AFTER_OTHER = timedelta(seconds=2)  # while the mail server is at another request for the domain
STILL_AT_IT = timedelta(seconds=15)  # so long may the mail server be, when nobody waits for it

# With these the mail server may do later what it did not do now.
_PASSING = (BackendUnreachable, BackendUnclear)

_log = logging.getLogger(__name__)


class Worker:
    """Takes requests whose time has come, and brings each one step further.

    A step is written down before and after it, so that one cut short is done again; the mail
    server's calls can be made again. Of several workers on one store, in one process or in many,
    the one that holds a request's lease writes what becomes of it, and of those of one domain one
    has the mail server make something at a time: whoever calls it looks before, which is of no use
    where two look at once. `watch` is told of each domain of which something is live now, None
    where nothing is watched.
    """

    def __init__(
        self,
        store: Repositories,
        tools: Tools,
        now: Callable[[], datetime],
        wake_up: WakeUp,
        *,
        watch: Watch | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        self._watch = watch
        self._store = store.requests
        self._tools = tools
        self._now = now
        self._wake_up = wake_up
        self._listener = wake_up.listen()
        self._work_under_way = LeasedWork(
            self, self._take_further, _describe, now, lease=lease, most=AT_ONCE
        )

    async def run(self) -> None:
        """Work until cancelled; what is under way then is given back for others to take."""
        try:
            await poll(
                *("requests", self._go_on, self._store.next_due, self._now, self._listener),
                longest_rest=self._wake_up.longest_rest,
            )
        finally:
            await self._work_under_way.cut_short()

    async def step(self) -> int:
        """Bring every request whose time has come one step further; return how many."""
        begun = await self._work_under_way.begin()
        await self._work_under_way.wait_for_end()
        return begun

    async def finish(self) -> None:
        """Take nothing more, and return when what is under way has ended."""
        await self._work_under_way.finish()

    async def take_due(self, now: datetime, lease: timedelta, most: int) -> tuple[Request, ...]:
        """Return up to `most` requests whose time has come, leased to this worker."""
        return await self._store.take_due(now, lease, most)

    async def give_back(self, taken: Iterable[Request]) -> None:
        """Let others take requests that were cut short.

        That is at once, but for those of which the mail server may still make what it was asked
        for: a call that nobody waits for any more goes on there.
        """
        cut = tuple(taken)
        at_server = tuple(filter(_is_at_server, cut))
        await self._store.give_back(request for request in cut if request not in at_server)
        await self._store.give_back(at_server, self._now() + STILL_AT_IT)

    async def _go_on(self) -> int:
        begun = await self._work_under_way.begin()
        await self._work_under_way.wait_for_room()
        return begun

    async def _take_further(self, request: Request) -> None:
        await self._advance(request)
        self._wake_up.wake()

    async def _advance(self, request: Request) -> None:
        match request.state:
            case State.APPROVED:
                await self._begin_work(request)
            case State.WORKING:
                await self._work(request)
            case State.WAITING:
                await self._look_at(request)
            case State.LIVE:
                if self._watch is not None:
                    await self._watch.have_looked_at(request.domain)
                # It is given out when its messages are out.
                await self._change(request, lambda now: move(request, State.CLOSED, BOT, now))
            case _:
                await self._change(request, lambda now: _let_pass(request, now))

    async def _begin_work(self, request: Request) -> None:
        """Write down that the mail server is called next, unless another request has its turn."""

        def begin(now: datetime) -> Change:
            return move(request, State.WORKING, BOT, now)

        def wait_for_turn(now: datetime) -> Change:
            return touch(request, due_at=now + AFTER_OTHER)

        def decide(before: Request, others: tuple[Request, ...]) -> Change | None:
            is_at_another = any(map(_is_at_server, others))
            return self._decide(request, before, wait_for_turn if is_at_another else begin)

        if not KINDS[request.kind].asks_server(request):
            await self._change(request, begin)
            return
        _, is_written = await self._store.change_among(request.id, decide, self._now())
        await self._give_back_unless(is_written, request)

    async def _work(self, request: Request) -> None:
        rules = KINDS[request.kind]
        try:
            async with asyncio.timeout(LONGEST_JOB):
                done = await rules.work(request, self._tools)
        except (CowbellError, TimeoutError) as error:
            await self._put_off_or_fail(
                request,
                BackendUnreachable("backend-too-slow")
                if isinstance(error, TimeoutError)
                else error,
            )
            return
        evidence = await self._follow_server(request)
        selector = request.selector if done.key is None else done.key.selector
        # Asked too early, the answer that there is nothing would stay in caches.
        wait = None if rules.record is None else next_look(0, timedelta(0))

        def hand_out(now: datetime) -> Change:
            due_at = now + (wait or timedelta(0))
            return move(
                request,
                State.WAITING,
                BOT,
                now,
                learned=done.key,
                value=done.value,
                selector=selector,
                due_at=due_at,
                replaced="",
                evidence=evidence,
            )

        await self._change(request, hand_out)

    async def _put_off_or_fail(self, request: Request, failure: CowbellError) -> None:
        """Have it tried again where that may help, and else or after some tries tell an admin."""
        reason, attempts = dump_failure(failure), request.attempts + 1
        wait = next_attempt(attempts) if isinstance(failure, _PASSING) else None
        if wait is not None:
            _log.info("request %d is tried again in %s: %s", request.id, wait, failure)
            messages = (MessageKind.ADMIN_EDIT,) if reason != request.reason else ()
            await self._change(
                request,
                lambda now: touch(
                    request, messages, attempts=attempts, due_at=now + wait, reason=reason
                ),
            )
            return
        _log.warning("request %d failed: %s", request.id, failure)
        refused = isinstance(failure, BackendRefused)
        evidence = await self._follow_server(request) if refused else request.evidence
        await self._change(
            request,
            lambda now: move(
                request, State.FAILED, BOT, now, detail=reason, reason=reason, evidence=evidence
            ),
        )

    async def _follow_server(self, request: Request) -> str:
        """Return the request's evidence, with what the mail server says of the domain now."""
        backend = self._tools.backend
        if not backend.capabilities.can_tell_domains:
            return request.evidence
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                server = await backend.look_up(request.domain)
        except (BackendError, TimeoutError):
            return request.evidence
        return follow_hosting(request.evidence, server.hosting, self._now())

    async def _look_at(self, request: Request) -> None:
        try:
            async with asyncio.timeout(LONGEST_JOB):
                found = await self._tools.verifier(request)
        except StoreError:
            raise
        except (CowbellError, TimeoutError) as error:
            _log.info("request %d: nothing was found out: %s", request.id, error)
            await self._change(request, lambda now: _look_later(request, now))
            return
        await self._change(request, lambda now: _judge(request, found, now))

    async def _change(self, taken: Request, make: Callable[[datetime], Change]) -> None:
        def decide(request: Request) -> Change | None:
            return self._decide(taken, request, make)

        _, is_written = await self._store.change(taken.id, decide, self._now())
        await self._give_back_unless(is_written, taken)

    def _decide(
        self, taken: Request, request: Request, make: Callable[[datetime], Change]
    ) -> Change | None:
        """Return the change of a request as it is now, which ends the lease."""
        # Where somebody did something meanwhile, what was found out is about the past; where
        # somebody else took it, as the lease ran out, what becomes of it is theirs to say.
        if (request.version, request.lease_until) != (taken.version, taken.lease_until):
            return None
        change = make(self._now())
        return replace(change, after=replace(change.after, lease_until=None))

    async def _give_back_unless(self, is_written: bool, taken: Request) -> None:
        if not is_written:  # it is still to be done, with the request as it is now
            await self._store.give_back((taken,))


def _is_at_server(request: Request) -> bool:
    """Whether the mail server may be making something for a request in this moment."""
    return request.state is State.WORKING and KINDS[request.kind].asks_server(request)


def _describe(request: Request) -> str:
    """Return how the log calls a request that was taken."""
    return f"request {request.id}: {request.state}"


def _judge(request: Request, found: Verification, now: datetime) -> Change:
    """Return the next state of a waiting request, by the result of the check."""
    evidence = follow_hosting(follow_look(request.evidence, found.evidence), found.hosting, now)
    if found.key is not None:
        due_at = now + (next_look(0, timedelta(0)) or timedelta(0))
        return replace_key(request, found.key, now, due_at=due_at, evidence=evidence)
    if found.live:
        evidence = note_live(evidence, found.evidence, now)
        return move(request, State.LIVE, BOT, now, seen="", evidence=evidence)
    attempts = request.attempts + 1
    wait = next_look(attempts, now - request.changed_at, found.ttl)
    if wait is None:
        return move(
            request, State.EXPIRED, BOT, now, detail=found.seen, seen=found.seen, evidence=evidence
        )
    reason = "" if found.fault is None else dump_failure(found.fault)
    # The message says when the next look is where that is all there is to wait for.
    is_news = found.seen != request.seen or found.seen in PROPAGATING
    messages = [MessageKind.MEMBER_EDIT] if is_news else []
    # An admin who finishes it is told on the card what is seen.
    is_for_admin = is_news and KINDS[request.kind].is_finished_by_admin
    if is_for_admin or (reason, evidence) != (request.reason, request.evidence):
        messages.append(MessageKind.ADMIN_EDIT)
    return touch(
        request,
        tuple(messages),
        attempts=attempts,
        due_at=now + wait,
        seen=found.seen,
        reason=reason,
        evidence=evidence,
    )


def _look_later(request: Request, now: datetime) -> Change:
    """Return the change of a waiting request of which nothing could be found out."""
    attempts = request.attempts + 1
    wait = next_look(attempts, now - request.changed_at)
    if wait is None:
        return move(request, State.EXPIRED, BOT, now, detail=request.seen, seen=request.seen)
    return touch(request, attempts=attempts, due_at=now + wait)


def _let_pass(request: Request, now: datetime) -> Change:
    """Return the change of a request that waits for an admin: a reminder, later its expiry."""
    end = expiry(request)
    if now >= end:
        return move(request, State.EXPIRED, BOT, now, reason=request.reason)
    messages = (MessageKind.ADMIN_REMINDER,) if request.attempts == 0 else ()
    return touch(request, messages, attempts=request.attempts + 1, due_at=end)
