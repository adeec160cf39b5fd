"""Does what was approved, looks whether it is live, and lets time pass for the rest."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.checks.report import PROPAGATING
from bot.errors import CowbellError, StoreError
from bot.records.dkim_key import DkimRecord, KnownKey
from bot.records.expected import staged_dmarc
from bot.requests.model import BOT, MessageKind, RequestKind
from bot.requests.polling import make_rounds
from bot.requests.ports import Verification
from bot.requests.schedule import next_look
from bot.requests.states import State
from bot.requests.transitions import expiry, move, touch

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.records.mail_server import MailServer
    from bot.requests.bell import Bell
    from bot.requests.model import Change, Request
    from bot.requests.ports import Mail, Verifier
    from bot.store.repositories.for_requests import RequestStore

LEASE = timedelta(minutes=3)  # after it somebody else may take a request
LONGEST_JOB = 120.0  # seconds; well within the lease
AT_ONCE = 8  # requests

_TELLING = timedelta(seconds=5)  # between being live and a look whether everybody was told
_STILL_TELLING = timedelta(minutes=5)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What the worker works with."""

    server: MailServer
    mail: Mail
    look: Verifier


class Worker:
    """Takes requests whose time has come, and brings each one step further.

    A step is written down before and after it, so that one cut short is done again; the mail
    server's calls can be made again.
    """

    def __init__(
        self,
        store: RequestStore,
        tools: Tools,
        now: Callable[[], datetime],
        bell: Bell,
    ) -> None:
        self._store = store.requests
        self._posts = store.posts
        self._server = tools.server
        self._mail = tools.mail
        self._look = tools.look
        self._now = now
        self._bell = bell
        self._listener = bell.listen()

    async def run(self) -> None:
        """Work until cancelled.

        Where the process before was cut short, its leases are to be released first.
        """
        await make_rounds("requests", self.step, self._store.next_due, self._now, self._listener)

    async def step(self) -> int:
        """Bring every request whose time has come one step further; return how many."""
        taken = await self._store.take_due(self._now(), LEASE, AT_ONCE)
        outcomes = await asyncio.gather(
            *(self._advance(request) for request in taken), return_exceptions=True
        )
        for request, outcome in zip(taken, outcomes, strict=True):
            if isinstance(outcome, StoreError):
                raise outcome
            if isinstance(outcome, BaseException):
                # A fault of ours; the request is taken up again when its lease has run out.
                _log.error("request %d: %s", request.id, request.state, exc_info=outcome)
        if taken:
            self._bell.ring()
        return len(taken)

    async def _advance(self, request: Request) -> None:
        match request.state:
            case State.APPROVED:
                # The intent, before the mail server is called.
                await self._change(request, lambda now: move(request, State.WORKING, BOT, now))
            case State.WORKING:
                await self._work(request)
            case State.WAITING:
                await self._look_at(request)
            case State.LIVE:
                await self._close(request)
            case _:
                await self._change(request, lambda now: _let_pass(request, now))

    async def _work(self, request: Request) -> None:
        try:
            async with asyncio.timeout(LONGEST_JOB):
                value, key = await self._do(request)
        except StoreError:
            raise
        except (CowbellError, TimeoutError) as error:
            reason = str(error) or "The mail server took too long to answer; try again later."
            _log.warning("request %d failed: %s", request.id, reason)
            await self._change(
                request,
                lambda now: move(request, State.FAILED, BOT, now, detail=reason, reason=reason),
            )
            return
        selector = request.selector if key is None else key.selector
        # Asked too early, the answer that there is nothing would stay in caches.
        wait = (
            next_look(0, timedelta(0))
            if request.kind in {RequestKind.DKIM, RequestKind.DMARC}
            else None
        )

        def hand_out(now: datetime) -> Change:
            due_at = now + (wait or timedelta(0))
            return move(
                request,
                State.WAITING,
                BOT,
                now,
                learned=key,
                value=value,
                selector=selector,
                due_at=due_at,
            )

        await self._change(request, hand_out)

    async def _do(self, request: Request) -> tuple[str, KnownKey | None]:
        """Do what was approved; return the record's value, and the key that was learned."""
        if request.kind is RequestKind.DKIM:
            key = await self._find_key(request)
            return key.record.text, key
        if request.kind is RequestKind.DMARC:
            return staged_dmarc(self._server.dmarc, request.stage or "none"), None
        if request.kind is RequestKind.MAILDOMAIN and not request.by_hand:
            await self._mail.add_domain(request.domain)
        return "", None

    async def _find_key(self, request: Request) -> KnownKey:
        if request.by_hand:
            return KnownKey(request.selector, DkimRecord.parse(request.value), "admin")
        return await self._mail.find_or_make_dkim(request.domain, request.selector)

    async def _look_at(self, request: Request) -> None:
        try:
            async with asyncio.timeout(LONGEST_JOB):
                sight = await self._look(request)
        except StoreError:
            raise
        except (CowbellError, TimeoutError) as error:
            _log.info("request %d: nothing was found out: %s", request.id, error)
            sight = Verification(live=False, seen=request.seen)
        await self._change(request, lambda now: _judge(request, sight, now))

    async def _close(self, request: Request) -> None:
        left = await self._posts.left(request.id)

        def close(now: datetime) -> Change:
            if left:
                return touch(request, due_at=now + _STILL_TELLING)
            return move(request, State.CLOSED, BOT, now)

        await self._change(request, close)

    async def _change(self, taken: Request, make: Callable[[datetime], Change]) -> None:
        def decide(request: Request) -> Change | None:
            # Where somebody did something meanwhile, what was found out is about the past.
            return make(self._now()) if request.version == taken.version else None

        await self._store.change(taken.id, decide, self._now())


def _judge(request: Request, sight: Verification, now: datetime) -> Change:
    """Return what a look makes of a waiting request."""
    attempts = request.attempts + 1
    if sight.live:
        due_at = now + _TELLING
        return move(request, State.LIVE, BOT, now, seen="", due_at=due_at)
    wait = next_look(attempts, now - request.changed_at, sight.ttl)
    if wait is None:
        return move(request, State.EXPIRED, BOT, now, detail=sight.seen, seen=sight.seen)
    # The message says when the next look is where that is all there is to wait for.
    is_news = sight.seen != request.seen or sight.seen in PROPAGATING
    posts = (MessageKind.MEMBER_EDIT,) if is_news else ()
    return touch(request, posts, attempts=attempts, due_at=now + wait, seen=sight.seen)


def _let_pass(request: Request, now: datetime) -> Change:
    """Return what time makes of a request that waits for an admin: a reminder, then the end."""
    end = expiry(request)
    if now >= end:
        return move(request, State.EXPIRED, BOT, now, reason=request.reason)
    posts = (MessageKind.ADMIN_REMINDER,) if request.attempts == 0 else ()
    return touch(request, posts, attempts=request.attempts + 1, due_at=end)
