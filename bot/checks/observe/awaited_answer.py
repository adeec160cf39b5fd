"""What one question of a check comes to: its answer, or all who wait for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_T = TypeVar("_T")


class AwaitedAnswer(Generic[_T]):
    """What a question comes to; `asking` is what brings the answer.

    `answer` is None until `is_there`. Whoever waits has a future of their own, so that giving up
    takes the answer from nobody else; it costs no task, and nobody is suspended for an answer that
    is there.
    """

    __slots__ = ("_fault", "_is_given_up", "_then", "_waiters", "answer", "asking", "is_there")

    def __init__(self) -> None:
        self.answer: _T | None = None
        self.is_there = False
        self.asking: asyncio.Future[Any] | None = None
        self._fault: BaseException | None = None
        self._is_given_up = False
        self._waiters: list[asyncio.Future[_T]] = []
        self._then: list[Callable[[], None]] = []

    @property
    def is_under_way(self) -> bool:
        """Whether there may still be an answer."""
        return not (self.is_there or self._is_given_up)

    def wait(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[_T]:
        """Return a new future for the answer; cancelling it affects nobody else who waits."""
        waiter: asyncio.Future[_T] = loop.create_future()
        if self.is_there:
            waiter.set_result(self.answer)  # type: ignore[arg-type]  # None is an answer then
        elif self._fault is not None:
            waiter.set_exception(self._fault)
        elif self._is_given_up:
            waiter.cancel()
        else:
            self._waiters.append(waiter)
        return waiter

    def then(self, call: Callable[[], None]) -> None:
        """Have something called as soon as the answer is there, after those who wait are told."""
        self._then.append(call)

    def settle(self, answer: _T) -> None:
        """Give the answer to all who wait; raises what one of those raises that are called."""
        self.answer, self.is_there = answer, True
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(answer)
        calls, self._then = self._then, []
        for call in calls:
            call()

    def fail(self, fault: BaseException) -> None:
        """Raise a fault of ours in all who wait, as no answer will come."""
        self._fault, self._is_given_up = fault, True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(fault)

    def stop(self) -> None:
        """Stop asking, where that is under way."""
        if self.asking is not None:
            self.asking.cancel()

    def give_up(self) -> None:
        """Stop asking, and cancel all who wait."""
        if self.is_under_way:
            self._is_given_up = True
            self.stop()
            for waiter in self._waiters:
                waiter.cancel()
