"""One check's view of the resolver: no question twice, not too many, and an end for all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import dns.name
import dns.rdata
import dns.rdatatype
import pytest

from bot.checks.observe.questions import KEPT_FREE, MOST_QUESTIONS, Questions
from bot.dns.answer import Answer, Outcome, Question
from max_wait import MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.dns.owner_name import AnyName

OWN = Question.of("friend.example", "TXT")
OTHER = Question.of("friend.example", "MX")


class World:
    """Answers every question, at once or when `go` is set, and counts them."""

    def __init__(self, *, waits: bool = False) -> None:
        self.asked: list[Question] = []
        self.ended: list[Question] = []
        self.go = asyncio.Event()
        if not waits:
            self.go.set()

    async def __call__(self, name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        """Return that there is a text, or that there is nothing."""
        question = Question.of(name, rdtype)
        self.asked.append(question)
        try:
            await self.go.wait()
        finally:
            self.ended.append(question)
        if question.rdtype != dns.rdatatype.TXT:
            return Answer(question, Outcome.NODATA)
        return Answer(question, Outcome.RECORDS, (dns.rdata.from_text("IN", "TXT", '"a"'),))


def numbered() -> Iterator[Question]:
    for number in range(1000):
        yield Question.of(f"n{number}.friend.example", "TXT")


async def test_nobody_is_asked_twice_however_many_want_to_know() -> None:
    world = World(waits=True)
    questions = Questions(world)
    waiting = [asyncio.ensure_future(questions(*OWN)) for _ in range(5)]
    await asyncio.sleep(0)
    assert questions.was_asked(OWN)
    assert not questions.was_asked(OTHER)
    assert questions.known(*OWN) is None
    world.go.set()
    answers = await asyncio.gather(*waiting)
    assert all(answer.found for answer in answers)
    assert world.asked == [OWN]
    assert questions.known(*OWN) == answers[0]
    assert questions.known(*OTHER) is None
    assert len(questions) == 1


async def test_who_stops_waiting_takes_the_answer_from_nobody_else() -> None:
    world = World(waits=True)
    questions = Questions(world)
    impatient = asyncio.ensure_future(questions(*OWN))
    patient = asyncio.ensure_future(questions(*OWN))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    world.go.set()
    assert (await patient).found


async def test_more_than_it_may_ask_is_answered_as_not_asked() -> None:
    world = World()
    questions = Questions(world)
    answers = [
        await questions(*question) for _, question in zip(range(70), numbered(), strict=False)
    ]
    assert len(world.asked) == len(questions) == MOST_QUESTIONS
    assert [answer.unasked for answer in answers] == [False] * 60 + [True] * 10
    assert answers[-1].failed
    assert (await questions(*answers[0].question)).found


async def test_a_limited_view_counts_different_questions_of_its_own() -> None:
    world = World()
    questions = Questions(world)
    limited = questions.limited(2)
    asked = [OWN, OWN, OTHER, OWN, Question.of("friend.example", "A")]
    answers = [await limited(*question) for question in asked]
    assert [answer.unasked for answer in answers] == [False, False, False, False, True]
    assert world.asked == [OWN, OTHER]


async def test_name_servers_are_asked_as_long_as_enough_is_left_for_wrong_places() -> None:
    questions = Questions(World())
    spent = [questions.spend() for _ in range(MOST_QUESTIONS)]
    assert spent.count(True) == MOST_QUESTIONS - KEPT_FREE
    assert spent[: spent.count(True)] == [True] * spent.count(True)
    assert len(questions) == MOST_QUESTIONS - KEPT_FREE
    assert not (await questions(*OWN)).unasked


async def test_a_question_that_was_set_aside_and_not_asked_leaves_its_room_to_others() -> None:
    questions = Questions(World(), KEPT_FREE + 1)
    assert questions.spend()
    assert not questions.spend()
    questions.take_back()
    assert len(questions) == 0
    assert questions.spend()


async def test_what_is_needed_is_waited_for_and_what_was_read_ahead_is_not() -> None:
    world = World(waits=True)
    questions = Questions(world)
    questions.start([OWN])
    ahead = asyncio.ensure_future(questions(*OTHER))
    waiting = asyncio.create_task(questions.answers())
    await asyncio.sleep(0)
    assert not waiting.done()
    world.go.set()
    answers = await waiting
    assert OWN in {answer.question for answer in answers}
    ahead.cancel()
    slow = Questions(World(waits=True))
    unneeded = asyncio.ensure_future(slow(*OWN))
    await asyncio.sleep(0)
    async with asyncio.timeout(MAX_WAIT):
        assert await slow.answers() == []
    slow.cancel()
    await asyncio.gather(unneeded, return_exceptions=True)


async def test_what_follows_is_called_once_all_answers_are_there_and_in_the_order_asked() -> None:
    world = World(waits=True)
    questions = Questions(world)
    called: list[list[Question]] = []

    def note(*answers: Answer) -> None:
        called.append([answer.question for answer in answers])

    questions.when([OTHER, OWN], note)
    await asyncio.sleep(0)
    assert (called, len(world.asked)) == ([], 2)
    world.go.set()
    await questions.answers()
    assert called == [[OTHER, OWN]]
    questions.when([OWN], note)
    questions.when([], note)
    assert called == [[OTHER, OWN], [OWN], []]  # at once, as the answers are there
    assert len(world.asked) == 2


async def test_what_follows_from_what_follows_is_waited_for() -> None:
    world = World()
    questions = Questions(world)
    first, second, third = (question for _, question in zip(range(3), numbered(), strict=False))
    questions.when([first], lambda _: questions.when([second], lambda _: questions.start([third])))
    assert [answer.question for answer in await questions.answers()] == [first, second, third]


async def test_a_fault_in_what_follows_from_an_answer_is_raised() -> None:
    def fail(_: Answer) -> None:
        raise RuntimeError("ours")

    questions = Questions(World())
    questions.start([OWN])
    questions.when([OWN], fail)
    with pytest.raises(RuntimeError, match="ours"):
        await questions.answers()
    assert (await questions(*OWN)).found
    with pytest.raises(RuntimeError, match="ours"):
        questions.when([OWN], fail)


async def test_a_fault_in_asking_is_raised_in_all_who_wait() -> None:
    async def fail(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        raise RuntimeError("ours")

    questions = Questions(fail)
    questions.start([OTHER])
    for _ in range(2):
        with pytest.raises(RuntimeError, match="ours"):
            await questions(*OWN)
    with pytest.raises(RuntimeError, match="ours"):
        await questions.answers()


async def test_a_fault_before_anything_is_asked_is_raised_in_all_who_wait() -> None:
    def fail(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> asyncio.Future[Answer]:
        raise RuntimeError("ours")

    questions = Questions(fail)
    for waiting in [questions(*OWN), questions(*OWN)]:
        with pytest.raises(RuntimeError, match="ours"):
            await waiting
    with pytest.raises(RuntimeError, match="ours"):
        await questions.answers()


async def test_what_follows_is_not_called_where_asking_has_failed() -> None:
    world = World()

    async def ask(name: AnyName, rdtype: str | dns.rdatatype.RdataType) -> Answer:
        if Question.of(name, rdtype) == OWN:
            raise RuntimeError("ours")
        return await world(name, rdtype)

    questions = Questions(ask)
    called: list[Answer] = []
    questions.start([OWN])
    with pytest.raises(RuntimeError, match="ours"):
        await questions.answers()
    questions.when([OWN, OTHER], lambda *answers: called.extend(answers))
    questions.when([OWN], called.append)
    assert (await questions(*OTHER)).outcome is Outcome.NODATA
    with pytest.raises(RuntimeError, match="ours"):
        await questions.answers()
    assert called == []


async def test_an_ask_that_is_cancelled_by_somebody_else_keeps_nobody_waiting() -> None:
    asked = asyncio.get_running_loop().create_future()
    questions = Questions(lambda _name, _rdtype: asked)
    questions.start([OWN])
    waiting = questions(*OWN)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await questions.answers()
    assert waiting.cancelled()


async def test_nobody_is_suspended_for_an_answer_that_is_there() -> None:
    at_once = asyncio.get_running_loop().create_future()
    at_once.set_result(Answer(OWN, Outcome.NODATA))
    questions = Questions(lambda _name, _rdtype: at_once)
    assert questions(*OWN).done()
    assert questions(*OWN).result() == Answer(OWN, Outcome.NODATA)
    assert questions.known(*OWN) is not None


async def test_at_the_end_of_its_time_all_that_waits_is_answered_late() -> None:
    world = World(waits=True)
    questions = Questions(world, seconds=0.05)
    answer = await questions(*OWN)
    assert (answer.outcome, answer.late, answer.unasked) == (Outcome.TIMEOUT, True, False)
    assert world.ended == [OWN]
    later = await questions(*OTHER)
    assert (later.outcome, later.late) == (Outcome.TIMEOUT, True)
    assert await questions.in_time(asyncio.sleep(MAX_WAIT, "slept")) is None
    assert await questions.answers() == [answer, later]


async def test_what_is_asked_of_somebody_else_ends_with_the_time_of_the_check() -> None:
    ended = asyncio.Event()

    async def take_long() -> str:
        try:
            await asyncio.sleep(MAX_WAIT)
        finally:
            ended.set()
        return "slept"

    assert await Questions(World(), seconds=0.05).in_time(take_long()) is None
    assert ended.is_set()
    questions = Questions(World())
    waiting = questions.in_time(take_long())
    ended.clear()
    await asyncio.sleep(0)
    questions.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(MAX_WAIT):
        await ended.wait()


async def test_a_fault_of_what_is_asked_of_somebody_else_is_raised() -> None:
    async def fail() -> None:
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        await Questions(World()).in_time(fail())


async def test_what_ends_in_time_comes_back() -> None:
    assert await Questions(World()).in_time(asyncio.sleep(0, "slept")) == "slept"


async def test_a_check_that_is_over_leaves_nobody_waiting_for_answers() -> None:
    world = World(waits=True)
    questions = Questions(world)
    questions.start([OWN, OTHER])
    await asyncio.sleep(0)
    assert world.ended == []
    questions.cancel()
    with pytest.raises(asyncio.CancelledError):
        await questions(*OWN)
    for _ in range(3):  # turns, in which whoever was asked learns of it
        await asyncio.sleep(0)
    assert sorted(world.ended) == sorted([OWN, OTHER])


async def test_answers_that_are_given_are_not_asked_for_and_all_else_is_shared() -> None:
    world = World()
    questions = Questions(world)
    given = Answer(OWN, Outcome.NXDOMAIN)
    view = questions.with_given({OWN: given})
    assert await view(*OWN) == given
    assert view.known(*OWN) == given
    assert view.was_asked(OWN)
    assert world.asked == []
    view.start([OWN, OTHER])
    await view.answers()
    assert world.asked == [OTHER]
    assert questions.was_asked(OTHER)
    assert not questions.was_asked(OWN)
    assert (await questions(*OWN)).found
