"""One check's view of the resolver: no question twice, and not more or longer than it may ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bot.checks.observe.awaited_answer import AwaitedAnswer
from bot.dns.answer import Answer, Outcome, Question

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    import dns.rdatatype

    from bot.dns.answer import Ask
    from bot.dns.owner_name import AnyName

LONGEST = 15.0  # seconds of one check, whatever the name servers do
MOST_QUESTIONS = 60  # of one check, whatever the zone holds
KEPT_FREE = 16  # of them, by questions to name servers, for looking in wrong places

_T = TypeVar("_T")


@dataclass(slots=True)
class _Account:
    """What one check may ask, and what it waits for; its views share it."""

    most: int
    elsewhere: int = 0  # questions asked of somebody else
    needed: int = 0  # answers that are not there yet, and what follows from them
    waiting: list[asyncio.Future[None]] = field(default_factory=list)  # for all of these
    fault: BaseException | None = None  # of ours, in asking or in what follows from an answer
    is_over: bool = False

    def count_down(self) -> None:
        """Note that one needed answer is there."""
        self.needed -= 1
        if not self.needed:
            self._wake()

    def note(self, fault: BaseException) -> None:
        """Note a fault; the first one counts."""
        self.fault = self.fault or fault
        self._wake()

    def _wake(self) -> None:
        waiting, self.waiting = self.waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)


class Questions:
    """One check's view of the resolver: no question twice, and not more or longer than it may ask.

    At most `most` questions are asked. `seconds` from now on, those that wait and all that come
    later are answered TIMEOUT at once, so that what is known by then can be judged. It belongs to
    the event loop in which it is made, and has to be cancelled in the end.
    """

    def __init__(self, ask: Ask, most: int = MOST_QUESTIONS, *, seconds: float = LONGEST) -> None:
        self._ask = ask
        self._account = _Account(most)
        self._asked: dict[Question, AwaitedAnswer[Answer]] = {}
        self._elsewhere = set[AwaitedAnswer[Any]]()  # what others were asked and is under way
        self._given: Mapping[Question, AwaitedAnswer[Answer]] = {}
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.call_later(seconds, self._end_all)

    def __call__(
        self, name: AnyName, rdtype: str | dns.rdatatype.RdataType
    ) -> asyncio.Future[Answer]:
        """Return the answer to a question, asking it only if nobody did before.

        Whoever stops waiting does not take the answer from the others.
        """
        return self._answer_to(Question.of(name, rdtype)).wait(self._loop)

    def known(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer | None:
        """Return the answer to a question that is there already; None where there is none yet."""
        awaited = self._find(Question.of(name, rdtype))
        return None if awaited is None else awaited.answer

    def was_asked(self, question: Question) -> bool:
        """Whether the answer to a question is there or on its way."""
        return self._find(question) is not None

    def limited(self, most: int) -> Ask:
        """Return an `Ask` over this one that takes at most so many different questions."""
        asked: set[Question] = set()

        def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> asyncio.Future[Answer]:
            question = Question.of(name, rdtype)
            if question not in asked and len(asked) >= most:
                return _unasked(question).wait(self._loop)
            asked.add(question)
            return self._answer_to(question).wait(self._loop)

        return ask

    def start(self, questions: Iterable[Question]) -> None:
        """Send questions that the judges need, without waiting for their answers yet."""
        for question in questions:
            awaited = self._answer_to(question)
            if awaited.is_under_way:
                self._account.needed += 1
                awaited.then(self._account.count_down)

    def when(self, asked: Iterable[Question], then: Callable[..., None]) -> None:
        """Ask questions, and call `then` with the answers, in this order, once all are there.

        It is called at once where they are there already, and never where asking for one of them
        has failed. What it asks for by `start` or `when` belongs to what the judges need; what it
        raises is raised by `answers`.
        """
        all_awaited = [self._answer_to(question) for question in asked]
        missing = [awaited for awaited in all_awaited if awaited.is_under_way]
        left = len(missing)

        def count_down() -> None:
            nonlocal left
            left -= 1
            if left <= 0 and all(awaited.is_there for awaited in all_awaited):
                then(*(awaited.answer for awaited in all_awaited))
                self._account.count_down()

        self._account.needed += 1
        for awaited in missing:
            awaited.then(count_down)
        if not missing:
            count_down()

    def spend(self, keep: int = KEPT_FREE) -> bool:
        """Count a question that is asked of somebody else; False where there is no room for it.

        So many questions are kept for others.
        """
        if len(self) >= self._account.most - keep:
            return False
        self._account.elsewhere += 1
        return True

    def take_back(self) -> None:
        """Count a question less that was to be asked of somebody else, and was not."""
        self._account.elsewhere -= 1

    def make_room(self) -> None:
        """Have what was asked of somebody else until now take no room from what follows."""
        self._account.most += self._account.elsewhere

    def in_time(self, asking: Awaitable[_T]) -> asyncio.Future[_T | None]:
        """Return what is asked of somebody else; None where the check's time is over before."""
        awaited: AwaitedAnswer[_T | None] = AwaitedAnswer()
        task = awaited.asking = asyncio.ensure_future(asking)
        if self._account.is_over:
            awaited.stop()
            awaited.settle(None)
        else:
            self._elsewhere.add(awaited)
            task.add_done_callback(partial(self._take_elsewhere, awaited))
        return awaited.wait(self._loop)

    def with_given(self, answers: Mapping[Question, Answer]) -> Questions:
        """Return the same view, in which some questions have these answers and are not asked."""
        return _Overlaid(self, answers)

    async def answers(self) -> list[Answer]:
        """Wait for what was started as needed, and return that and whatever else has come.

        SPF is read ahead; what it did not need in the end is not worth waiting for. Raises what
        has gone wrong in asking or in what was to follow from an answer.
        """
        account = self._account
        while account.needed and account.fault is None:
            waiter = self._loop.create_future()
            account.waiting.append(waiter)
            await waiter
        if account.fault is not None:
            raise account.fault
        return self.so_far()

    def so_far(self) -> list[Answer]:
        """Return the answers that have come until now."""
        return [awaited.answer for awaited in self._asked.values() if awaited.answer is not None]

    def ask_again(self, asked: Iterable[Question]) -> int:
        """Forget the answers to these questions and start to ask anew; return how many, with room.

        Whoever waits for the earlier answers gets those.
        """
        again = 0
        for question in asked:
            if len(self) >= self._account.most:
                break
            self._account.elsewhere += 1
            del self._asked[question]
            self.start([question])
            again += 1
        return again

    def cancel(self) -> None:
        """Stop waiting for what is still under way."""
        self._end.cancel()
        for awaited in (*self._asked.values(), *self._elsewhere):
            awaited.give_up()

    def __len__(self) -> int:
        """How many questions were asked."""
        return len(self._asked) + self._account.elsewhere

    def _find(self, question: Question) -> AwaitedAnswer[Answer] | None:
        return self._given.get(question) or self._asked.get(question)

    def _answer_to(self, question: Question) -> AwaitedAnswer[Answer]:
        """Return what a question comes to, asking it if nobody did before."""
        if (awaited := self._find(question)) is not None:
            return awaited
        if len(self) >= self._account.most:
            return _unasked(question)
        awaited = self._asked[question] = AwaitedAnswer()
        if self._account.is_over:
            awaited.settle(_late(question))
            return awaited
        try:
            asking = awaited.asking = asyncio.ensure_future(self._ask(*question))
        except Exception as fault:  # noqa: BLE001 - whatever it is, all who wait are told
            awaited.fail(fault)
            self._account.note(fault)
            return awaited
        if asking.done():
            self._take(awaited, asking)
        else:
            asking.add_done_callback(partial(self._take, awaited))
        return awaited

    def _take(self, awaited: AwaitedAnswer[Answer], asking: asyncio.Future[Answer]) -> None:
        if not awaited.is_under_way:
            return  # it came too late
        if asking.cancelled():
            awaited.give_up()
            self._account.note(asyncio.CancelledError())
        elif (fault := asking.exception()) is not None:
            awaited.fail(fault)
            self._account.note(fault)
        else:
            self._settle(awaited, asking.result().bounded().in_order())

    def _take_elsewhere(
        self, awaited: AwaitedAnswer[_T | None], asking: asyncio.Future[_T]
    ) -> None:
        self._elsewhere.discard(awaited)
        if not awaited.is_under_way:
            return
        if asking.cancelled():
            awaited.give_up()
        elif (fault := asking.exception()) is not None:
            awaited.fail(fault)
        else:
            awaited.settle(asking.result())

    def _settle(self, awaited: AwaitedAnswer[Answer], answer: Answer) -> None:
        try:
            awaited.settle(answer)
        except Exception as fault:  # noqa: BLE001 - whatever it is, `answers` raises it
            self._account.note(fault)

    def _end_all(self) -> None:
        """Answer all that waits, as the time of the check is over."""
        self._account.is_over = True
        for question, awaited in tuple(self._asked.items()):
            if awaited.is_under_way:
                awaited.stop()
                self._settle(awaited, _late(question))
        for elsewhere in tuple(self._elsewhere):
            elsewhere.stop()
            elsewhere.settle(None)


class _Overlaid(Questions):
    """A view that shares all questions with another one, but has some answers of its own."""

    def __init__(self, base: Questions, given: Mapping[Question, Answer]) -> None:
        vars(self).update(vars(base))
        self._given = {question: _told(answer) for question, answer in given.items()}


def _told(answer: Answer) -> AwaitedAnswer[Answer]:
    awaited = AwaitedAnswer[Answer]()
    awaited.settle(answer)
    return awaited


def _unasked(question: Question) -> AwaitedAnswer[Answer]:
    return _told(Answer(question, Outcome.REFUSED, unasked=True))


def _late(question: Question) -> Answer:
    return Answer(question, Outcome.TIMEOUT, late=True)
