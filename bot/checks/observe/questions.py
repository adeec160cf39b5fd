"""One check's view of the resolver: no question twice, and not more or longer than it may ask."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from bot.dns.answer import Answer, Outcome, Question

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping

    import dns.name
    import dns.rdatatype

    from bot.dns.answer import Ask
    from bot.dns.owner_name import AnyName

LONGEST = 15.0  # seconds of one check, whatever the name servers do
MOST_QUESTIONS = 60  # of one check, whatever the zone holds
KEPT_FREE = 16  # of them, by questions to name servers, for looking in wrong places

_T = TypeVar("_T")


class Questions:
    """One check's view of the resolver: no question twice, and not more or longer than it may ask.

    At most `most` questions are asked. `seconds` from now on, those that wait and all that come
    later are answered TIMEOUT at once, so that what is known by then can be judged. It belongs to
    the event loop in which it is made.
    """

    def __init__(self, ask: Ask, most: int = MOST_QUESTIONS, *, seconds: float = LONGEST) -> None:
        self._ask = ask
        self._most = most
        self._ends = asyncio.get_running_loop().time() + seconds
        self._asked: dict[Question, asyncio.Task[Answer]] = {}
        self._needed: list[asyncio.Task[Answer]] = []
        self._elsewhere = 0
        self._given: Mapping[Question, Answer] = {}

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Return the answer to a question, asking it only if nobody did before."""
        question = Question.of(name, rdtype)
        if question in self._given:
            return self._given[question]
        if not (task := self._start(question)):
            return _unasked(question)
        # Shielded: whoever stops waiting does not take the answer from the others.
        return await asyncio.shield(task)

    def known(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer | None:
        """Return the answer to a question that is there already; None where there is none yet."""
        question = Question.of(name, rdtype)
        if question in self._given:
            return self._given[question]
        task = self._asked.get(question)
        return task.result() if task and task.done() else None

    def was_asked(self, question: Question) -> bool:
        """Whether the answer to a question is there or on its way."""
        return question in self._given or question in self._asked

    def limited(self, most: int) -> Ask:
        """Return an `Ask` over this one that takes at most so many different questions."""
        asked: set[Question] = set()

        async def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
            question = Question.of(name, rdtype)
            if question not in asked and len(asked) >= most:
                return _unasked(question)
            asked.add(question)
            return await self(*question)

        return ask

    def start(self, questions: Iterable[Question]) -> None:
        """Send questions that the judges need, without waiting for their answers yet."""
        for question in questions:
            if question not in self._given and (task := self._start(question)):
                self._needed.append(task)

    async def wait_for(self, asked: Iterable[Question]) -> list[Answer]:
        """Return the answers to questions that were started, once all of them are there."""
        tasks = [self._asked[question] for question in asked if question in self._asked]
        return await asyncio.gather(*tasks)

    def spend(self, keep: int = KEPT_FREE) -> bool:
        """Count a question that is asked of somebody else; False where there is no room for it.

        So many questions are kept for others.
        """
        if len(self) >= self._most - keep:
            return False
        self._elsewhere += 1
        return True

    def make_room(self) -> None:
        """Have what was asked of somebody else until now take no room from what follows."""
        self._most += self._elsewhere

    async def in_time(self, asking: Awaitable[_T]) -> _T | None:
        """Return what is asked of somebody else; None where the check's time is over before."""
        try:
            async with asyncio.timeout_at(self._ends):
                return await asking
        except TimeoutError:
            return None

    def with_given(self, answers: Mapping[Question, Answer]) -> Questions:
        """Return the same view, in which some questions have these answers and are not asked."""
        return _Overlaid(self, answers)

    async def answers(self) -> list[Answer]:
        """Wait for what was started as needed, and return that and whatever else has come.

        SPF is read ahead; what it did not need in the end is not worth waiting for.
        """
        await asyncio.gather(*self._needed)
        return self.so_far()

    def so_far(self) -> list[Answer]:
        """Return the answers that have come until now."""
        return [task.result() for task in self._asked.values() if task.done()]

    def ask_again(self, asked: Iterable[Question]) -> int:
        """Forget the answers to these questions and start to ask anew; return how many, with room.

        Whoever waits for the earlier answers gets those.
        """
        again = 0
        for question in asked:
            if len(self) >= self._most:
                break
            self._elsewhere += 1
            del self._asked[question]
            self.start([question])
            again += 1
        return again

    def cancel(self) -> None:
        """Stop waiting for what is still under way."""
        for task in self._asked.values():
            task.cancel()

    def __len__(self) -> int:
        """How many questions were asked."""
        return len(self._asked) + self._elsewhere

    def _start(self, question: Question) -> asyncio.Task[Answer] | None:
        task = self._asked.get(question)
        if task is None and len(self) < self._most:
            task = asyncio.create_task(self._ask_once(question))
            self._asked[question] = task
        return task

    async def _ask_once(self, question: Question) -> Answer:
        answer = await self.in_time(self._ask(*question))
        if answer is None:
            return Answer(question, Outcome.TIMEOUT, late=True)
        return answer.bounded().in_order()


class _Overlaid(Questions):
    """A view that shares all questions with another one, but has some answers of its own."""

    def __init__(self, base: Questions, given: Mapping[Question, Answer]) -> None:
        vars(self).update(vars(base))
        self._given = given


def _unasked(question: Question) -> Answer:
    return Answer(question, Outcome.REFUSED, unasked=True)
