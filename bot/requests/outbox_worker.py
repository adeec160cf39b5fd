"""Delivers the messages of the outbox: each at least once, with a nonce that shows repeats."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from bot.errors import CowbellError, StoreError
from bot.requests.model import Audience, Undelivered
from bot.requests.polling import poll
from bot.requests.schedule import GIVE_UP_AFTER, next_try

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.requests.model import OutboxMessage
    from bot.requests.polling import WakeUp
    from bot.requests.protocols import OutboxRepository

LEASE = timedelta(minutes=2)  # after it somebody else may try a message
LONGEST_TRY = 60.0  # seconds; well within the lease
AT_ONCE = 8  # messages


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The message is in Discord: sent or edited now, or found as sent by an earlier try."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Postponed:
    """It could not be delivered now, for the reason `why`; see `after` for the next try."""

    why: str
    after: timedelta | None = None  # None: the outbox decides, longer each time
    keeps: bool = False  # it is tried for as long as it takes


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """It will not be delivered, for the reason `why`; for example, the member is gone.

    `undelivered` is that reason for people, where it is news that should have reached a member.
    """

    why: str
    undelivered: Undelivered | None = None


_OUR_FAULT = Postponed("a fault of the bot; its log says which")


class Subject(Protocol):
    """What a message is about: a request, or a test mail."""

    @property
    def forgotten(self) -> bool:
        """Whether the member had their data deleted: there is nobody to write to."""
        ...


SubjectT = TypeVar("SubjectT", bound=Subject)
Subject_contra = TypeVar("Subject_contra", bound=Subject, contravariant=True)
Subject_co = TypeVar("Subject_co", bound=Subject, covariant=True)


class Subjects(Protocol[Subject_co]):
    """Where the subject of a message is found by its number."""

    async def get(self, request_id: int, /) -> Subject_co | None:
        """Return the subject; None where there is none any more."""
        ...


class MessageStore(Protocol[Subject_co]):
    """The messages to be delivered, and what they are about."""

    @property
    def outbox(self) -> OutboxRepository:
        """The messages."""
        ...

    @property
    def requests(self) -> Subjects[Subject_co]:
        """What they are about."""
        ...


class Deliver(Protocol[Subject_contra]):
    """Carries a message to Discord.

    The message is worded from `request` as it is now. With `message.attempts` above 1 a former try
    may have arrived: unless it is an edit, look for the message of `message.nonce` first.
    """

    async def __call__(
        self, message: OutboxMessage, request: Subject_contra, /
    ) -> Delivered | Postponed | Undeliverable:
        """Deliver one message and return what came of it."""
        ...


class OutboxWorker(Generic[SubjectT]):
    """Tries each message until it has arrived or is given up.

    A try is counted before it is made, so that one cut short is known afterwards.
    """

    def __init__(
        self,
        store: MessageStore[SubjectT],
        deliver: Deliver[SubjectT],
        now: Callable[[], datetime],
        wake_up: WakeUp,
    ) -> None:
        self._outbox = store.outbox
        self._requests = store.requests
        self._deliver = deliver
        self._now = now
        self._wake_up = wake_up
        self._listener = wake_up.listen()
        self._stepping = asyncio.Lock()

    async def run(self) -> None:
        """Deliver until cancelled."""
        await poll(
            *("outbox", self.step, self._outbox.next_due, self._now, self._listener),
            longest_rest=self._wake_up.longest_rest,
        )

    async def step(self) -> int:
        """Try every message whose time has come, one step at a time; return how many there were."""
        async with self._stepping:
            taken = await self._outbox.take_due(self._now(), LEASE, AT_ONCE)
            outcomes = await asyncio.gather(
                *(self._try(message) for message in taken), return_exceptions=True
            )
            fault = None
            for message, outcome in zip(taken, outcomes, strict=True):
                if isinstance(outcome, StoreError):
                    fault = outcome
                elif isinstance(outcome, BaseException):
                    _log.error("message %d (%s)", message.id, message.what, exc_info=outcome)
                    await self._put_off(message, _OUR_FAULT)
                else:
                    await self._settle(message, outcome)
            if fault is not None:
                raise fault
        if taken:
            self._wake_up.wake()  # the last message of a request lets the worker end it
        return len(taken)

    async def _try(self, message: OutboxMessage) -> Delivered | Postponed | Undeliverable:
        request = await self._requests.get(message.request_id)
        if request is None or (request.forgotten and message.what.target is Audience.MEMBER):
            return Undeliverable("the member was forgotten")
        try:
            async with asyncio.timeout(LONGEST_TRY):
                return await self._deliver(message, request)
        except StoreError:
            raise
        except (CowbellError, TimeoutError) as error:
            return Postponed(str(error) or "Discord took too long")

    async def _settle(
        self, message: OutboxMessage, outcome: Delivered | Postponed | Undeliverable
    ) -> None:
        match outcome:
            case Delivered(channel_id, message_id):
                await self._outbox.end(message, self._now(), (channel_id, message_id))
            case Undeliverable(why, undelivered):
                _log.info("message %d (%s) is not sent: %s", message.id, message.what, why)
                await self._outbox.end(message, self._now(), None, why, undelivered)
            case Postponed():
                await self._put_off(message, outcome)

    async def _put_off(self, message: OutboxMessage, later: Postponed) -> None:
        now = self._now()
        if now - message.created_at >= GIVE_UP_AFTER and not later.keeps:
            _log.error("message %d (%s) is given up: %s", message.id, message.what, later.why)
            given_up = Undelivered.GIVEN_UP if message.what.is_news else None
            await self._outbox.end(message, now, None, later.why, given_up)
            return
        wait = next_try(message.attempts) if later.after is None else later.after
        await self._outbox.put_off(message, now + wait, later.why)
